"""How the demo comes into a database: founded once, then its history told step by step, and never anywhere else."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from app import installation
from app.demo import holding, sessions, slip_holding, slip_programme
from app.demo.away import away
from app.demo.backstage import Backstage
from app.demo.equipment import equip, take_over_numbers
from app.demo.founding import found
from app.demo.history import Progress, Step, note, progress, tell
from app.demo.presets import G2025_10
from app.demo.programme import GOVERNMENT, Session
from app.demo.saying import Saying
from app.demo.telling import told_in_notices_only
from app.extensions import db
from app.gateways import signing
from app.models import Body, Certificate, KeyRecovery, RecoveryKind, Refusal, Setting
from app.tasks import relay
from app.workflows import announcements, digests, keys, meetings, notices, polls, revocation_evidence
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.transaction import end_reading, use_case
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.timetable import Timetable, Week, daily_due, papers_slot, report_slot

PASSWORD, PIN = "Ecabinet@2019", "240619"  # of invented people, shown on the sign-in page
ARRIVALS = 11  # members in the room when the session was first tried to be opened
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)


class NoDemo(Exception):
    """The demo is not loaded here; the sentence says why and what to do."""


def load(now: dt.datetime, saying: Saying | None = None) -> bool:
    """Load the demo, or go on where an interrupted load stopped; False when it was complete already.

    NoDemo outside demo mode, for a database with other data, and for one whose demo cannot be completed.
    """
    begun = _admit(now)
    if begun.complete:
        return False
    saying = saying or Saying()
    saying.begin("Certificate authority and keys of the demo")
    _prepare_signer(sessions.calendar_around(begun.begun_at).founded - DAY)
    if not db.session.scalar(select(Body.id).limit(1)):
        end_reading()
        saying.begin("The Government: organisations, people, accounts, a signing key for each member")
        found(G2025_10, sessions.calendar_around(begun.begun_at).founded, PASSWORD, PIN)
    stage = Backstage(G2025_10, PIN)
    steps = history(stage.members, begun.begun_at)
    if begun.of not in (0, len(steps)):
        raise NoDemo("This demo was begun by another version of the programme. Begin anew: rm -rf var; make run")
    with told_in_notices_only():
        saying.begin(f"Its history: {len(steps)} steps")
        tell(stage, steps, begun, partial(_say_reached, saying))
    return True


def _say_reached(saying: Saying, reached: Progress, step: Step) -> None:
    saying.reached(f"Its history: {reached.done} of {reached.of} steps, up to {hanoi_date(step.at):%d/%m/%Y}")


def history(members: tuple[str, ...], now: dt.datetime) -> list[Step]:
    """Every step of the demo's past up to a moment, in no order."""
    on = sessions.calendar_around(now)
    past = [tell_of(on, members) for tell_of in (sessions.summer, sessions.last_month, sessions.laws)]
    storm, put_off = sessions.storm(on, members), sessions.put_off(on, members)
    ready, province = sessions.ready(on, members), sessions.province(on)
    steps = list(holding.prepared(sessions.next_month(on, members)))
    for session in (*past, storm, put_off, ready, province):
        steps += [*holding.prepared(session), *holding.called(session)]
    for session in past:
        steps += holding.held(session)
    steps.append(Step(storm.starts_at - DAY, holding.called_off(storm, "thutuong", sessions.STORM_PASSED)))
    steps.append(Step(put_off.invited_at + 4 * DAY, holding.put_off(put_off, "chunhiem", sessions.NOT_READY)))
    steps.append(Step(ready.prepared_at + DAY, holding.draft_question(ready, 2)))
    for asked in slip_programme.slips_of(on, members):
        steps += slip_holding.told(asked)
    steps += away(members, now)
    steps += _unlocked_key(on.laws - 5 * DAY)
    steps += _first_things(on.founded + MINUTE)
    steps += _noticed(ready.invited_at - MINUTE, read=True)
    steps += _digests(ready, now)
    steps.append(Step(now - 30 * MINUTE, _have_asked_again))
    return [*steps, *_before_the_doors(ready, now), *_noticed(now, read=False)]


def _admit(now: dt.datetime) -> Progress:
    """The mark is the first thing written, so that whatever interrupts the load is recognised as a demo."""
    if not current_app.config["DEMO"]:
        raise NoDemo("The demo is loaded in demo mode only (ECABINET_DEMO=1), which `make run` sets.")
    if not installation.is_demo_database():
        if installation.holds_data():
            raise NoDemo("This database holds data that is no demo; nothing was changed.")
        _mark(SYSTEM, now)
    found_progress = progress()
    if found_progress is None:
        raise NoDemo("This demo database does not say how it was made. Begin anew: rm -rf var; make run")
    return found_progress


@use_case
def _mark(actor: Actor, now: dt.datetime) -> None:
    db.session.add(Setting(name=installation.DEMO_MARK, value=True))
    note(actor, Progress(now))


def _prepare_signer(since: dt.datetime) -> None:
    """A certificate authority marked DEMO and an installation key, readable by their owner only; made once."""
    config = current_app.config
    if config.get("SIGNER"):
        return
    folder, installation_key = Path(config["AUTHORITY"]), Path(config["INSTALLATION_KEY"])
    signing.found_authority(folder, installation_key, since, demo=True)
    installation.make_log_key(current_app)


def _first_things(at: dt.datetime) -> Iterator[Step]:
    """The records office is ready to seal and to number, going on from the numbers that were given on paper."""

    def furnish(stage: Backstage, at: dt.datetime) -> None:
        equip(stage.bodies[GOVERNMENT], stage.people, stage.preset.government.figures, stage.pin, at)

    def go_on(stage: Backstage, at: dt.datetime) -> None:
        take_over_numbers(SYSTEM, stage.bodies[GOVERNMENT], sessions.NUMBERED_ON_PAPER, at)

    yield Step(at, furnish, alone=True)  # the founding did it, unless it was interrupted
    yield Step(at + MINUTE, go_on)
    yield Step(at + 2 * MINUTE, slip_holding.let_aide)


def _unlocked_key(at: dt.datetime) -> Iterator[Step]:
    """A member mistyped the PIN; two people of the Office unlocked the key."""
    reason = "Thành viên nhập sai mã PIN khi ký thử trên thiết bị mới; đã xác minh trực tiếp qua Vụ Tổng hợp."

    def ask(stage: Backstage, at: dt.datetime) -> None:
        keys.request_recovery(stage.who("chuyenvien", at), stage.people["tv24"], RecoveryKind.UNLOCK, reason, at)

    def approve(stage: Backstage, at: dt.datetime) -> None:
        asked = select(KeyRecovery.id).where(KeyRecovery.person_id == stage.people["tv24"])
        keys.approve_recovery(stage.who("vanthu", at), db.session.scalars(asked).one(), at)

    yield Step(at, ask)
    yield Step(at + 12 * MINUTE, approve)


def _have_asked_again(stage: Backstage, at: dt.datetime) -> None:
    """The administrator has the authority asked about what was signed so long ago that nobody asks by himself.

    Nobody asked while the demo's past was told; without an answer its Resolutions get no long-term form.
    """
    certificates = {row.id: row.der for row in db.session.scalars(select(Certificate).order_by(Certificate.id))}
    for number, missing in revocation_evidence.backlogs(certificates, at).items():
        if missing.state is revocation_evidence.AnswerState.GIVEN_UP:
            revocation_evidence.ask_again(stage.who("quantri", at), number, at)


def _noticed(at: dt.datetime, read: bool) -> Iterator[Step]:
    """Notices are written as the relay does it, and what is old was read."""

    def write(_stage: Backstage, at: dt.datetime) -> None:
        relay.drain(at)

    def read_all(stage: Backstage, at: dt.datetime) -> None:
        for handle in stage.people:
            notices.mark_read(stage.who(handle, at), at)

    yield Step(at, write, alone=True)
    if read:
        yield Step(at + MINUTE / 2, read_all)


def _digests(ready: Session, now: dt.datetime) -> Iterator[Step]:
    """What members were told of the session's papers, and on the morning of the last working day."""

    def of_the_session(stage: Backstage, at: dt.datetime) -> None:
        meeting_id = stage.meeting_id(ready.title)
        slot = papers_slot(meeting_id, ready.invited_at, Timetable()).key
        for person_id in digests.seated_without(meeting_id, slot):
            digests.make_session(SYSTEM, meeting_id, person_id, digests.PAPERS, slot, at)

    def of_the_day(stage: Backstage, at: dt.datetime) -> None:
        body_id, day = stage.bodies[GOVERNMENT], hanoi_date(at)
        for person_id in digests.members_without_daily(body_id, day):
            digests.make_daily(SYSTEM, body_id, person_id, day, at)

    def of_the_week(stage: Backstage, at: dt.datetime) -> None:
        announcements.announce_week(SYSTEM, stage.bodies[GOVERNMENT], week.key, at)

    morning, calendar = now, Timetable()
    last = Week.of(hanoi_date(now)).before
    week = report_slot(last, calendar)
    if week.due_at > now:
        week = report_slot(last.before, calendar)
    yield Step(week.due_at, of_the_week)
    while (slot := daily_due(morning, calendar)) is None:
        morning -= DAY / 2
    yield Step(ready.invited_at + 20 * MINUTE, of_the_session, alone=True)
    yield Step(max(slot.due_at, ready.invited_at + 21 * MINUTE), of_the_day, alone=True)


def _before_the_doors(ready: Session, now: dt.datetime) -> Iterator[Step]:
    """20 in the room and 3 connected: the quorum is there; it was not when the session was first tried to be opened."""
    here = tuple(handle for handle in ready.attending if handle not in sessions.READY_TO_COME)
    first = (ready.secretary, *here[:ARRIVALS])
    yield Step(now - 25 * MINUTE, holding.checked_in(ready, first))
    yield Step(now - 15 * MINUTE, partial(_too_early, ready), alone=True)
    yield Step(now - 13 * MINUTE, holding.checked_in(ready, here[ARRIVALS:]))


def _too_early(ready: Session, stage: Backstage, at: dt.datetime) -> None:
    """The secretary tries before enough members are there: refused, and recorded."""
    meeting_id = stage.meeting_id(ready.title)
    tried = select(Refusal.id).where(Refusal.subject_type == "meeting", Refusal.subject_id == meeting_id)
    if db.session.scalar(tried.limit(1)):
        return
    try:
        meetings.open_meeting(stage.who(ready.secretary, at), meeting_id, at)
    except polls.NoQuorum:
        return
    raise NoDemo("The session was opened without a quorum.")


def say_loaded(saying: Saying | None = None) -> None:
    """Load the demo into an empty database, once; an interrupted load is completed."""
    saying = saying or Saying()
    try:
        loaded = load(dt.datetime.now(dt.UTC), saying)
    except NoDemo as reason:
        raise click.ClickException(str(reason)) from reason
    saying.begin("The demo is loaded" if loaded else "The demo is loaded already")


group = AppGroup("demo", help="The demo Government.")
group.command("load")(say_loaded)
