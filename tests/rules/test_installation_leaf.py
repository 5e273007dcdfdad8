"""The leaves of the log of the installation: one spelling each, and nothing that would tell less (rule:R47)."""

import pytest

from app.workflows.rules.canonical import canonical
from app.workflows.rules.installation_leaf import leaf, parse_leaf

AT = "2026-11-21T02:00:03Z"
HEAD = {"body_id": 1, "subject_id": 7, "at": AT}
ROOT = {"size": 3, "root": "a" * 64}
GOOD = [
    {**HEAD, "kind": "audit", "sha256": "0" * 64},
    {**HEAD, "kind": "poll_closed", **ROOT},
    {**HEAD, "kind": "poll_annulled", **ROOT},
    {**HEAD, "kind": "resolution", "sha256": "0" * 64},
]


@pytest.mark.parametrize("fields", GOOD, ids=lambda fields: fields["kind"])
def test_every_kind_names_its_subject_its_time_and_its_hash(fields):
    made = leaf(**fields)
    assert made == {"v": 1, **fields}
    assert parse_leaf(canonical(made)) == made


@pytest.mark.parametrize("fields", GOOD, ids=lambda fields: fields["kind"])
def test_an_entry_that_tells_less_more_or_otherwise_is_refused(fields):
    for name in fields:
        with pytest.raises(ValueError, match=r"kind|missing"):
            leaf(**{key: value for key, value in fields.items() if key != name})
    for wrong in ({"at": "2026-11-21 02:00:03"}, {"subject_id": "7"}, {"v": 2}, {"more": 1}, {"kind": "other"}):
        with pytest.raises(ValueError, match=r"at|subject_id|v:|missing|kind"):
            leaf(**{**fields, **wrong})


def test_bytes_in_another_spelling_are_no_entry():
    data = canonical(leaf(**GOOD[0]))
    for bad in (data + b" ", data.replace(b'"v":1', b'"v":1.0'), b"[]", b"", data.replace(b"audit", b"Audit")):
        with pytest.raises(ValueError, match=r".+"):
            parse_leaf(bad)
