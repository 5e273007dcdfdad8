"""The office's pages of a slip speak one language, from the empty form to the board that is over."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from app.models import QuestionKind, Urgency
from app.workflows import slip_approval, slip_closing, slip_deliveries, slip_reminders, slip_rounds, slips
from app.workflows.rules.resolution import formula
from app.workflows.slips import Content, Question
from tests.cabinet import NOW
from tests.slipping import CONSENT, LATE, REASON, SlipScene
from tests.views.brackets import speak_in_brackets
from tests.views.browser import Browser
from tests.views.test_languages import Leaks

WHO = ("clerk", "secretary", "chairman", "deputy", "auditor")
PICK = Question(QuestionKind.PICK, "Chọn phương án", ("Phương án 1", "Phương án 2"))
At = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in_brackets(monkeypatch)


def look(leaks: Leaks, browser: Callable[[str], Browser], turn: str, *paths: str) -> None:
    for name in WHO:
        for path in ("/slips/approvals", "/slips/new", "/slips/chain/", "/records/slips/", *paths):
            leaks.look(f"{turn}: {name} at {path}", browser(name).get(path))


def test_no_page_of_the_making_has_a_word_of_its_own(app: Flask, at: At):
    slip = SlipScene()
    slip_approval.set_chain(slip.who["clerk"], 1, slip_approval.DEFAULT_CHAIN, now=NOW)  # its names are rows then
    leaks = Leaks()
    made = slip.draft(CONSENT, PICK, urgency=Urgency.EXPRESS, legal_basis="Điều 7", passkey_demanded=True).id
    paths = (f"/slips/{made}/edit", f"/slips/{made}/draft-text", f"/slips/{made}/preview",
             f"/records/slips/{made}")  # fmt: skip
    look(leaks, at, "drafted", *paths)
    slip_approval.submit_slip(slip.who["clerk"], made, now=NOW)
    look(leaks, at, "submitted", *paths)
    leaks.look("refused reason", at("secretary").post(f"/slips/{made}/return", reason=" "))
    slip_approval.return_slip(slip.who["secretary"], made, REASON, now=NOW)
    look(leaks, at, "returned", *paths)
    slip.approve(made)
    look(leaks, at, "approved", *paths)
    given_up = slip.draft().id
    slips.abandon_slip(slip.who["clerk"], given_up, REASON, now=NOW)
    look(leaks, at, "given up", f"/slips/{given_up}/preview")
    form = {"matter": "", "urgency": "normal", "kind": ["pick"], "text": [""], "options": ["Phương án 1"], "do": ""}
    leaks.look("refused form", at("clerk").post("/slips/new", **form))
    # what a Resolution says of its vote and of its subject, in the language of the law
    assert set(leaks.found) == {f"{formula('Chính phủ')}.", "Về doanh nghiệp nhỏ"}
    assert leaks.pages > 60


def test_no_page_of_a_slip_under_way_has_a_word_of_its_own(app: Flask, at: At):
    leaks, slip = Leaks(), SlipScene()
    running = slip.issue()
    board, drill = f"/slips/{running}/board", f"/slips/{running}/board/{slip.who['b'].person_id}"
    look(leaks, at, "issued", board, drill)
    slip_deliveries.note_delivery(slip.who["b"], running, "iPad", True, now=NOW)
    slip_reminders.chase_slip(slip.who["clerk"], running, NOW)
    slip.answer("b", running, "disagree", text="Chưa rõ")
    slip.answer("b", running, "other", text="Đã rõ hơn")
    slip_closing.extend_slip(slip.who["clerk"], running, dt.date(2026, 8, 4), REASON, now=NOW)
    look(leaks, at, "answered", board, drill, f"{board}?shown=missing", f"{board}?shown=answered")
    for act in ("extend", "recall"):
        leaks.look(f"refused {act}", at("clerk").post(f"/slips/{running}/{act}", reason=" "))
    slip_closing.recall_slip(slip.who["clerk"], running, REASON, now=NOW)
    following = slip_rounds.new_round(slip.who["clerk"], running, now=NOW).id
    slips.change_slip(slip.who["clerk"], following, Content("Việc khác", (PICK,)), now=NOW)
    look(leaks, at, "recalled", board, drill, f"/slips/{following}/edit", f"/slips/{following}/preview")
    assert leaks.found == {}
    assert leaks.pages > 60


def test_no_page_of_a_slip_that_is_over_has_a_word_of_its_own(app: Flask, clock):
    leaks, slip = Leaks(), SlipScene()
    over = slip.issue()
    slip.answer("a", over)
    slip_closing.close_slip(slip.who["clerk"], over, now=LATE + dt.timedelta(hours=1))
    clock.now = LATE + dt.timedelta(hours=2)
    board, silent = f"/slips/{over}/board", f"/slips/{over}/board/{slip.who['b'].person_id}"
    browsers = {name: Browser(app, name) for name in WHO}
    look(leaks, browsers.__getitem__, "closed", board, silent, f"/records/slips/{over}")
    assert leaks.found == {}
    assert leaks.pages > 20
