"""The client: a real witness at the other end, and one that is down, slow or lies."""

import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.gateways.handover import Unreachable
from app.gateways.witness import notes
from app.gateways.witness.client import Behind, Declined, InConflict, Untrue, Witness
from app.gateways.witness.notes import COSIGNER, Key, Note
from deploy.cluster.servers import free_ports
from tests.witness.liar import answering
from tests.witness.twin import NAME, ORIGIN, Log, body, running

PRIVATE = Ed25519PrivateKey.generate()
KEY = Key(NAME, COSIGNER, PRIVATE.public_key().public_bytes_raw())


def test_a_real_witness_is_asked_told_and_read(tmp_path):
    log = Log().grow(5)
    with running(tmp_path / "w", log) as process:
        witness = Witness(f"http://127.0.0.1:{process.port}/", str(process.key))
        assert witness.latest(ORIGIN, log.key) is None
        assert witness.conflict(ORIGIN, log.key) is None
        first = witness.submit(0, [], log.note())
        assert Note.parse(log.note()).extended(f"{first.line}\n".encode()).cosigned_at(process.key) == first.at
        with pytest.raises(Behind) as told:
            witness.submit(3, log.grow(2).proof(3), log.note())
        assert told.value.size == 5
        assert witness.submit(5, log.proof(5), log.note()).witness == NAME
        assert witness.latest(ORIGIN, log.key).checkpoint.size == 7
        with pytest.raises(Declined, match="422"):
            witness.submit(7, [bytes(32)], log.grow(2).note())
        forked = log.fork(2, 3)
        with pytest.raises(InConflict):
            witness.submit(0, [], forked.note())
        known, other = witness.conflict(ORIGIN, log.key)
        assert (known.text, other.text) == (Note.parse(log.note(5)).text, Note.parse(forked.note()).text)
        with pytest.raises(Untrue):
            witness.latest(ORIGIN, Log().key)  # the right name, another key of the log


def test_a_person_does_not_wait_for_a_slow_one():
    with answering(200, wait=120.0) as (url, _asked):
        began = time.monotonic()
        with pytest.raises(Unreachable):
            Witness(url, str(KEY)).hurried().latest(ORIGIN, Log().key)
        assert time.monotonic() - began < 60  # not the two minutes of the other side; three seconds are meant


def test_one_that_is_down_is_unreachable():
    with pytest.raises(Unreachable):
        Witness(f"http://127.0.0.1:{free_ports(1)[0]}", str(KEY)).submit(0, [], Log().grow(1).note())


@pytest.mark.parametrize("slow", [{"wait": 120.0}, {"body": b"a" * 1000, "drip": 0.1}])
def test_one_that_is_slow_is_left(slow):
    with answering(200, **slow) as (url, _asked), pytest.raises(Unreachable):
        Witness(url, str(KEY), answer=0.5).submit(0, [], Log().grow(1).note())


def _text(data):
    return Note.parse(data.partition(b"\n\n")[2]).text


LIES = {
    "nothing": b"",
    "no line": b"yes\n",
    "another key": lambda data: notes.cosignature(Ed25519PrivateKey.generate(), KEY, _text(data), 9),
    "another name": lambda data: notes.cosignature(
        PRIVATE, Key("else.example", COSIGNER, KEY.public), _text(data), 9),
    "another checkpoint": lambda _data: notes.cosignature(PRIVATE, KEY, Note.parse(Log().grow(9).note()).text, 9),
    "the log's own kind": lambda data: notes.note_signature(PRIVATE, KEY, _text(data)),
    "no text": b"\xff\xfe\n",
    "a note of its own": lambda data: b"\n" + notes.cosignature(PRIVATE, KEY, _text(data), 9),
    "too long": b"a" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lying_answer_does_not_count(lie):
    with answering(200, lie) as (url, _asked), pytest.raises(Unreachable):
        Witness(url, str(KEY)).submit(0, [], Log().grow(1).note())


def test_the_same_answer_of_the_right_key_counts():
    """The control: what the lies are is what makes them none."""
    with answering(200, lambda data: notes.cosignature(PRIVATE, KEY, _text(data), 9)) as (url, _asked):
        assert Witness(url, str(KEY)).submit(0, [], Log().grow(1).note()).at == 9


def test_a_redirect_is_not_followed():
    with answering(200, lambda data: notes.cosignature(PRIVATE, KEY, _text(data), 9)) as (other, asked):
        for status in (301, 302, 303, 307, 308):
            with answering(status, headers={"Location": f"{other}/add-checkpoint"}) as (url, _asked):
                with pytest.raises(Unreachable, match="no answer of a witness"):
                    Witness(url, str(KEY)).submit(0, [], Log().grow(1).note())
                with pytest.raises(Unreachable, match="no answer of a witness"):
                    Witness(url, str(KEY)).latest(ORIGIN, Log().key)
        assert asked == []


@pytest.mark.parametrize("said", [b"", b"many", b"-1\n", b"07\n", b"\xff"])
def test_a_size_that_is_none_is_a_lie(said):
    with answering(409, said, {"Content-Type": "text/x.tlog.size"}) as (url, _asked), pytest.raises(Untrue):
        Witness(url, str(KEY)).submit(0, [], Log().grow(1).note())


def test_what_it_says_to_know_needs_both_signatures():
    log = Log().grow(4)
    note = log.note()
    good = note + notes.cosignature(PRIVATE, KEY, Note.parse(note).text, 9)
    stranger = Log(ORIGIN).grow(9).note()
    for said in (note, stranger, stranger + notes.cosignature(PRIVATE, KEY, Note.parse(stranger).text, 9), b"", b"a\n",
                 good.replace(b"\n4\n", b"\n9\n")):  # fmt: skip
        with answering(200, said) as (url, _asked), pytest.raises(Untrue):
            Witness(url, str(KEY)).latest(ORIGIN, log.key)
    with answering(200, good) as (url, _asked):
        assert Witness(url, str(KEY)).latest(ORIGIN, log.key).checkpoint.size == 4


def test_what_it_calls_a_conflict_needs_two_signed_and_contradictory_notes():
    log = Log().grow(4)
    forked = log.fork(1, 3)
    invented = Log(ORIGIN, leaves=forked.leaves)
    for other in (log.note(), log.grow(1).note(), invented.note(), b"", log.fork(1, 2).note()):
        with answering(200, log.note(4) + b"\0" + other) as (url, _asked), pytest.raises(Untrue):
            Witness(url, str(KEY)).conflict(ORIGIN, log.key)
    with answering(200, log.note(4) + b"\0" + forked.note()) as (url, _asked):
        assert Witness(url, str(KEY)).conflict(ORIGIN, log.key) is not None


@pytest.mark.parametrize("url", ["", "ftp://host", "https://", "https://user:word@host", "https://host/?a=b"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="a witness is given as"):
        Witness(url, str(KEY))


def test_plain_http_stays_within_the_own_network(monkeypatch):
    from app.gateways import posting

    monkeypatch.setattr(posting.socket, "getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("203.0.114.7", 80))])
    with pytest.raises(Unreachable, match="not allowed"):
        Witness("http://witness.example", str(KEY)).submit(0, [], Log().grow(1).note())


def test_the_request_is_what_the_protocol_says():
    log = Log().grow(3)
    note, proof = log.note(), log.proof(2)
    with answering(403, b"no") as (url, asked), pytest.raises(Declined, match="403 no"):
        Witness(url, str(KEY)).submit(2, proof, note)
    assert asked == [("POST", "/add-checkpoint", body(2, proof, note))]
