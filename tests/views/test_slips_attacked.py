"""Slips in hostile or unlucky hands: odd files and signs, a wrong PIN without a script, devices without end."""

import datetime as dt
import io
import re

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.models import Appointment, Slip, SlipAnswer, SlipDelivery, SlipDraft, SlipUpload
from app.views import addresses
from app.workflows import slip_deliveries, slip_drafts, slips
from app.workflows.engine.transaction import own_transaction
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


def test_a_page_that_answers_a_form_says_where_it_is_opened_again(at, open_slip):
    clerk, board = at("clerk"), f"/slips/{open_slip}/board"
    from_there = {"Referer": f"http://localhost{board}"}
    drawn = clerk.client.post(f"/slips/{open_slip}/recall", data={"reason": " "}, headers=from_there)
    assert (drawn.status_code, clerk.get(f"/slips/{open_slip}/recall").status_code) == (422, 405)
    assert f'data-here="{board}"' in drawn.text
    assert f'name="next" value="{board}"' in drawn.text, "whoever takes the other language or unlocks the screen"
    opened = clerk.get(f"{board}?q=x").text
    assert f'name="next" value="{board}?q=x"' in opened
    assert "data-here" not in opened


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


# -- members and clerks -----------------------------------------------------------------------------------------------


@both
def test_whoever_left_office_meanwhile_answers_no_more(app, clock, slip, open_slip):
    assert prepared(Browser(app, "a"), open_slip).status_code == 200
    with own_transaction() as session:
        post = update(Appointment).where(Appointment.person_id == slip.who["a"].person_id)
        session.execute(post.values(valid_to=dt.date(2026, 7, 31)))
    clock.move(days=1)
    former = Browser(app, "a")
    for refused in (signed(former, open_slip), prepared(former, open_slip, nonce=nonce_of("x")),
                    saved(former, open_slip), attached(former, open_slip, corpus.blank(1))):  # fmt: skip
        assert (refused.status_code, refused.json["code"]) == (403, "not_allowed")
        assert "chỉ thành viên" in refused.json["message"]
    assert former.get("/slips/waiting").json["waiting"] == 0
    assert db.session.query(SlipAnswer).count() == 0


DRAFTED = {"matter": "Việc", "urgency": "normal", "working_days": "2", "kind": ["text"], "text": ["Ý kiến?"],
           "options": [""]}  # fmt: skip


@both
def test_a_form_sets_what_it_asks_for_and_nothing_else(at, slip):
    more = {"state": "issued", "id": "77", "body_id": "2", "deadline_at": "2030-01-01", "number": "9", "round": "3",
            "definition": "x", "rule_set_id": "1", "drafted_by_id": "1", "issued_at": "2026-01-01"}  # fmt: skip
    assert at("clerk").post("/slips/new", **DRAFTED, **more).status_code == 303
    made = db.session.query(Slip).one()
    assert (made.state, made.body_id, made.round, made.drafted_by_id) == (
        slips.DRAFT, 1, 1, slip.who["clerk"].person_id
    )  # fmt: skip
    frozen = (made.number, made.definition, made.rule_set_id, made.deadline_at, made.issued_at)
    assert (made.id, frozen) == (1, (None,) * 5)


def test_twenty_questions_of_five_hundred_options_are_refused_and_stay_typed(at, slip):
    options = "\n".join(f"Phương án {number}" for number in range(500))
    sent = {**DRAFTED, "kind": ["pick"] * 20, "text": ["Chọn?"] * 20, "options": [options] * 20}
    page = at("clerk").post("/slips/new", **sent)
    assert page.status_code == 422
    assert page.text.count("Phương án 499</textarea>") == 20
    assert db.session.query(Slip).count() == 0


@both
def test_of_two_clerks_who_write_the_draft_the_later_one_is_told(at, slip):
    made = slip.draft().id
    typed = {"subject": "Về hỗ trợ doanh nghiệp nhỏ", "bases": "Luật Tổ chức Chính phủ", "recipients": "Như Điều 2",
             "archive": "VT", "body": "Điều 1. Phạm vi\nNghị quyết này quy định về hỗ trợ."}  # fmt: skip
    page = f"/slips/{made}/draft-text"
    assert 'name="known" value="0"' in at("clerk").get(page).text
    assert at("clerk").post(page, **typed, known="0").status_code == 303
    theirs = {**typed, "body": "Điều 1. Phạm vi\nNghị quyết này quy định khác hẳn."}
    late = at("secretary").post(page, **theirs, known="0")
    assert late.status_code == 409
    assert "quy định khác hẳn" in late.text
    assert "quy định về hỗ trợ" in at("clerk").get(page).text
    known = re.search(r'name="known" value="(\d+)"', late.text)[1]
    assert at("secretary").post(page, **theirs, known=known).status_code == 303
    assert "quy định khác hẳn" in at("clerk").get(page).text
