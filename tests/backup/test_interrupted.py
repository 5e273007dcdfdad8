"""Processes die by kill -9 and disks fill up in the middle: what is left is recognised, and nothing of it is served."""

import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from flask import current_app

from app import backup, installation
from app.backup import Broken
from app.extensions import db
from app.gateways import storage
from tests.backup.sites import DATABASE, LATER, copied, facts
from tests.web import ROOT, full

pytestmark = pytest.mark.fault
KILLED = -9
SAVING = ["database", "documents", "manifest"] if full() else ["documents"]
RESTORING = ["database", "mark"]
if full():
    RESTORING += ["files of the backup", "documents", "documents in the store", "signatures", "votes", "Resolutions"]
KILOBYTES = [64, 512, 1024] if full() else [512]


@pytest.fixture
def process(target, tmp_path, gateways):
    """Runs a command of `flask` in a process of its own, on the database of the target and a folder of documents."""
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    for number, der in enumerate(gateways["SIGNER"][1]):
        (trusted / f"{number}.der").write_bytes(der)
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "ECABINET_TEST_ADDRESS": target.address,
        "ECABINET_TEST_STORE": str(tmp_path / "store"), "ECABINET_TEST_TRUSTED": str(trusted),
    }  # fmt: skip

    def run(*arguments: object, step: str = "", address: str = "", inside: tuple[str, ...] = ()) -> CompletedProcess:
        db.session.remove()
        db.engine.dispose()
        told = {"ECABINET_TEST_STEP": step, **({"ECABINET_TEST_ADDRESS": address} if address else {})}
        command = [*inside, sys.executable, "-m", "tests.backup.doomed", *map(str, arguments)]
        return subprocess.run(command, env=environment | told, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def store(tmp_path, target):
    """The folder of documents of those processes, for this one too."""
    target.store = storage.Storage(tmp_path / "store")
    storage.use(target.store)
    return target.store


@pytest.fixture
def filled(saved, target, store):
    """The backup is restored: there is something to save."""
    target.restore(saved.folder)


def served() -> bool:
    try:
        installation.check_demo_mark(current_app)
    except installation.WrongDatabase:
        return False
    return True


@pytest.mark.parametrize("step", SAVING)
def test_a_backup_that_was_killed_is_none_and_the_next_one_is(process, filled, saved, tmp_path, step):
    killed = process("backup", tmp_path / "new", step=step)
    assert killed.returncode == KILLED, killed.stdout
    assert any((tmp_path / "new").iterdir())
    with pytest.raises(Broken, match="not finished"):
        backup.check(tmp_path / "new")
    with pytest.raises(Broken, match="not empty"):
        backup.take(tmp_path / "new", LATER)
    assert backup.take(tmp_path / "newer", LATER).polls == saved.manifest.polls


@pytest.mark.parametrize("step", RESTORING)
def test_a_restore_that_was_killed_serves_nobody_and_begins_anew(process, saved, target, store, step):
    killed = process("restore", saved.folder, step=step)
    assert killed.returncode == KILLED, killed.stdout
    assert not served()
    target.restore(saved.folder)
    assert served()
    found = facts()
    assert (found.tables, found.ballots, found.roots) == (saved.facts.tables, saved.facts.ballots, saved.facts.roots)


def small(place: Path, kilobytes: int) -> tuple[str, ...]:
    """Run what follows with a file system of that size at a place, which goes with it."""
    place.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"'
    return ("unshare", "--mount", "--map-root-user", "sh", "-c", mount, str(place))


def then(look: str, place: Path) -> tuple[str, ...]:
    """Afterwards say what is there, while it is there; the exit status is that of the command."""
    return ("sh", "-c", f'"$@"; status=$?; {look}; exit $status', str(place))


@pytest.mark.parametrize("kilobytes", KILOBYTES)
def test_a_disk_that_is_full_leaves_no_backup_and_no_torso(process, filled, tmp_path, kilobytes):
    disk = tmp_path / "disk"
    look = then('find "$0" -type f | grep -c .', disk / "new")
    done = process("backup", disk / "new", inside=small(disk, kilobytes) + look)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No backup was made" in done.stdout
    assert "full" in done.stdout.lower() or "space" in done.stdout.lower()
    assert done.stdout.splitlines()[-1] == "0"


def test_a_full_document_store_ends_the_restore_and_a_larger_one_takes_it(process, saved, target, store, tmp_path):
    done = process("restore", saved.folder, inside=small(tmp_path / "store", 256))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Nothing was restored that may be served" in done.stdout
    assert "storage_full" in done.stdout
    assert not served()
    target.restore(saved.folder)
    assert served()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_full_disk_under_the_database_ends_the_restore(saved, process, tmp_path):
    disk = tmp_path / "disk"
    done = process(
        "restore", saved.folder, address=f"sqlite:///{disk}/restored.db",
        inside=small(disk, 700) + then('ls "$0"', disk),
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Nothing was restored that may be served" in done.stdout
    assert ".restoring" not in done.stdout


def test_on_postgresql_a_server_that_crashes_in_the_middle_leaves_nothing_served(
    saved_postgresql, target_postgresql, tmp_path
):
    crashed = []

    def report(step: str, _done: int, _total: int) -> None:
        if step == "signatures" and not crashed:
            crashed.append(True)
            target_postgresql.server.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'"  # noqa: S608
            )

    with target_postgresql.empty() as target:
        with pytest.raises(Exception, match=r"terminat|closed|connection"):
            target.restore(copied(saved_postgresql, tmp_path / "copy"), report=report)
        db.session.remove()
        db.engine.dispose()
        assert not served()
        target.restore(saved_postgresql.folder)
        assert served()
        assert backup.take(tmp_path / "after", LATER).polls == saved_postgresql.manifest.polls
