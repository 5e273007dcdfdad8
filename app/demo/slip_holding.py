"""How an opinion slip of the programme comes about: composed, approved, issued, answered, closed, reported, decided."""

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from sqlalchemy import select

from app.demo.backstage import Backstage, nonce_of
from app.demo.history import Step
from app.demo.presets import SHOWS_AN_AIDE, aide_of
from app.demo.programme import GOVERNMENT
from app.demo.slip_office import lay_before_head
from app.demo.slip_programme import ALL, ARTICLE, HOUR, MINUTE, Opinions, Said
from app.demo.voting import BETWEEN, HEAD, READING, stamp
from app.extensions import db
from app.gateways import signing
from app.models import Choice, QuestionKind, Slip, SlipAnswer, SlipPrepared, SlipWay
from app.tasks import reminders
from app.workflows import (
    keys,
    slip_advice,
    slip_answers,
    slip_approval,
    slip_closing,
    slip_decisions,
    slip_deliveries,
    slip_issue,
    slip_papers,
    slips,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.slip_answers import Said as Typed
from app.workflows.slip_decisions import Wish
from app.workflows.slips import Content

CLERK, UNIT_HEAD, CHAIRMAN, DEPUTY, TABLET = "chuyenvien", "vutruong.th", "chunhiem", "tv02", "Máy tính bảng"
REMINDED = 24  # hours before the deadline


def told(asked: Opinions) -> Iterator[Step]:
    """Every step of a slip, as far as it has come."""
    at = asked.drafted_at
    yield Step(at, partial(_compose, asked))
    if asked.draft is not None:
        yield Step(at + 10 * MINUTE, partial(_write_draft, asked), alone=True)
    yield Step(at + 15 * MINUTE, partial(_submit, asked))
    yield Step(at + 25 * MINUTE, partial(_approve, asked, UNIT_HEAD))
    if asked.returned:
        yield Step(at + 4 * HOUR, partial(_return, asked))
    if asked.issued_at is None:
        return
    yield Step(at + 35 * MINUTE, partial(_approve, asked, CHAIRMAN))
    yield Step(asked.issued_at, partial(_issue, asked))
    if asked.advised:
        yield Step(asked.issued_at + 20 * MINUTE, partial(_advise, asked))
    for number, answered_at in enumerate(asked.rounds):
        yield Step(answered_at, partial(_answer, asked, number), alone=True)
    if asked.closes_at is None or asked.reported_at is None:
        return
    yield Step(asked.closes_at - REMINDED * HOUR, partial(_remind, asked), alone=True)
    yield Step(asked.closes_at + MINUTE / 6, partial(_close, asked))
    yield Step(asked.reported_at, partial(_report, asked), alone=True)
    if asked.decided_at is not None:
        yield Step(asked.decided_at, partial(_decide, asked))


def slip_id(asked: Opinions) -> int:
    return db.session.scalars(select(Slip.id).where(Slip.matter == asked.matter)).one()


def answering(asked: Opinions, members: Sequence[str], number: int) -> list[str]:
    """Who answers in a round, by precedence: those who do answer, dealt out evenly."""
    heard = [handle for handle in members if handle not in asked.silent and asked.silent != ALL]
    return heard[number :: len(asked.rounds)]


def _compose(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    content = Content(
        asked.matter, asked.questions, stage.organisations[asked.organisation], asked.basis, asked.urgency,
        asked.working_days,
    )  # fmt: skip
    slips.compose_slip(stage.who(CLERK, at), stage.bodies[GOVERNMENT], content, at)


def _write_draft(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    found = slip_id(asked)
    if asked.draft is not None and slip_papers.draft_of(db.session.get_one(Slip, found)) is None:
        slip_papers.write_slip_draft(stage.who(CLERK, at), found, asked.draft, at)


def _submit(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    slip_approval.submit_slip(stage.who(CLERK, at), slip_id(asked), at)


def _approve(asked: Opinions, handle: str, stage: Backstage, at: dt.datetime) -> None:
    slip_approval.approve_slip(stage.who(handle, at), slip_id(asked), at)


def _return(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    slip_approval.return_slip(stage.who(CHAIRMAN, at), slip_id(asked), asked.returned, at)


def _issue(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    slip_issue.issue_slip(stage.who(DEPUTY, at), slip_id(asked), at)


def _answer(asked: Opinions, number: int, stage: Backstage, at: dt.datetime) -> None:
    """Those of this round who are not counted yet read, prepare, sign with their own keys, and are counted.

    The keys are opened on every core at once, and no transaction is open meanwhile.
    """
    found = slip_id(asked)
    counted = set(db.session.scalars(select(SlipAnswer.nonce).where(SlipAnswer.slip_id == found)))
    order = {handle: nonce_of("slip", asked.matter, handle) for handle in answering(asked, stage.members, number)}
    missing = [
        (handle, nonce, at + place * BETWEEN)
        for place, (handle, nonce) in enumerate(order.items())
        if nonce not in counted
    ]
    statements = [_prepared(asked, found, stage, *each) for each in missing]
    held = keys.active_keys(stage.people[handle] for handle, _nonce, _at in missing)
    refs = [held[stage.people[handle]].key_ref for handle, _nonce, _at in missing]
    end_reading()
    signed_at = [each[2] + READING for each in missing]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        signatures = pool.map(signing.signer().sign, refs, [stage.pin] * len(refs), statements, signed_at)
        for (handle, _nonce, shown), statement, cms in zip(missing, statements, signatures, strict=True):
            slip_answers.cast_answer(stage.who(handle, shown), found, statement, cms, shown + READING)
    if missing:
        stamp(stage.bodies[GOVERNMENT], missing[-1][2] + READING)


def _prepared(asked: Opinions, found: int, stage: Backstage, handle: str, nonce: str, at: dt.datetime) -> bytes:
    """The bytes that the member is shown; those of an interrupted round are still good."""
    shown = db.session.scalar(select(SlipPrepared.statement).filter_by(slip_id=found, nonce=nonce))
    if shown is not None:
        return shown
    who, said = stage.who(handle, at), asked.said.get(handle, Said())
    slip_deliveries.note_delivery(who, found, TABLET, seen=True, now=at)
    articles = len(asked.draft["articles"]) if asked.draft else 0
    parts = [_part(place, question.kind, said, articles) for place, question in enumerate(asked.questions, start=1)]
    typed = Typed(parts, reservation=said.reservation)
    return slip_answers.prepare_answer(who, found, typed, nonce, at).statement


def let_aide(stage: Backstage, at: dt.datetime) -> None:
    """The member whose aide has an account lets the aide see slips."""
    member = stage.who(SHOWS_AN_AIDE, at)
    slip_advice.let_aide(member, stage.people[aide_of(SHOWS_AN_AIDE)], True, at)


def _advise(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    for member, said in asked.advised.items():
        parts = [_part(place, each.kind, said, 0) for place, each in enumerate(asked.questions, start=1)]
        content = {"answers": parts, "reservation": False}
        aide = stage.who(aide_of(member), at)
        slip_advice.write_advice(aide, slip_id(asked), stage.people[member], content, at)


def _part(place: int, kind: QuestionKind, said: Said, articles: int) -> dict[str, Any]:
    """Of the articles one is in dispute: what is said of it is what is said of the whole, the others find agreement."""
    of_consent = kind is QuestionKind.CONSENT
    disputed = Choice.OTHER if said.article else said.choice
    each = [
        {"article": at, "choice": (disputed if at == ARTICLE else Choice.AGREE).value,
         "text": said.article if at == ARTICLE else ""}
        for at in range(1, articles + 1)
    ]  # fmt: skip
    return {
        "question": place, "choice": said.choice.value if of_consent else None, "option": None,
        "text": said.text if of_consent else "",
        "articles": each if kind is QuestionKind.ARTICLES else [],
    }  # fmt: skip


def _remind(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    reminders.remind_of_slip(slip_id(asked), REMINDED, at)


def _close(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    """The clock finds the slip when its deadline is over."""
    if slip_id(asked) not in slip_closing.overdue_slip_ids(at):
        raise ValueError(f"the deadline of {asked.matter!r} is another one")
    slip_closing.close_slip(SYSTEM, slip_id(asked), at)


def _report(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    lay_before_head(stage.who(CLERK, at), slip_id(asked), asked.handled, asked.draft_after, at)


def _decide(asked: Opinions, stage: Backstage, at: dt.datetime) -> None:
    slip_decisions.decide_slip(stage.who(HEAD, at), slip_id(asked), Wish(SlipWay.SUBMIT), at)
