"""What the log of a poll records, entry by entry."""

import pytest

from app.workflows.rules.canonical import canonical
from app.workflows.rules.log import ballot_leaf, check_log, closing_leaf, leaf, opening_leaf, parse_leaf
from tests.rules.poll_case import PollCase, fake_sha256

AT = "2019-06-24T02:00:03Z"
OPEN = opening_leaf("sha256:" + fake_sha256("poll"), AT)
VOTE = ballot_leaf(1, fake_sha256("statement"), fake_sha256("cms"), "M07", AT)
CLOSE = closing_leaf(2, AT, 1)


def test_entries_have_exactly_the_agreed_members():
    assert canonical(OPEN) == (
        f'{{"at":"{AT}","kind":"open","poll_hash":"sha256:{fake_sha256("poll")}","seq":0,"v":1}}'.encode()
    )
    assert set(VOTE) == {"v", "seq", "kind", "statement_sha256", "cms_sha256", "member", "at"}
    assert CLOSE == {"v": 1, "seq": 2, "kind": "close", "at": AT, "ballots": 1}
    assert leaf(**{name: value for name, value in CLOSE.items() if name != "v"}) == CLOSE


@pytest.mark.parametrize("entry", [OPEN, VOTE, CLOSE], ids=["open", "ballot", "close"])
def test_an_entry_is_read_back_from_its_bytes_and_from_no_others(entry):
    assert parse_leaf(canonical(entry)) == entry
    for odd in (
        {**entry, "kind": "reset"},
        {**entry, "kind": ["open"]},
        {**entry, "seq": -1},
        {**entry, "at": "now"},
        {**entry, "v": 2},
        {**entry, "note": ""},
        {name: value for name, value in entry.items() if name != "kind"},
    ):
        with pytest.raises(ValueError, match=r".+"):
            parse_leaf(canonical(odd))


def test_the_opening_is_entry_zero_and_nothing_else_is():
    for odd in ({**OPEN, "seq": 1}, {**VOTE, "seq": 0}, {**CLOSE, "seq": 0}):
        with pytest.raises(ValueError, match="seq"):
            parse_leaf(canonical(odd))


def test_a_whole_log_opens_once_closes_once_and_is_numbered_without_gaps():
    check_log([OPEN, VOTE, CLOSE])
    check_log([OPEN, closing_leaf(1, AT, 0)])
    check_log(PollCase().votes(3, 2, 1).close().log)
    for odd in (
        [],
        [OPEN],
        [OPEN, VOTE],
        [VOTE, CLOSE],
        [CLOSE, OPEN],
        [OPEN, CLOSE, VOTE],
        [OPEN, OPEN, CLOSE],
        [OPEN, VOTE, {**VOTE, "seq": 3}, {**CLOSE, "seq": 4, "ballots": 2}],
        [OPEN, VOTE, VOTE, {**CLOSE, "seq": 3, "ballots": 2}],
        [OPEN, VOTE, {**CLOSE, "ballots": 0}],
        [OPEN, VOTE, {**CLOSE, "ballots": 2}],
        [OPEN, {**CLOSE, "ballots": 0}],
    ):
        with pytest.raises(ValueError, match=r".+"):
            check_log(odd)
