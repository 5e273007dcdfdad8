"""The signer as a process: who is let in, what it survives, and what an honest caller is told when it does not."""

import datetime as dt
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.gateways.signing import KeyUnavailable, PinHeld, WrongPin, check_certificate, check_detached, wire
from app.signer.tries import MOST
from tests.servers import ServerFailed
from tests.signer.process import ROOT, SignerProcess
from tests.signer.process import __name__ as cheap

PIN, OTHER_PIN, BALLOT = "240619", "917352", b"a ballot"


def now():
    return dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def signer():
    """One for all tests that leave it as it was."""
    process = SignerProcess()
    yield process.start()
    process.stop()


@pytest.fixture
def mine():
    """One that may be stopped."""
    process = SignerProcess()
    yield process.start()
    process.stop()


@pytest.fixture
def member(signer):
    return enrol(signer)


def enrol(signer):
    return signer.client().enrol("Nguyễn Văn An", "Bộ trưởng", "Bộ Xây dựng", PIN, now(), 365)


def test_it_signs_for_a_member_and_says_which_authorities_to_trust(signer, member):
    client = signer.client()
    cms = client.sign(member.key_ref, PIN, BALLOT, now())
    assert check_detached(cms, BALLOT, member.certificate_der)
    check_certificate(member.certificate_der, now(), client.chain())
    pinned = [(signer.trusted / name).read_bytes() for name in ("issuing.der", "root.der")]
    assert pinned == list(client.chain())


def test_it_loads_neither_database_nor_queue_nor_pages(signer):
    """So it signs with Redis and PostgreSQL down: there is nothing in it that could ask them."""
    listing = (
        "import sys, app.signer.__main__, app.signer.server, app.signer.desk;"
        "print([name for name in ('sqlalchemy', 'redis', 'celery', 'rq', 'psycopg', 'flask_appbuilder', 'app.models',"
        " 'app.extensions', 'app.workflows', 'app.views') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
    files = os.listdir(f"/proc/{signer.pid}/fd")
    targets = [os.readlink(f"/proc/{signer.pid}/fd/{number}") for number in files]
    assert sum(target.startswith("socket:") for target in targets) == 1  # the one it listens on


def test_the_socket_and_everything_beside_it_is_closed_to_others(signer, member):
    assert signer.socket.stat().st_mode & 0o777 == 0o660
    for path in (signer.keys, signer.var / "authority", signer.keys / "tries"):
        assert path.stat().st_mode & 0o077 == 0
    for path in [*signer.keys.glob("*.json"), *(signer.var / "authority").iterdir(), signer.var / "installation.key"]:
        assert path.stat().st_mode & 0o077 == 0


def test_its_memory_is_closed_to_its_own_account_and_never_dumped(signer):
    limits = (Path("/proc") / str(signer.pid) / "limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    asked = "import ctypes; from app.signer import __main__ as it; dumpable = lambda: ctypes.CDLL(None).prctl(3);"
    asked += "print(dumpable()); it._keep_memory_private(); print(dumpable())"
    said = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1", "0"]


def test_an_account_that_is_not_named_is_refused_whatever_the_file_mode_says():
    process = SignerProcess(ECABINET_SIGNER_USERS="54321")
    process.start()
    try:
        with pytest.raises(KeyUnavailable):
            process.client().chain()
        assert process.raw(b"{}") == b""
        assert f"uid {os.getuid()}" in process.said()
        assert "not one of those who may ask" in process.said()
    finally:
        process.stop()


@pytest.mark.parametrize("users", ["no-such-account", "root,no-such-account"])
def test_an_unknown_account_in_the_list_keeps_it_shut(users):
    process = SignerProcess(ECABINET_SIGNER_USERS=users)
    try:
        with pytest.raises(ServerFailed, match="no-such-account"):
            process.run("--socket", str(process.socket))
    finally:
        process.stop()


def test_keys_that_others_could_read_keep_it_shut():
    process = SignerProcess()
    try:
        (process.var / "installation.key").chmod(0o640)
        with pytest.raises(ServerFailed, match="open to other accounts"):
            process.run("--socket", str(process.socket))
    finally:
        process.stop()


def test_a_second_signer_on_the_same_socket_does_not_begin(signer):
    with pytest.raises(ServerFailed, match="Another signer"):
        signer.run("--socket", str(signer.socket))
    assert len(signer.client().chain()) == 2


def test_init_makes_the_keys_of_the_installation_once(signer):
    before = {path.name: path.read_bytes() for path in (signer.var / "authority").iterdir()}
    signer.run("init")
    assert {path.name: path.read_bytes() for path in (signer.var / "authority").iterdir()} == before


def test_init_makes_no_authority_whose_keys_nobody_could_open(mine):
    (mine.var / "installation.key").unlink()
    with pytest.raises(ServerFailed):
        mine.run("init")
    assert not (mine.var / "installation.key").exists()


# -- authorisations


def sign_message(member, **changes):
    return wire.request("sign_digest", key_ref=member.key_ref, pin=PIN, digest=bytes(32), now=now()) | changes


def test_the_same_request_is_served_once(signer, member):
    message = sign_message(member)
    assert "cms" in send(signer, message)
    assert send(signer, message)["detail"] == "replayed"


def test_an_authorisation_counts_for_its_own_digest_key_and_act_alone(signer, member):
    other = signer.client().enrol("Trần Thị Bình", "Bộ trưởng", "Bộ Y tế", PIN, now(), 365)
    for change in ({"digest": "ff" * 32}, {"key_ref": other.key_ref}, {"now": "2026-01-01T00:00:00+00:00"}):
        assert send(signer, sign_message(member, **change))["detail"] == "bound"
    document = sign_message(member, act="sign_document")
    del document["now"]
    assert send(signer, document)["detail"] == "bound"


@pytest.mark.parametrize(("age", "reason"), [(31_000, "expired"), (-60_000, "not yet")])
def test_an_authorisation_lives_for_half_a_minute(signer, member, monkeypatch, age, reason):
    made = wire.ticks() - age
    monkeypatch.setattr(wire, "ticks", lambda: made)
    assert send(signer, sign_message(member))["detail"] == reason


def test_what_was_authorised_before_a_restart_is_refused_after_it(mine):
    member = enrol(mine)
    used = sign_message(member)
    assert "cms" in send(mine, used)
    mine.halt()
    mine.start()
    assert send(mine, used)["detail"] == "expired"
    assert mine.client().sign(member.key_ref, PIN, BALLOT, now())


def send(signer, message):
    return json.loads(signer.raw(json.dumps(message).encode()))


def test_a_signing_time_that_is_not_now_is_refused_outside_the_demo():
    process = SignerProcess(ECABINET_DEMO="")
    process.start()
    try:
        client = process.client()
        member = enrol(process)
        for apart in (dt.timedelta(minutes=-6), dt.timedelta(minutes=6), dt.timedelta(days=-365)):
            with pytest.raises(KeyUnavailable):
                client.sign(member.key_ref, PIN, BALLOT, now() + apart)
        assert client.sign(member.key_ref, PIN, BALLOT, now())
    finally:
        process.stop()


# -- wrong PINs


def test_guesses_at_the_socket_end_after_ten_and_a_restart_does_not_help(mine):
    member = enrol(mine)
    client = mine.client()
    for number in range(MOST):
        with pytest.raises(WrongPin):
            client.sign(member.key_ref, f"{300001 + number}", BALLOT, now())
    for pin in ("300099", PIN):
        with pytest.raises(PinHeld) as held:
            client.sign(member.key_ref, pin, BALLOT, now())
        assert dt.timedelta(minutes=14) < held.value.until - now() <= dt.timedelta(minutes=15)
    mine.kill(signal.SIGKILL)
    mine.gone()
    mine.start()
    with pytest.raises(PinHeld):
        client.sign(member.key_ref, PIN, BALLOT, now())


def test_forty_guesses_at_once_get_ten_looks(signer, member):
    def guess(number):
        try:
            signer.client().sign(member.key_ref, f"{300001 + number}", BALLOT, now())
        except WrongPin:
            return "looked at"
        except PinHeld:
            return "held"
        return "signed"

    with ThreadPoolExecutor(40) as callers:
        outcomes = list(callers.map(guess, range(40)))
    assert (outcomes.count("looked at"), outcomes.count("held")) == (MOST, 30)


def test_a_right_pin_clears_the_count(signer, member):
    client = signer.client()
    for _ in range(3):
        for _ in range(MOST - 1):
            with pytest.raises(WrongPin):
                client.sign(member.key_ref, OTHER_PIN, BALLOT, now())
        assert client.sign(member.key_ref, PIN, BALLOT, now())


def test_nobody_elses_key_is_held(signer, member):
    other = signer.client().enrol("Trần Thị Bình", "Bộ trưởng", "Bộ Y tế", PIN, now(), 365)
    for _ in range(MOST):
        with pytest.raises(WrongPin):
            signer.client().sign(member.key_ref, OTHER_PIN, BALLOT, now())
    assert signer.client().sign(other.key_ref, PIN, BALLOT, now())


def test_guesses_for_keys_that_do_not_exist_leave_nothing_on_the_disk(signer):
    before = set((signer.keys / "tries").iterdir())
    for number in range(20):
        with pytest.raises(KeyUnavailable):
            signer.client().sign(f"{number:032x}", PIN, BALLOT, now())
    assert set((signer.keys / "tries").iterdir()) == before


def test_no_pin_is_ever_written_anywhere(signer, member):
    for pin in (PIN, OTHER_PIN):
        with pytest.raises(KeyUnavailable):
            signer.client().sign("0" * 32, pin, BALLOT, now())
    with pytest.raises(WrongPin):
        signer.client().sign(member.key_ref, OTHER_PIN, BALLOT, now())
    signer.raw(json.dumps({"v": 1, "act": "sign_digest", "pin": PIN}).encode())
    written = signer.said() + "".join(path.read_text() for path in (signer.keys / "tries").iterdir())
    written = re.sub(r"[0-9a-f]{32,}", "", written)  # a digest may hold any six digits
    assert PIN not in written
    assert OTHER_PIN not in written


# -- many at once, and a signer that dies or does not answer


def test_twenty_seven_members_sign_at_once(signer):
    members = [signer.client().enrol(f"Thành viên {n}", "Bộ trưởng", "Bộ X", PIN, now(), 9) for n in range(27)]
    together = threading.Barrier(27)

    def vote(member):
        together.wait()
        cms = signer.client().sign(member.key_ref, PIN, BALLOT, now())
        return check_detached(cms, BALLOT, member.certificate_der)

    with ThreadPoolExecutor(27) as pool:
        checked = list(pool.map(vote, members))
    assert len({each.serial for each in checked}) == 27


def test_no_signer_is_an_honest_no_at_once(mine):
    member = enrol(mine)
    mine.halt()
    began = time.monotonic()
    with pytest.raises(KeyUnavailable):
        mine.client().sign(member.key_ref, PIN, BALLOT, now())
    assert time.monotonic() - began < 60


def test_a_signer_that_hangs_is_given_up(mine):
    member = enrol(mine)
    mine.kill(signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(KeyUnavailable):
            mine.client(patience=1).sign(member.key_ref, PIN, BALLOT, now())
        assert time.monotonic() - began < 60
    finally:
        mine.kill(signal.SIGCONT)
    assert mine.client().sign(member.key_ref, PIN, BALLOT, now())


def test_a_caller_who_says_nothing_holds_nobody_up():
    process = SignerProcess(ECABINET_TEST_SPEAKS_FOR="3")
    process.start()
    try:
        member = enrol(process)
        silent = [socket.socket(socket.AF_UNIX) for _ in range(60)]
        for each in silent:
            each.connect(str(process.socket))
        began = time.monotonic()
        assert process.client().sign(member.key_ref, PIN, BALLOT, now())
        assert time.monotonic() - began < 60  # one after the other, sixty would hold it up for three minutes
        silent[0].settimeout(60)
        assert silent[0].recv(1) == b""  # it was let go
        for each in silent:
            each.close()
    finally:
        process.stop()


@pytest.mark.fault
@pytest.mark.parametrize("moment", ["unlocked", "signed"])
def test_a_signer_killed_in_a_signature_leaves_no_signature_and_comes_back(moment):
    """Decided here: nobody gets a signature that he does not know of; the caller asks again, with the PIN."""
    process = SignerProcess()
    process.start()
    try:
        member = enrol(process)
        process.halt()
        (process.folder / "doom").write_text(moment)
        process.start("tests.signer.doomed")
        with pytest.raises(KeyUnavailable):
            process.client().sign(member.key_ref, PIN, BALLOT, now())
        process.gone()
        assert not (process.folder / "doom").exists()
        process.start(cheap)
        assert process.client().sign(member.key_ref, PIN, BALLOT, now())
        assert list((process.keys / "tries").iterdir()) == []
    finally:
        process.stop()
