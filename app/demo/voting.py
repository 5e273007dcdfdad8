"""How the votes of the demo are cast: every ballot signed with its member's own key, and counted like any other."""

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select

from app.demo.backstage import Backstage, nonce_of
from app.demo.programme import AGREE, Opinion, Vote
from app.extensions import db
from app.gateways import signing
from app.models import Ballot, Poll, PollState, PreparedStatement
from app.workflows import ballots, keys, poll_acts, time_stamps
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading

HEAD = "thutuong"
BETWEEN = dt.timedelta(seconds=3)  # two members press the button
READING = dt.timedelta(seconds=11)  # the confirm sheet, and the PIN


@dataclass(frozen=True)
class Mark:
    """A ballot to be cast: by whom, for which time in this vote, what, and when it is prepared."""

    handle: str
    nonce: str
    opinion: Opinion
    at: dt.datetime


def marks(vote: Vote, here: Sequence[str], poll_id: int, at: dt.datetime) -> list[list[Mark]]:
    """The ballots of a vote in rounds: nobody votes twice within one of them."""
    voters = [handle for handle in here if handle not in vote.silent]
    order = sorted(voters, key=lambda handle: sha256(f"{poll_id}{handle}".encode()).digest())[: vote.only]
    final: Mapping[str, Opinion] = vote.otherwise
    first = [(handle, vote.at_first.get(handle) or final.get(handle, AGREE)) for handle in order]
    second = [(handle, final.get(handle, AGREE)) for handle in order if handle in vote.at_first]
    rounds, made = [], 0
    for number, opinions in enumerate((first, second), start=1):
        marked = []
        for handle, opinion in opinions:
            marked.append(Mark(handle, nonce_of(poll_id, handle, number), opinion, at + made * BETWEEN))
            made += 1
        rounds.append(marked)
    return rounds


def cast(stage: Backstage, poll_id: int, round_of: Sequence[Mark]) -> None:
    """Prepare, sign and count the ballots of a round that are not counted yet.

    The keys are opened on every core at once, and no transaction is open meanwhile.
    """
    counted = set(db.session.scalars(select(Ballot.nonce).where(Ballot.poll_id == poll_id)))
    missing = [mark for mark in round_of if mark.nonce not in counted]
    statements = [_prepared(stage, poll_id, mark) for mark in missing]
    held = keys.active_keys(stage.people[mark.handle] for mark in missing)
    refs = [held[stage.people[mark.handle]].key_ref for mark in missing]
    end_reading()
    signer = signing.signer()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        signed_at = [mark.at + READING for mark in missing]
        signatures = pool.map(signer.sign, refs, [stage.pin] * len(refs), statements, signed_at)
        for mark, statement, cms in zip(missing, statements, signatures, strict=True):
            ballots.cast_ballot(stage.who(mark.handle, mark.at), poll_id, statement, cms, mark.at + READING)
    if missing:
        stamp(db.session.get_one(Poll, poll_id).body_id, missing[-1].at + READING)


def stamp(body_id: int, at: dt.datetime) -> None:
    """The signatures made so far get their time stamps, by the clock of the demo; without an authority none do."""
    waiting = time_stamps.pending(body_id, at)
    end_reading()
    time_stamps.keep(SYSTEM, {row.id: time_stamps.ask(row.cms, at) for row in waiting}, at)


def annul(stage: Backstage, poll_id: int, reason: str, at: dt.datetime) -> None:
    """The chair annuls a vote with a signature."""
    if db.session.get_one(Poll, poll_id).state is PollState.ANNULLED:
        return
    chair, nonce = stage.who(HEAD, at), nonce_of(poll_id, "annul")
    if _statement(poll_id, nonce) is None:
        poll_acts.prepare_annulment(chair, poll_id, reason, nonce, at)
    poll_acts.sign_act(chair, poll_id, nonce, stage.pin, at + READING)


def confirm_tie(stage: Backstage, poll_id: int, at: dt.datetime) -> None:
    """The head of the body confirms the consequence of the own ballot."""
    if db.session.get_one(Poll, poll_id).tie_confirmation_id is not None:
        return
    head, nonce = stage.who(HEAD, at), nonce_of(poll_id, "tie")
    if _statement(poll_id, nonce) is None:
        poll_acts.prepare_tie_confirmation(head, poll_id, nonce, at)
    poll_acts.sign_act(head, poll_id, nonce, stage.pin, at + READING)


def _prepared(stage: Backstage, poll_id: int, mark: Mark) -> bytes:
    """The bytes that the member is shown; those of an interrupted round are still good."""
    if (shown := _statement(poll_id, mark.nonce)) is not None:
        return shown
    opinion = mark.opinion
    return ballots.prepare_ballot(
        stage.who(mark.handle, mark.at), poll_id, opinion.choice, mark.nonce, mark.at, remark=opinion.remark,
        reservation=opinion.reservation,
    ).statement  # fmt: skip


def _statement(poll_id: int, nonce: str) -> bytes | None:
    return db.session.scalar(select(PreparedStatement.statement).filter_by(poll_id=poll_id, nonce=nonce))
