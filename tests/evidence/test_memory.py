"""How much memory the evidence of a large vote takes: some times its own size, on the server and in the tool."""

import os
import tracemalloc

import pytest

from app.extensions import db
from app.models import Ballot, EvidenceKind, SignatureEvidence
from app.workflows import evidence, polls
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.canonical import digest
from benchmarks.evidence import case_of
from tests.authenticator import Authenticator, record_of
from tests.cabinet import MEMBERS
from tests.conftest import nonce_of
from tests.evidence.test_bad_input import limited

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
BALLOTS = 500 if FULL else 60
STAMP, ANSWER, PASSKEY = 5_000, 2_500, 500  # bytes, as they really are, at least
OF_ANSWER = b"\x30\x03\x0a\x01\x00"
TIMES = 3  # how often the size of the bundle is held at the same moment, at most
SPARE = 1_000_000  # bytes that do not grow with the vote: statements, pages of the record


@pytest.fixture
def large(scene):
    """A published vote in which members changed their minds again and again, each ballot with all that is kept."""
    device = Authenticator()
    scene.open()
    poll_id = scene.open_poll().id
    for number in range(BALLOTS):
        name = list(MEMBERS)[number % len(MEMBERS)]
        scene.vote(name, poll_id, ("agree", "other")[number // len(MEMBERS) % 2], nonce_of(str(number)))
    with own_transaction() as session:
        for ballot in session.scalars(db.select(Ballot)):
            proofs = {
                EvidenceKind.TIME_STAMP: OF_ANSWER + os.urandom(STAMP),
                EvidenceKind.REVOCATION: OF_ANSWER + os.urandom(ANSWER),
                EvidenceKind.PASSKEY: record_of(device, ballot.statement.statement),
            }
            assert len(proofs[EvidenceKind.PASSKEY]) > PASSKEY
            session.add_all(
                SignatureEvidence(
                    statement_id=ballot.statement_id, kind=kind, content=content, sha256=digest(content), at=scene.now
                )
                for kind, content in proofs.items()
            )
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    scene.poll_id = poll_id
    db.session.remove()
    return scene


def test_a_large_bundle_is_made_in_a_few_times_its_size(large):
    auditor = large.who["auditor"]
    evidence.tally_record(auditor, large.poll_id, large.now)  # what is read once for all: fonts
    db.session.remove()
    tracemalloc.start()
    made = evidence.bundle_of(auditor, large.poll_id, large.now)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(made) > BALLOTS * (STAMP + ANSWER + PASSKEY)
    assert peak < TIMES * len(made) + SPARE, f"{peak / 1e6:.1f} MB for {len(made) / 1e6:.1f} MB"


def test_the_tool_verifies_a_large_bundle_in_little_memory(tmp_path):
    case = case_of(BALLOTS)
    filler = {f"{case.name(number)}.crl": os.urandom(20_000) for number in range(1, BALLOTS + 1)}
    (path := tmp_path / "evidence.zip").write_bytes(case.zip())
    status, said, least = limited(path)
    assert status == 0, said
    path.write_bytes(case.but(extras=filler).zip())
    status, said, memory = limited(path)
    assert (status, "CRL" in said) == (1, True)
    assert (memory - least) * 1024 < TIMES * path.stat().st_size + SPARE, f"{memory} KiB after {least} KiB"
