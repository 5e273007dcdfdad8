"""The chain of approval of a body: written down as data, step by step, and what is refused."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import ApprovalStep, Office, SlipState
from app.workflows import slip_approval
from app.workflows.inbox import TaskKind, waiting_for
from app.workflows.slip_approval import DEFAULT_CHAIN
from tests.cabinet import NOW
from tests.slipping import REASON, SlipScene
from tests.views.browser import Browser

At = Callable[[str], Browser]


@pytest.fixture
def slip(app):
    return SlipScene()


def chain():
    db.session.expire_all()
    return [(step.name, step.offices) for step in slip_approval.chain_of(1)]


def test_the_usual_steps_stand_in_the_form_and_others_replace_them(app, at: At, slip):
    page = at("clerk").get("/slips/chain/").text
    assert [step.name in page for step in DEFAULT_CHAIN] == [True, True]
    typed = {"name-1": "Lãnh đạo Văn phòng", "office-1": ["minister_chairman", "deputy_head"], "name-4": "Thủ tướng",
             "office-4": ["head"]}  # fmt: skip
    assert at("chairman").post("/slips/chain/", **typed).status_code == 303
    assert [(name, set(offices)) for name, offices in chain()] == [
        ("Lãnh đạo Văn phòng", {Office.MINISTER_CHAIRMAN, Office.DEPUTY_HEAD}), ("Thủ tướng", {Office.HEAD}),
    ]  # fmt: skip
    made = slip.draft().id
    slip_approval.submit_slip(slip.who["clerk"], made, now=NOW)
    for name in ("deputy", "head"):
        assert slip.slip(made).state is SlipState.SUBMITTED
        slip_approval.approve_slip(slip.who[name], made, now=NOW)
    assert slip.slip(made).state is SlipState.APPROVED


@pytest.mark.parametrize(("typed", "status"), [
    ({}, 422), ({"name-1": "Không ai duyệt"}, 422), ({"office-1": ["head"]}, 422),
    ({"name-1": "Ẩn\u202e", "office-1": ["head"]}, 422), ({"name-1": "x" * 201, "office-1": ["head"]}, 422),
])  # fmt: skip
def test_a_step_without_a_name_or_an_office_is_refused_and_stays_in_the_form(app, at: At, slip, typed, status):
    page = at("clerk").post("/slips/chain/", **typed)
    assert page.status_code == status
    assert typed.get("name-1", "") in page.text
    assert db.session.scalars(select(ApprovalStep)).all() == []


def test_an_office_that_approves_nothing_is_no_choice_of_the_form(app, at: At, slip):
    sent = {"name-1": "Văn thư", "office-1": "records"}
    page = at("clerk").client.post("/slips/chain/", data=sent, headers={"Accept": "application/json"})
    assert (page.status_code, page.json["code"]) == (422, "bad_field")


def test_the_next_step_is_a_task_of_whoever_may_take_it(app, at: At, slip):
    made = slip.draft().id

    def tasks(name):
        return [(task.kind, task.subject_id) for task in waiting_for(slip.who[name], NOW) if task.subject_id == made]

    slip_approval.submit_slip(slip.who["clerk"], made, now=NOW)
    assert (tasks("secretary"), tasks("chairman")) == ([(TaskKind.APPROVE, made)], [])
    slip_approval.return_slip(slip.who["secretary"], made, REASON, now=NOW)
    assert (tasks("clerk"), tasks("secretary")) == ([(TaskKind.MEND, made)], [])
    slip.approve(made)
    assert tasks("deputy") == tasks("chairman") == [(TaskKind.RELEASE, made)]
    assert (tasks("secretary"), tasks("a"), tasks("head")) == ([], [], [])
    assert f"/slips/{made}/preview" in at("deputy").get("/").text
