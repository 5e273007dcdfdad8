"""The doctor looks at the log: the sequencer at work, nothing waiting for long, the key out of reach, the witness."""

import datetime as dt
import re

import pytest

from app import installation
from app.doctor import examination, log, witness
from app.extensions import db
from app.gateways import log_key
from app.gateways.witness import pinned
from app.gateways.witness.client import Witness
from app.models import Checkpoint, CheckpointReason, Heartbeat
from app.tasks import sequencer
from app.workflows import installation_log, sequencing
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules import checkpoint as notes
from tests.conftest import both
from tests.operations.levels import levels, words
from tests.signer.process import SignerProcess

SIGNER = notes.SigningKey("witness.example/w1", notes.COSIGNATURE, bytes(range(32)))


class Happened(Fact):
    """Something of no other consequence."""


@use_case
def happen(_actor, at):
    record(SYSTEM, Happened(1, "body", 1), at)


def ago(**time):
    return dt.datetime.now(dt.UTC) - dt.timedelta(**time)


@both
def test_a_sequencer_that_nobody_sees_is_found(app):
    assert levels(log.sequencer) == {"log.sequencer": "error"}
    db.session.add(Heartbeat(name=sequencer.BEAT, at=ago(seconds=5)))
    db.session.commit()
    assert levels(log.sequencer) == {"log.sequencer": "ok"}
    db.session.get(Heartbeat, sequencer.BEAT).at = ago(minutes=10)
    db.session.commit()
    assert levels(log.sequencer) == {"log.sequencer": "error"}
    assert 600 <= int(re.search(r"\d+", words(log.sequencer))[0]) < 1200


@both
def test_facts_that_wait_for_the_log_are_counted_with_the_oldest(app):
    sequencer.work()
    assert levels(log.waiting) == {"log.waiting": "ok"}
    happen(SYSTEM, ago(seconds=2))
    assert levels(log.waiting) == {"log.waiting": "ok"}
    happen(SYSTEM, ago(minutes=7))
    assert levels(log.waiting) == {"log.waiting": "error"}
    assert 7 <= int(re.findall(r"\d+", words(log.waiting))[1]) < 14
    sequencer.work()
    assert levels(log.waiting) == {"log.waiting": "ok"}


def test_a_key_of_the_log_that_the_pages_can_read_is_told_in_a_production(app, monkeypatch):
    monkeypatch.setitem(app.config, "PRODUCTION", False)
    assert levels(log.key) == {"log.key": "ok"}
    monkeypatch.setitem(app.config, "PRODUCTION", True)
    assert levels(log.key) == {"log.key": "warning"}
    log_key.use(log_key.LogKey(public=log_key.key().public))
    assert levels(log.key) == {"log.key": "warning"}
    assert "mốc" in words(log.key)
    log_key.use(log_key.LogKey())
    assert levels(log.key) == {"log.key": "warning"}
    assert "flask audit key" in words(log.key)


def test_the_key_with_the_signer_is_asked_for_and_compared(app, monkeypatch, tmp_path, gateways):
    signer = SignerProcess().start()
    try:
        monkeypatch.setitem(app.config, "PRODUCTION", True)
        monkeypatch.setitem(app.config, "SIGNER_SOCKET", str(signer.socket))
        remote = installation.signer_of_heads(app)
        public = remote.log_key("hop.example/log")
        log_key.use(log_key.LogKey(public=public, elsewhere=remote.sign_checkpoint))
        assert levels(log.key) == {"log.key": "ok"}
        log_key.use(log_key.LogKey(public=gateways["LOG_SIGNER"].public, elsewhere=remote.sign_checkpoint))
        assert levels(log.key) == {"log.key": "error"}
        assert public in words(log.key)
        signer.halt()
        assert levels(log.key) == {"log.key": "error"}
    finally:
        signer.stop()


@pytest.fixture
def watched(app):
    """A head that was signed two hours ago, and a witness that is away."""
    sequencer.work()
    happen(SYSTEM, ago(hours=3))
    sequencer.work()
    assert sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, ago(hours=2)) is not None
    pinned.use([Witness("http://127.0.0.1:1", str(SIGNER.verifier))])
    yield installation_log.last_checkpoint()
    pinned.use([])


@both
def test_a_witness_that_has_not_signed_for_hours_is_told(watched):
    assert levels(witness.confirmed) == {"witness.confirmed": "warning"}
    assert SIGNER.name in words(witness.confirmed)
    line = notes.cosign(SIGNER, notes.Note.parse(watched.note).text, 1_795_000_000).line
    installation_log.keep_cosignature(SYSTEM, watched.id, SIGNER.name, line, ago(minutes=1))
    assert levels(witness.confirmed) == {"witness.confirmed": "ok"}


def test_a_head_of_this_minute_is_no_reason_to_warn(watched):
    happen(SYSTEM, ago(seconds=1))
    sequencer.work()
    sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, ago(seconds=1))
    assert levels(witness.confirmed) == {"witness.confirmed": "ok"}
    assert db.session.query(Checkpoint).count() == 2


def test_without_a_witness_nothing_is_said_twice(app):
    assert levels(witness.confirmed) == {}
    assert levels(witness.compared) == {"witness": "note"}


def test_all_of_it_is_asked_and_what_needs_tables_only_where_there_are_any(app):
    asked = {"log.sequencer", "log.waiting", "log.key", "witness.compared", "witness.confirmed"}
    assert asked <= set(examination.CHECKS)
    assert log.key not in examination.OF_TABLES
    assert {log.sequencer, log.waiting, witness.confirmed} <= examination.OF_TABLES


