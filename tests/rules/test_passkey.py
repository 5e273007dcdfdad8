"""What a passkey confirms (rule:R34), which votes demand one (rule:R35), counts that fall (rule:R36), what is kept."""

import json
from hashlib import sha256

import pytest

from app.workflows.rules.ballot import parse_definition, poll_definition
from app.workflows.rules.canonical import canonical
from app.workflows.rules.passkey import (
    Assertion,
    assertion_record,
    ballot_challenge,
    count_fell,
    demands_passkey,
    from_base64url,
    parse_assertion_record,
)
from tests.rules.poll_case import definition_fields

KEPT = Assertion(b"id", b"key", b"client", b"device", b"signature")


def test_the_challenge_is_of_tag_and_ballot_and_of_nothing_else():
    assert ballot_challenge(b"{}") == sha256(b"vn.ecabinet.passkey.ballot.v1\x00{}").digest()
    assert ballot_challenge(b"{}") != ballot_challenge(b"{} ")


def test_a_vote_that_demands_a_passkey_says_so_in_version_two():
    plain, more = definition_fields(), definition_fields() | {"evidence": "pin+passkey"}
    assert (poll_definition(**plain)["v"], poll_definition(**more)["v"]) == (1, 2)
    assert poll_definition(**plain, evidence="pin") == poll_definition(**plain)
    assert "evidence" not in poll_definition(**plain)
    assert parse_definition(canonical(poll_definition(**more)))["evidence"] == "pin+passkey"
    assert [demands_passkey(poll_definition(**fields)) for fields in (plain, more)] == [False, True]


@pytest.mark.parametrize(
    "odd",
    [{"v": 1, "evidence": "pin+passkey"}, {"v": 2}, {"v": 2, "evidence": "pin"}, {"v": 2, "evidence": "none"},
     {"v": 3}, {"v": 4}, {"v": True}, {"v": "2", "evidence": "pin+passkey"}, {"v": None}, {"v": [2]}],
)  # fmt: skip
def test_a_definition_of_another_shape_is_refused(odd):
    with pytest.raises(ValueError, match=r"v:|evidence|unknown"):
        parse_definition(canonical(poll_definition(**definition_fields()) | odd))


@pytest.mark.parametrize(
    ("known", "told", "fell"), [(0, 0, False), (0, 1, False), (4, 5, False), (5, 5, True), (5, 4, True), (5, 0, True)]
)
def test_a_count_that_does_not_rise_is_noticed_unless_the_device_never_counts(known, told, fell):
    assert count_fell(known, told) is fell


def test_what_is_kept_is_canonical_and_read_back():
    record = assertion_record(KEPT)
    assert json.loads(record) == {
        "credential_id": "aWQ", "public_key": "a2V5", "client_data_json": "Y2xpZW50", "authenticator_data": "ZGV2aWNl",
        "signature": "c2lnbmF0dXJl", "tag": "vn.ecabinet.passkey.ballot.v1",
    }  # fmt: skip
    assert record == canonical(json.loads(record))
    assert parse_assertion_record(record) == KEPT


@pytest.mark.parametrize(
    "odd",
    [{"tag": "vn.ecabinet.passkey.ballot.v2"}, {"signature": ""}, {"signature": "a==="}, {"signature": "ab"},
     {"signature": "a b"}, {"signature": 1}, {"signature": "QUJD" * 3000}, {"more": "x"}],
)  # fmt: skip
def test_anything_else_is_not_read(odd):
    with pytest.raises(ValueError, match=r"tag|signature|more"):
        parse_assertion_record(canonical(json.loads(assertion_record(KEPT)) | odd))


def test_base64url_has_one_spelling():
    assert from_base64url("aWQ") == b"id"
    for other in ("aWQ=", "aWR", "aW Q", "+/+/", "a", ""):
        with pytest.raises(ValueError, match="base64url"):
            from_base64url(other)
