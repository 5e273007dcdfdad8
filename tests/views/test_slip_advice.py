"""Pages of aides and slips: a switch for each aide, a suggestion without any button to sign, one tap for the member."""

import pytest

from app.extensions import db
from app.models import MemberStaff, QuestionKind, SlipAdvice, SlipAide, SlipAnswer, SlipDraft
from app.workflows import slip_closing, slip_issue, slip_papers, slip_reports
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.slips import Question
from tests import cabinet
from tests.conftest import nonce_of
from tests.deciding import TEXT
from tests.slipping import CONSENT, LATE, SlipScene
from tests.views.browser import Browser

NONCE = nonce_of("an article")


@pytest.fixture
def slip(app):
    found = SlipScene()
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=found.who["a"].person_id, aide_id=found.who["guest"].person_id,
                                valid_from=cabinet.SINCE))  # fmt: skip
    return found


def test_from_the_switch_to_the_draft(app, slip, at):
    slip_id, aide, member = slip.issue(), slip.who["guest"].person_id, slip.who["a"].person_id
    assert at("guest").get(f"/slips/{slip_id}/advice").status_code == 403
    assert 'value="let"' in at("a").get("/slips/aides").text
    assert at("a").post(f"/slips/aides/{aide}", wanted="let").status_code == 303
    page = at("guest").get(f"/slips/{slip_id}/advice").get_data(as_text=True)
    assert f'action="/slips/{slip_id}/advice/{member}"' in page
    assert "data-pin" not in page
    assert f"/slips/{slip_id}/sign" not in page
    sent = {"choice-1": "disagree", "text-1": "Đề nghị <rà soát>"}
    assert at("guest").post(f"/slips/{slip_id}/advice/{member}", **sent).status_code == 303
    advice = db.session.query(SlipAdvice).one()
    drawn = at("a").get(f"/slips/{slip_id}").text
    assert "Đề nghị &lt;rà soát&gt;" in drawn
    assert f'action="/slips/{slip_id}/advice/{advice.id}/take"' in drawn
    for other in ("b", "chairman"):
        assert "rà soát" not in at(other).get(f"/slips/{slip_id}").text
    assert at("a").post(f"/slips/{slip_id}/advice/{advice.id}/take", version="1").status_code == 303
    assert db.session.query(SlipDraft).one().content["answers"][0]["choice"] == "disagree"
    assert at("a").post(f"/slips/aides/{aide}", wanted="end").status_code == 303
    assert at("guest").get(f"/slips/{slip_id}/advice").status_code == 403
    assert db.session.query(SlipAnswer).count() == 0


def test_after_the_close_an_aide_reads_what_was_kept_and_finds_no_dead_form(app, slip, at, clock):
    kept, empty, aide = slip.issue(), slip.issue(), slip.who["guest"].person_id
    at("a").post(f"/slips/aides/{aide}", wanted="let")
    at("guest").post(f"/slips/{kept}/advice/{slip.who['a'].person_id}", **{"text-1": "Đã tham mưu"})
    clock.now = LATE
    for slip_id in (kept, empty):
        slip_closing.close_slip(SYSTEM, slip_id, now=LATE)
    pages = [Browser(app, "guest").get(f"/slips/{slip_id}/advice").text for slip_id in (kept, empty)]
    assert ["Đã tham mưu" in page for page in pages] == [True, False]
    assert ["<textarea" in page for page in pages] == [True, False]
    assert ["Không có ý kiến tham mưu nào" in page for page in pages] == [False, True]


def test_odd_requests_are_refused_in_words(slip, at):
    slip_id, aide = slip.issue(), slip.who["guest"].person_id
    at("a").post(f"/slips/aides/{aide}", wanted="perhaps")
    assert db.session.query(SlipAide).count() == 0
    at("a").post(f"/slips/aides/{aide}", wanted="let")
    at("guest").post(f"/slips/{slip_id}/advice/{slip.who['a'].person_id}", **{"choice-1": "maybe"})
    at("guest").post(f"/slips/{slip_id}/advice/{slip.who['b'].person_id}", **{"choice-1": "agree"})
    assert db.session.query(SlipAdvice).count() == 0


ARTICLES = Question(QuestionKind.ARTICLES, "Ý kiến về từng điều của dự thảo")


def with_articles(slip):
    """A slip that asks about the articles of a draft as well."""
    found = slip.draft(CONSENT, ARTICLES)
    slip_papers.write_slip_draft(slip.who["clerk"], found.id, {**TEXT, "formula": ""}, slip.now)
    slip.approve(found.id)
    return slip_issue.issue_slip(slip.who["deputy"], found.id, now=slip.now).id


def test_an_aide_comments_single_articles_and_the_member_signs_them_as_own_words(slip, at):
    slip_id, member = with_articles(slip), slip.who["a"].person_id
    at("a").post(f"/slips/aides/{slip.who['guest'].person_id}", wanted="let")
    page = at("guest").get(f"/slips/{slip_id}/advice").text
    assert f'id="{member}-text-2-1"' in page
    sent = {"choice-1": "other", "choice-2-1": "disagree", "text-2-1": "Bỏ khoản 2"}
    assert at("guest").post(f"/slips/{slip_id}/advice/{member}", **sent).status_code == 303
    assert "Bỏ khoản 2" in at("guest").get(f"/slips/{slip_id}/advice").text
    assert "Bỏ khoản 2" in at("a").get(f"/slips/{slip_id}").text
    advice = db.session.query(SlipAdvice).one()
    at("a").post(f"/slips/{slip_id}/advice/{advice.id}/take", version="1")
    (article,) = [each for each in db.session.query(SlipDraft).one().content["answers"][1]["articles"] if each["text"]]
    assert article == {"article": 1, "choice": "disagree", "text": "Bỏ khoản 2"}


def test_what_is_only_written_about_an_article_is_shown_and_counted_as_another_opinion(slip, at):
    slip_id = with_articles(slip)
    written = {"article": 2, "choice": None, "text": "Ghi rõ thời hạn"}
    answers = [
        {"question": 1, "choice": "agree", "option": None, "text": "", "articles": []},
        {"question": 2, "choice": None, "option": None, "text": "", "articles": [written]},
    ]
    sent = {"answers": answers, "reservation": False, "uploads": [], "nonce": NONCE, "as_typed": []}
    shown = at("a").send(f"/slips/{slip_id}/prepare", **sent).json["shown"]["parts"][1]["articles"]
    assert [(each["label"], each["look"], each["remark"]) for each in shown] == [("Điều 2", "other", "Ghi rõ thời hạn")]
    assert at("a").send(f"/slips/{slip_id}/sign", nonce=NONCE, pin=cabinet.PIN).status_code == 200
    slip_closing.close_slip(SYSTEM, slip_id, now=LATE)
    asked = slip_reports.report_on(slip.who["clerk"], slip_id).result["questions"][1]
    assert [each["other"] for each in asked["articles"]] == [0, 1]


def test_what_an_aide_is_to_advise_on_waits_on_the_start_page_until_it_is_written(slip, at):
    slip_id, aide, member = slip.issue(), slip.who["guest"].person_id, slip.who["a"].person_id
    link = f'href="/slips/{slip_id}/advice"'
    assert link not in at("guest").get("/").text
    at("a").post(f"/slips/aides/{aide}", wanted="let")
    assert link in at("guest").get("/").text
    assert link not in at("a").get("/").text, "who is asked answers"
    at("guest").post(f"/slips/{slip_id}/advice/{member}", **{"choice-1": "agree"})
    assert link not in at("guest").get("/").text
    second = slip.issue()
    assert f'href="/slips/{second}/advice"' in at("guest").get("/").text
    slip.answer("a", second)
    assert f'href="/slips/{second}/advice"' not in at("guest").get("/").text
    third = slip.issue()
    at("a").post(f"/slips/aides/{aide}", wanted="end")
    assert f'href="/slips/{third}/advice"' not in at("guest").get("/").text


def test_an_aide_is_led_from_list_and_notice_to_the_own_page_and_never_signs(slip, at):
    slip_id, member = slip.issue(), slip.who["a"].person_id
    told = at("guest").client.get(f"/slips/{slip_id}", headers={"Accept": "application/json"})
    assert (told.status_code, told.json["code"]) == (403, "aide_not_admitted")
    assert at("under_a").get(f"/slips/{slip_id}").status_code == 404
    assert 'href="/slips/"' not in at("guest").get("/").text
    at("a").post(f"/slips/aides/{slip.who['guest'].person_id}", wanted="let")
    assert 'href="/slips/"' in at("guest").get("/").text
    assert f'href="/slips/{slip_id}/advice"' in at("guest").get("/slips/").text
    assert at("guest").get(f"/slips/{slip_id}").location == f"/slips/{slip_id}/advice"
    part = {"question": 1, "choice": "agree", "option": None, "text": "", "articles": []}
    asked = {"answers": [part], "reservation": False, "uploads": []}
    for path, sent in (("prepare", {"nonce": "n" * 22, "as_typed": []}), ("draft", {"version": 0, "as_typed": []})):
        refused = at("guest").send(f"/slips/{slip_id}/{path}", **asked, **sent)
        assert refused.status_code == 403
        assert "người giúp việc" in refused.json["message"]
    at("guest").post(f"/slips/{slip_id}/advice/{member}", **{"choice-1": "agree"})
    assert db.session.query(SlipAnswer).count() == 0


def test_a_suggestion_that_comes_too_late_stays_on_the_page(app, slip, clock):
    slip_id, member = slip.issue(), slip.who["a"].person_id
    Browser(app, "a").post(f"/slips/aides/{slip.who['guest'].person_id}", wanted="let")
    clock.now = LATE
    slip_closing.close_slip(SYSTEM, slip_id, now=LATE)
    late = Browser(app, "guest").post(f"/slips/{slip_id}/advice/{member}", **{"text-1": "Gõ quá muộn"})
    assert late.status_code == 410
    assert "Gõ quá muộn" in late.text
    page = Browser(app, "guest").get(f"/slips/{slip_id}/advice").text
    assert 'name="text-1"' not in page
    assert "slip-columns" not in page
    assert db.session.query(SlipAdvice).count() == 0
