"""Programs that live and die together: each is started again when it dies, and none outlives the supervisor."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LOOKS = 0.1  # seconds between two looks at a program
PATIENCE = 120.0  # seconds that a program has to begin
ENDS_WITHIN = 15.0  # seconds that a program has to end
AT_ONCE = 0.02  # seconds a killed process may take to be gone
REST = 1.0  # seconds between two starts of the same program, but for the first time at once
_libc = ctypes.CDLL(None)


class Failed(RuntimeError):
    """A program did not start; the sentence ends with what it said last."""


@dataclass
class Program:
    """One program: how it is started, when it is ready, how it is told to end."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    ready: Callable[[str], bool] = lambda _said: True  # is given what the program has said since its start
    account: str | None = None
    end: signal.Signals = signal.SIGTERM
    starts: int = 0
    started_at: float = 0.0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _begins_at: int = 0

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def said(self) -> str:
        """What it has said since it was last started."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(self._begins_at)
            return file.read().decode(errors="replace")

    def start(self) -> None:
        self._begins_at = self.log.stat().st_size if self.log.exists() else 0
        self.starts, self.started_at = self.starts + 1, time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, user=self.account, group=self.account,
                extra_groups=[] if self.account else None,
                preexec_fn=self._end_with_parent,  # noqa: PLW1509 - the supervisor has one thread
            )  # fmt: skip

    def _end_with_parent(self) -> None:
        """In the child: should the supervisor be killed, the kernel tells the program to end."""
        _libc.prctl(PR_SET_PDEATHSIG, int(self.end), 0, 0, 0)

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def is_ready(self) -> bool:
        return self.lives and self.ready(self.said())

    def bury(self) -> None:
        """End what a dead program left behind: its children still hold its ports."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def tell_to_end(self) -> None:
        if self.process is not None and self.lives:
            self.process.send_signal(self.end)

    def wait_for_end(self, until: float) -> None:
        """It ends by itself until then, or is ended."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(until - time.monotonic(), 0))
        self.bury()
        self.process.wait()


class Supervisor:
    """Starts programs in stages, starts again what dies, and ends all of them, the foundations last."""

    def __init__(self) -> None:
        self.stages: list[list[Program]] = []
        self.ending = False
        self.changed: Callable[[], None] = lambda: None  # called whenever somebody was started
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what a dead program leaves behind becomes our child

    @property
    def programs(self) -> list[Program]:
        return [program for stage in self.stages for program in stage]

    def begin(self, *programs: Program) -> None:
        """Start a stage, and wait until all of it is ready; `Failed` when one is not."""
        self.stages.append(list(programs))
        for program in programs:
            program.start()
        deadline = time.monotonic() + PATIENCE
        for program in programs:
            while not program.is_ready():
                if self.ending:
                    return
                if not program.lives or time.monotonic() > deadline:
                    raise Failed(f"{program.name} did not start:\n{program.said()[-3000:]}")
                time.sleep(LOOKS)
        self.changed()

    def look(self) -> None:
        """One look at everybody: whoever died is started again."""
        for program in self.programs:
            if program.lives or self.ending:
                continue
            if program.starts > 1 and time.monotonic() - program.started_at < REST:
                continue
            print(f"{program.name} ended and is started again", flush=True)
            program.bury()
            program.start()
            self.changed()
        self._bury_orphans()

    def end(self) -> None:
        """End every program, last stage first; nothing is left afterwards."""
        self.ending = True
        for stage in reversed(self.stages):
            for program in stage:
                program.tell_to_end()
            until = time.monotonic() + ENDS_WITHIN
            for program in stage:
                program.wait_for_end(until)
        until = time.monotonic() + ENDS_WITHIN
        while (left := list(offspring(os.getpid()))) and time.monotonic() < until:
            for pid in reversed(left):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(AT_ONCE)
        self._bury_orphans()

    def _bury_orphans(self) -> None:
        """Take leave of what came of dead programs and became ours; our own programs are waited for above."""
        own = {program.process.pid for program in self.programs if program.process}
        for pid, parent, state in _everybody():
            if state == "Z" and parent == os.getpid() and pid not in own:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)


def offspring(pid: int) -> Iterator[int]:
    """Everything that came of a process and lives, parents first."""
    parents = {child: parent for child, parent, state in _everybody() if state != "Z"}
    family = [pid]
    for each in family:
        children = [child for child, parent in parents.items() if parent == each]
        family += children
        yield from children


def _everybody() -> Iterator[tuple[int, int, str]]:
    """(id, parent, state) of every process of this machine."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            yield int(stat.parent.name), int(parent), state


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path, account: str | None = None) -> str:
    """Run a program to its end and return what it said; `Failed` when it ends with anything but 0."""
    done = subprocess.run(
        command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, user=account, group=account, extra_groups=[] if account else None,
    )  # fmt: skip
    if done.returncode:
        said = f"{done.stdout[-2000:]}{done.stderr[-3000:]}"
        raise Failed(f"{' '.join(command[:4])} ended with {done.returncode}:\n{said}")
    if done.stderr.strip():
        print(done.stderr.rstrip(), file=sys.stderr)
    return done.stdout
