"""The member's side of slips: list, page, drafts, the three requests of an answer, and all that is wrong with them."""

import io
import json
import re

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models import QuestionKind, RecoveryKind, SlipAnswer, SlipDelivery, SlipDraft, Urgency
from app.views.notice_words import address
from app.wiring import KINDS
from app.workflows import keys, slip_closing, slip_drafts, slip_issue, slip_rounds, slips
from app.workflows.engine.rights import SYSTEM
from app.workflows.slips import Question
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.gateways.upload_corpus import blank
from tests.slipping import CONSENT, DEADLINE, LATE, REASON, SlipScene
from tests.views.browser import Browser
from tests.workflows.test_documents import pdf

NONCE = nonce_of("slip card")
DEVICE = "0badcafe"
LEGACY = "Céng hßa x· héi chñ nghÜa ViÖt Nam"
PICK = Question(QuestionKind.PICK, "Chọn phương án", ("Phương án một", "Phương án hai"))
FREE = Question(QuestionKind.TEXT, "Ý kiến khác về hồ sơ")


@pytest.fixture
def slip(app, clock):
    return SlipScene()


@pytest.fixture
def open_slip(slip):
    return slip.issue()


def part(number=1, choice=None, option=None, text="", articles=()):
    return {"question": number, "choice": choice, "option": option, "text": text, "articles": list(articles)}


def content(*parts, reservation=False, uploads=()):
    return {"answers": list(parts) or [part(choice="agree")], "reservation": reservation, "uploads": list(uploads)}


def prepared(browser, slip_id, *parts, nonce=NONCE, as_typed=(), **more):
    sent = content(*parts, **more) | {"nonce": nonce, "as_typed": list(as_typed)}
    return browser.send(f"/slips/{slip_id}/prepare", **sent)


def signed(browser, slip_id, nonce=NONCE, pin=PIN):
    return browser.send(f"/slips/{slip_id}/sign", nonce=nonce, pin=pin)


def answered(browser, slip_id, *parts, nonce=NONCE, **more):
    assert prepared(browser, slip_id, *parts, nonce=nonce, **more).status_code == 200
    answer = signed(browser, slip_id, nonce)
    assert answer.status_code == 200, answer.text
    return answer.json["receipt"]


def saved(browser, slip_id, *parts, version=0, as_typed=(), **more):
    sent = content(*parts, **more) | {"version": version, "as_typed": list(as_typed)}
    return browser.send(f"/slips/{slip_id}/draft", **sent)


# -- list and badge ---------------------------------------------------------------------------------------------------


@both
def test_the_badge_says_as_many_as_the_list_holds_and_falls_with_the_answer(at, slip):
    first, second = slip.issue(), slip.issue()
    member = at("a")
    assert member.get("/slips/waiting").json == {"waiting": 2, "news": []}
    page = member.get("/slips/").text
    assert len(set(re.findall(r'data-slip="(\d+)"', page))) == 2
    assert re.search(r'data-count="2"', page)
    answered(member, first)
    assert member.get("/slips/waiting").json["waiting"] == 1
    page = member.get("/slips/").text
    assert set(re.findall(r'data-slip="(\d+)"', page)) == {str(second)}
    assert f'data-slip="{first}"' in member.get("/slips/?state=answered").text


@both
def test_what_waits_is_what_can_be_answered(app, at, clock, slip, open_slip):
    assert at("a").get("/slips/waiting").json["waiting"] == 1
    assert at("clerk").get("/slips/waiting").json["waiting"] == 0
    clock.now = DEADLINE
    later = Browser(app, "a")  # nobody stays signed in for so long
    assert later.get("/slips/waiting").json["waiting"] == 0
    assert f"/slips/{open_slip}" in later.get("/slips/?state=closed").text


@both
def test_a_slip_is_found_by_its_matter_without_marks_by_number_and_by_urgency(at, slip):
    plain, express = slip.issue(), slip.issue(urgency=Urgency.EXPRESS)
    number = slip.slip(plain).number_text

    def found(query):
        return {int(each) for each in re.findall(r'data-slip="(\d+)"', at("a").get(f"/slips/?{query}").text)}

    assert found("q=du+thao+nghi+quyet") == {plain, express}
    assert found(f"q={number}") == {plain}
    assert found("urgency=express") == {express}
    assert found("q=khong+co+gi") == set()
    assert found("order=late&page=99") == {plain, express}
    assert found("urgency=%00&state=%27&order=x&page=-1") == {plain, express}


@pytest.mark.parametrize("path", ["/", "/slips/", "/slips/{}"])
def test_what_waits_is_looked_up_once_for_a_page(at, slip, path):
    slip.issue()
    member, address = at("a"), path.format(slip.issue())
    member.get(address)
    asked: list[str] = []

    def hear(_connection, _cursor, statement, *_more):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        assert member.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    parts = ("JOIN slip_recipient", "NOT (EXISTS", "ORDER BY")
    lists = [each for each in asked if all(part in each for part in parts)]
    waiting = [each for each in lists if "slip_advice" not in each]  # the other one is of what an aide is to advise on
    assert len(waiting) == 1


def test_an_empty_list_says_what_will_appear_there(at, slip):
    assert "Không có phiếu nào chờ" in at("a").get("/slips/?state=waiting").text


# -- the page ---------------------------------------------------------------------------------------------------------


@both
def test_the_page_asks_every_kind_of_question(at, slip):
    slip_id = slip.issue(CONSENT, PICK, FREE)
    page = at("a").get(f"/slips/{slip_id}").text
    for name in ("choice-1", "option-2", "text-1", "text-2", "text-3"):
        assert f'name="{name}"' in page
    assert "Phương án hai" in page
    assert "mặc nhiên đồng ý" in page
    assert 'name="choice-2"' not in page


@both
def test_who_is_not_asked_sees_the_slip_and_no_way_to_answer(at, open_slip):
    assert at("clerk").get(f"/slips/{open_slip}").location == f"/slips/{open_slip}/board"
    assert at("auditor").get(f"/slips/{open_slip}").location == f"/slips/{open_slip}/board"
    assert f"/slips/{open_slip}/board" in at("head").get(f"/slips/{open_slip}").text
    assert f"/slips/{open_slip}/board" not in at("a").get(f"/slips/{open_slip}").text
    assert at("guest").get(f"/slips/{open_slip}").status_code == 404
    assert prepared(at("clerk"), open_slip).status_code == 403


def test_notices_lead_the_office_to_its_pages_and_members_to_the_slip():
    told = {"subject_type": "slip", "subject_id": 7}
    led = {kind: address(kind, told, None) for kind in (
        "SlipSubmitted", "SlipApproved", "SlipReturned", "SlipIssued", "SlipExtended", "SlipReminded",
        "SlipRecalled", "SlipClosed", "SlipReported", "SlipDecided",
    )}  # fmt: skip
    preview, slip = "/slips/7/preview", "/slips/7"
    assert list(led.values()) == [
        preview, preview, preview, slip, slip, slip, slip, "/slips/7/board", "/slips/7/report", slip,
    ]  # fmt: skip
    assert set(led) <= {fact.__name__ for fact in KINDS}


@both
def test_the_confirm_sheet_says_what_is_in_the_bytes_and_nothing_else(at, slip):
    slip_id = slip.issue(CONSENT, PICK)
    told = prepared(at("a"), slip_id, part(1, "other", text="Cần làm rõ"), part(2, option=2), reservation=True).json
    statement, shown = json.loads(told["statement"]), told["shown"]
    assert [each["text"] for each in statement["answers"]] == [each["remark"] for each in shown["parts"]]
    assert shown["parts"][1]["answer"] == "Phương án hai"
    assert (shown["choice"], shown["choice_label"], shown["reservation"]) == ("other", "Ý kiến khác", True)
    assert shown["question"] == slip.slip(slip_id).matter


@both
def test_an_answer_is_recorded_shown_and_can_be_changed_and_both_are_kept(at, open_slip):
    member = at("a")
    first = answered(member, open_slip, part(choice="agree", text="Nhất trí"))
    assert "Ý kiến của đồng chí đã được ghi nhận" in member.get(f"/slips/{open_slip}").text
    second = answered(member, open_slip, part(choice="disagree", text="Chưa nhất trí"), nonce=nonce_of("again"))
    page = member.get(f"/slips/{open_slip}").text
    assert "Nhất trí" in page
    assert "Chưa nhất trí" in page
    assert first["statement_sha256"] in page
    assert second["statement_sha256"] in page
    assert db.session.query(SlipAnswer).count() == 2
    assert member.get(f"/slips/{open_slip}/verify", headers={"Accept": "application/json"}).json["valid"]
    assert "Hợp lệ" in member.get(f"/slips/{open_slip}/verify").text
    kept = member.get(f"/slips/{open_slip}/receipt").json
    assert kept["receipt"]["statement_sha256"] == second["statement_sha256"]
    assert at("b").get(f"/slips/{open_slip}/receipt").status_code == 404


@both
def test_an_answer_can_be_given_without_a_script(at, open_slip):
    member = at("a")
    page = member.get(f"/slips/{open_slip}").text
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)[1]
    form = {"choice-1": "agree", "text-1": "Nhất trí", "version": "0", "nonce": nonce}
    confirm = member.post(f"/slips/{open_slip}/confirm", **form)
    assert confirm.status_code == 200
    assert "Nhất trí" in confirm.text
    done = member.post(f"/slips/{open_slip}/answer", nonce=nonce, pin=PIN)
    assert (done.status_code, done.location) == (303, f"/slips/{open_slip}")
    assert db.session.query(SlipAnswer).one().nonce == nonce


@both
def test_a_refused_form_keeps_what_was_typed(at, open_slip):
    form = {"text-1": "Chưa chọn câu trả lời", "version": "0", "nonce": NONCE}
    page = at("a").post(f"/slips/{open_slip}/confirm", **form)
    assert page.status_code == 422
    assert "Chưa chọn câu trả lời" in page.text
    legacy = at("a").post(f"/slips/{open_slip}/confirm", **{**form, "choice-1": "agree", "text-1": LEGACY})
    assert legacy.status_code == 422
    assert "Cộng hòa xã hội chủ nghĩa Việt Nam" in legacy.text
    assert LEGACY in legacy.text
    taken = {**form, "choice-1": "agree", "text-1": LEGACY, "take": "text-1"}
    converted = at("a").post(f"/slips/{open_slip}/confirm", **taken)
    assert converted.status_code == 200
    assert "Cộng hòa xã hội chủ nghĩa Việt Nam</textarea>" in converted.text
    assert db.session.query(SlipAnswer).count() == 0


# -- drafts -----------------------------------------------------------------------------------------------------------


@both
def test_a_draft_is_saved_offered_again_and_a_second_device_is_told(at, open_slip):
    first, second = at("a"), at("a")
    assert saved(first, open_slip, part(text="Bản nháp")).json["version"] == 1
    assert "Bản nháp" in second.get(f"/slips/{open_slip}").text
    assert saved(second, open_slip, part(text="Bản thứ hai"), version=1).json["version"] == 2
    late = saved(first, open_slip, part(text="Bản cũ"), version=1)
    assert (late.status_code, late.json["code"]) == (409, "draft_conflict")
    assert late.json["details"]["content"]["answers"][0]["text"] == "Bản thứ hai"
    assert db.session.query(SlipDraft).one().content["answers"][0]["text"] == "Bản thứ hai"


@both
def test_a_draft_in_an_old_encoding_is_kept_and_its_conversion_offered(at, open_slip):
    told = saved(at("a"), open_slip, part(text=LEGACY)).json
    assert [offer["code"] for offer in told["offers"]] == ["legacy_text"]
    assert told["offers"][0]["details"]["offered"] == "Cộng hòa xã hội chủ nghĩa Việt Nam"
    assert saved(at("a"), open_slip, part(text=LEGACY), version=1, as_typed=["text-1"]).json["offers"] == []
    refused = prepared(at("a"), open_slip, part(choice="agree", text=LEGACY))
    assert (refused.status_code, refused.json["field"]) == (422, "text-1")
    assert prepared(at("a"), open_slip, part(choice="agree", text=LEGACY), as_typed=["text-1"]).status_code == 200


@both
@pytest.mark.parametrize("typed", ["a\0b", "\ud800", "\u202eabc\u200b", "ý" * 12_000, "=HYPERLINK(1)", "a\r\nb"])
def test_a_draft_keeps_or_refuses_odd_text_and_never_stumbles(at, open_slip, typed):
    told = saved(at("a"), open_slip, part(text=typed))
    assert told.status_code in (200, 422), told.text
    page = at("a").get(f"/slips/{open_slip}")
    assert page.status_code == 200
    kept = db.session.query(SlipDraft).all()
    assert [draft.content["answers"][0]["text"] for draft in kept] == ([typed] if told.status_code == 200 else [])
    assert told.json.get("message") or told.json["version"] == 1


@both
def test_an_answer_takes_its_draft_with_it(at, open_slip):
    saved(at("a"), open_slip, part(choice="agree"))
    answered(at("a"), open_slip)
    assert db.session.query(SlipDraft).count() == 0


# -- files ------------------------------------------------------------------------------------------------------------


def attached(browser, slip_id, data, name="y-kien.pdf"):
    sent = {"file": (io.BytesIO(data), name)}
    headers = {"Accept": "application/json"}
    return browser.client.post(f"/slips/{slip_id}/attach", data=sent, headers=headers)


@both
def test_a_file_goes_through_the_gate_is_named_in_the_answer_and_read_by_its_member(at, open_slip):
    member = at("a")
    paper = pdf()
    file = attached(member, open_slip, paper).json
    receipt = answered(member, open_slip, part(choice="agree"), uploads=[file["id"]])
    assert receipt["attachments"] == [{"name": "y-kien.pdf", "size": file["size"]}]
    assert member.get(file["url"]).data == paper
    assert at("b").get(file["url"]).status_code == 404
    bad = attached(member, open_slip, b"MZ not a pdf", "virus.pdf")
    assert bad.status_code in (413, 415, 422)
    assert bad.json["message"]
    assert attached(at("clerk"), open_slip, pdf()).status_code == 403


def test_files_without_end_are_refused(at, open_slip, monkeypatch):
    monkeypatch.setattr(slip_drafts, "MOST_UPLOADS", 1)
    first = pdf()
    assert attached(at("a"), open_slip, first).status_code == 200
    assert attached(at("a"), open_slip, first).status_code == 200
    more = attached(at("a"), open_slip, blank(2))
    assert (more.status_code, more.json["code"]) == (422, "too_many_uploads")
    assert attached(at("b"), open_slip, blank(2)).status_code == 200


# -- deliveries -------------------------------------------------------------------------------------------------------


@both
def test_a_slip_is_received_and_seen_once_on_each_device(at, slip, open_slip):
    member = at("a")
    assert member.get(f"/slips/waiting?device={DEVICE}").json == {"waiting": 1, "news": [open_slip]}
    for _again in range(2):
        assert member.send("/slips/received", device=DEVICE).json == {"waiting": 1, "news": []}
    assert member.get(f"/slips/waiting?device={DEVICE}").json["news"] == []
    assert [member.send(f"/slips/{open_slip}/seen", device=DEVICE).json["news"] for _again in range(2)] == [True, False]
    assert member.send(f"/slips/{open_slip}/seen", device="12345678").json["news"] is True
    rows = db.session.query(SlipDelivery).order_by(SlipDelivery.id).all()
    assert [(row.device[-4:], row.seen_at is not None) for row in rows] == [(DEVICE[:4], True), ("1234", True)]
    assert member.send("/slips/received", device="<script>").status_code == 422
    assert member.get("/slips/waiting?device=..").status_code == 422


# -- what is refused --------------------------------------------------------------------------------------------------


@both
def test_one_second_after_the_deadline_nothing_is_counted_and_the_page_says_so(app, clock, slip, open_slip):
    clock.now = DEADLINE - (LATE - DEADLINE)
    member = Browser(app, "a")
    assert prepared(member, open_slip).status_code == 200
    saved(member, open_slip, part(text="Gõ dở"))
    clock.now = LATE
    late = signed(member, open_slip)
    assert (late.status_code, late.json["code"]) == (410, "slip_over")
    assert prepared(member, open_slip, nonce=nonce_of("late")).json["code"] == "slip_over"
    page = member.get(f"/slips/{open_slip}").text
    assert "Gõ dở" in page
    assert "data-next" not in page
    assert db.session.query(SlipAnswer).count() == 0


@both
def test_a_recall_while_an_answer_is_in_flight_counts_nothing(at, slip, open_slip):
    assert prepared(at("a"), open_slip).status_code == 200
    slip_closing.recall_slip(slip.who["clerk"], open_slip, REASON, now=slip.now)
    refused = signed(at("a"), open_slip)
    assert (refused.status_code, refused.json["code"]) == (410, "slip_recalled")
    assert REASON in at("a").get(f"/slips/{open_slip}").text


@both
def test_round_one_after_round_two_began_leads_to_round_two_and_shows_the_earlier_answer(at, slip, open_slip):
    member = at("a")
    answered(member, open_slip, part(choice="disagree", text="Lý do vòng một"))
    slip_closing.recall_slip(slip.who["clerk"], open_slip, REASON, now=slip.now)
    second = slip_rounds.new_round(slip.who["clerk"], open_slip, now=slip.now).id
    slip.approve(second)
    slip_issue.issue_slip(slip.who["deputy"], second, now=slip.now)
    refused = prepared(member, open_slip, nonce=nonce_of("round one"))
    assert (refused.status_code, refused.json["code"]) == (410, "round_over")
    assert f"/slips/{second}" in member.get(f"/slips/{open_slip}").text
    assert "Lý do vòng một" in member.get(f"/slips/{second}").text
    assert member.get("/slips/waiting").json["waiting"] == 1


@both
def test_the_same_request_twice_is_one_answer_with_one_receipt(at, open_slip):
    first = answered(at("a"), open_slip)
    again = signed(at("a"), open_slip, pin="000000")
    assert again.json["receipt"]["leaf_hash"] == first["leaf_hash"]
    assert db.session.query(SlipAnswer).count() == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"answers": [{"question": 1, "choice": "yes"}]}, 422),
        ({"answers": [{"question": "1"}]}, 422),
        ({"answers": [{"question": 1, "option": 10**12}]}, 422),
        ({"answers": [{"question": 1, "more": 1}]}, 422),
        ({"answers": [{"question": 1, "articles": [{"article": 0}]}]}, 422),
        ({"answers": {"question": 1}}, 422),
        ({"answers": [1]}, 422),
        ({"answers": [part(text="\0")]}, 422),
        ({"uploads": ["1"]}, 422),
        ({"uploads": [1]}, 422),
        ({"reservation": 1}, 422),
        ({"member": "M02"}, 422),
        ({"answers": [part(choice="agree", text="\u202ea")]}, 422),
        ({"answers": [part(choice="agree", text="a\u200bb")]}, 422),
        ({"answers": [part(choice="agree", text="ý" * 10_001)]}, 422),
        ({"answers": [part(choice="agree", text="x" * 1_000_000)]}, 413),
        ({"answers": []}, 422),
        ({"answers": [part(choice="agree")] * 30}, 422),
        ({"reservation": True}, 422),
    ],
)
def test_odd_requests_are_refused_in_words_and_leave_nothing(at, open_slip, sent, status):
    told = content() | {"nonce": NONCE} | sent
    answer = at("a").send(f"/slips/{open_slip}/prepare", **told)
    assert answer.status_code == status, answer.text
    assert answer.json["message"]
    assert signed(at("a"), open_slip).json["code"] == "not_prepared"


def replaced_key(at, slip, name):
    """Two people confirm a new key for a member, who takes it up."""
    person = slip.who[name].person_id
    asked = keys.request_recovery(slip.who["clerk"], person, RecoveryKind.REPLACE, "Mất khóa", slip.now)
    told = at("records").post(f"/records/recoveries/{asked.id}/approve")
    assert told.status_code == 302, told.text
    keys.enrol_own_key(slip.who[name], PIN, slip.now)
    return at("records").get(told.location).text


@both
def test_a_key_replaced_meanwhile_signs_no_answer_and_a_new_round_takes_one(at, slip, open_slip):
    told = replaced_key(at, slip, "a")
    assert "1 phiếu đang lấy ý kiến" in told
    page = at("a").get(f"/slips/{open_slip}").text
    assert "vòng mới" in page
    assert "data-next" not in page
    refused = prepared(at("a"), open_slip)
    assert (refused.status_code, refused.json["code"]) == (403, "certificate_refused")
    slip_closing.recall_slip(slip.who["clerk"], open_slip, REASON, now=slip.now)
    second = slip_rounds.new_round(slip.who["clerk"], open_slip, now=slip.now).id
    slip.approve(second)
    slip_issue.issue_slip(slip.who["deputy"], second, now=slip.now)
    answered(at("a"), second, nonce=nonce_of("new key"))
    assert db.session.query(SlipAnswer).count() == 1


# -- afterwards -------------------------------------------------------------------------------------------------------


@both
def test_a_closed_slip_shows_its_result_in_three_columns(app, at, clock, slip, open_slip):
    answered(at("a"), open_slip, part(choice="disagree"))
    assert "slip-columns" not in at("a").get(f"/slips/{open_slip}").text
    clock.now = LATE
    slip_closing.close_slip(SYSTEM, open_slip, now=LATE)
    page = Browser(app, "a").get(f"/slips/{open_slip}").text
    assert "mặc nhiên" in page
    assert "slip-columns" in page
    assert slip.slip(open_slip).state is slips.CLOSED


@both
@pytest.mark.parametrize("silence", ["agree", "nothing"])
def test_who_was_silent_reads_what_was_recorded_and_the_own_draft_and_no_empty_form(app, clock, slip, silence):
    slip.rule(silence=silence)
    slip_id = slip.issue()
    answered(Browser(app, "a"), slip_id)
    saved(Browser(app, "b"), slip_id, part(text="Chưa kịp gửi"))
    clock.now = LATE
    slip_closing.close_slip(SYSTEM, slip_id, now=LATE)
    pages = {name: Browser(app, name).get(f"/slips/{slip_id}").text for name in ("a", "b", "chairman")}
    for name, page in pages.items():
        assert ("Đồng chí không trả lời phiếu này." in page) == (name != "a")
        assert ("không phải là câu trả lời của đồng chí" in page) == (name != "a" and silence == "agree")
        assert ("Không có câu trả lời nào của đồng chí được tính" in page) == (name != "a" and silence == "nothing")
        assert ("chưa được gửi và không được tính" in page) == (name == "b")
        assert ('id="slip" hidden' in page) == (name == "chairman")
    assert "Chưa kịp gửi" in pages["b"]


@both
def test_drafts_that_are_ready_are_signed_in_one_sitting(at, slip):
    ids = [slip.issue(), slip.issue(), slip.issue()]
    member = at("a")
    for slip_id in ids[:2]:
        saved(member, slip_id, part(choice="agree"))
    page = member.get("/slips/together").text
    assert set(re.findall(r'<li class="slip-ready" data-slip="(\d+)"', page)) == set(map(str, ids[:2]))
    assert "/slips/together" in member.get("/slips/").text


def test_nobody_gets_in_without_signing_in(app):
    assert Browser(app).get("/slips/").status_code == 302
    assert Browser(app).send("/slips/1/prepare").status_code in (400, 401)
