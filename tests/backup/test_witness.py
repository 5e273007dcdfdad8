"""An old backup is brought back with the commands, and the witness on another host knows more."""

import datetime as dt
import json

import pytest

from app import backup
from app.extensions import db
from app.gateways import log_key, signing, storage
from app.gateways.witness import pinned
from app.gateways.witness.client import Witness
from app.gateways.witness.notes import LOG, Key
from app.metrics import readiness
from app.models import Body, CheckpointReason, WitnessFinding
from app.tasks import sequencer
from app.workflows import gaps, installation_log, polls, sequencing, witnessing
from app.workflows.engine.rights import SYSTEM
from tests.backup.sites import Target
from tests.cabinet import NOW
from tests.conftest import Scene
from tests.witness import twin

LATER = NOW + dt.timedelta(minutes=30)


class PinnedLog:
    def __init__(self, gateways):
        self.key = Key.parse(gateways["LOG_SIGNER"].public, LOG)


@pytest.fixture
def witnessed(gateways, tmp_path):
    with twin.running(tmp_path / "w", PinnedLog(gateways)) as process:
        pinned.use([Witness(f"http://127.0.0.1:{process.port}", str(process.key))])
        yield process
    pinned.use([])


def confirmed():
    sequencer.work()
    sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, NOW)
    assert witnessing.attend(pinned.witnesses()[0], 1, NOW).finding in (WitnessFinding.AGREES, WitnessFinding.EMPTY)
    return installation_log.size()


def begun(home, gateways, folder):
    """A meeting that is open, saved in a backup, and half an hour of work after it that the witness confirmed."""
    signing.use(*gateways["SIGNER"])
    storage.use(storage.MemoryStorage())
    log_key.use(gateways["LOG_SIGNER"])
    with home.application.app_context():
        home.refresh()
        scene = Scene().open()
        confirmed()
        backup.take(folder, NOW)
        saved = installation_log.size()
        scene.vote("a", scene.open_poll().id, "agree")
        known = confirmed()
        db.session.remove()
        home.refresh()
    return scene, saved, known


@pytest.fixture
def home(request, kind):
    """The installation that is saved; an application chooses its witnesses when it is made."""
    return request.getfixturevalue(f"{kind}_home")


def restoring(request, kind, gateways, folder):
    """An empty installation of that kind beside the one that was saved."""
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    return Target(kind, folder, gateways, server)


def test_a_restored_old_backup_opens_no_vote_until_two_people_declare_the_gap(
    request, home, kind, gateways, witnessed, tmp_path
):
    scene, saved, known = begun(home, gateways, tmp_path / "backup")
    with restoring(request, kind, gateways, tmp_path).empty() as target:
        pinned.use([Witness(f"http://127.0.0.1:{witnessed.port}", str(witnessed.key))])  # the application chose none
        log_key.use(gateways["LOG_SIGNER"])
        done = target.app.test_cli_runner().invoke(args=["restore", str(tmp_path / "backup")])
        assert done.exit_code == 0, done.output
        assert f"thiếu ít nhất {known - saved} mục" in done.output
        who = scene.who
        witnessing.refresh(1, LATER)
        with pytest.raises(witnessing.LogDoubtful):
            polls.put_to_vote(who["secretary"], scene.item_id, LATER)
        told = target.app.test_cli_runner().invoke(args=["doctor", "--lang", "en"]).output
        assert "only" in told
        assert f"{known - saved} entries are missing" in " ".join(told.split())
        verified = target.app.test_cli_runner().invoke(args=["audit", "verify", "--json"])
        (outside,) = json.loads(verified.output)["witnesses"]
        assert (verified.exit_code, outside["finding"], outside["doubtful"]) == (1, "ahead", True)
        target.app.extensions.pop("readiness", None)
        assert readiness.readiness().conditions["witness"].state is readiness.State.DEGRADED
        gap = gaps.declare_gap(who["auditor"], "Mất ổ đĩa ngày 30/7, khôi phục bản sao lưu", LATER)
        assert (gap.missing_from, gap.missing_to) == (saved + 1, known)
        gaps.confirm_gap(who["head"], gap.id, LATER)
        assert polls.put_to_vote(who["secretary"], scene.item_id, LATER).state.value == "open"
        resumed(gateways, tmp_path)


def resumed(gateways, folder):
    """The operator of the witness goes on from the newest head that the installation has, and then it signs again."""
    sequencer.work()
    sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, LATER)
    (witness,) = pinned.witnesses()
    assert witnessing.attend(witness, 1, LATER).finding in witnessing.DOUBTFUL  # declared, and still what it knows
    (folder / "note").write_text(installation_log.last_checkpoint().note)
    done = twin.run("resume", "--folder", folder / "w", "--log", PinnedLog(gateways).key, "--note", folder / "note",
                    "--reason", "Quyết định của Thủ tướng và kiểm toán")  # fmt: skip
    assert done.returncode == 0
    assert witnessing.attend(witness, 1, LATER).finding is WitnessFinding.AGREES
    told = witnessing.confirmations(installation_log.last_checkpoint())
    assert [each.state for each in told] == [witnessing.ConfirmationState.SIGNED]
    witnessing.require_sound(db.session.get_one(Body, 1), LATER)


def test_a_backup_of_what_the_witness_knows_is_in_order(sqlite_home, gateways, witnessed, tmp_path):
    """The control: the same commands over the newest backup."""
    signing.use(*gateways["SIGNER"])
    storage.use(storage.MemoryStorage())
    log_key.use(gateways["LOG_SIGNER"])
    with sqlite_home.application.app_context():
        sqlite_home.refresh()
        scene = Scene().open()
        size = confirmed()
        backup.take(tmp_path / "backup", NOW)
        db.session.remove()
        sqlite_home.refresh()
    with Target("sqlite", tmp_path, gateways, None).empty() as target:
        pinned.use([Witness(f"http://127.0.0.1:{witnessed.port}", str(witnessed.key))])
        log_key.use(gateways["LOG_SIGNER"])
        done = target.app.test_cli_runner().invoke(args=["restore", str(tmp_path / "backup")])
        assert done.exit_code == 0, done.output
        assert f"đến mục số {size}" in done.output
        witnessing.refresh(1, LATER)
        assert polls.put_to_vote(scene.who["secretary"], scene.item_id, LATER).state.value == "open"
