"""What members, the Prime Minister, the chair and the hall see of a Resolution, and the acts that are offered there."""

import html
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import event

from app.extensions import db
from app.gateways import storage
from app.models import AuditEntry, Dispatch, Refusal, Resolution, ResolutionState, SignedStatement, StatementKind
from app.workflows import live, poll_acts, polls, promulgation, resolutions
from app.workflows.engine.transaction import plain
from tests import cabinet
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.resolving import TEXT, Resolving
from tests.views.browser import Browser

At = Callable[[str], Browser]
JSON = {"Accept": "application/json"}
NONCE = nonce_of("recall")
OTHERWISE = {
    **TEXT,
    "bases": [*TEXT["bases"], "Căn cứ Nghị định số 30/2020/NĐ-CP"],
    "articles": [
        {"heading": "Mục tiêu", "intro": "Hỗ trợ doanh nghiệp nhỏ và vừa, hộ kinh doanh tiếp cận vốn.", "clauses": []},
        TEXT["articles"][1],
    ],
}


@pytest.fixture
def out(app: Flask, clock) -> Resolving:
    """A promulgated Resolution, ten seconds ago."""
    scene = Resolving().up_to("promulgated")
    clock.now = scene.later(60)
    return scene


@pytest.fixture
def drafted(app: Flask, clock) -> Resolving:
    scene = Resolving().up_to("drafted")
    clock.now = scene.later(17)
    return scene


def path(scene: Resolving, part: str = "") -> str:
    return f"/resolutions/{scene.resolution_id}{part}"


def words(answer) -> str:
    """What is read on a page, without its scripts and dialogs."""
    bare = re.sub(r"<(script|style|dialog).*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(bare))


def vi(sentence: str, **values: object) -> str:
    """As the pages say it."""
    with force_locale("vi"):
        return gettext(sentence, **values)


def listed(answer) -> list[str]:
    return re.findall(r'class="ec-row" href="(/resolutions/\d+)"', answer.text)


def offered(answer) -> set[str]:
    """The last parts of the addresses to which the record page sends or leads."""
    leads = r'(?:action|data-sign-act|id="main-act" href|class="ec-btn" href)="(/resolutions/[^"?]+)'
    return {address.rpartition("/")[2] for address in re.findall(leads, answer.text)} - {"file"}


def post(browser: Browser, address: str, **form: str):
    return browser.client.post(address, data=form, headers=JSON)


def statements(ask: Callable[[], object]) -> int:
    heard: list[str] = []

    def hear(*args: object) -> None:
        heard.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        ask()
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    return len([text for text in heard if text.startswith("SELECT")])


# -- the list ----------------------------------------------------------------------------------------------------------


def test_members_find_what_is_signed_and_makers_the_drafts_too(app, at: At, drafted):
    draft = drafted.resolution_id
    signed = Resolving().voted().drafted().presented().signed()
    assert listed(at("clerk").get("/resolutions/")) == [path(signed), f"/resolutions/{draft}"]
    assert listed(at("a").get("/resolutions/")) == [path(signed)]
    for name in ("under_a", "guest", "admin"):
        assert listed(at(name).get("/resolutions/")) == []


def test_the_list_is_searched_by_number_and_by_subject_without_marks(app, at: At, out):
    other = Resolving({**TEXT, "subject": "Về phát triển nhà ở xã hội"}).voted().drafted().presented().signed()
    for query, found in {
        "nha o xa hoi": [path(other)], "NHÀ Ở": [path(other)], "01/nq-cp": [path(out)], "doanh nghiep": [path(out)],
        "không có gì": [], "%": [], "_": [], "\\": [], "": [path(out), path(other)],
    }.items():  # fmt: skip
        assert sorted(listed(at("a").get("/resolutions/", query_string={"q": query}))) == sorted(found), query


def test_the_list_is_filtered_by_state_and_odd_parameters_count_as_none(app, at: At, out):
    other = Resolving().voted().drafted().presented().signed()
    assert listed(at("a").get("/resolutions/?state=out")) == [path(out)]
    assert listed(at("a").get("/resolutions/?state=issuing")) == [path(other)]
    for odd in ("state=abc", "page=0", "page=-1", "page=9999999", "page=１", "page=x", "state[]=1", "q=" + "a" * 9000):
        answer = at("a").get(f"/resolutions/?{odd}")
        assert answer.status_code == 200, odd
    assert listed(at("a").get("/resolutions/?page=77")) == [path(out), path(other)]
    for group in ("drafts", "abandoned"):
        assert f"state={group}" not in at("a").get("/resolutions/").text


def test_neither_list_nor_record_asks_more_for_more_rows(app, at: At, out):
    def ask(address: str) -> int:
        return statements(lambda: at("head").get(address))

    ask("/resolutions/")
    few, record = ask("/resolutions/"), ask(path(out))
    for _ in range(3):
        Resolving().voted().drafted()
    assert ask("/resolutions/") == few
    db.session.add_all(
        Dispatch(body_id=1, resolution_id=out.resolution_id, organisation_id=None, person_id=person.person_id,
                 name="Người nhận", sent_at=out.now)
        for name, person in out.who.items() if name in ("clerk", "records", "auditor")
    )  # fmt: skip
    db.session.commit()
    assert ask(path(out)) == record
    assert record < 60


def test_the_menu_leads_whoever_may_ever_see_one_to_the_list(app, at: At, clock):
    for name in cabinet.PEOPLE:
        there = 'href="/resolutions/"' in at(name).get("/").text
        assert there is (name not in ("guest", "admin")), name


# -- who sees the record -----------------------------------------------------------------------------------------------

MAKERS = {"head", "chairman", "clerk", "secretary", "records", "auditor"}
SEEN_BY = {
    "drafted": MAKERS,
    "presented": MAKERS,
    "signed": MAKERS | {"deputy", "a", "b"},
    "sealed": MAKERS | {"deputy", "a", "b"},
    "promulgated": MAKERS | {"deputy", "a", "b", "under_a"},
}


@pytest.mark.parametrize("stage", SEEN_BY)
def test_the_record_is_open_to_its_makers_then_to_members_then_to_recipients(app, at: At, clock, stage):
    scene = Resolving().up_to(stage)
    clock.now = scene.later(55)
    for name in cabinet.PEOPLE:
        expected = 200 if name in SEEN_BY[stage] else 404
        assert at(name).get(path(scene)).status_code == expected, name
        page = at(name).get(path(scene, "/pages/1.png")).status_code
        assert page == (404 if stage == "drafted" else expected), name


def test_visitors_are_sent_to_the_sign_in_page(app, out):
    device = app.test_client()
    for part in ("", "/file", "/pages/1.png", "/sign"):
        assert device.get(path(out, part)).status_code == 302
    for part in ("present", "abandon", "stop", "receipt", "return"):
        assert device.post(path(out, f"/{part}"), headers=JSON).status_code == 401
    assert device.get("/resolutions/").status_code == 302


def test_numbers_that_name_nothing_are_not_found(app, at: At, clock):
    for number in ("0", "99", "2147483648", "99999999999999999999", "-1", "abc"):
        assert at("clerk").get(f"/resolutions/{number}").status_code == 404


# -- what the record shows ---------------------------------------------------------------------------------------------


def test_every_step_has_its_seconds_beside_the_mark_of_2019(app, at: At, out):
    page = at("a").get(path(out))
    done = re.findall(r"<li data-done>\s*<span class=\"ec-delta ec-num\">([^<]+)</span><b>([^<]+)</b>", page.text)
    assert [seconds for seconds, _label in done] == [vi("%(n)s s", n=n) for n in (0, 2, 5, 8, 20, 25, 30, 40)]
    assert vi("mark of %(year)s: about %(n)s seconds", year=2019, n=60) in words(page)
    assert "data-stopwatch" not in page.text  # it has come to its end
    assert f">{vi('%(n)s s', n=40)}</b>" in page.text


def test_the_clock_runs_from_the_servers_seconds_until_the_promulgation(app, at: At, drafted):
    page = at("clerk").get(path(drafted)).text
    assert 'data-stopwatch="7.0">00:07<' in page
    assert page.count("<li data-done>\n<span class=\"ec-delta") == 3
    assert page.count('aria-current="step"') == 1


def test_the_signatures_carry_our_verdict_with_its_reason(app, at: At, out, monkeypatch):
    page = at("a").get(path(out))
    assert vi("%(n)s valid", n=2) in words(page)
    assert "Trần Văn Một" in words(page)
    store, sha256 = storage.store(), out.resolution.files[-1].sha256
    with store.open(sha256) as source:
        good = source.read()
    monkeypatch.setitem(store.files, sha256, good + b"\n% mine")
    page = at("a").get(path(out))
    assert vi("Not valid") in words(page)
    assert vi("The document was altered after it was sealed.") in words(page)


def test_a_signature_alone_is_valid_while_the_seal_is_still_to_come(app, at: At, clock):
    scene = Resolving().up_to("signed")
    clock.now = scene.later(34)
    page = words(at("a").get(path(scene)))
    assert vi("%(n)s valid, not sealed yet", n=1) in page
    assert vi("Not valid") not in page


def test_the_public_address_is_told_after_the_promulgation(app, at: At, out):
    token = out.resolution.token
    assert f"/xac-minh/{token}" in at("a").get(path(out)).text
    before = Resolving().voted().drafted().presented().signed().numbered().sealed()
    assert before.resolution.token not in at("head").get(path(before)).text


def test_the_comparison_shows_the_words_that_are_gone_and_new(app, at: At, drafted):
    resolutions.edit_resolution(
        drafted.who["clerk"], drafted.resolution_id, OTHERWISE, "Theo kết luận <b>", drafted.later(16)
    )
    page = at("clerk").get(path(drafted))
    assert re.search(r"<ins>.*?hộ kinh doanh</ins>", page.text)
    assert "Theo kết luận &lt;b&gt;" in page.text
    assert "Căn cứ thứ 3" in page.text
    assert vi("Word for word the voted text") in words(page)  # the first version is still there
    assert vi("%(n)s differences from the voted text", n=2) in words(page)


def test_what_came_before_the_signature_is_for_those_who_made_it(app, at: At, clock):
    scene = Resolving().up_to("presented")
    resolutions.return_resolution(scene.who["head"], scene.resolution_id, "Sai tên cơ quan", scene.later(19))
    resolutions.present_resolution(scene.who["clerk"], scene.resolution_id, scene.later(24))
    scene.signed()
    clock.now = scene.later(40)
    member, clerk = words(at("a").get(path(scene))), words(at("clerk").get(path(scene)))
    assert "Sai tên cơ quan" in clerk
    assert "Sai tên cơ quan" not in member
    assert vi("Resolution signed") in member
    assert vi("Resolution presented for signature") in clerk
    assert vi("Resolution presented for signature") not in member


def test_a_returned_draft_says_why(app, at: At, clock):
    scene = Resolving().up_to("presented")
    resolutions.return_resolution(scene.who["head"], scene.resolution_id, "Sai tên cơ quan", scene.later(19))
    page = at("clerk").get(path(scene))
    assert vi("Returned by the signer.") in words(page)
    assert "/pages/1.png" not in page.text  # the form that was returned lies before nobody


# -- the printed form --------------------------------------------------------------------------------------------------


def test_the_file_is_saved_under_its_number_and_kept_by_nobody(app, at: At, out):
    answer = at("a").get(path(out, "/file?save=1"))
    with storage.store().open(out.resolution.files[-1].sha256) as source:
        assert answer.data == source.read()
    assert answer.headers["Content-Disposition"] == "attachment; filename=nghi-quyet-01-NQ-CP.pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = at("a").get(path(out, "/file"), headers={"Range": "bytes=0-4"})
    assert (part.status_code, part.data) == (206, b"%PDF-")


def test_a_page_is_a_picture_that_is_asked_for_again_and_not_sent_twice(app, at: At, out):
    answer = at("a").get(path(out, "/pages/1.png"))
    assert answer.data.startswith(b"\x89PNG")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": answer.headers["ETag"]}
    again = at("a").get(path(out, "/pages/1.png"), headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert at("guest").get(path(out, "/pages/1.png"), headers=known).status_code == 404
    for page in ("0", "99", "-1", "1.5", "x"):
        assert at("a").get(path(out, f"/pages/{page}.png")).status_code == 404


def test_after_the_recall_only_the_auditor_opens_the_file(app, at: At, out, clock):
    known = {"If-None-Match": at("a").get(path(out, "/pages/1.png")).headers["ETag"]}
    out.recalled("Phụ lục <i>sai</i>")
    clock.now = out.later(70)
    for name in ("head", "a", "clerk", "records", "under_a"):
        page = at(name).get(path(out))
        assert vi("This Resolution was recalled") in words(page), name
        assert "Phụ lục &lt;i&gt;sai&lt;/i&gt;" in page.text
        assert "/pages/1.png" not in page.text
        assert "/file" not in page.text
        for part in ("/file", "/pages/1.png"):
            refused = at(name).get(path(out, part), headers=JSON | known)
            assert (refused.status_code, refused.json["code"]) == (403, "copy_frozen"), name
    assert at("auditor").get(path(out, "/file")).status_code == 200
    assert "/pages/1.png" in at("auditor").get(path(out)).text


# -- who received it ---------------------------------------------------------------------------------------------------


def test_recipients_are_counted_by_name_and_each_confirms_once(app, at: At, out):
    total = len(out.resolution.dispatches)
    said = "%(n)s recipients: %(received)s have received it, %(waiting)s have not yet"
    assert vi(said, n=total, received=0, waiting=total) in words(at("a").get(path(out)))
    assert "receipt" in offered(at("a").get(path(out)))
    for _ in range(2):
        answer = post(at("a"), path(out, "/receipt"))
        assert (answer.status_code, answer.json["state"]) == (200, "promulgated")
    page = at("a").get(path(out))
    assert "receipt" not in offered(page)
    assert vi(said, n=total, received=2, waiting=total - 2) in words(page)  # the minister, and the ministry
    rows = db.session.query(Dispatch).filter(Dispatch.received_at.is_not(None)).all()
    assert {row.name for row in rows} == {"Bộ trưởng Bộ Xây dựng", "Bộ Xây dựng"}
    plain_form = at("b").post(path(out, "/receipt"))
    assert (plain_form.status_code, plain_form.location) == (303, path(out))


@pytest.mark.parametrize("name", ["auditor", "guest", "admin"])
def test_nobody_confirms_what_was_not_sent_to_him(app, at: At, out, name):
    assert post(at(name), path(out, "/receipt")).status_code == 404
    assert db.session.query(Dispatch).filter(Dispatch.received_at.is_not(None)).count() == 0


def test_nothing_is_received_before_it_is_sent(app, at: At, drafted):
    assert post(at("head"), path(drafted, "/receipt")).status_code == 404


# -- from the vote to the draft ----------------------------------------------------------------------------------------


@pytest.fixture
def decided(app: Flask, clock) -> Resolving:
    scene = Resolving().equipped().voted()
    clock.now = scene.later(15)
    return scene


def draft(browser: Browser, scene: Resolving, **form: str):
    return post(browser, f"/polls/{scene.poll_id}/resolution", **form)


@both
def test_one_press_drafts_and_presents_the_complete_unchanged_text(app, at: At, decided):
    page = at("clerk").get(f"/polls/{decided.poll_id}/result")
    assert 'name="then" value="present"' in page.text
    answer = draft(at("clerk"), decided, then="present")
    assert (answer.status_code, answer.json["state"]) == (200, "presented")
    made = db.session.query(Resolution).one()
    assert made.signer_id == decided.who["head"].person_id
    facts = [entry.fact for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)][-2:]
    assert facts == ["ResolutionDrafted", "ResolutionPresented"]
    again = draft(at("clerk"), decided)
    assert (again.status_code, again.json["code"]) == (409, "already_drafted")


def test_a_plain_form_leads_to_the_draft(app, at: At, decided):
    answer = at("secretary").post(f"/polls/{decided.poll_id}/resolution")
    made = db.session.query(Resolution).one()
    assert (answer.status_code, answer.location) == (303, f"/resolutions/{made.id}")
    assert made.state is ResolutionState.DRAFTING
    page = at("clerk").get(f"/polls/{decided.poll_id}/result").text
    assert f'href="/resolutions/{made.id}"' in page
    assert f'action="/polls/{decided.poll_id}/resolution"' not in page


@pytest.mark.parametrize(("name", "status"), [("a", 403), ("head", 403), ("records", 403), ("auditor", 403),
                                              ("guest", 404), ("admin", 404), ("under_a", 404)])  # fmt: skip
def test_nobody_else_drafts(app, at: At, decided, name, status):
    assert draft(at(name), decided).status_code == status
    assert draft(at(name), decided, then="present").status_code == status
    assert db.session.query(Resolution).count() == 0
    if status == 403:
        assert "/resolution\"" not in at(name).get(f"/polls/{decided.poll_id}/result").text


def test_nothing_is_offered_where_nothing_was_adopted(app, at: At, clock):
    failed = Resolving().voted(dict.fromkeys(cabinet.MEMBERS, "disagree"))
    closed = Resolving().voted(publish=False)
    clock.now = closed.later(15)
    for scene, code in ((failed, "not_adopted"), (closed, "not_published")):
        assert "/resolution\"" not in at("clerk").get(f"/polls/{scene.poll_id}").text
        refused = draft(at("clerk"), scene, then="present")
        assert (refused.status_code, refused.json["code"]) == (409, code)
    assert db.session.query(Resolution).count() == 0


def test_an_incomplete_text_is_drafted_and_told_what_it_lacks(app, at: At, clock):
    scene = Resolving({**TEXT, "recipients": []}).equipped().voted()
    clock.now = scene.later(15)
    page = at("clerk").get(f"/polls/{scene.poll_id}/result")
    assert vi("Recipients are named.") in words(page)
    assert 'value="present"' not in page.text
    refused = draft(at("clerk"), scene, then="present")
    assert (refused.status_code, refused.json["code"]) == (409, "text_incomplete")
    assert db.session.query(Resolution).one().state is ResolutionState.DRAFTING  # the draft is there to be completed


def test_a_vote_without_a_readable_draft_says_so(app, at: At, scene, clock):
    scene.open()
    poll = scene.open_poll()
    for name in cabinet.MEMBERS:
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, scene.now)
    assert f"/polls/{poll.id}/resolution" not in at("clerk").get(f"/polls/{poll.id}/result").text
    refused = post(at("clerk"), f"/polls/{poll.id}/resolution")
    assert (refused.status_code, refused.json["code"]) == (409, "no_voted_text")


# -- what is offered, and refused all the same -------------------------------------------------------------------------

OFFERS = {
    "drafted": {"clerk": {"present", "edit", "abandon"}, "secretary": {"present", "edit", "abandon"}},
    "presented": {"clerk": {"abandon"}, "secretary": {"abandon"}, "head": {"sign"}},
    "signed": {"records": {"issue"}, "head": {"stop"}},
    "numbered": {"records": {"issue"}, "head": {"stop"}},
    "sealed": {"records": {"issue"}, "head": {"stop"}},
    "promulgated": {"head": {"receipt", "recall"}, "a": {"receipt"}, "under_a": {"receipt"}, "records": {"receipt"},
                    "clerk": {"receipt"}, "secretary": {"receipt"}, "b": {"receipt"}, "deputy": {"receipt"},
                    "chairman": {"receipt"}},
}  # fmt: skip


@pytest.mark.parametrize("stage", OFFERS)
def test_everybody_is_offered_what_the_state_and_the_right_allow(app, at: At, clock, stage):
    scene = Resolving().up_to(stage)
    clock.now = scene.later(55)
    for name in SEEN_BY.get(stage, SEEN_BY["signed"]):
        assert offered(at(name).get(path(scene))) == OFFERS[stage].get(name, set()), name


@pytest.mark.parametrize(("act", "stage"), [("present", "drafted"), ("abandon", "presented"), ("stop", "signed")])
@pytest.mark.parametrize("name", ["a", "deputy", "records", "auditor", "guest", "admin"])
def test_no_act_is_open_to_anybody_else(app, at: At, clock, act, stage, name):
    scene = Resolving().up_to(stage)
    seen = at(name).get(path(scene)).status_code == 200
    answer = post(at(name), path(scene, f"/{act}"), reason="Lý do")
    assert answer.status_code == (403 if seen else 404)
    assert scene.resolution.state == {"drafted": "drafting"}.get(stage, stage)


def test_a_text_that_differs_without_a_reason_is_not_presented(app, at: At, drafted):
    resolutions.edit_resolution(drafted.who["clerk"], drafted.resolution_id, OTHERWISE, "", drafted.later(16))
    refused = post(at("clerk"), path(drafted, "/present"))
    assert (refused.status_code, refused.json["code"], refused.json["field"]) == (409, "text_differs", "reason")
    assert drafted.resolution.state is ResolutionState.DRAFTING


@pytest.mark.parametrize(("act", "stage", "who"), [("abandon", "drafted", "clerk"), ("stop", "signed", "head")])
def test_giving_up_and_stopping_need_a_reason_and_happen_once(app, at: At, clock, act, stage, who):
    scene = Resolving().up_to(stage)
    for reason in ("", "   ", "\n"):
        refused = post(at(who), path(scene, f"/{act}"), reason=reason)
        assert (refused.status_code, refused.json["field"]) == (422, "reason")
    for hostile in ("a\0b", "x" * 20_000, "đảo \u202e ngược"):
        assert post(at(who), path(scene, f"/{act}"), reason=hostile).status_code == 422
    answer = post(at(who), path(scene, f"/{act}"), reason="Soạn <lại>")
    assert (answer.status_code, answer.json["state"]) == (200, "abandoned")
    assert "Soạn &lt;lại&gt;" in at(who).get(path(scene)).text
    refused = post(at(who), path(scene, f"/{act}"), reason="Lần nữa")
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")


def test_a_plain_form_that_is_refused_comes_back_with_the_sentence(app, at: At, drafted):
    answer = at("clerk").client.post(
        path(drafted, "/abandon"), data={"reason": ""}, headers={"Referer": f"http://localhost{path(drafted)}"}
    )
    assert (answer.status_code, answer.location) == (303, path(drafted))
    assert vi("Write the reason.") in words(at("clerk").get(path(drafted)))


# -- the recall --------------------------------------------------------------------------------------------------------


def prepare(browser: Browser, scene: Resolving, reason: str = "Sai phụ lục", nonce: str = NONCE):
    return browser.send(path(scene, "/recall/prepare"), reason=reason, nonce=nonce)


def carry_out(browser: Browser, scene: Resolving, pin: str = PIN, nonce: str = NONCE):
    return browser.send(path(scene, "/recall/sign"), nonce=nonce, pin=pin)


@both
def test_the_head_recalls_with_a_signature_over_exactly_what_is_shown(app, at: At, out):
    answer = prepare(at("head"), out)
    said = json.loads(answer.json["statement"])
    shown = dict(answer.json["shown"])
    assert {said["number"], said["subject"], said["reason"], said["person"], said["file_sha256"]} <= set(shown.values())
    assert (said["resolution_id"], said["nonce"]) == (out.resolution_id, NONCE)
    assert out.resolution.state is ResolutionState.PROMULGATED
    for _ in range(2):  # the answer may be lost
        done = carry_out(at("head"), out)
        assert (done.status_code, done.json["state"]) == (200, "recalled")
    assert db.session.query(SignedStatement).filter_by(kind=StatementKind.RESOLUTION_RECALL).count() == 1
    assert "recall" not in offered(at("head").get(path(out)))


def test_a_recall_is_not_signed_with_a_wrong_pin_or_without_its_text(app, at: At, out, clock):
    assert carry_out(at("head"), out).json["code"] == "not_prepared"
    prepare(at("head"), out)
    wrong = carry_out(at("head"), out, pin="135790")
    assert (wrong.status_code, wrong.json["code"], wrong.json["details"]["tries_left"]) == (403, "pin_wrong", 4)
    assert carry_out(at("head"), out, pin="12").json["code"] == "pin_form"
    clock.move(seconds=121)
    late = carry_out(at("head"), out)
    assert (late.status_code, late.json["code"]) == (409, "not_prepared")
    assert out.resolution.state is ResolutionState.PROMULGATED


@pytest.mark.parametrize(("name", "status"), [("deputy", 403), ("a", 403), ("records", 403), ("clerk", 403),
                                              ("auditor", 403), ("guest", 404), ("admin", 404)])  # fmt: skip
def test_nobody_but_the_head_recalls(app, at: At, out, name, status):
    assert prepare(at(name), out).status_code == status
    assert carry_out(at(name), out).status_code in (404, 409)
    assert out.resolution.state is ResolutionState.PROMULGATED


def test_what_was_never_promulgated_is_not_recalled(app, at: At, clock):
    scene = Resolving().up_to("sealed")
    clock.now = scene.later(45)
    refused = prepare(at("head"), scene)
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")


def test_a_recall_needs_a_reason_and_plain_values(app, at: At, out):
    assert prepare(at("head"), out, reason=" ").json["field"] == "reason"
    for body, status in (
        (b"", 400), (b"[]", 400), (b'{"reason": 1, "nonce": "x"}', 422), (b'{"reason": "x"}', 422),
        (b'{"reason": "x", "nonce": "short"}', 422), (b'{"reason": "x", "nonce": "x", "pin": "240619"}', 422),
    ):  # fmt: skip
        assert at("head").raw(path(out, "/recall/prepare"), body).status_code == status, body


def test_recipients_confirm_that_they_know_of_the_recall(app, at: At, out, clock):
    promulgation.acknowledge(out.who["b"], out.resolution_id, out.later(55))
    out.recalled()
    clock.now = out.later(70)
    assert "receipt" in offered(at("b").get(path(out)))
    assert post(at("b"), path(out, "/receipt")).json["state"] == "recalled"
    page = at("b").get(path(out))
    assert "receipt" not in offered(page)
    total = len(out.resolution.dispatches)
    said = "%(n)s recipients: %(received)s know of the recall, %(waiting)s do not yet"
    assert vi(said, n=total, received=2, waiting=total - 2) in words(page)


# -- the meeting, the desk and the hall --------------------------------------------------------------------------------


def test_the_hall_shows_the_same_steps_to_whoever_opened_it_and_no_names(app, at: At, decided, clock):
    address = f"/man-hinh/{decided.meeting_id}"
    before = at("a").get(address).text
    assert 'data-stopwatch="5.0"' in before
    assert before.count("<li data-done>") == 2
    decided.drafted().presented()
    clock.now = decided.later(20)
    screens = {name: at(name).get(address).text for name in ("head", "a", "clerk", "auditor")}
    steps = {re.search(r"<ol class=\"ec-hall__steps\">.*?</ol>", text, re.S)[0] for text in screens.values()}
    assert len(steps) == 1
    assert steps.pop().count("<li data-done>") == 4
    assert not any("Ngô Thị Bảy" in text for text in screens.values())
    assert "<form" not in screens["clerk"].split('class="ec-hall"')[1].split("</footer>")[0]


def test_the_hall_stops_the_clock_at_the_promulgation_and_names_the_number(app, at: At, out):
    text = at("a").get(f"/man-hinh/{out.meeting_id}").text
    assert vi("Promulgated: Resolution no. %(number)s", number="01/NQ-CP") in text
    assert f">{vi('%(n)s s', n=40)}</b>" in text
    assert "data-stopwatch" not in text


def test_a_vote_that_is_not_published_or_did_not_adopt_has_no_clock(app, at: At, clock):
    for scene in (Resolving().voted(publish=False), Resolving().voted(dict.fromkeys(cabinet.MEMBERS, "disagree"))):
        clock.now = scene.later(20)
        for address in (f"/man-hinh/{scene.meeting_id}", f"/meetings/{scene.meeting_id}"):
            assert "data-stopwatch" not in at("head").get(address).text
        assert live.snapshot(scene.who["head"], scene.meeting_id, scene.now)["course"] is None


def test_an_annulled_vote_takes_the_clock_away(app, at: At, decided, clock):
    head, nonce = decided.who["head"], nonce_of("annul")
    poll_acts.prepare_annulment(head, decided.poll_id, "Nhầm văn bản", nonce, decided.later(16))
    poll_acts.sign_act(head, decided.poll_id, nonce, PIN, decided.later(17))
    clock.now = decided.later(20)
    assert "data-stopwatch" not in at("a").get(f"/man-hinh/{decided.meeting_id}").text


def test_the_snapshot_tells_moments_and_opens_the_way_only_to_whoever_may_read(app, at: At, decided):
    decided.drafted()
    seen = {
        name: live.snapshot(decided.who[name], decided.meeting_id, decided.now)["course"] for name in ("clerk", "a")
    }
    assert seen["clerk"]["resolution_id"] == decided.resolution_id
    assert seen["a"]["resolution_id"] is None
    assert seen["a"]["steps"] == seen["clerk"]["steps"]
    assert "doanh nghiệp" not in json.dumps(plain(seen["a"]), ensure_ascii=False)


def test_the_desk_offers_the_draft_to_the_secretary_and_the_signature_to_the_chair(app, at: At, decided, clock):
    desk, poll = f"/meetings/{decided.meeting_id}/cockpit", f'action="/polls/{decided.poll_id}/resolution"'
    assert poll in at("secretary").get(desk).text
    assert poll not in at("head").get(desk).text
    decided.drafted().presented()
    clock.now = decided.later(20)
    assert f'href="{path(decided, "/sign")}"' in at("head").get(desk).text
    assert f'href="{path(decided, "/sign")}"' not in at("secretary").get(desk).text
    assert poll not in at("secretary").get(desk).text


def test_the_members_page_shows_the_way_while_something_happens(app, at: At, out, clock):
    address = f"/meetings/{out.meeting_id}"
    assert "ec-course" in at("a").get(address).text
    clock.move(hours=3)
    fresh = Browser(app, "b")
    assert "ec-course\"" not in fresh.get(address).text


def test_refusals_are_recorded_with_their_act(app, at: At, drafted):
    post(at("head"), path(drafted, "/present"))
    refusal = db.session.query(Refusal).order_by(Refusal.id.desc()).first()
    assert (refusal.act, refusal.code) == ("present_resolution", "not_allowed")
