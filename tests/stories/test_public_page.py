"""Anybody checks a file on the public page: dropping it, by keyboard alone, without scripts; and reads the answer."""

import base64
import json
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.gateways.hostile_changes import note, page_added
from tests.gateways.signed_corpus import Editor
from tests.stories.person import PHONE, TABLET, Person
from tests.stories.test_pages_fit import FAINT, LEAST_CONTRAST, OVERFLOWING, TARGET, TOO_SMALL, waiting

pytestmark = pytest.mark.browser
DROP = """([data, name]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, { type: "application/pdf" }));
    const form = document.querySelector("form.ec-drop");
    for (const kind of ["dragover", "drop"]) {
        form.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
    }
}"""


@pytest.fixture
def files(enter, tmp_path: Path) -> dict[str, Path]:
    """The file of a promulgated Resolution, and two copies that somebody changed."""
    member = enter("tv05", TABLET)
    member.go(waiting(member, "NQ-CP"))
    with member.page.expect_download() as found:
        member.at('a[href*="/file?save=1"]').first.click()
    whole = Path(found.value.path()).read_bytes()
    made = {
        "whole": whole, "added": page_added(Editor(whole)).done(), "covered": note(b"FreeText")(Editor(whole)).done(),
        "foreign": b"%PDF-1.7 nothing more", "locked": _locked(),
    }  # fmt: skip
    for name, content in made.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)
    return {name: tmp_path / f"{name}.pdf" for name in made}


def _locked() -> bytes:
    from pypdf import PdfWriter

    writer, target = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.encrypt("mat-khau")
    writer.write(target)
    return target.getvalue()


def faults(person: Person) -> dict[str, object]:
    page = person.settled()
    found = {
        "too wide": page.evaluate(OVERFLOWING), "too small": page.evaluate(TOO_SMALL, TARGET),
        "faint": page.evaluate(FAINT, LEAST_CONTRAST)["faint"],
    }  # fmt: skip
    page.evaluate("() => { document.documentElement.style.fontSize = '32px' }")
    found["too wide at 200 %"] = page.evaluate(OVERFLOWING)
    page.evaluate("() => { document.documentElement.style.fontSize = '' }")
    return {what: each for what, each in found.items() if each}


def send(person: Person, file: Path) -> None:
    person.at("#file").set_input_files(file)
    person.at('.ec-drop button[type="submit"]').click()


@pytest.mark.parametrize(("device", "colours"), [(PHONE, "dark"), (TABLET, "light")], ids=["phone", "tablet"])
def test_the_answer_is_told_part_by_part_and_fits(enter, files, device, colours):
    anybody = enter("nobody", device, signed_in=False, color_scheme=colours)
    for name, verdict, parts, bad in (
        ("whole", "ok", 3, 0), ("added", "bad", 4, 1), ("covered", "bad", 4, 1), ("foreign", "bad", 0, 0),
        ("locked", "bad", 0, 0),
    ):  # fmt: skip
        anybody.go("/xac-minh/")
        send(anybody, files[name])
        expect(anybody.at(f"[data-verdict={verdict}]")).to_be_visible()
        expect(anybody.at(".ec-part")).to_have_count(parts)
        expect(anybody.at(".ec-leaf--bad")).to_have_count(bad)
        assert json.dumps(faults(anybody)) == "{}", name
    anybody.go("/xac-minh/")
    assert faults(anybody) == {}


def test_a_file_can_be_dropped_and_the_answer_is_heard(enter, files):
    anybody = enter("nobody", TABLET, signed_in=False)
    anybody.go("/xac-minh/")
    anybody.page.evaluate(DROP, [base64.b64encode(files["covered"].read_bytes()).decode(), "ban-sao.pdf"])
    expect(anybody.at(".ec-drop [data-name]")).to_contain_text("ban-sao.pdf")
    anybody.at('.ec-drop button[type="submit"]').click()
    expect(anybody.at("[data-verdict=bad]")).to_be_visible()
    heard = anybody.at("main").aria_snapshot()
    for said in ("heading \"Tệp không hợp lệ\" [level=1]", "Ai ký, ký phần nào, khi nào", "Chi tiết từng trang",
                 "img \"Sơ đồ: Trang 1", "Một khung không thuộc văn bản", "Không có chữ ký số nào bảo vệ"):  # fmt: skip
        assert said in heard, heard


def test_the_keyboard_alone_is_enough(enter, files):
    anybody = enter("nobody", TABLET, signed_in=False)
    page = anybody.go("/xac-minh/")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == "file":
            break
    expect(anybody.at("#file")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(files["whole"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(anybody.at("[data-verdict=ok]")).to_be_visible()


def test_without_scripts_there_is_a_plain_field(enter, files):
    anybody = enter("nobody", PHONE, signed_in=False, java_script_enabled=False)
    anybody.go("/xac-minh/")
    expect(anybody.at("#file")).to_be_visible()
    box = anybody.at("#file").bounding_box()
    assert box["width"] > 100
    assert box["height"] >= TARGET - 0.5
    send(anybody, files["whole"])
    expect(anybody.at("[data-verdict=ok]")).to_be_visible()
