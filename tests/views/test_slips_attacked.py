"""Slips in hostile or unlucky hands: odd files and signs, a wrong PIN without a script, devices without end."""

import io
import re

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import SlipAnswer, SlipDelivery, SlipDraft, SlipUpload
from app.views import addresses
from app.workflows import slip_deliveries, slip_drafts
from app.workflows.rules import opinion_text
from app.workflows.rules.slip import parse_answer
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.gateways import upload_corpus as corpus
from tests.slipping import LATE, SlipScene
from tests.views.browser import Browser
from tests.views.test_slips import NONCE, answered, attached, part, prepared, saved, signed

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
WORD = b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml"
VECTOR = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
FORM = {"choice-1": "disagree", "text-1": "Chưa rõ nguồn vốn", "version": "0", "nonce": NONCE}


@pytest.fixture
def slip(app, clock):
    return SlipScene()


@pytest.fixture
def open_slip(slip):
    return slip.issue()


# -- files ------------------------------------------------------------------------------------------------------------


@both
def test_two_files_of_one_name_go_with_an_answer_under_two(at, open_slip):
    member = at("a")
    files = [attached(member, open_slip, corpus.blank(pages), "Scan.pdf").json for pages in (1, 2, 3)]
    assert [file["name"] for file in files] == ["Scan.pdf", "Scan (2).pdf", "Scan (3).pdf"]
    receipt = answered(member, open_slip, part(choice="agree"), uploads=[file["id"] for file in files])
    assert [file["name"] for file in receipt["attachments"]] == [file["name"] for file in files]


def test_under_one_name_they_could_not_be_signed(at, open_slip, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(slip_drafts, "another_name", lambda name, _taken: name)
    files = [attached(at("a"), open_slip, corpus.blank(pages), "Scan.pdf").json["id"] for pages in (1, 2)]
    assert prepared(at("a"), open_slip, part(choice="agree"), uploads=files).status_code == 422


@pytest.mark.parametrize("name", ["y\u200b-kien\u202e.pdf", "đồng ý ✔\ufe0f.pdf", "\u2800\u3164.pdf", "\ufdd0.pdf"])
def test_a_name_with_signs_that_nobody_sees_stops_no_answer(at, open_slip, name):
    file = attached(at("a"), open_slip, corpus.blank(1), name).json
    assert not any(map(opinion_text.is_hidden, file["name"]))
    assert answered(at("a"), open_slip, part(choice="agree"), uploads=[file["id"]])["attachments"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(VECTOR, id="svg"),
        pytest.param(WORD, id="docx"),
        pytest.param(WORD + corpus.blank(1), id="polyglot"),
        pytest.param(corpus.encrypted(corpus.blank(1), "secret"), id="encrypted"),
        pytest.param(corpus.one_page(b"/OpenAction " + SCRIPT), id="script"),
        pytest.param(corpus.bomb(300), id="bomb"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_no_plain_pdf_is_refused_in_words_and_leaves_nothing(at, open_slip, data):
    refused = attached(at("a"), open_slip, data)
    assert refused.status_code in (413, 415, 422), refused.text
    assert refused.json["message"]
    assert db.session.query(SlipUpload).count() == 0


@both
def test_a_file_that_is_refused_takes_no_typed_text_with_it(at, open_slip):
    """Without a script the button that attaches sends the whole form."""
    sent = {**FORM, "file": (io.BytesIO(b"MZ"), "virus.pdf")}
    page = at("a").client.post(f"/slips/{open_slip}/attach", data=sent)
    assert page.status_code in (415, 422)
    assert "Chưa rõ nguồn vốn" in page.text
    assert db.session.query(SlipUpload).count() == 0
    saved(at("a"), open_slip, part(text="Gõ trên máy khác"))
    sent = {**FORM, "file": (io.BytesIO(corpus.blank(1)), "y-kien.pdf")}
    late = at("a").client.post(f"/slips/{open_slip}/attach", data=sent)
    assert (late.status_code, "Chưa rõ nguồn vốn" in late.text) == (409, True)
    assert db.session.query(SlipDraft).one().content["answers"][0]["text"] == "Gõ trên máy khác"


# -- without a script -------------------------------------------------------------------------------------------------


@both
def test_after_a_wrong_pin_the_text_stands_there_to_be_signed_once_more(at, open_slip):
    member = at("a")
    assert member.post(f"/slips/{open_slip}/confirm", **FORM).status_code == 200
    for pin, status in (("000000", 403), ("12", 422), ("²²²²²²", 422)):
        page = member.post(f"/slips/{open_slip}/answer", nonce=NONCE, pin=pin)
        assert page.status_code == status, page.text
        assert "Chưa rõ nguồn vốn" in page.text
        assert f'action="/slips/{open_slip}/answer"' in page.text
        assert re.search(r'class="ec-error"[^>]*role="alert"', page.text)
    assert db.session.query(SlipAnswer).count() == 0
    assert member.post(f"/slips/{open_slip}/answer", nonce=NONCE, pin=PIN).status_code == 303
    told = parse_answer(db.session.query(SlipAnswer).one().statement.statement)
    assert told["answers"][0]["text"] == "Chưa rõ nguồn vốn"


@both
def test_what_was_confirmed_too_slowly_or_too_late_is_still_in_the_form(app, clock, slip, open_slip):
    member = Browser(app, "a")
    assert member.post(f"/slips/{open_slip}/confirm", **FORM).status_code == 200
    clock.move(minutes=3)
    slow = member.post(f"/slips/{open_slip}/answer", nonce=NONCE, pin=PIN)
    assert slow.status_code == 409
    assert "Chưa rõ nguồn vốn</textarea>" in slow.text
    assert f'action="/slips/{open_slip}/confirm"' in slow.text
    clock.now = LATE
    late = Browser(app, "a").post(f"/slips/{open_slip}/answer", nonce=NONCE, pin=PIN)
    assert late.status_code == 410
    assert "Chưa rõ nguồn vốn" in late.text
    assert Browser(app, "b").post(f"/slips/{open_slip}/answer", nonce=NONCE, pin=PIN).status_code == 303
    assert db.session.query(SlipAnswer).count() == 0


@pytest.mark.parametrize(
    ("page", "leads"),
    [
        ("/slips/{}/confirm", "/slips/{}"),
        ("/slips/{}/answer", "/slips/{}"),
        ("/slips/{}/extend?x=1", "/slips/{}"),
        ("/slips/new/check", "/slips/new"),
        ("/slips/{}/board?q=x", "/slips/{}/board?q=x"),
        ("/slips", "/slips"),
        ("/nowhere/at/all", "/"),
        ("//evil.vn/slips/1", "/"),
    ],
)
def test_a_refusal_leads_to_an_address_that_can_be_opened(at, open_slip, page, leads):
    told = at("clerk").client.post(
        f"/slips/{open_slip}/advice/1", data=FORM, headers={"Referer": page.format(open_slip)}
    )
    assert (told.status_code, told.location) == (303, leads.format(open_slip))
    assert at("clerk").get(told.location).status_code != 405


def test_without_looking_for_one_it_would_lead_nowhere(at, open_slip, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(addresses, "_opens", lambda _path: True)
    there = {"Referer": f"/slips/{open_slip}/confirm"}
    told = at("clerk").client.post(f"/slips/{open_slip}/advice/1", data=FORM, headers=there)
    assert at("clerk").get(told.location).status_code == 405


# -- signs and devices ------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("sign", ["\uffff", "\ufdd0", "\U0001fffe"])
def test_what_unicode_never_gives_out_is_no_opinion(at, open_slip, sign):
    refused = prepared(at("a"), open_slip, part(choice="agree", text=f"Nhất trí{sign}"))
    assert (refused.status_code, refused.json["code"]) == (422, "hidden_text")
    assert refused.json["details"]["offered"] == "Nhất trí"
    assert signed(at("a"), open_slip).json["code"] == "not_prepared"


@both
def test_devices_without_end_are_not_kept(at, slip, open_slip, monkeypatch):
    monkeypatch.setattr(slip_deliveries, "MOST_DEVICES", 2)
    told = [at("a").send(f"/slips/{open_slip}/seen", device=f"{number:04x}cafe").json["news"] for number in range(4)]
    assert told == [True, True, False, False]
    before = slip.slip(open_slip).version
    assert at("a").send("/slips/received", device="ffffcafe").status_code == 200
    assert slip.slip(open_slip).version == before
    assert at("b").send(f"/slips/{open_slip}/seen", device="0000cafe").json["news"] is True
    assert db.session.scalars(select(SlipDelivery.member_id)).all().count(slip.who["a"].person_id) == 2
    assert answered(at("a"), open_slip, nonce=nonce_of("all the same"))
