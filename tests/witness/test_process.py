"""The witness as a process: what it countersigns, what it refuses, and what it still knows after a kill."""

import os
import socket
import subprocess
import sys
import threading

import pytest

from app.gateways.witness.notes import COSIGNER, Key, Note, encoded, origin_hash
from app.witness import server
from tests.web import ROOT
from tests.witness import twin
from tests.witness.twin import NAME, ORIGIN, Log, body, running

SILENT = "127.0.0.2"
SIZE, CONFLICT = "text/x.tlog.size", "text/x.ecabinet.conflict"


@pytest.fixture
def log():
    return Log().grow(5)


@pytest.fixture
def witness(tmp_path, log):
    with running(tmp_path / "w", log) as found:
        yield found


def test_consistent_extensions_are_countersigned_and_can_be_read_back(witness, log):
    for old, grow in ((0, 0), (5, 3), (8, 100), (108, 1)):
        status, kind, line = witness.add(log.grow(grow).request(old))
        assert (status, kind) == (200, "text/plain; charset=utf-8")
        assert Note.parse(log.note()).extended(line).cosigned_at(witness.key) > 1_700_000_000
    status, _kind, raw = witness.latest()
    kept = Note.parse(raw)
    assert (status, kept.checkpoint.size, kept.text) == (200, 109, Note.parse(log.note()).text)
    assert kept.signed_by(log.key)
    assert kept.cosigned_at(witness.key)


def test_another_size_is_answered_with_its_own_and_a_replay_is_harmless(witness, log):
    assert witness.add(log.request(0))[0] == 200
    first = log.request(0)
    assert witness.add(first) == (409, SIZE, b"5\n")
    assert witness.add(log.grow(2).request(3)) == (409, SIZE, b"5\n")
    assert witness.add(log.request(5))[0] == 200
    assert witness.add(first) == (409, SIZE, b"7\n")
    assert witness.add(log.request(7))[0] == 200  # the same once more: countersigned once more
    assert witness.add(body(9, [], log.note()))[0] == 400
    assert Note.parse(witness.latest()[2]).checkpoint.size == 7


def test_a_bad_proof_is_refused_and_is_no_conflict(witness, log):
    assert witness.add(log.request(0))[0] == 200
    forked = log.fork(3, 10)
    assert witness.add(body(5, forked.proof(5), forked.note()))[0] == 422
    assert witness.add(body(5, [], log.grow(3).note()))[0] == 422
    assert witness.add(body(5, [*log.proof(5), bytes(32)], log.note()))[0] == 422
    assert witness.conflict()[0] == 404
    assert witness.add(log.request(5))[0] == 200


def test_two_signed_checkpoints_of_one_size_are_a_conflict_until_somebody_decides(tmp_path, log):
    folder = tmp_path / "w"
    with running(folder, log) as witness:
        assert witness.add(log.request(0))[0] == 200
        assert witness.add(log.grow(4).request(5))[0] == 200
        forked = log.fork(2, 3)  # five entries, as at the first checkpoint
        unsigned = Log(ORIGIN, leaves=forked.leaves)
        assert witness.add(unsigned.request(0))[0] == 403
        assert witness.conflict()[0] == 404
        assert witness.add(forked.request(0))[:2] == (409, CONFLICT)
        assert witness.add(log.grow(1).request(9))[:2] == (409, CONFLICT)
        status, _kind, raw = witness.conflict()
        known, other = (Note.parse(each) for each in raw.split(b"\0"))
    assert status == 200
    assert (known.checkpoint.size, other.checkpoint.size) == (5, 5)
    assert known.checkpoint.root != other.checkpoint.root
    assert known.signed_by(log.key)
    assert other.signed_by(log.key)
    assert known.cosigned_at(witness.key)
    with running(folder, log) as again:
        assert again.add(log.request(9))[:2] == (409, CONFLICT)  # it remembers
        (tmp_path / "note").write_bytes(log.note(9))
        options = ("resume", "--folder", folder, "--log", log.key, "--note", tmp_path / "note")
        assert twin.run(*options).returncode == 1  # not without a reason
        done = twin.run(*options, "--reason", "Decision 12 of 3 May")
        assert (done.returncode, done.stderr) == (0, "")
        assert again.add(log.request(9))[0] == 200
        assert again.conflict()[0] == 404
    (ended,) = (folder / origin_hash(ORIGIN) / "ended").iterdir()
    assert Note.parse((ended / "conflict" / "other").read_bytes()).text == other.text
    assert (ended / "reason").read_text() == "Decision 12 of 3 May\n"
    assert Note.parse((ended / "seen" / "5").read_bytes()).checkpoint == known.checkpoint


def test_a_witness_that_forgot_countersigns_both_histories(tmp_path, log):
    """The control: what it remembers on its disk is what makes it refuse the second one."""
    for folder, told in (("w", log), ("forgot", log.fork(2, 3))):
        with running(tmp_path / folder, log) as witness:
            assert witness.add(told.request(0))[0] == 200


def test_after_a_restore_it_goes_on_only_from_what_its_operator_names(tmp_path, log):
    folder, note = tmp_path / "w", tmp_path / "note"
    with running(folder, log.grow(15)) as witness:
        assert witness.add(log.request(0))[0] == 200
        restored = log.fork(12, 3)
        assert witness.add(restored.request(0)) == (409, SIZE, b"20\n")
        assert witness.add(restored.request(12)) == (409, SIZE, b"20\n")
        note.write_bytes(Log(leaves=list(restored.leaves)).note())
        options = ("resume", "--folder", folder, "--log", log.key, "--reason", "a restore", "--note", note)
        refused = twin.run(*options)
        assert (refused.returncode, "not signed" in refused.stderr) == (1, True)
        note.write_bytes(restored.note())
        assert twin.run(*options).returncode == 0
        assert witness.add(restored.grow(2).request(15))[0] == 200
        assert witness.add(log.grow(1).request(20))[0] == 409  # the old chain is over


def test_what_is_no_request_is_refused(witness, log):
    good = log.request(0)
    for bad in (b"", b"old 0\n", good.replace(b"old 0", b"old 00"), good.replace(b"old 0", b"old -1"), good[:-1],
                good.replace(b"old 0\n", b"new 0\n"), good.replace(b"old 0\n", b"old 0\nnot base64\n"),
                body(0, [bytes(32)] * 64, log.note()), good.replace(b"\n5\n", b"\n05\n")):  # fmt: skip
        assert witness.add(bad)[0] == 400, bad
    assert witness.add(good + b"a" * 40000)[0] == 413
    assert witness.add(body(0, [bytes(32)], log.note()))[0] == 422
    assert witness.ask("POST", "/somewhere", good)[0] == 404
    assert witness.ask("PUT", "/add-checkpoint", good)[0] == 501
    assert witness.ask("POST", "/add-checkpoint", iter([good]), {"Transfer-Encoding": "chunked"}.items())[0] == 411
    stranger = Log("another.example/log").grow(2)
    assert witness.add(stranger.request(0))[0] == 404
    assert witness.latest()[0] == 404
    assert witness.latest("another.example/log")[0] == 404
    assert witness.ask("GET", "/healthz") == (200, "text/plain; charset=utf-8", b"ok\n")
    assert witness.add(good)[0] == 200


def test_of_two_submissions_at_once_one_is_the_next(witness, log):
    assert witness.add(log.request(0))[0] == 200
    ours, theirs = log.fork(5, 3, b"ours"), log.fork(5, 4, b"theirs")
    start, answers = threading.Barrier(8), []

    def submit(which):
        start.wait()
        answers.append((witness.add(which.request(5)), which))

    threads = [threading.Thread(target=submit, args=(each,)) for each in [ours, theirs] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = {len(which.leaves) for (status, _kind, _body), which in answers if status == 200}
    assert len(answers) == 8
    assert len(taken) == 1
    assert all(status == 200 or (status, kind) == (409, SIZE) for (status, kind, _body), _which in answers)
    assert sum(status == 200 for (status, _kind, _body), _which in answers) == 1


FSYNC_THEN_DIE = """
import os, signal
from app.witness import memory
keep = memory.Memory.keep
def doomed(self, note):
    keep(self, note)
    if note.checkpoint.size == 8:
        os.kill(os.getpid(), signal.SIGKILL)
memory.Memory.keep = doomed
"""
DIE_THEN_FSYNC = FSYNC_THEN_DIE.replace("    keep(self, note)\n", "", 1).replace(
    "SIGKILL)\n", "SIGKILL)\n    keep(self, note)\n"
)


@pytest.mark.parametrize(("doomed", "known"), [(FSYNC_THEN_DIE, 8), (DIE_THEN_FSYNC, 5)])
def test_killed_around_the_disk_it_knows_what_it_may_have_said(tmp_path, log, doomed, known):
    folder = tmp_path / "w"
    with running(folder, log, doomed=doomed) as witness:
        assert witness.add(log.request(0))[0] == 200
        with pytest.raises(OSError, match=r"."):  # the answer never comes
            witness.add(log.grow(3).request(5))
        witness.process.wait(60)
    with running(folder, log) as again:
        assert again.key == witness.key
        assert Note.parse(again.latest()[2]).checkpoint.size == known
        assert again.add(log.request(known))[0] == 200
        forked = log.fork(4, 4)
        assert again.add(forked.request(0))[:2] == (409, CONFLICT)


def test_a_half_written_file_is_none(tmp_path, log):
    folder = tmp_path / "w"
    with running(folder, log) as witness:
        assert witness.add(log.request(0))[0] == 200
    place = folder / origin_hash(ORIGIN)
    (place / ".latest.1.0a").write_bytes(log.note()[:10])
    (place / "seen" / ".8.1.0a").write_bytes(b"")
    with running(folder, log) as again:
        assert again.add(log.grow(3).request(5))[0] == 200


def test_whoever_says_nothing_is_sent_away_and_keeps_nobody_waiting(tmp_path, log):
    """The silent ones call from an address of their own, so that nobody else has to hurry."""
    of = f"0.5 if line.client_address[0] == {SILENT!r} else 60"
    hurried = f"from app.witness import server; server.Handler.timeout = property(lambda line: {of})"
    with running(tmp_path / "w", log, doomed=hurried) as witness:
        silent = [socket.create_connection(("127.0.0.1", witness.port), 60, (SILENT, 0)) for _each in range(20)]
        silent[0].sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold")
        assert witness.add(log.request(0))[0] == 200
        assert [each.recv(100) for each in silent] == [b""] * 20
        for each in silent:
            each.close()


def test_its_key_is_made_once_and_its_own(tmp_path):
    folder = tmp_path / "w"
    unnamed = twin.run("--folder", folder, "--show-key")
    assert (unnamed.returncode, "--name" in unnamed.stderr) == (1, True)
    shown = twin.run("--folder", folder, "--name", NAME, "--show-key")
    key = Key.parse(shown.stdout, COSIGNER)
    assert (key.name, (folder / "key").stat().st_mode & 0o777) == (NAME, 0o600)
    assert twin.run("--folder", folder, "--show-key").stdout == shown.stdout
    assert twin.run("--folder", folder, "--name", "another", "--show-key").returncode == 1
    (folder / "key").chmod(0o640)
    opened = twin.run("--folder", folder, "--show-key")
    assert (opened.returncode, "chmod" in opened.stderr) == (1, True)


@pytest.mark.parametrize("options", [
    ["--listen", "127.0.0.1:0"], ["--log", "nonsense", "--listen", "127.0.0.1:0"],
    ["--log", str(Log().key)], ["--log", str(Log().key), "--listen", "127.0.0.1:99999"],
    ["--log", encoded(b"x"), "--listen", ":1"],
])  # fmt: skip
def test_a_wrong_start_ends_with_a_sentence(tmp_path, options):
    refused = twin.run("--folder", tmp_path / "w", "--name", NAME, *options)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "Traceback" not in refused.stderr


def test_it_starts_on_a_host_that_has_only_cryptography():
    """Nothing of the framework, the database or the application is loaded."""
    said = "import sys, app.witness.__main__; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=ROOT, check=True)
    strange = set(loaded.stdout.split()) - set(sys.stdlib_module_names)
    assert {name for name in strange if not name.startswith("_")} == {"app", "cryptography"}


def test_it_is_a_command_of_flask_too(tmp_path):
    asked = ["witness", "--folder", str(tmp_path / "w"), "--name", NAME, "--show-key"]
    environment = {**os.environ, "FLASK_APP": "run:app", "ECABINET_VAR": str(tmp_path / "var")}
    shown = subprocess.run(
        [sys.executable, "-m", "flask", *asked], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert (shown.returncode, Key.parse(shown.stdout, COSIGNER).name) == (0, NAME)


def test_nobody_writes_into_the_log_of_the_operator(caplog):
    handler = server.Handler.__new__(server.Handler)
    handler.client_address = ("192.0.2.1", 9)
    with caplog.at_level("INFO", "ecabinet.witness"):
        handler.log_message('"%s" %s', "GET /\x1b[2J\r\x9b1A HTTP/1.1", "404")
    assert caplog.messages == ['192.0.2.1 "GET /?[2J??1A HTTP/1.1" 404']
