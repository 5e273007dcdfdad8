"""The board of a slip: columns that make N, what each member said and got, reminders, later deadlines, files."""

import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select

from app.extensions import db
from app.gateways.paper import page_texts
from app.models import (
    Appointment,
    CertificateRevocation,
    DayKind,
    KeyState,
    QuestionKind,
    SigningKey,
    Slip,
    SlipRecipient,
    SlipState,
)
from app.views import slip_board_page
from app.workflows import (
    slip_closing,
    slip_deliveries,
    slip_drafts,
    slip_issue,
    slip_keys,
    slip_reminders,
    slips,
    working_calendar,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import hanoi_date
from app.workflows.slips import Content, Question
from tests.cabinet import MEMBERS, NOW
from tests.slipping import CONSENT, DEADLINE, REASON, SlipScene
from tests.views.browser import Browser
from tests.views.test_slip_office import TYPED, only_slip, typed_again, words
from tests.workflows.test_documents import pdf

At = Callable[[str], Browser]


@pytest.fixture
def slip(app: Flask) -> SlipScene:
    return SlipScene()


def numbers(page) -> list[int]:
    return numbers_of(page.text)


def numbers_of(page: str) -> list[int]:
    tally = page.split("ec-sliptally")[1].split("</dl>", maxsplit=1)[0]
    return [int(number) for number in re.findall(r"<dd>(\d+)</dd>", tally)]


def test_the_board_always_makes_n_while_it_runs_and_after_the_deadline(app, at: At, clock, slip):
    open_slip = slip.issue()
    board = f"/slips/{open_slip}/board"
    assert numbers(at("clerk").get(board)) == [0, 0, 0, 0, len(MEMBERS)]
    slip.answer("a", open_slip)
    slip.answer("b", open_slip, "disagree", text="Chưa rõ nguồn vốn")
    running = numbers(at("clerk").get(board))
    assert (running, sum(running)) == ([1, 1, 0, 0, len(MEMBERS) - 2], len(MEMBERS))
    clock.now = DEADLINE + dt.timedelta(seconds=1)
    clerk = Browser(app, "clerk")  # days later, the session of before is over
    assert clerk.post(f"/slips/{open_slip}/close", reason="").status_code == 303
    over = numbers(clerk.get(board))
    assert (over, sum(over)) == ([1, 1, 0, len(MEMBERS) - 2, 0], len(MEMBERS))


def test_deemed_and_missing_are_never_one_number(app, at: At, clock, slip):
    open_slip = slip.issue()
    board = f"/slips/{open_slip}/board"
    slip.answer("a", open_slip)
    slip.answer("b", open_slip, "disagree")
    assert shown_by(at("clerk").get(board)) == {"all": len(MEMBERS), "answered": 2, "missing": len(MEMBERS) - 2}
    assert bar_of(at("clerk").get(board)) == ["yes", "no"]
    clock.now = DEADLINE + dt.timedelta(seconds=1)
    clerk = Browser(app, "clerk")
    clerk.post(f"/slips/{open_slip}/close", reason="")
    page = clerk.get(board)
    assert shown_by(page) == {"all": len(MEMBERS), "answered": 2, "deemed": len(MEMBERS) - 2}
    assert bar_of(page) == ["yes", "deemed", "no"]
    assert "17:00:01, 03/08/2026" in page.text.split("ec-sliptally")[1]
    assert clerk.get(f"{board}?shown=deemed").text.count('class="ec-slipmember"') == len(MEMBERS) - 2
    assert clerk.get(f"{board}?shown=missing").text.count('class="ec-slipmember"') == 0


def shown_by(page) -> dict[str, int]:
    """The filters above the members: their keys and numbers."""
    links = page.text.split('class="ec-filters"')[1].split("</nav>")[0].split("</a>")[:-1]
    found = {}
    for link in links:
        key = re.search(r"shown=(\w+)", link)
        found[key[1] if key else "all"] = int(re.search(r'ec-num">(\d+)', link)[1])
    return found


def bar_of(page) -> list[str]:
    """The parts of the bar from the left."""
    bar = page.text.split("ec-bar--lg")[1].split("</svg>")[0]
    return [look for look in re.findall(r'<rect class="ec-f-(\w+)"', bar) if look in ("yes", "no", "other", "deemed")]


def test_the_text_of_an_answer_is_for_those_who_see_the_board(app, at: At, slip):
    open_slip = slip.issue()
    slip.answer("b", open_slip, "disagree", text="Chưa rõ nguồn vốn")
    drill = f"/slips/{open_slip}/board/{slip.who['b'].person_id}"
    for name in ("clerk", "chairman", "head", "deputy", "auditor"):
        assert "Chưa rõ nguồn vốn" in words(at(name).get(drill)), name
    for name in ("a", "b"):
        assert at(name).get(drill).status_code == 403, name
        assert at(name).get(f"/slips/{open_slip}/board").status_code == 403, name
        assert at(name).get(f"/slips/{open_slip}/board/state").status_code == 403, name


def test_the_board_says_how_far_the_slip_has_come(app, at: At, slip):
    open_slip = slip.issue()
    at("clerk").post("/language/en")
    slip_deliveries.note_delivery(slip.who["a"], open_slip, "iPad", True, now=NOW)
    slip_deliveries.note_delivery(slip.who["b"], open_slip, "iPhone", False, now=NOW)
    page = words(at("clerk").get(f"/slips/{open_slip}/board"))
    assert f"Sent to {len(MEMBERS)}, received by 2, seen by 1." in page
    drill = words(at("clerk").get(f"/slips/{open_slip}/board/{slip.who['a'].person_id}"))
    assert ("iPad" in drill, "iPhone" in drill) == (True, False)


def test_the_state_moves_with_every_answer(app, at: At, slip):
    open_slip = slip.issue()
    before = at("clerk").get(f"/slips/{open_slip}/board/state").json
    slip.answer("a", open_slip)
    after = at("clerk").get(f"/slips/{open_slip}/board/state").json
    assert (before["state"], after["version"] > before["version"]) == ("issued", True)


def reminded(slip_id: int) -> Counter[int]:
    db.session.expire_all()
    return Counter(row.member_id for row in slip_reminders.reminders_of(db.session.get_one(Slip, slip_id)))


def test_the_silent_are_reminded_once_an_hour_and_nobody_else(app, at: At, clock, slip):
    open_slip = slip.issue()
    slip.answer("a", open_slip)
    at("clerk").post("/language/en")
    assert at("clerk").post(f"/slips/{open_slip}/chase").status_code == 303
    assert set(reminded(open_slip)) == {slip.who[name].person_id for name in MEMBERS if name != "a"}
    at("clerk").post(f"/slips/{open_slip}/chase")
    assert "less than an hour ago" in words(at("clerk").get(f"/slips/{open_slip}/board"))
    clock.move(hours=1, seconds=1)
    one = slip.who["b"].person_id
    Browser(app, "clerk").post(f"/slips/{open_slip}/chase", member_id=str(one))
    assert {member for member, times in reminded(open_slip).items() if times > 1} == {one}


def test_a_deadline_is_extended_and_the_old_one_stays_legible(app, at: At, slip):
    open_slip = slip.issue()
    done = at("clerk").post(f"/slips/{open_slip}/extend", day="2026-08-04", reason=REASON)
    assert done.status_code == 303, words(done)
    page = at("clerk").get(f"/slips/{open_slip}/board")
    assert re.search(r"<s>[^<]*03/08/2026</s>", page.text)
    assert REASON in words(page)


@pytest.mark.parametrize(("day", "said"), [
    ("2026-08-20", "at most 5 working days"), ("2026-08-03", "later day"), ("2026-08-08", "at most 5"),
    ("", "Choose the day"), ("2026-13-01", "Choose the day"),
])  # fmt: skip
def test_an_impossible_day_keeps_the_reason_in_the_sheet(app, at: At, slip, day, said):
    open_slip = slip.issue()
    at("clerk").post("/language/en")
    page = at("clerk").post(f"/slips/{open_slip}/extend", day=day, reason=REASON)
    assert page.status_code == 422
    assert said in words(page)
    assert REASON in typed_again(page)


def test_a_later_deadline_ends_on_no_day_off(app, at: At, slip):
    open_slip = slip.issue()
    working_calendar.add_calendar_day(
        slip.who["clerk"], 1, dt.date(2026, 8, 5), DayKind.OFF, "Nghỉ do bão", source="Công điện", now=NOW
    )
    at("clerk").post("/language/en")
    assert "2026-08-05" not in at("clerk").get(f"/slips/{open_slip}/board").text
    page = at("clerk").post(f"/slips/{open_slip}/extend", day="2026-08-05", reason=REASON)
    assert page.status_code == 422
    assert "this day is off in the working calendar" in words(page)


def test_an_early_close_needs_every_answer_and_a_reason(app, at: At, slip):
    open_slip = slip.issue()
    refused = at("clerk").post(f"/slips/{open_slip}/close", reason=REASON)
    assert refused.status_code == 409
    for name in MEMBERS:
        slip.answer(name, open_slip)
    assert at("clerk").post(f"/slips/{open_slip}/close", reason=" ").status_code == 422
    assert at("clerk").post(f"/slips/{open_slip}/close", reason=REASON).status_code == 303
    assert only_slip().state is SlipState.CLOSED


def test_the_early_close_is_offered_in_sight_once_everybody_has_answered(app, at: At, slip):
    open_slip = slip.issue()
    offered, board = 'data-dialog="sheet-close"', f"/slips/{open_slip}/board"
    for name in MEMBERS:
        assert offered not in at("clerk").get(board).text
        slip.answer(name, open_slip)
    counts = at("clerk").get(board).text.split('data-region="counts"')[1].split("</section>")[0]
    assert offered in counts
    assert f"Tất cả {len(MEMBERS)} thành viên đã trả lời." in counts
    assert offered not in at("auditor").get(board).text


def test_whoever_cannot_sign_any_more_is_marked_with_the_way_out(app, at: At, clock, slip):
    open_slip = slip.issue()
    board, a, b = f"/slips/{open_slip}/board", slip.who["a"].person_id, slip.who["b"].person_id
    assert "data-shut" not in at("clerk").get(board).text
    slip.answer("b", open_slip)
    with own_transaction() as session:  # both are revoked, one answered before
        for person in (a, b):
            key = session.scalars(select(SigningKey).where(SigningKey.person_id == person)).one()
            key.state = KeyState.SUSPENDED
    assert "khóa ký bị tạm ngừng, không ký được" in words(at("clerk").get(board))
    with own_transaction() as session:
        for person in (a, b):
            key = session.scalars(select(SigningKey).where(SigningKey.person_id == person)).one()
            key.state = KeyState.REPLACED
            session.add(CertificateRevocation(certificate_id=key.certificate_id, at=NOW, reason="Mất thiết bị"))
    page = at("clerk").get(board)
    post = db.session.get_one(SlipRecipient, (open_slip, a)).post
    told, way = words(page).split("Không còn ký được ý kiến trên phiếu này:")[1].split(". ", maxsplit=1)
    assert f"{post} (khóa ký đã thay hoặc bị thu hồi, không ký được)" == told.strip(), "what was answered stands"
    assert "lập vòng mới và thu hồi phiếu này trước thời hạn. Nếu không, việc chưa trả lời được tính" in way
    assert f'action="/slips/{open_slip}/round"' in page.text.split("data-shut")[1].split("</section>")[0]
    assert "không ký được" in words(at("clerk").get(f"{board}/{a}"))
    assert "không ký được" not in words(at("clerk").get(f"{board}/{b}"))
    clock.now = DEADLINE + dt.timedelta(seconds=1)
    clerk = Browser(app, "clerk")
    clerk.post(f"/slips/{open_slip}/close", reason="")
    assert f"Không ký được khi phiếu kết thúc và chưa có ý kiến: {post} (" in words(clerk.get(board))
    assert "lập vòng mới và thu hồi" not in words(clerk.get(board))
    paper = " ".join(" ".join(page_texts(clerk.get(f"{board}.pdf").data)).split())
    assert f"không ký được (khóa ký đã thay, bị thu hồi, hết hạn hoặc chưa có): {post}." in paper


def test_a_key_that_was_revoked_after_the_close_marks_nobody(app, clock, slip):
    open_slip = slip.issue()
    slip_closing.close_slip(SYSTEM, open_slip, DEADLINE)
    key = db.session.scalars(select(SigningKey).where(SigningKey.person_id == slip.who["a"].person_id)).one()
    found, later = db.session.get_one(Slip, open_slip), DEADLINE + dt.timedelta(minutes=1)
    with own_transaction() as session:
        session.add(CertificateRevocation(certificate_id=key.certificate_id, at=later, reason="Mất thiết bị"))
    assert slip_keys.shut_out(found, later) == {}


def test_whoever_has_no_certificate_or_an_ended_one_is_marked(app, slip):
    open_slip = slip.issue()
    found = db.session.get_one(Slip, open_slip)
    assert slip_keys.shut_out(found, NOW) == {}
    certificate = db.session.get_one(SlipRecipient, (open_slip, slip.who["a"].person_id)).certificate
    for at, why in ((None, slip_keys.Shut.NONE), (NOW, slip_keys.Shut.ENDED)):
        assert slip_keys._why(at, None, KeyState.ACTIVE, NOW) is why
    assert slip_keys._why(certificate.not_after, None, KeyState.ACTIVE, NOW) is None


def test_a_recall_and_a_new_round_with_what_changed(app, at: At, slip):
    open_slip = slip.issue(CONSENT, Question(QuestionKind.TEXT, "Góp ý?"))
    at("clerk").post("/language/en")
    assert at("clerk").post(f"/slips/{open_slip}/recall", reason=REASON).status_code == 303
    begun = at("clerk").post(f"/slips/{open_slip}/round")
    new = db.session.scalars(select(Slip.id).where(Slip.previous_id == open_slip)).one()
    assert (begun.status_code, begun.location) == (303, f"/slips/{new}/edit")
    at("clerk").post(f"/slips/{new}/edit", **{**TYPED, "kind": ["consent"], "text": ["Khác?"], "options": [""]})
    page = words(at("clerk").get(f"/slips/{new}/edit"))
    assert "Question 2 was taken out: “Góp ý?”." in page
    assert f"Question 1 was: “{CONSENT.text}”." in page


def test_the_board_says_what_happened_and_who_was_reminded_when(app, at: At, clock, slip):
    open_slip = slip.issue()
    at("clerk").post("/language/en")
    at("clerk").post(f"/slips/{open_slip}/chase")
    at("clerk").post(f"/slips/{open_slip}/extend", day="2026-08-04", reason=REASON)
    page = words(at("clerk").get(f"/slips/{open_slip}/board"))
    clerk, deputy = "Ngô Thị Bảy", "Lê Thị Hai"
    happened = page.split("What happened")[1]
    assert re.search(rf"Extended.*03/08/2026.*04/08/2026.*{REASON}.*{clerk}.*Issued.*{deputy}", happened), happened
    assert re.search(rf"By hand .* to {len(MEMBERS)} members {clerk}", happened)


def test_a_new_round_shows_where_each_member_stood_before(app, at: At, slip):
    first = slip.issue()
    slip.answer("b", first, "disagree", text="Chưa rõ nguồn vốn")
    at("clerk").post("/language/en")
    at("clerk").post(f"/slips/{first}/recall", reason=REASON)
    at("clerk").post(f"/slips/{first}/round")
    second = db.session.scalars(select(Slip.id).where(Slip.previous_id == first)).one()
    slip.approve(second)
    slip_issue.issue_slip(slip.who["deputy"], second, NOW)
    board = at("clerk").get(f"/slips/{second}/board")
    assert words(board).count("round before: Disagree") == 1
    assert words(board).count("round before: Not answered") == len(MEMBERS) - 1
    assert f"/slips/{first}/board" in board.text
    assert f"/slips/{second}/board" in at("clerk").get(f"/slips/{first}/board").text
    drill = at("clerk").get(f"/slips/{second}/board/{slip.who['b'].person_id}")
    assert f"/slips/{first}/board/{slip.who['b'].person_id}" in drill.text


@pytest.mark.parametrize("query", ["do thi bon", "ĐỖ THỊ BỐN", "  Bon "])
def test_members_are_found_on_the_board_without_marks(app, at: At, slip, query):
    open_slip = slip.issue()
    page = at("clerk").get(f"/slips/{open_slip}/board?q={query}").text
    assert re.findall(rf"/slips/{open_slip}/board/(\d+)", page) == [str(slip.who["b"].person_id)]
    assert numbers_of(page) == [0, 0, 0, 0, len(MEMBERS)]


def test_a_long_board_comes_in_pages_and_still_makes_n(app, at: At, slip, monkeypatch):
    monkeypatch.setattr(slip_board_page, "PER_PAGE", 2)
    monkeypatch.setattr(slip_board_page, "MOST_NAMES", 1)
    open_slip, seen = slip.issue(), []
    for page in (1, 2, 3):
        shown = at("clerk").get(f"/slips/{open_slip}/board?page={page}&shown=missing")
        assert numbers_of(shown.text) == [0, 0, 0, 0, len(MEMBERS)]
        seen += re.findall(rf"/slips/{open_slip}/board/(\d+)", shown.text)
        assert f"Trang {page}/3" in words(shown)
    assert sorted(seen, key=int) == sorted((str(slip.who[name].person_id) for name in MEMBERS), key=int)
    for odd in ("99", "0", "-1", "x", "²", "9" * 30):
        assert at("clerk").get(f"/slips/{open_slip}/board?page={odd}").status_code == 200


FORMULA = '=HYPERLINK("http://x";"y")'


def test_the_board_is_exported_with_cast_deemed_and_silent_apart_and_no_formula(app, at: At, slip):
    open_slip = slips_with(slip, FORMULA)
    slip.answer("a", open_slip)
    slip.answer("b", open_slip, "other", text="+1")
    book = load_workbook(io.BytesIO(at("auditor").get(f"/slips/{open_slip}/board.xlsx").data))
    by_member, totals = book.worksheets
    rows = [[cell.value or "" for cell in row][1:] for row in by_member.iter_rows(min_row=4)]
    assert len(rows) == len(MEMBERS)
    assert [sum(bool(cell) for cell in row[2:5]) for row in rows] == [1] * len(MEMBERS)
    assert sorted(row[2] for row in rows if row[2]) == ["Ý kiến khác", "Đồng ý"]
    assert [cell.value for cell in totals[4]][1:] == ["1", "0", "1", "0", str(len(MEMBERS) - 2), str(len(MEMBERS))]
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    printed = " ".join(" ".join(page_texts(at("head").get(f"/slips/{open_slip}/board.pdf").data)).split())
    assert [said for said in ("BẢNG THEO DÕI TRẢ LỜI PHIẾU", "Mặc nhiên đồng ý", FORMULA) if said not in printed] == []
    assert at("a").get(f"/slips/{open_slip}/board.xlsx").status_code == 403
    assert at("clerk").get(f"/slips/{open_slip}/board.exe").status_code == 404


def slips_with(scene: SlipScene, matter: str) -> int:
    made = slips.compose_slip(scene.who["clerk"], 1, Content(matter, (CONSENT,)), now=NOW).id
    scene.approve(made)
    return slip_issue.issue_slip(scene.who["deputy"], made, now=NOW).id


def test_a_file_beside_an_answer_is_open_to_the_board_only_once_it_is_signed(app, at: At, slip):
    open_slip = slip.issue()
    upload = slip_drafts.attach_file(slip.who["b"], open_slip, "Ý kiến.pdf", io.BytesIO(pdf("Góp ý")), now=NOW).id
    address, drill = f"/slips/files/{upload}", f"/slips/{open_slip}/board/{slip.who['b'].person_id}"
    assert (at("clerk").get(address).status_code, at("b").get(address).status_code) == (404, 200)
    slip.answer("b", open_slip, "other", text="Xem tệp", uploads=[upload])
    assert address in at("clerk").get(drill).text
    assert at("clerk").get(address).data.startswith(b"%PDF")
    assert at("a").get(address).status_code == 404


def test_whoever_left_office_before_the_issue_is_not_asked(app, at: At, slip):
    made = slip.approved().id
    with own_transaction() as session:
        rows = select(Appointment).where(Appointment.person_id == slip.who["b"].person_id)
        for post in session.scalars(rows):
            post.valid_to = hanoi_date(NOW)
    at("clerk").post("/language/en")
    assert f"today these {len(MEMBERS) - 1}" in words(at("clerk").get(f"/slips/{made}/preview"))
    issued = slip_issue.issue_slip(slip.who["deputy"], made, now=NOW)
    assert slip.who["b"].person_id not in {entry.member_id for entry in issued.recipients}
    assert f"/board/{slip.who['b'].person_id}" not in at("clerk").get(f"/slips/{made}/board").text
