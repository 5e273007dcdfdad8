"""Tests of one group run in one process, in their order, and the long groups begin."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import sharing

ROOT = Path(__file__).parents[1]
FILES = ["tests/rules/test_short.py", "tests/faults/test_one.py", "tests/faults/test_two.py"]
NOTE = """
import os, pytest
@pytest.mark.parametrize("number", range(4))
def test_it(number):
    with open({log!r}, "a") as log:
        log.write(f"{{os.environ['PYTEST_XDIST_WORKER']}} {file} {{number}}\\n")
"""


def shared_run(folder: Path, *options: str) -> list[list[str]]:
    """What two processes did with three files of four tests: process, file, number, in the order of time."""
    log = folder / "log"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(NOTE.format(log=str(log), file=file))
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "tests.sharing", "--rootdir", str(folder),
               "--no-loadscope-reorder", "-p", "no:cacheprovider", "-c", "/dev/null", *options, "tests"]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split() for line in log.read_text().splitlines()]


def processes(rows: list[list[str]], *files: str) -> set[str]:
    return {process for process, file, _number in rows if file in files}


def test_a_group_runs_in_one_process_in_order(tmp_path):
    rows = shared_run(tmp_path, "--dist", "loadscope")
    assert len(rows) == 12
    assert len(processes(rows, *FILES[1:])) == 1
    assert len(processes(rows, FILES[0])) == 1
    assert processes(rows, FILES[0]) != processes(rows, FILES[1])
    of_the_group = [(file, number) for _process, file, number in rows if "faults" in file]
    assert of_the_group == sorted(of_the_group)


def test_without_the_groups_files_are_torn_apart(tmp_path):
    assert len(processes(shared_run(tmp_path, "--dist", "load"), *FILES[1:])) == 2


@pytest.mark.parametrize("group", sharing.FIRST)
def test_what_is_said_to_come_first_is_there(group):
    """A file or folder that got another name would silently come last, or be torn apart."""
    folders = [folder for folder, name in sharing.TOGETHER.items() if name == group]
    assert folders or group.endswith(".py")
    for path in folders or [group]:
        assert (ROOT / path).exists(), path


def test_files_with_a_preparation_of_their_own_are_there():
    assert all((ROOT / file).exists() for file in sharing.ALONE)
