"""The public page: what everybody learns of a document or of a file, and what a stranger cannot do there."""

import html
import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app import views
from app.extensions import db
from app.gateways import storage
from app.gateways.pades import verdict
from app.models import LoginTry
from app.views.verification_layout import pages as pages_of
from app.views.verification_layout import parts as parts_of
from app.workflows import public_documents, resolutions
from app.workflows.public_tries import MOST, WINDOW, Try
from tests.conftest import both
from tests.device import Device
from tests.gateways import preserve_cases, upload_corpus
from tests.gateways.hostile_changes import page_added
from tests.gateways.signed_corpus import AT, EXPECTED, GOOD, TRUSTED, Editor, base, sealed, signed
from tests.resolving import Resolving

MEGABYTE = 1024 * 1024
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def out(app: Flask, clock) -> Resolving:
    scene = Resolving().up_to("promulgated")
    clock.now = scene.later(3600)
    return scene


def content(scene: Resolving) -> bytes:
    with storage.store().open(scene.resolution.files[-1].sha256) as source:
        return source.read()


def address(scene: Resolving) -> str:
    return f"/xac-minh/{scene.resolution.token}"


def send(device: Device, path: str, pdf: bytes | None, name: str = "van-ban.pdf", **kwargs):
    form = {} if pdf is None else {"file": FileStorage(BytesIO(pdf), filename=name, content_type="application/pdf")}
    boundary, body = encode_multipart(form)  # in memory: the test client would leave a temporary file open
    return device.post(path, data=body, content_type=f'multipart/form-data; boundary="{boundary}"', **kwargs)


def band(answer) -> str:
    return re.search(r'data-verdict="(\w+)"', answer.text)[1]


def words(answer) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)))


# -- a document -------------------------------------------------------------------------------------------------------


def test_a_promulgated_document_is_shown_to_everybody_without_a_cookie(app, out):
    answer = app.test_client().get(address(out))
    said = words(answer)
    assert (answer.status_code, band(answer)) == (200, "ok")
    for fact in ("01/NQ-CP", "30/07/2026", "Chính phủ", "Thủ tướng Chính phủ", out.resolution.subject):
        assert fact in said
    assert out.resolution.files[-1].sha256[:8] in said
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]


def test_nobody_is_named(app, out):
    names = {out.resolution.signer.full_name, out.resolution.drafted_by.full_name}
    page = words(app.test_client().get(address(out)))
    assert [name for name in names if name in page] == []


def test_a_subject_that_is_not_public_stays_so(app, clock):
    scene = Resolving().up_to("promulgated", public=False).recalled("Lộ nội dung nhạy cảm")
    clock.now = scene.later(3600)
    said = words(app.test_client().get(address(scene)))
    assert "01/NQ-CP" in said
    assert scene.resolution.subject not in said
    assert "nhạy cảm" not in said


def test_a_recalled_document_is_red_and_says_since_when(app, out):
    assert "bad" not in app.test_client().get(address(out)).text.split("<main")[1][:600]
    out.recalled("Ban hành nhầm phụ lục")
    answer = app.test_client().get(address(out))
    assert (answer.status_code, band(answer)) == (200, "bad")
    assert "30/07/2026" in words(answer)
    assert "Ban hành nhầm phụ lục" in words(answer)


def test_a_replaced_document_leads_to_the_one_in_its_place(app, out):
    later = Resolving().voted().drafted(replaces_id=out.resolution_id).presented().signed().numbered().sealed()
    later.promulgated()
    answer = app.test_client().get(address(out))
    assert band(answer) == "warn"
    assert address(later) in answer.text
    assert "02/NQ-CP" in words(answer)
    assert band(app.test_client().get(address(later))) == "ok"


def test_a_stored_file_that_was_altered_is_not_called_valid(app, out, monkeypatch):
    altered = content(out) + b"\n"
    monkeypatch.setattr(storage.store(), "open", lambda _sha256: BytesIO(altered))
    answer = app.test_client().get(address(out))
    assert band(answer) == "bad"


@pytest.mark.parametrize("stage", ["drafted", "presented", "signed", "numbered", "sealed"])
def test_before_the_promulgation_there_is_nothing(app, clock, stage):
    scene = Resolving().up_to(stage)
    clock.now = scene.later(3600)
    answer = app.test_client().get(address(scene))
    unknown = app.test_client().get("/xac-minh/" + "0" * 32)
    assert answer.status_code == unknown.status_code == 404
    nonce = re.compile(r'nonce="[^"]+"')
    assert nonce.sub("", answer.text) == nonce.sub("", unknown.text)


def test_a_wrong_code_is_not_found_however_it_is_written(app, out):
    token = out.resolution.token
    for odd in (token.upper(), token[:-1], token + "0", "x" * 32, "%00" * 8, "a" * 5000, "' OR 1=1 --", f" {token}"):
        if odd != token:
            assert app.test_client().get(f"/xac-minh/{odd}").status_code == 404, odd


def test_the_page_speaks_english_when_the_address_asks_for_it(app, out):
    device = app.test_client()
    vietnamese, english, odd = (device.get(address(out) + query).text for query in ("", "?lang=en", "?lang=xx"))
    assert '<html lang="vi"' in vietnamese
    assert '<html lang="en"' in english
    assert "In force" in english
    assert '<html lang="vi"' in odd


def test_the_language_of_a_signed_in_person_changes_nothing(app, out):
    device = app.test_client().enter_as("clerk")
    device.post("/language/en", data={"next": "/"})
    page = device.get(address(out)).text
    assert '<html lang="vi"' in page
    assert "Ngô Thị Bảy" not in page


def test_a_locked_screen_does_not_stand_before_the_public_page(app, out):
    device = app.test_client().enter_as("clerk")
    device.post("/lock", json={})
    assert device.get(address(out)).status_code == 200
    assert device.get("/resolutions/").status_code == 302


def test_no_address_on_the_page_comes_from_the_request(app, out):
    page = app.test_client().get(address(out), headers={"Host": "127.0.0.1", "X-Forwarded-Host": "evil.vn"}).text
    assert re.findall(r'(?:href|action|src)="(?:https?:)?//[^"]*', page) == []
    assert "evil" not in page


# -- a file -----------------------------------------------------------------------------------------------------------


def test_the_promulgated_file_is_recognised_with_and_without_its_code(app, out):
    for path in ("/xac-minh/", address(out)):
        answer = send(app.test_client(), path, content(out))
        assert (answer.status_code, band(answer)) == (200, "ok")
        assert "01/NQ-CP" in words(answer)
        assert "Set-Cookie" not in answer.headers


def test_an_altered_copy_is_refused_with_its_reason(app, out):
    altered = page_added(Editor(content(out))).done()
    for path in ("/xac-minh/", address(out)):
        answer = send(app.test_client(), path, altered)
        assert band(answer) == "bad"
        assert len(re.findall(r"<li>", answer.text)) >= 1
        assert "01/NQ-CP" in words(answer)


def test_a_valid_file_of_another_document_is_said_to_be_another(app, out):
    other = Resolving().voted().drafted().presented().signed().numbered().sealed().promulgated()
    answer = send(app.test_client(), address(out), content(other))
    assert band(answer) == "warn"
    assert "02/NQ-CP" in words(answer)


def test_the_file_of_a_recalled_document_is_red_although_its_signatures_hold(app, out):
    pdf = content(out)
    out.recalled()
    assert band(send(app.test_client(), "/xac-minh/", pdf)) == "bad"


def test_a_sealed_file_that_is_not_out_is_as_unknown_as_any(app, clock):
    scene = Resolving().up_to("sealed")
    clock.now = scene.later(3600)
    answer = send(app.test_client(), "/xac-minh/", content(scene))
    assert band(answer) == "warn"
    assert scene.resolution.subject not in words(answer)
    assert "01/NQ-CP" not in words(answer)


STRANGE = {
    "a stranger's signed file": (GOOD, "warn"), "unsigned": (upload_corpus.paper("Kính trình."), "bad"),
    "text": ("không phải PDF".encode(), "bad"), "a page": (b"<html>%PDF-1.7</html>", "bad"),
    "half a file": (GOOD[: len(GOOD) // 2], "bad"), "zeros": (bytes(4096), "bad"),
    "encrypted": (upload_corpus.encrypted(upload_corpus.paper("x"), "mat-khau"), "bad"),
}  # fmt: skip


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_document_of_ours_is_never_called_valid(app, out, clock, kind):
    clock.now = max(clock.now, AT)
    pdf, expected = STRANGE[kind]
    answer = send(app.test_client(), "/xac-minh/", pdf)
    assert (answer.status_code, band(answer)) == (200, expected)
    assert "<li>" in answer.text
    with_code = send(app.test_client(), address(out), pdf)
    assert band(with_code) == "bad"


@pytest.mark.parametrize("pdf", [None, b""])
def test_an_empty_form_and_an_empty_file_are_said_to_be_so(app, out, pdf):
    answer = send(app.test_client(), "/xac-minh/", pdf)
    assert (answer.status_code, band(answer)) == (422, "warn")


def test_text_in_the_place_of_the_file_and_a_body_of_another_kind_are_no_file(app, out):
    device = app.test_client()
    for body in ({"data": {"file": "x"}}, {"json": {"file": "x"}}, {"data": b"\xff", "content_type": "multipart/x"}):
        assert device.post("/xac-minh/", **body).status_code == 422


@pytest.mark.parametrize("size", [20 * MEGABYTE + 1, 21 * MEGABYTE, 30 * MEGABYTE])
def test_a_file_beyond_the_limit_is_refused_in_words(app, out, size):
    answer = send(app.test_client(), "/xac-minh/", b"%PDF-1.7\n" + bytes(size - 9))
    assert (answer.status_code, band(answer)) == (413, "warn")
    assert "20 MB" in words(answer)


def test_whoever_comes_while_all_places_are_taken_is_asked_to_wait(app, out, monkeypatch):
    monkeypatch.setattr(views.verification, "PATIENCE", 0.01)
    with ExitStack() as taken:
        for _ in range(4):
            taken.enter_context(views.verification.AT_ONCE)
        answer = send(app.test_client(), "/xac-minh/?lang=en", content(out))
    assert (answer.status_code, band(answer)) == (429, "warn")
    assert "Many files are being checked just now" in words(answer)
    assert band(send(app.test_client(), "/xac-minh/", content(out))) == "ok"


def test_a_file_of_many_lines_is_read_to_its_end(app, out):
    """The parser keeps the end of a line back until it knows that no boundary begins there."""
    answer = send(app.test_client(), "/xac-minh/", b"%PDF-1.7\n" + b"\n" * 200_000)
    assert (answer.status_code, band(answer)) == (200, "bad")


def rows() -> dict[str, int]:
    """How many rows each table of the database has."""
    return {
        name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in db.metadata.tables.items()
    }  # fmt: skip


@pytest.mark.parametrize("whole", [True, False], ids=["our document", "a large file of somebody"])
def test_nothing_of_a_file_is_kept(app, out, tmp_path, monkeypatch, whole):
    kept, before = set(storage.store().files), rows()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tempfile.TemporaryFile", _forbidden)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", _forbidden)
    sent = content(out) if whole else b"%PDF-1.7\n" + bytes(3 * MEGABYTE)
    assert send(app.test_client(), "/xac-minh/", sent, name="can-cuoc-cua-toi.pdf").status_code == 200
    assert set(storage.store().files) == kept
    assert list(tmp_path.iterdir()) == []
    assert rows() == before | {"login_try": before["login_try"] + 1}  # that somebody sent a file, and from where
    noted = db.session.scalars(select(LoginTry).order_by(LoginTry.id.desc())).first()
    assert not [value for value in vars(noted).values() if "can-cuoc" in str(value) or "PDF-" in str(value)]


def _forbidden(*_args: object, **_kwargs: object) -> None:
    raise AssertionError("a file of a stranger was written to a disk")


# -- who signed what when, page by page --------------------------------------------------------------------------------


def parts(answer) -> list[str]:
    found = re.findall(r'<li class="ec-part.*?</li>', answer.text, re.S)
    return [html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))) for part in found]


def test_a_file_is_shown_part_by_part_and_page_by_page(app, out):
    answer = send(app.test_client(), "/xac-minh/?lang=en", content(out))
    printed, signature, seal = parts(answer)
    assert "The printed document" in printed
    assert "Thủ tướng Chính phủ" in signature
    assert all("30/07/2026" in part and "Valid" in part for part in (signature, seal))
    assert "Protects parts 1 to 2" in signature
    assert "Protects parts 1 to 3" in seal
    said = words(answer)
    assert "As it was printed before anybody signed" in said
    assert "Number of the document. Filled in with part 3 of the file. Protected by: Seal of the organisation." in said
    assert out.resolution.signer.full_name not in said
    assert said.count("Date of issue. Filled in with part 3") == 1
    boxes = re.findall(r'<rect class="ec-leaf__box ec-leaf__box--(\w+)"', answer.text)
    assert sorted(boxes) == ["signature"] * 2 + ["text"] * 4


def test_a_page_that_was_added_is_shown_as_protected_by_nobody(app, out):
    answer = send(app.test_client(), "/xac-minh/?lang=en", page_added(Editor(content(out))).done())
    assert [part for part in parts(answer) if "A change without a signature" in part and "Not permitted" in part]
    assert len(parts(answer)) == 4
    assert answer.text.count("ec-leaf--bad") == 1
    assert "Written or changed in part 4 of the file" in words(answer)
    assert "No signature protects what is shown here." in words(answer)
    assert "FORMAT_FAILURE" in words(answer)


def test_what_preserves_a_file_is_no_change_without_a_signature(app):
    found = preserve_cases.found(preserve_cases.RENEWED)
    assert [part["kind"] for part in parts_of(found, {})] == ["", "ok", "ok", "ok", "ok"]
    assert [page["kind"] for page in pages_of(found)] == ["ok"]
    added = preserve_cases.found(page_added(Editor(preserve_cases.LTA)).done())
    assert [part["kind"] for part in parts_of(added, {})][-1] == "bad"
    assert [page["kind"] for page in pages_of(added)] == ["ok", "bad"]


def test_pages_alike_are_told_together(app):
    nine = verdict(sealed(signed(base(9))), EXPECTED, TRUSTED, AT)
    told = [row["title"] for row in pages_of(nine)]
    assert len(nine.pages) == 9
    assert len(told) < 9
    assert any(re.fullmatch(r"Từ trang \d+ đến trang 9", title) for title in told)


def test_no_post_is_named_for_a_signature_that_is_not_known_to_be_good(app, out, clock):
    clock.now = max(clock.now, AT)
    said = words(send(app.test_client(), "/xac-minh/?lang=en", GOOD))
    assert "Not enough to decide" in said
    assert "NO_CERTIFICATE_CHAIN_FOUND" in said
    for fact in ("Nguyễn Văn An", "Bộ trưởng", "Bộ Xây dựng", "Thủ tướng"):
        assert fact not in said


def test_what_cannot_be_taken_apart_has_no_pages(app, out):
    answer = send(app.test_client(), "/xac-minh/", content(out) + b"\n")
    assert band(answer) == "bad"
    assert "ec-leaf" not in answer.text
    assert "ec-part" not in answer.text


def test_the_page_behind_the_code_shows_the_pages_of_the_stored_file(app, out):
    answer = app.test_client().get(address(out) + "?lang=en")
    assert answer.text.count('<li class="ec-leaf">') >= 1
    assert "Page by page" in words(answer)


def test_names_of_fields_are_never_printed_as_they_stand_in_a_file(app, out):
    editor = Editor(content(out))
    box = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (<script>x) /Rect [1e9 0 10 10] /F 4 >>"
    other = b"<< /Type /Annot /Subtype /FreeText /T (<b>so 99) /Rect [60 400 500 500] /F 4 >>"
    pdf = editor.annotate(other.replace(b"1e9", b"0")).done()
    pdf = Editor(pdf).annotate(box.replace(b"1e9", b"999999999")).done()
    answer = send(app.test_client(), "/xac-minh/?lang=en", pdf)
    assert "so 99" not in answer.text
    assert "<script>x" not in answer.text
    assert "A box that is not part of the document" in words(answer)
    drawn = answer.text.split('id="pages-h"')[1].split("</ul>")[0]
    numbers = re.findall(r' (?:viewBox|x|y|width|height)="([^"]*)"', drawn)
    assert numbers
    assert all(abs(float(part)) <= 14_400 for value in numbers for part in value.split())


# -- guesses ----------------------------------------------------------------------------------------------------------


def test_too_many_guesses_end_in_a_pause_for_that_address_alone(app, out, clock):
    device, wrong = app.test_client(), "/xac-minh/" + "f" * 32
    found = [device.get(f"/xac-minh/{n:032x}").status_code for n in range(MOST[Try.GUESS] + 3)]
    assert found == [404] * MOST[Try.GUESS] + [429] * 3
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert device.get(wrong, environ_base=elsewhere).status_code == 404
    clock.move(seconds=WINDOW.total_seconds() + 1)
    assert device.get(wrong).status_code == 404


def test_whoever_guesses_shuts_nobody_of_the_same_network_out(app, out):
    """A whole ministry, or a carrier's customers, share one address."""
    device = app.test_client()
    for n in range(MOST[Try.GUESS] + 3):
        device.get(f"/xac-minh/{n:032x}")
    assert device.get("/xac-minh/" + "f" * 32).status_code == 429
    assert device.get(address(out)).status_code == 200
    assert band(send(device, address(out), content(out))) == "ok"


@pytest.mark.parametrize("kind", list(Try))
def test_what_is_refused_neither_fills_the_table_nor_prolongs_the_pause(app, out, clock, kind):
    device = app.test_client()

    def ask(number: int) -> int:
        if kind is Try.GUESS:
            return device.get(f"/xac-minh/{number:032x}").status_code
        return send(device, "/xac-minh/", None).status_code

    for number in range(MOST[kind] + 10):
        ask(number)
        clock.move(seconds=1)
    assert db.session.query(LoginTry).filter_by(username_fold=kind.value).count() == MOST[kind]
    clock.move(seconds=WINDOW.total_seconds() - 5)
    assert ask(999) != 429


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"])
def test_no_header_gives_fresh_tries(app, out, header):
    device = app.test_client()
    found = [
        device.get(f"/xac-minh/{n:032x}", headers={header: f"for=1.1.1.{n}" if header == "Forwarded" else f"1.1.1.{n}"})
        for n in range(MOST[Try.GUESS] + 1)
    ]  # fmt: skip
    assert found[-1].status_code == 429


def test_the_many_addresses_of_one_network_share_their_tries(app, out):
    device = app.test_client()
    found = [
        device.get(f"/xac-minh/{n:032x}", environ_base={"REMOTE_ADDR": f"2001:db8:1:2::{n:x}"}).status_code
        for n in range(MOST[Try.GUESS] + 1)
    ]
    assert found[-1] == 429
    other = {"REMOTE_ADDR": "2001:db8:1:3::1"}
    assert device.get("/xac-minh/" + "e" * 32, environ_base=other).status_code == 404


def test_right_codes_are_not_counted(app, out):
    device = app.test_client()
    assert {device.get(address(out)).status_code for _ in range(MOST[Try.GUESS] + 5)} == {200}
    assert device.get("/xac-minh/").status_code == 200


@both
def test_fifty_guesses_at_once_win_no_more_than_one_after_the_other(app, clock):
    found: list[int] = []

    def guess(n: int) -> None:
        with app.app_context():
            found.append(app.test_client().get(f"/xac-minh/{n:032x}").status_code)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), set(found)) == (50, {404, 429})
    assert found.count(404) <= MOST[Try.GUESS]
    assert app.test_client().get("/xac-minh/" + "f" * 32).status_code == 429


def test_guesses_do_not_lock_anybody_out_of_the_sign_in(app, out):
    device = app.test_client()
    for n in range(MOST[Try.GUESS] + 1):
        device.get(f"/xac-minh/{n:032x}")
    for _ in range(MOST[Try.UPLOAD] + 1):
        send(device, "/xac-minh/", b"x")
    assert device.sign_in("a").status_code == 303


def test_files_are_counted_too(app, out):
    device = app.test_client()
    found = [send(device, "/xac-minh/", None).status_code for _ in range(MOST[Try.UPLOAD] + 1)]
    assert found == [422] * MOST[Try.UPLOAD] + [429]
    assert device.get(address(out)).status_code == 200


# -- the form of a foreign page ---------------------------------------------------------------------------------------


@pytest.fixture
def guarded(app: Flask):
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 422), ({"Origin": "http://localhost"}, 422), ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400), ({"Origin": "http://evil.vn"}, 400), ({"Origin": "null"}, 400),
        ({"Origin": "http://["}, 400), ({}, 400),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 400),
    ],
)  # fmt: skip
def test_a_file_is_taken_from_our_own_page_only(guarded, headers, status):
    answer = send(guarded.test_client(), "/xac-minh/", b"", headers=headers)
    assert answer.status_code == status


def test_the_page_loads_nothing_from_elsewhere_and_connects_nowhere(app, out):
    policy = app.test_client().get(address(out)).headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert "ws:" not in policy


# -- the acts below ---------------------------------------------------------------------------------------------------


def test_the_verdict_on_a_stored_file_is_judged_once_a_minute(app, out, monkeypatch):
    asked: list[Callable] = []
    judge = public_documents.pades.verdict
    public_documents._judged.cache_clear()
    counted = lambda *args, **more: asked.append(judge) or judge(*args, **more)  # noqa: E731
    monkeypatch.setattr(public_documents.pades, "verdict", counted)
    for _ in range(3):
        assert public_documents.verdict_of(out.resolution, out.later(3600)).state == "valid"
    assert len(asked) == 1
    public_documents.verdict_of(out.resolution, out.later(3720))
    assert len(asked) == 2


def test_the_file_that_counts_is_the_sealed_one(app, out):
    assert public_documents.file_of(out.resolution) == resolutions.current_file(out.resolution)
    assert public_documents.file_of(out.resolution).stage == "sealed"
