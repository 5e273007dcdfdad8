"""Whoever should not speak to the signer, and whoever speaks nonsense to it, hurts nobody who should."""

import json
import os
import pwd
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial

import pytest

from app.gateways.signing import Authority, MemorySigner, PinHeld, WrongPin, check_detached, remote, wire
from app.signer.desk import Desk
from app.signer.tries import MOST, Tries
from tests.gateways.softhsm import Tokens
from tests.signer.process import SignerProcess
from tests.signer.test_outside_keys import furnish
from tests.signer.test_process import BALLOT, PIN, enrol, now

AT_ONCE = 20
TOKEN = '[pkcs11.an]\nmodule = "{module}"\ntoken = "an"\nlabel = "an"\n'

# What a stranger does: many lines, some kept open, each asking for what is public; it says how often it was answered.
STRANGER = """
import json, os, socket, struct, sys
if os.getuid() == 0:
    os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
kept, answered = [], 0
for number in range(200):
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(120)
    while True:
        try:
            line.connect(sys.argv[1])
            break
        except BlockingIOError:
            pass
    content = json.dumps({"v": 1, "act": "about"}).encode()
    try:
        line.sendall(struct.pack(">I", len(content)) + content)
        answered += bool(line.recv(4))
    except OSError:
        pass
    kept.append(line)
print(answered)
"""


class Stranger:
    """An account of this machine that is not the tests' own, where we may become it; otherwise we are the stranger."""

    def __init__(self) -> None:
        own = os.getuid()
        self.uid = pwd.getpwnam("nobody").pw_uid if own == 0 else own
        self.users = "0"  # of the signer that does not know it

    def asks(self, process: SignerProcess) -> int:
        process.folder.chmod(0o711)
        process.socket.chmod(0o666)
        command = [sys.executable, "-I", "-c", STRANGER, str(process.socket), str(self.uid)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout)


@pytest.fixture
def signers():
    made = []

    def start(**settings: str) -> SignerProcess:
        made.append(SignerProcess(**settings))
        return made[-1].start()

    yield start
    for process in made:
        process.stop()


def test_another_account_is_refused_by_the_kernels_word_and_noted_while_others_are_served(signers):
    stranger = Stranger()
    process = signers(ECABINET_SIGNER_USERS=stranger.users)
    member = enrol(process) if os.getuid() == 0 else None
    answered = []
    asking = threading.Thread(target=lambda: answered.append(stranger.asks(process)))
    asking.start()
    while member and asking.is_alive():
        cms = process.client().sign(member.key_ref, PIN, BALLOT, now())
        assert check_detached(cms, BALLOT, member.certificate_der)
    asking.join()
    assert answered == [0]
    assert process.said().count(f"refused: uid {stranger.uid}, process ") == 200
    assert f"about for uid {stranger.uid}" not in process.said()


def test_the_list_of_accounts_is_what_holds(signers):
    """The control: the same caller is answered by a signer that knows its account."""
    stranger = Stranger()
    process = signers(ECABINET_SIGNER_USERS=f"{os.getuid()},{stranger.uid}")
    assert stranger.asks(process) == 200


# -- nonsense ----------------------------------------------------------------------------------------------------------

DEEP = b'{"v": 1, "act": ' + b"[" * 8000 + b"]" * 8000 + b"}"
NONSENSE = {
    "nothing": b"", "garbage": bytes(range(256)) * 16, "zeros": bytes(4000), "no letters": b"\xff\xfe" * 500,
    "deep": DEEP[:16000], "digits": b'{"v": ' + b"9" * 9000 + b"}", "twice": b'{"v":1,"v":1,"act":"about"}',
    "not a number": b'{"v": NaN}', "half a letter": b'{"v":1,"act":"\\ud800"}', "a list": b"[" * 9,
    "a name too much": b'{"v":1,"act":"about","also":1}', "true": b'{"v":true,"act":"about"}',
}  # fmt: skip


def lengths(content: bytes) -> list[bytes]:
    """The right length, none, too long, too short, and a promise of four gigabytes."""
    real = len(content)
    told = (real, 0, real + 5000, max(0, real - 3), 2**32 - 1)
    return [struct.pack(">I", each) + content for each in told]


def test_a_hail_of_nonsense_hurts_nobody(signers):
    """Half requests stay open; nobody who asks as agreed is refused or waits for their end."""
    process = signers()
    member = enrol(process)
    hail = threading.Thread(target=lambda: [throw(process) for _ in range(4)])
    hail.start()
    signed = 0
    while hail.is_alive() or not signed:
        cms = process.client().sign(member.key_ref, PIN, BALLOT, now())
        assert check_detached(cms, BALLOT, member.certificate_der)
        signed += 1
    hail.join()
    process._wait(lambda: process.said().count("not as agreed") >= len(NONSENSE), "refuse all nonsense")
    assert "failed" not in process.said()
    assert "could not be answered" not in process.said()


def throw(process: SignerProcess) -> None:
    """Everything once; what was not answered by then is left where it is."""
    with ExitStack() as lines:
        for content in NONSENSE.values():
            for packet in lengths(content):
                line = lines.enter_context(socket.socket(socket.AF_UNIX))
                remote._connect(line, str(process.socket), 60)
                with suppress(OSError):  # it hung up before all was said
                    line.sendall(packet)


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_gets_a_refusal_or_nothing(signer_of_all, content):
    for packet in lengths(content):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(signer_of_all.socket))
            try:
                line.sendall(packet)
                line.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: line.recv(65536), b""))
            except (ConnectionResetError, BrokenPipeError):
                answer = b""
        assert not answer or json.loads(answer[4:]).get("error") == "refused"


@pytest.fixture(scope="module")
def signer_of_all():
    process = SignerProcess()
    yield process.start()
    process.stop()


# -- twenty at once ----------------------------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path):
    """A key in a token and one of the signer's own, behind one process; the references of both."""
    tokens, settings = Tokens(tmp_path), tmp_path / "providers.toml"
    settings.write_text(TOKEN.format(module=tokens.module))
    process = SignerProcess(ECABINET_SIGNING_PROVIDERS=str(settings), SOFTHSM2_CONF=str(tokens.settings))
    furnish(tokens, Authority.load(process.var / "authority", (process.var / "installation.key").read_bytes()))
    process.start()
    yield process, {"pkcs11": "pkcs11:an", "software": enrol(process).key_ref}
    process.stop()


def outcomes(process: SignerProcess, key_ref: str, pins: list[str]) -> Counter[str]:
    together = threading.Barrier(len(pins))

    def use(pin: str) -> str:
        client = process.client()
        together.wait()
        try:
            client.sign(key_ref, pin, BALLOT, now())
        except (WrongPin, PinHeld) as refused:
            return type(refused).__name__
        return "signed"

    with ThreadPoolExecutor(len(pins)) as callers:
        return Counter(callers.map(use, pins))


WRONG = [f"{300001 + number}" for number in range(AT_ONCE)]


@pytest.mark.parametrize("place", ["pkcs11", "software"])
def test_twenty_pins_at_once_get_ten_looks_wherever_the_key_is(places, place):
    process, refs = places
    assert outcomes(process, refs[place], [PIN] * AT_ONCE) == {"signed": AT_ONCE}
    assert outcomes(process, refs[place], WRONG) == {"WrongPin": MOST, "PinHeld": AT_ONCE - MOST}
    assert outcomes(process, refs[place], [PIN] * 2) == {"PinHeld": 2}
    if place == "pkcs11":
        assert process.said().count("a signing device refused: PinIncorrect") == MOST  # the driver's own word


def test_without_the_count_all_of_them_would_be_looked_at(tmp_path):
    """The control, with a desk in this process."""
    authority = Authority.create(None, now(), demo=True)
    signer = MemorySigner(authority)
    member = signer.enrol("An", "", "", PIN, now(), 9)

    class Careless(Tries):
        def charge(self, key_ref, now):
            """Nothing is counted."""

    def looks(tries: type[Tries], folder: str) -> int:
        desk = Desk(signer, authority, tries(tmp_path / folder))
        ask = partial(wire.request, "sign_digest", key_ref=member.key_ref, digest=bytes(32), now=now())
        with ThreadPoolExecutor(AT_ONCE) as callers:
            found = callers.map(lambda pin: desk.answer(ask(pin=pin), "test").get("error"), WRONG)
        return Counter(found)["wrong_pin"]

    assert looks(Tries, "kept") == MOST
    assert looks(Careless, "careless") == AT_ONCE


# -- a long line of callers --------------------------------------------------------------------------------------------


@pytest.fixture
def full(near):
    """A socket whose line of callers is full, and who takes them."""
    path, kept = near / "socket", []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        for _ in range(2):
            kept.append(socket.socket(socket.AF_UNIX))
            kept[-1].setblocking(False)
            with suppress(BlockingIOError):
                kept[-1].connect(str(path))
        yield path, listener
        for each in kept:
            each.close()


def test_a_caller_behind_a_long_line_waits_for_his_turn(full):
    """The kernel tells whoever has a time limit at once that the line is full."""
    path, listener = full
    turn = threading.Timer(0.3, lambda: [listener.accept()[0].close() for _ in range(2)])
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(1)
        with pytest.raises(BlockingIOError):  # the control
            plain.connect(str(path))
    turn.start()
    with socket.socket(socket.AF_UNIX) as caller:
        remote._connect(caller, str(path), 30)
        assert caller.getpeername() == str(path)
    turn.join()


def test_a_line_that_stays_full_is_left(full):
    with socket.socket(socket.AF_UNIX) as caller, pytest.raises(TimeoutError):
        remote._connect(caller, str(full[0]), 0.05)
