"""The rehearsal's supervisor leaves nothing behind when it has ended, not even what it has only just killed."""

import subprocess
import sys
from pathlib import Path

from tests.web import ROOT

MANY = 40
# A program whose children outlive it in sessions of their own, each with enough memory to take its time to die.
LEFT = "x = b'x' * 10_000_000; import time; time.sleep(600)"
PROGRAM = f"""
import subprocess, sys
left = [subprocess.Popen([sys.executable, "-S", "-c", {LEFT!r}], start_new_session=True) for _ in range({MANY})]
print(*(each.pid for each in left), "all here", flush=True)
import time; time.sleep(600)
"""
SUPERVISOR = """
import os, sys
from pathlib import Path
from deploy.cluster.processes import Program, Supervisor
supervisor = Supervisor()
program = Program("p", [sys.executable, "-c", sys.argv[1]], dict(os.environ), Path(sys.argv[2]),
                  ready=lambda said: "all here" in said)
supervisor.begin(program)
supervisor.end()
print(*(pid for pid in program.said().split()[:-2] if Path("/proc", pid).exists()))
"""


def test_when_the_supervisor_has_ended_nothing_is_there_any_more(tmp_path: Path):
    command = [sys.executable, "-c", SUPERVISOR, PROGRAM, str(tmp_path)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout.strip()) == (0, ""), told.stderr
    assert len((tmp_path / "p.log").read_text().split()) == MANY + 2
