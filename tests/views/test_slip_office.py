"""The office's side of a slip: composing without losing a letter, approval, issue, and the board."""

import html
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Office, QuestionKind, Slip, SlipState, Urgency
from app.workflows import slip_papers, slips
from app.workflows.engine.transaction import own_transaction
from app.workflows.slips import Content
from tests.cabinet import MEMBERS, NOW
from tests.slipping import CONSENT, REASON, SlipScene
from tests.views.browser import Browser
from tests.workflows.test_documents import pdf

At = Callable[[str], Browser]
MATTER = "Dự thảo Nghị quyết về chuyển đổi số"
TYPED = {
    "matter": MATTER, "organisation_id": "", "legal_basis": "Điều 7", "urgency": "urgent", "working_days": "3",
    "main": "1", "kind": ["consent", "pick"], "text": ["Đồng ý với dự thảo?", "Chọn phương án"],
    "options": ["", "Phương án 1\nPhương án 2"],
}  # fmt: skip

FORM = {"subject": "Về chuyển đổi số", "bases": "Căn cứ Luật Tổ chức Chính phủ", "recipients": "Như Điều 2",
        "archive": "VT"}  # fmt: skip


@pytest.fixture
def slip(app: Flask) -> SlipScene:
    return SlipScene()


def words(page) -> str:
    plain = re.sub(r"<(script|style|svg).*?</\1>|<[^>]+>", " ", page.text, flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", plain))


def typed_again(page) -> list[str]:
    """What stands in the form; the preview beside it has fields of its own."""
    form = re.sub(r'class="ec-phone__in".*?class="ec-phone__sign"', "", page.text, flags=re.S)
    areas = re.findall(r"<textarea[^>]*>\r?\n?(.*?)</textarea>", form, flags=re.S)
    return [html.unescape(each) for each in areas]


def only_slip() -> Slip:
    db.session.expire_all()
    return db.session.scalars(select(Slip)).one()


# -- composing --------------------------------------------------------------------------------------------------------


def test_a_slip_is_composed_changed_and_submitted(app, at: At, slip):
    assert at("clerk").get("/slips/new").status_code == 200
    made = at("clerk").post("/slips/new", **TYPED)
    found = only_slip()
    assert (made.status_code, made.location) == (303, f"/slips/{found.id}/edit")
    assert (found.matter, found.working_days, found.urgency.value) == (MATTER, 3, "urgent")
    assert [(row.kind, row.text, row.options, row.main) for row in found.questions] == [
        (QuestionKind.CONSENT, "Đồng ý với dự thảo?", [], True),
        (QuestionKind.PICK, "Chọn phương án", ["Phương án 1", "Phương án 2"], False),
    ]
    sent = at("clerk").post(f"/slips/{found.id}/edit", **TYPED, do="submit")
    assert (sent.status_code, only_slip().state) == (303, SlipState.SUBMITTED)


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ({"matter": ""}, 422, "at most 500 letters"),
        ({"matter": "Ẩn\u202e"}, 422, "at most 500 letters"),
        ({"working_days": "1"}, 422, "at least 2 working days"),
        ({"working_days": "9"}, 422, "at most 5 working days"),
        ({"options": ["", "Một"]}, 422, "Question 2"),
        ({"text": ["Đồng ý?", "Ẩn\u200b"]}, 422, "Question 2"),
        ({"kind": [], "text": [], "options": []}, 422, "1 to 20 questions"),
        ({"kind": ["text"] * 21, "text": ["Góp ý?"] * 21, "options": [""] * 21}, 422, "1 to 20 questions"),
        ({"options": ["", ""]}, 422, "write 2 to 20 different options"),
        ({"options": ["", "Một\nMỘT"]}, 422, "write 2 to 20 different options"),
        ({"working_days": "0"}, 422, "at least 2 working days"),
    ],
)
def test_what_is_refused_comes_back_as_it_was_typed(app, at: At, slip, wrong, status, said):
    at("clerk").post("/language/en")
    page = at("clerk").post("/slips/new", **{**TYPED, **wrong})
    assert page.status_code == status
    assert said in words(page)
    kept = {**TYPED, **wrong}
    assert typed_again(page)[:2] == [kept["matter"], "Điều 7"]
    assert [each for each in typed_again(page)[2::2]] == kept["text"]
    assert db.session.query(Slip).count() == 0


@pytest.mark.parametrize(
    ("do", "texts"),
    [("add", ["A", "B", "C", ""]), ("drop-2", ["A", "C"]), ("up-3", ["A", "C", "B"]), ("down-1", ["B", "A", "C"]),
     ("up-1", ["A", "B", "C"]), ("down-3", ["A", "B", "C"]), ("", ["A", "B", "C"])],
)  # fmt: skip
def test_questions_are_arranged_and_nothing_typed_is_lost_or_saved(app, at: At, slip, do, texts):
    typed = {**TYPED, "kind": ["text"] * 3, "text": ["A", "B", "C"], "options": [""] * 3}
    page = at("clerk").post("/slips/new/check", **typed, do=do)
    assert page.status_code == 200
    assert typed_again(page)[0] == MATTER
    assert typed_again(page)[2::2] == texts
    assert db.session.query(Slip).count() == 0


def test_the_question_that_decides_moves_with_its_place(app, at: At, slip):
    typed = {**TYPED, "kind": ["consent"] * 2, "text": ["A", "B"], "options": [""] * 2, "main": "2"}
    page = at("clerk").post("/slips/new/check", **typed, do="up-2")
    assert re.search(r'name="main" value="1" checked', page.text)
    dropped = at("clerk").post("/slips/new/check", **typed, do="drop-1")
    assert re.search(r'name="main" value="1" checked', dropped.text)


@pytest.mark.parametrize("odd", [{"kind": ["consent", "odd"]}, {"text": ["A"]}, {"urgency": "x"}, {"main": "-1"}])
def test_a_form_that_is_none_of_ours_is_refused(app, at: At, slip, odd):
    page = at("clerk").client.post("/slips/new", data={**TYPED, **odd}, headers={"Accept": "application/json"})
    assert (page.status_code, page.json["code"]) == (422, "bad_field")
    assert db.session.query(Slip).count() == 0


def test_the_deadline_is_foreseen_with_the_days_that_are_not_counted(app, at: At, slip):
    at("clerk").post("/language/en")
    page = words(at("clerk").post("/slips/new/check", **{**TYPED, "working_days": "2"}))
    assert "03/08/2026" in page  # two working days after Thursday 30 July
    assert "Not counted: 01/08, 02/08." in page
    assert "At least 2 and at most 5 working days, until 17:00 on the last one" in page


def test_the_preview_shows_what_is_typed_and_not_what_is_saved(app, at: At, slip):
    made = slip.draft()
    page = at("clerk").post(f"/slips/{made.id}/check", **TYPED)
    phone = page.text.split("ec-phone__in")[1]
    assert MATTER in phone
    assert "Phương án 2" in phone
    assert only_slip().matter != MATTER


def test_papers_are_added_and_taken_out_and_the_typed_text_is_saved_with_it(app, at: At, slip):
    made = slip.draft()
    file = (io.BytesIO(pdf("Tờ trình")), "to-trinh.pdf")
    form = {**TYPED, "do": "upload", "title": "Tờ trình", "paper_kind": "submission", "file": file}
    page = at("clerk").client.post(f"/slips/{made.id}/edit", data=form, content_type="multipart/form-data")
    assert page.status_code == 303, words(page)
    (paper,) = only_slip().papers
    assert (paper.version.document.title, only_slip().matter) == ("Tờ trình", MATTER)
    again = at("clerk").post(f"/slips/{made.id}/edit", **TYPED, do="pin", version_id=str(paper.document_version_id))
    assert again.status_code == 409
    gone = at("clerk").post(f"/slips/{made.id}/edit", **TYPED, do=f"take-{paper.id}")
    assert (gone.status_code, only_slip().papers) == (303, [])


@pytest.mark.parametrize(("title", "file", "said"), [
    ("Tờ trình", None, "Choose the PDF"), ("Tờ trình", (b"MZ", "x.pdf"), "PDF"), ("", (b"%PDF", "x.pdf"), "title"),
])  # fmt: skip
def test_a_paper_that_cannot_be_taken_leaves_the_typed_text(app, at: At, slip, title, file, said):
    made = slip.draft()
    at("clerk").post("/language/en")
    form = {**TYPED, "do": "upload", "title": title, "paper_kind": "submission"}
    form |= {"file": (io.BytesIO(file[0]), file[1])} if file else {}
    page = at("clerk").client.post(f"/slips/{made.id}/edit", data=form, content_type="multipart/form-data")
    assert page.status_code in (413, 422)
    assert said in words(page)
    assert typed_again(page)[0] == MATTER


def test_a_draft_is_written_whose_articles_can_be_asked_about(app, at: At, slip):
    made = slip.draft()
    sent = at("clerk").post(f"/slips/{made.id}/edit", **TYPED, do="write")
    assert (sent.status_code, sent.location) == (303, f"/slips/{made.id}/draft-text")
    text = {**FORM, "body": "Điều 1. Mục tiêu\nBảo đảm an ninh.\nĐiều 2. Tổ chức thực hiện\nCác bộ thi hành."}
    odd = at("clerk").post(f"/slips/{made.id}/draft-text", **{**text, "body": "Không có điều nào"})
    assert (odd.status_code, "Không có điều nào" in typed_again(odd)) == (422, True)
    done = at("clerk").post(f"/slips/{made.id}/draft-text", **text)
    assert done.status_code == 303, words(done)
    assert [article["label"] for article in slip_papers.articles_of(only_slip())] == ["Điều 1", "Điều 2"]


def test_an_earlier_slip_is_copied(app, at: At, slip):
    made = slip.draft()
    answer = at("clerk").post(f"/slips/{made.id}/clone")
    assert answer.status_code == 303
    assert [row.matter for row in db.session.scalars(select(Slip))] == [made.matter] * 2


def test_of_two_clerks_on_one_draft_the_second_is_told_and_loses_nothing(app, at: At, slip):
    made = slip.draft()
    opened = re.search(r'name="version" value="(\d+)"', at("clerk").get(f"/slips/{made.id}/edit").text)[1]
    at("clerk").post(f"/slips/{made.id}/edit", **{**TYPED, "matter": "Người thứ nhất"}, version=opened)
    at("clerk").post("/language/en")
    late = at("clerk").post(f"/slips/{made.id}/edit", **{**TYPED, "matter": "Người thứ hai"}, version=opened)
    assert (late.status_code, only_slip().matter) == (409, "Người thứ nhất")
    assert "Somebody has saved this draft since you opened it." in words(late)
    assert typed_again(late)[0] == "Người thứ hai"
    current = re.search(r'name="version" value="(\d+)"', late.text)[1]
    at("clerk").post(f"/slips/{made.id}/edit", **{**TYPED, "matter": "Người thứ hai"}, version=current)
    assert only_slip().matter == "Người thứ hai"


def test_a_deadline_that_crowds_a_day_is_warned_of_with_better_days_while_it_is_chosen(app, at: At, slip):
    for _n in range(3):
        slip.issue(working_days=2)
    at("clerk").post("/language/en")
    crowded = at("clerk").post("/slips/new/check", **{**TYPED, "working_days": "2"})
    assert f"{len(MEMBERS)} members would have more than 3 slips to answer by Monday 03/08/2026" in words(crowded)
    assert "3 working days, until Tuesday 04/08/2026: nobody has too many" in words(crowded)
    assert "data-load" not in at("clerk").post("/slips/new/check", **{**TYPED, "working_days": "3"}).text
    ready = slip.approved()
    assert "data-load" in at("deputy").get(f"/slips/{ready.id}/preview").text
    running = slip.issue(working_days=3)
    board = words(at("clerk").get(f"/slips/{running}/board"))
    assert "too many on this day" not in board
    for _n in range(3):
        slip.issue(working_days=4)
    assert f"too many on this day for {len(MEMBERS)} members" in words(at("clerk").get(f"/slips/{running}/board"))


# -- approval and issue -----------------------------------------------------------------------------------------------


def test_the_slip_goes_its_way_over_the_pages(app, at: At, slip):
    made = slip.draft()
    at("clerk").post(f"/slips/{made.id}/submit")
    assert MATTER not in words(at("secretary").get("/slips/approvals"))
    assert made.matter in words(at("secretary").get("/slips/approvals"))
    assert at("secretary").post(f"/slips/{made.id}/approve", remark="Được").status_code == 303
    assert at("chairman").post(f"/slips/{made.id}/return", reason=REASON).status_code == 303
    page = words(at("clerk").get(f"/slips/{made.id}/edit"))
    assert REASON in page
    slip.approve(made.id)
    history = words(at("deputy").get(f"/slips/{made.id}/preview"))
    assert [said for said in ("Được", REASON, "Bùi Văn Tám") if said not in history] == []
    issued = at("deputy").post(f"/slips/{made.id}/issue")
    assert (issued.status_code, issued.location) == (303, f"/slips/{made.id}/board")
    assert only_slip().state is SlipState.ISSUED


def test_a_refused_reason_stays_in_its_open_sheet(app, at: At, slip):
    made = slip.draft()
    at("clerk").post(f"/slips/{made.id}/submit")
    page = at("secretary").post(f"/slips/{made.id}/return", reason="Ẩn\u200b chữ")
    assert page.status_code == 422
    assert re.search(r'id="sheet-return"[^>]* data-open', page.text)
    assert "Ẩn\u200b chữ" in typed_again(page)
    assert only_slip().state is SlipState.SUBMITTED


def test_members_and_others_have_no_part_in_the_making(app, at: At, slip):
    made = slip.draft()
    for name in ("a", "guest", "admin"):
        assert at(name).get("/slips/new").status_code == 403, name
        assert at(name).get(f"/slips/{made.id}/preview").status_code == 404, name
        assert at(name).get("/slips/approvals").status_code == 403, name


def leads(browser, path: str) -> dict[str, int]:
    """Where a page leads, its menu included, and what each answers."""
    found = set(re.findall(r'<a\b[^>]*\bhref="(/[^"#]*)"', browser.get(path).text)) - {"/logout/"}
    return {there: browser.get(there).status_code for there in sorted(found) if not there.startswith("/language/")}


def accounts_as_in_an_office(app: Flask, slip: SlipScene) -> None:
    """The head of the unit is no clerk; the minister, chairman of the office, has its screens beside a member's."""
    with own_transaction() as session:
        rows = select(Appointment).where(Appointment.person_id == slip.who["secretary"].person_id)
        session.delete(session.scalars(rows.where(Appointment.office == Office.CLERK)).one())
    manager = app.appbuilder.sm
    member, office = manager.find_role("thanh_vien"), manager.find_role("van_phong")
    for name, roles in (("secretary", [member]), ("chairman", [member, office])):
        manager.find_user(name).roles = roles
    db.session.commit()


@pytest.mark.parametrize("name", ["clerk", "secretary", "chairman", "head"])
def test_the_queue_leads_only_where_its_reader_may_go(app, at: At, slip, name):
    slip.draft()
    open_slip = slip.issue()
    accounts_as_in_an_office(app, slip)
    browser = at(name)
    told = leads(browser, "/slips/approvals") | leads(browser, f"/slips/{open_slip}/preview")
    assert ("/slips/new" in told) == (name == "clerk")
    assert (f"/slips/{open_slip}/board" in told) == (name != "secretary")
    assert set(told.values()) == {200}, told


# -- the register -----------------------------------------------------------------------------------------------------


def listed(page) -> set[int]:
    return {int(pk) for pk in re.findall(r'href="/records/slips/(\d+)', page.text)}


def test_the_register_shows_counts_and_leads_to_the_slip(app, at: At, slip):
    draft, open_slip = slip.draft().id, slip.issue()
    assert listed(at("clerk").get("/records/slips/")) == {draft, open_slip}
    assert listed(at("clerk").get("/records/slips/?only=running")) == {open_slip}
    assert listed(at("auditor").get("/records/slips/?_flt_0_matter=doanh+nghiep")) == {draft, open_slip}
    shown = at("auditor").get(f"/records/slips/{open_slip}")
    assert f"/slips/{open_slip}/board" in shown.text


def test_slips_are_found_in_the_queue_without_marks(app, at: At, slip):
    express = slip.draft(urgency=Urgency.EXPRESS).id
    other = slips.compose_slip(slip.who["clerk"], 1, Content("Việc khác hẳn", (CONSENT,)), now=NOW).id

    def found(query):
        return {int(each) for each in re.findall(r'href="/slips/(\d+)/preview"', at("clerk").get(query).text)}

    assert found("/slips/approvals") == {express, other}
    assert found("/slips/approvals?q=doanh+nghiep") == {express}
    assert found("/slips/approvals?q=viec+khac") == {other}
    assert found("/slips/approvals?urgent=express") == {express}
    assert found("/slips/approvals?q=%25") == set()
