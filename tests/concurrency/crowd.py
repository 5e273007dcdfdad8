"""A body of many members, an open poll, and what happened when they all acted at once."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from flask import Flask

from app.extensions import db
from app.gateways import signing
from app.models import Appointment, Ballot, Choice, Office, Person, PollLeaf
from app.workflows import ballots, keys, polls
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import SYSTEM, Actor, actor_for
from app.workflows.engine.transaction import use_case
from app.workflows.rules import merkle
from tests import cabinet
from tests.cabinet import NOW, PIN
from tests.conftest import Scene, nonce_of


@dataclass(frozen=True)
class Voter:
    actor: Actor
    key_ref: str


@dataclass(frozen=True)
class Signed:
    """A ballot that is prepared and signed, and only waits to be cast."""

    voter: Voter
    statement: bytes
    cms: bytes


def enlarge(members: int) -> list[Voter]:
    """Appoint ministers until the body has that many members, each with a key; returns all voters."""
    signer, since = signing.signer(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    enrolled = [signer.enrol(f"Thành viên {n}", "", "Chính phủ", PIN, since, 3650) for n in range(members - 5)]
    _appoint(SYSTEM, [(each.key_ref, each.certificate_der) for each in enrolled], since)
    on = cabinet.TODAY
    people = [post.person_id for post in polls.members_of(1, on)]
    held = keys.active_keys(people)
    return [Voter(actor_for(person, on), held[person].key_ref) for person in people]


@use_case
def _appoint(_actor: Actor, made: list[tuple[str, bytes]], since: dt.datetime) -> None:
    for number, (key_ref, certificate_der) in enumerate(made):
        name = f"Thành viên {number}"
        person = Person(home_body_id=1, full_name=name, name_fold=name.lower(), sort_key=name, fictional=True)
        person.appointments.append(
            Appointment(
                body_id=1, office=Office.MEMBER, post=f"Bộ trưởng thứ {number}", abbreviation=f"B{number}",
                rank=100 + number, valid_from=cabinet.SINCE,
            )
        )  # fmt: skip
        db.session.add(person)
        db.session.flush()
        keys.register_key(SYSTEM, person, key_ref, certificate_der, since)


def open_poll(members: int) -> tuple[Scene, int, list[Voter]]:
    """A scene whose body has that many members, all present, with an open poll."""
    voters = enlarge(members)
    scene = Scene()
    scene.invite()
    _all_present(SYSTEM, scene.meeting_id)
    from app.workflows import agenda, meetings

    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=NOW)
    agenda.open_item(scene.who["secretary"], scene.item_id, now=NOW)
    poll_id = scene.open_poll().id
    db.session.remove()
    return scene, poll_id, voters


@use_case
def _all_present(_actor: Actor, meeting_id: int) -> None:
    from app.models import Presence, Seat

    db.session.query(Seat).filter_by(meeting_id=meeting_id, is_member=True).update({"presence": Presence.IN_ROOM})


def sign(poll_id: int, voter: Voter, choice: str = "agree", device: str = "") -> Signed:
    nonce = nonce_of(f"{voter.key_ref}{choice}{device}{poll_id}")
    prepared = ballots.prepare_ballot(voter.actor, poll_id, Choice(choice), nonce, now=NOW)
    statement = prepared.statement
    return Signed(voter, statement, signing.signer().sign(voter.key_ref, PIN, statement, NOW))


def at_once(app: Flask, acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run every act in a thread and a context of its own, all let go at the same moment; refusals are answers."""
    acts = list(acts)
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        with app.app_context():
            gate.wait()
            try:
                return act()
            except WorkflowError as refusal:
                return refusal

    with ThreadPoolExecutor(len(acts)) as devices:
        return list(devices.map(run, acts))


def cast(poll_id: int, signed: Signed) -> Callable[[], ballots.Receipt]:
    return lambda: ballots.cast_ballot(signed.voter.actor, poll_id, signed.statement, signed.cms, now=NOW)


def check_history(poll_id: int, answers: Iterable[Any]) -> Counter[str]:
    """The oracle: every acknowledged ballot is there with its bytes, one standing each, and the log recomputes."""
    rows = {ballot.statement.sha256: ballot for ballot in db.session.query(Ballot).filter_by(poll_id=poll_id)}
    receipts = [answer for answer in answers if isinstance(answer, ballots.Receipt)]
    assert {receipt.statement_sha256 for receipt in receipts} <= set(rows)
    members = Counter(ballot.member_id for ballot in rows.values() if ballot.supersedes_id is None)
    assert set(members.values()) <= {1}
    leaves = db.session.query(PollLeaf).filter_by(poll_id=poll_id).order_by(PollLeaf.seq).all()
    assert [leaf.seq for leaf in leaves] == list(range(len(leaves)))
    assert leaves[-1].root == merkle.root([merkle.leaf_hash(leaf.data) for leaf in leaves]).hex()
    assert {leaf.seq for leaf in leaves if leaf.kind.value == "ballot"} == {row.leaf_seq for row in rows.values()}
    codes = Counter("ok" if isinstance(answer, ballots.Receipt) else answer.code for answer in answers)
    return codes
