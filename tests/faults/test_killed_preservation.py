"""A worker is killed over the long-term form of a Resolution, or over its yearly renewal, between any two steps.

The worker is a process of its own on PostgreSQL and on a folder of files, and dies by kill -9. What it leaves is no
form, or a whole one; whoever takes the job over makes what is missing, once, and the promulgated file stays what it is.
"""

import datetime as dt
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.extensions import db
from app.gateways import pades, storage
from app.models import AuditEntry, Job, JobState, Queue
from app.tasks import execution, schedule
from app.workflows import authority_answers, log_checks, log_rows, preservation, preserved_files, resolutions
from app.workflows.engine.rights import SYSTEM
from tests.conftest import on_postgresql
from tests.gateways.preserve_cases import tokens_of
from tests.resolving import Resolving
from tests.stamping import tsa
from tests.web import full
from tests.workflows.test_preservation import HOUR, MINUTE, OUT_AT, World, forms, judged, world

__all__ = ["tsa", "world"]

pytestmark = [pytest.mark.fault, on_postgresql]

KILLED = -signal.SIGKILL
Die = Callable[[], None]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    def set_up(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(owner, name, lambda *_all, **_more: die())

    return set_up


def after(owner: Any, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    def set_up(patch: pytest.MonkeyPatch) -> None:
        act = getattr(owner, name)

        def done(*given: Any, **more: Any) -> None:
            act(*given, **more)
            die()

        patch.setattr(owner, name, done)

    return set_up


def around(moment: str, act: str) -> Callable[[pytest.MonkeyPatch], None]:
    def set_up(_patch: pytest.MonkeyPatch) -> None:
        @event.listens_for(Session, moment)
        def meet(session: Session) -> None:
            if session.info.get("act") == act:
                die()

    return set_up


MOMENTS = {
    "everything was asked": before(preservation, "preserve"),
    "before the stamp": before(pades, "reserve_stamp"),
    "the stamp is there": before(pades, "complete"),
    "the file is made": before(resolutions, "keep"),
    "half of it is on the disk": before(os, "fsync"),
    "all of it is on the disk": before(os, "rename"),
    "it has its name": after(os, "rename"),
    "it is stored": before(preservation, "_complete"),
    "before the commit": around("before_commit", "_complete"),
    "after the commit": around("after_commit", "_complete"),
}  # fmt: skip
RENEWAL, FIRST = "the renewal", "the first form"
OF_THE_FIRST = list(MOMENTS) if full() else ["half of it is on the disk", "after the commit"]
TRIED = [(RENEWAL, moment) for moment in MOMENTS] + [(FIRST, moment) for moment in OF_THE_FIRST]
WRITTEN = {"after the commit"}  # the form is there, and the job does not know it


@dataclass
class Case:
    """A promulgated Resolution, and the time at which its next form is due."""

    world: World
    scene: Resolving
    promulgated: str
    at: dt.datetime
    had: int

    def dies(self, moment: Callable[[pytest.MonkeyPatch], None]) -> int:
        """A worker takes what is due and meets its fate; how it ended."""
        self.world.now = self.world.tsa.clock = self.at
        schedule.plan(self.at)
        db.session.remove()
        db.engine.dispose()
        child = os.fork()
        if not child:
            try:
                moment(pytest.MonkeyPatch())
                execution.drain(self.at, (Queue.SIGNING,))
            finally:
                os._exit(7)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def next_worker(self) -> None:
        """Half a minute and an hour later: the leases of the dead are over, and the clock looks again."""
        for later in (execution.LEASE + MINUTE, HOUR, 2 * HOUR):
            self.world.work(self.at + later)

    def half(self) -> list[str]:
        """What is wrong with what is there now: rows without a whole file, files that are not what they are called."""
        db.session.remove()
        account = log_checks.Account()
        log_rows.examine(account)
        found = [f"{each}: {each.why}" for each in account.broken]
        for form in forms(self.scene):
            content = storage.read(form.sha256)
            verdict = judged(self.scene, content, self.world.now)
            whole = verdict.state == "valid" and verdict.level == "B-LTA" and len(tokens_of(content)) == form.number
            found += [] if whole else [f"form {form.number}: {verdict.state} {verdict.level}"]
        for path in storage.store().folder.glob("??/*"):
            storage.read(path.name)
        return found

    def check(self) -> None:
        """One form more than before, told once, and the promulgated file as it was."""
        assert self.half() == []
        numbers = [form.number for form in forms(self.scene)]
        assert numbers == list(range(1, self.had + 2))
        told = db.session.query(AuditEntry).filter_by(fact="ResolutionPreserved").order_by(AuditEntry.id)
        assert [fact.payload["number"] for fact in told] == numbers
        assert self.scene.resolution.signatures[-1].file.sha256 == self.promulgated
        before = storage.read(self.promulgated)
        for form in forms(self.scene):
            content = storage.read(form.sha256)
            assert content.startswith(before)
            before = content
        left = db.session.query(Job).filter(Job.state.not_in([JobState.DONE]), Job.name.startswith("preservation"))
        assert [(job.name, job.state) for job in left] == []


@pytest.fixture(params=[RENEWAL])
def case(request, app, world, tmp_path) -> Iterator[Case]:
    storage.use(storage.at("", tmp_path / "documents"))  # `app` gives the next test its own
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    at, had = OUT_AT + MINUTE, 0
    if request.param == RENEWAL:
        world.work(at)
        (form,) = forms(scene)
        at, had = form.due_at + HOUR, 1
    yield Case(world, scene, scene.resolution.signatures[-1].file.sha256, at, had)
    db.session.remove()


def test_killed_while_authorities_are_asked(case):
    assert case.dies(after(authority_answers, "keep")) == KILLED
    assert (case.half(), len(forms(case.scene))) == ([], 1)
    case.next_worker()
    case.check()


@pytest.mark.parametrize(("case", "moment"), TRIED, indirect=["case"])
def test_what_a_killed_worker_leaves_is_whole_and_made_once(case, moment):
    assert case.dies(MOMENTS[moment]) == KILLED
    assert case.half() == []
    assert len(forms(case.scene)) == case.had + (moment in WRITTEN)
    case.next_worker()
    case.check()


def test_three_deaths_in_a_row_are_three_deaths_of_one_job(case):
    for moment in ("the stamp is there", "half of it is on the disk", "before the commit"):
        assert case.dies(MOMENTS[moment]) == KILLED
        case.at += execution.LEASE + MINUTE
    case.next_worker()
    case.check()
    torsos = list(storage.store().folder.glob(".incoming-*"))
    assert len(torsos) == 1  # without a name; the nightly sweep takes it a day later
    for torso in torsos:
        os.utime(torso, (0, 0))
    assert storage.store().sweep() == 1


# -- the controls ------------------------------------------------------------------------------------------------------


def test_a_form_that_is_written_down_before_its_file_is_noticed(case):
    def careless(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(resolutions, "keep", lambda _about, made: storage.Stored(sha256(made).hexdigest(), len(made)))
        around("after_commit", "_complete")(patch)

    assert case.dies(careless) == KILLED
    with pytest.raises(storage.NotStored):
        case.half()


def test_a_file_that_is_written_in_its_place_is_noticed(case):
    """Without the name that it has while it is written, half of it would be called by its hash."""

    def careless(patch: pytest.MonkeyPatch) -> None:
        def keep(_about: Any, made: bytes) -> None:
            place = storage.store()._place(sha256(made).hexdigest())
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(made[: len(made) // 2])
            die()

        patch.setattr(resolutions, "keep", keep)

    assert case.dies(careless) == KILLED
    with pytest.raises(storage.Altered):
        case.half()


def test_a_form_that_is_made_twice_is_noticed(case, monkeypatch):
    """Without the look at what is due the one who comes later makes another."""
    case.next_worker()
    case.check()
    again = case.world.now + HOUR
    monkeypatch.setattr(preserved_files, "newest", with_due(preserved_files.newest, again))
    preservation.preserve(SYSTEM, case.scene.resolution_id, again)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        case.check()


def with_due(newest: Callable[[int], Any], at: dt.datetime) -> Callable[[int], Any]:
    """The newest form as if it were due by then."""

    def found(resolution_id: int) -> Any:
        form = newest(resolution_id)
        return form and SimpleNamespace(id=form.id, number=form.number, sha256=form.sha256, due_at=at)

    return found
