"""The key of the log in the signer: it signs heads of its log and nothing else, and what it signed is verified."""

import json
import threading

import pytest

from app import create_app, installation
from app.gateways import log_key
from app.gateways.signing import KeyUnavailable, RemoteSigner, wire
from app.models import CheckpointReason
from app.signer.heads import Heads
from app.tasks import sequencer
from app.workflows import installation_log, polls, sequencing
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules import checkpoint as notes
from tests.cabinet import NOW
from tests.conftest import SETTINGS, both, key_of_log
from tests.signer.process import SignerProcess

NAME = "hop.example/log"
ROOT = bytes(range(32))
AWAY = log_key.LogKey(public=key_of_log(NAME).public, elsewhere=RemoteSigner("/nonexistent/s").sign_checkpoint)


@pytest.fixture(scope="module")
def signer():
    process = SignerProcess()
    yield process.start()
    process.stop()


@pytest.fixture
def heads(tmp_path):
    return Heads(tmp_path / "log.key")


def of_signer(signer):
    """What an installation uses whose key of the log is there."""
    remote = signer.client()
    return log_key.LogKey(public=remote.log_key(NAME), elsewhere=remote.sign_checkpoint)


def test_the_key_is_made_once_and_stays_with_the_signer(signer):
    public = signer.client().log_key(NAME)
    assert signer.client().log_key("another.example/log") == signer.client().log_key() == public
    key = notes.VerifierKey.parse(public)
    assert (key.name, key.kind) == (NAME, notes.ED25519)
    assert (signer.var / "log.key").stat().st_mode & 0o777 == 0o600
    kept = notes.SigningKey.parse((signer.var / "log.key").read_text().strip())  # one format for both
    assert kept.verifier == key
    signer.halt()
    signer.start()
    assert signer.client().log_key() == public


def test_a_head_is_signed_and_nothing_that_is_no_head_of_this_log(signer):
    client = signer.client()
    key = notes.VerifierKey.parse(client.log_key(NAME))
    signature = client.sign_checkpoint(NAME, 7, ROOT)
    assert key.signed(str(notes.Checkpoint(NAME, 7, ROOT)).encode(), signature)
    assert not key.signed(str(notes.Checkpoint(NAME, 8, ROOT)).encode(), signature)
    for origin, size, root in (("else.example/log", 7, ROOT), (f"{NAME}\n9", 7, ROOT), ("", 7, ROOT), (NAME, 0, ROOT),
                               (NAME, -1, ROOT), (NAME, 1 << 53, ROOT), (NAME, 7, ROOT[:31]), (NAME, 7, b""),
                               (NAME, True, ROOT), (NAME, "7", ROOT)):  # fmt: skip
        with pytest.raises(KeyUnavailable):
            client.sign_checkpoint(origin, size, root)
    assert "size=7" in signer.said()
    assert f"root='{ROOT.hex()}'" in signer.said()


@pytest.mark.parametrize("act", ["log_key", "sign_checkpoint"])
def test_each_request_needs_an_authorisation_of_its_own(signer, act):
    values = {"name": NAME} if act == "log_key" else {"origin": NAME, "size": 7, "root": ROOT}
    message = wire.request(act, **values)
    assert "error" not in json.loads(signer.raw(json.dumps(message).encode()))
    assert json.loads(signer.raw(json.dumps(message).encode()))["detail"] == "replayed"
    bare = {name: value for name, value in message.items() if name != "authorisation"}
    assert json.loads(signer.raw(json.dumps(bare).encode()))["detail"] == "fields"


def test_a_signer_without_a_key_of_the_log_says_so(heads):
    with pytest.raises(KeyUnavailable):
        heads.public("")
    with pytest.raises(KeyUnavailable):
        heads.sign(NAME, 7, ROOT)
    for name in ("two words", "a+b", "a\nb"):
        with pytest.raises(wire.Odd):
            heads.public(name)
    assert heads.public(NAME).startswith(f"{NAME}+")


@pytest.mark.parametrize("content", ["", "no key", "PRIVATE+KEY+a", "PRIVATE+KEY+a+00000000+AAAA"])
def test_a_file_that_holds_no_key_is_neither_used_nor_replaced(tmp_path, content):
    (tmp_path / "log.key").write_text(content)
    with pytest.raises((KeyUnavailable, ValueError)):
        Heads(tmp_path / "log.key").public(NAME)
    assert (tmp_path / "log.key").read_text() == content


def test_a_key_that_others_can_read_stops_the_signer(tmp_path, signer):
    signer.client().log_key(NAME)
    path = signer.var / "log.key"
    path.chmod(0o644)
    try:
        signer.halt()
        with pytest.raises(Exception, match=r"open to other accounts"):
            signer.run("serve", "--socket", str(tmp_path / "s"))
    finally:
        path.chmod(0o600)
        signer.start()


def test_many_ask_at_once_and_one_key_is_made(tmp_path):
    heads, found = Heads(tmp_path / "log.key"), []
    threads = [threading.Thread(target=lambda: found.append(heads.public(NAME))) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


# -- the application ---------------------------------------------------------------------------------------------------


def closed_poll(scene):
    poll_id = scene.open().open_poll().id
    scene.vote("a", poll_id, "agree")
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    return poll_id


@both
def test_the_signer_signs_the_heads_of_an_installation_that_holds_no_private_key(app, scene, signer):
    log_key.use(of_signer(signer))
    assert log_key.key().private == ""
    poll_id = closed_poll(scene)
    sequencer.work()
    kept = installation_log.covering(installation_log.poll_entry(poll_id).seq)
    told = notes.open_checkpoint(kept.note, notes.VerifierKey.parse(log_key.key().public))
    assert (told.origin, told.size, told.root.hex()) == (NAME, kept.size, kept.root)


@both
def test_while_the_signer_is_away_everything_is_entered_and_the_head_is_signed_afterwards(app, scene, signer):
    log_key.use(AWAY)
    poll_id = closed_poll(scene)
    with pytest.raises(KeyUnavailable):
        sequencer.work()
    assert not sequencing.waiting()
    assert installation_log.mark_of_poll(poll_id) is None
    with pytest.raises(KeyUnavailable):
        sequencer.nightly({"body_id": 1})  # its job is tried again
    log_key.use(of_signer(signer))
    sequencer.work(due_before=True)
    assert installation_log.mark_of_poll(poll_id) is not None


def test_the_thread_asks_again_for_a_signature_that_it_did_not_get(app, scene, signer, monkeypatch):
    monkeypatch.setattr(sequencer, "UNSIGNED", 0.05)
    log_key.use(AWAY)
    poll_id = closed_poll(scene)
    stop, asked = threading.Event(), []

    def answers(*head):
        asked.append(head)
        if len(asked) < 3:
            raise KeyUnavailable
        stop.set()
        return of_signer(signer).elsewhere(*head)

    log_key.use(log_key.LogKey(public=of_signer(signer).public, elsewhere=answers))
    thread = threading.Thread(target=sequencer.run_forever, args=(app, stop))
    thread.start()
    thread.join(60)
    assert len(asked) == 3
    assert installation_log.mark_of_poll(poll_id) is not None


def test_a_signature_by_another_key_than_the_pinned_one_is_not_kept(app, scene, signer):
    other = of_signer(signer)
    log_key.use(log_key.LogKey(public=key_of_log(NAME).public, elsewhere=other.elsewhere))
    closed_poll(scene)
    with pytest.raises(KeyUnavailable):
        sequencer.work()
    assert installation_log.last_checkpoint() is None
    log_key.use(other)  # the control: the right pin, and it is
    assert sequencing.take_checkpoint(SYSTEM, CheckpointReason.POLL, NOW) is not None


def test_setup_pins_the_signers_key_and_leaves_a_key_that_is_here_alone(app, signer, tmp_path):
    settings = {**SETTINGS, "SIGNER_SOCKET": str(signer.socket), "LOG_NAME": NAME, "STORAGE": tmp_path / "documents"}
    settings |= {"INSTALLATION_KEY": tmp_path / "web" / "installation.key", "TRUSTED": tmp_path / "trusted"}
    made = create_app(**settings, SQLALCHEMY_DATABASE_URI="sqlite://")
    assert not log_key.key().signs
    assert installation.make_log_key(made)
    assert not installation.make_log_key(made)
    assert [path.name for path in (tmp_path / "web").iterdir()] == ["log.vkey"]
    assert log_key.key().signs
    assert log_key.key().public == signer.client().log_key()
    own = key_of_log("own.example/log")
    (tmp_path / "web" / "log.key").write_text(own.private)
    (tmp_path / "web" / "log.vkey").write_text(own.public)
    create_app(**settings, SQLALCHEMY_DATABASE_URI="sqlite://")
    assert (log_key.key().private, log_key.key().elsewhere) == (own.private, None)  # until it is moved, nothing changes
