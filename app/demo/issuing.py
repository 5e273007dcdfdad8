"""How a vote of the demo becomes a Resolution: drafted, signed, numbered, sealed and sent by those whose task it is."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate

from sqlalchemy import select

from app.demo.backstage import Backstage, nonce_of
from app.demo.equipment import RECORDS_OFFICE
from app.demo.history import Step
from app.demo.programme import STAGES, Issuance, Session
from app.extensions import db
from app.models import PreparedStatement, Resolution, ResolutionState
from app.workflows import document_signing, issuing, polls, promulgation, resolutions
from app.workflows.resolutions import Form
from app.workflows.rules.resolution import parse_text

HEAD = "thutuong"
MINUTE, SECOND = dt.timedelta(minutes=1), dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)
ALONE = frozenset({"presented", "signed", "sealed"})  # they call the outside between two transactions
Act = Callable[["Origin", Issuance, Backstage, dt.datetime], None]


class Origin:
    """Where a Resolution comes from: a vote by its session, the position of its item, and its number there."""

    def __init__(self, session: Session, position: int, number: int) -> None:
        self.session, self.position, self.number = session, position, number

    def poll_id(self, stage: Backstage) -> int:
        return stage.poll_id(self.session.title, self.position, self.number)

    def resolution(self, stage: Backstage) -> Resolution:
        rows = select(Resolution).where(Resolution.poll_id == self.poll_id(stage)).order_by(Resolution.id.desc())
        return db.session.scalars(rows.execution_options(populate_existing=True)).first() or _missing()


def issued(session: Session, position: int, number: int, how: Issuance, closed_at: dt.datetime) -> Iterator[Step]:
    """From the publication of the vote to wherever its Resolution has come."""
    vote = Origin(session, position, number)
    published_at, at = closed_at + how.seconds[0] * SECOND, how.drafted_at
    yield Step(published_at, partial(_publish, vote, how))
    passed = list(accumulate(how.seconds))
    for stage, seconds in zip(STAGES[1:], passed[1:], strict=False):
        since = closed_at if how.drafted_at is None else how.drafted_at - passed[1] * SECOND
        at = since + seconds * SECOND
        yield Step(at, partial(ACTS[stage], vote, how), alone=stage in ALONE)
    if at is not None and how.stopped:
        yield Step(at + 4 * MINUTE, partial(_stop, vote, how))
    if len(how.seconds) == len(STAGES) and at is not None:
        yield from _received(vote, how, at)


def _received(vote: Origin, how: Issuance, at: dt.datetime) -> Iterator[Step]:
    yield Step(at + 7 * MINUTE, partial(_acknowledge, vote, how))
    if how.recalled:
        yield Step(at + DAY, partial(_recall, vote, how), alone=True)
        yield Step(at + DAY + 9 * MINUTE, partial(_acknowledge, vote, how))


def _publish(vote: Origin, _how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    polls.publish_poll(stage.who(vote.session.secretary, at), vote.poll_id(stage), at)


def _draft(vote: Origin, how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    clerk, replaced = stage.who(vote.session.secretary, at), None
    if how.replaces:
        title, position = how.replaces
        rows = select(Resolution.id).where(Resolution.item_id == stage.item_id(title, position))
        replaced = db.session.scalars(rows).one()
    form = Form(signer_id=stage.people[how.signer], replaces_id=replaced)
    drafted = resolutions.draft_resolution(clerk, vote.poll_id(stage), at, form)
    if how.changed:
        text = how.changed(parse_text(drafted.versions[-1].text))
        resolutions.edit_resolution(clerk, drafted.id, text, how.reason, at + 2 * SECOND)


def _present(vote: Origin, _how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    drafted = vote.resolution(stage)
    if drafted.state is ResolutionState.DRAFTING:
        resolutions.present_resolution(stage.who(vote.session.secretary, at), drafted.id, at)


def _sign(vote: Origin, how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    resolution = vote.resolution(stage)
    sha256, nonce = resolutions.presented_file(resolution).sha256, nonce_of("sign", resolution.id)
    signer = stage.who(how.signer, at)
    document_signing.sign_resolution(signer, resolution.id, sha256, nonce, stage.pin, at, changes_seen=True)


def _number(vote: Origin, _how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    issuing.allot_number(stage.who(RECORDS_OFFICE, at), vote.resolution(stage).id, at)


def _seal(vote: Origin, _how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    resolution_id = vote.resolution(stage).id
    nonce = nonce_of("seal", resolution_id)
    issuing.seal_resolution(stage.who(RECORDS_OFFICE, at), resolution_id, nonce, stage.pin, at)


def _promulgate(vote: Origin, _how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    promulgation.promulgate_resolution(stage.who(RECORDS_OFFICE, at), vote.resolution(stage).id, at)


def _stop(vote: Origin, how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    issuing.stop_resolution(stage.who(HEAD, at), vote.resolution(stage).id, how.stopped, at)


def _acknowledge(vote: Origin, how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    """Everybody but the silent confirms, one after the other, each for the own organisation too."""
    resolution_id = vote.resolution(stage).id
    for number, handle in enumerate(handle for handle in stage.members if handle not in how.silent):
        now = at + number * 97 * SECOND
        promulgation.acknowledge(stage.who(handle, now), resolution_id, now)


def _recall(vote: Origin, how: Issuance, stage: Backstage, at: dt.datetime) -> None:
    resolution, head = vote.resolution(stage), stage.who(HEAD, at)
    if resolution.state is ResolutionState.RECALLED:
        return
    nonce = nonce_of("recall", resolution.id)
    shown = select(PreparedStatement.id).filter_by(poll_id=resolution.poll_id, nonce=nonce)
    if db.session.scalar(shown) is None:
        promulgation.prepare_recall(head, resolution.id, how.recalled, nonce, at)
    promulgation.sign_recall(head, resolution.id, nonce, stage.pin, at + 20 * SECOND)


def _missing() -> Resolution:
    raise LookupError("this vote has no Resolution yet")


ACTS: dict[str, Act] = {
    "drafted": _draft,
    "presented": _present,
    "signed": _sign,
    "numbered": _number,
    "sealed": _seal,
    "promulgated": _promulgate,
}
