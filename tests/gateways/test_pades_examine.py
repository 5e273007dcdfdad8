"""A stranger's PDF is judged in a process of its own, which costs little, keeps nothing and cannot take us down."""

import zlib

import pytest

from app.gateways.pades import Limits, examine, verdict
from app.gateways.pades.examine import AT_ONCE
from app.gateways.pades.reasons import SENTENCES
from tests.gateways import (  # noqa: F401 - each adds to VARIANTS
    hostile_changes,
    hostile_files,
    hostile_renewals,
    hostile_signers,
    hostile_stamps,
)
from tests.gateways.signed_corpus import (
    AT,
    EXPECTED,
    GOOD,
    SIGNED,
    TRUSTED,
    VARIANTS,
    Editor,
    object_of,
    raw_revision,
    sealed,
    size_of,
)

JUDGED = {"expected": EXPECTED, "trusted": TRUSTED, "at": AT}
FREE = size_of(GOOD)
MEGABYTE = 1 << 20
UNHURRIED = Limits(seconds=60)  # of a machine that has other things to do as well


def codes(pdf, **limits):
    return [reason.code for reason in examine(pdf, **JUDGED, limits=Limits(**limits)).reasons]


def with_object(body: bytes) -> bytes:
    return raw_revision(GOOD, object_of(FREE, body), {FREE: 0})


def test_a_good_document_is_valid_there_too():
    found = examine(GOOD, **JUDGED, limits=UNHURRIED)
    assert found == verdict(GOOD, **JUDGED)
    assert found.state == "valid"


@pytest.mark.parametrize("variant", VARIANTS[::9], ids=lambda variant: variant.name)
def test_a_hostile_file_is_judged_alike_there(variant):
    pdf, judged = variant.pdf, JUDGED | variant.judged
    assert examine(pdf, **judged, limits=UNHURRIED) == verdict(pdf, **judged)


def test_a_file_that_is_too_large_is_not_examined():
    found = examine(GOOD + bytes(20 * MEGABYTE), **JUDGED)
    assert (found.state, [reason.code for reason in found.reasons]) == ("undetermined", ["too_large"])


def test_a_file_that_takes_too_long_is_left_open():
    slow = with_object(b"[" + b"0 " * 9_000_000 + b"]")
    assert codes(slow, seconds=1) == ["timed_out"]
    assert examine(slow, **JUDGED, limits=Limits(seconds=1)).state == "undetermined"


def test_a_file_that_needs_too_much_memory_is_left_open():
    heavy = with_object(b"[" + b"<</A[0]>>" * 1_500_000 + b"]")
    assert codes(heavy, memory=192 * MEGABYTE, seconds=60) == ["too_heavy"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<< /A " * 1_000_000 + b"0" + b" >>" * 1_000_000, id="dictionaries"),
        pytest.param(b"[" * 5_000_000, id="brackets"),
        pytest.param(b"(" * 5_000_000, id="open-texts"),
        pytest.param(b"(\\" * 3_000_000 + b")", id="escapes"),
        pytest.param(b"<" + b"0 " * 5_000_000, id="digits"),
        pytest.param(b"/" + b"#" * 5_000_000, id="names"),
        pytest.param(b"%" * 5_000_000, id="remarks"),
        pytest.param(b"9" * 5_000_000, id="numbers"),
        pytest.param(b"1 0 R" * 2_000_000, id="references"),
        pytest.param(b" " * 10_000_000, id="blanks"),
    ],
)
def test_a_bomb_is_refused_before_it_costs_much(body):
    """Not left open for its time or memory: a reader that looks at each byte again and again would never end."""
    assert examine(with_object(body), **JUDGED, limits=UNHURRIED).state == "invalid"


def test_a_packed_bomb_is_unpacked_only_as_far_as_a_map_of_letters_goes():
    bomb = zlib.compress(b"<30> <0030>\n" * 5_000_000, 9)
    font = Editor(SIGNED)
    more = font.more.add_stream({b"/Filter": b"/FlateDecode"}, bomb)
    pdf = sealed(font.set(font.font(), Name=b"/F1").done())
    found = examine(pdf, **JUDGED, limits=UNHURRIED)
    assert [reason.code for reason in found.reasons] == ["changed_after_signature", "font_changed"]
    assert more


def test_a_reader_that_dies_makes_the_file_invalid(monkeypatch):
    monkeypatch.setattr("app.gateways.confined.outside.START", "import os; os._exit(3)")
    found = examine(GOOD, **JUDGED)
    assert (found.state, [reason.code for reason in found.reasons]) == ("invalid", ["unreadable"])


def test_a_crowd_waits_no_longer_than_a_file_may_take():
    assert AT_ONCE.acquire()
    assert AT_ONCE.acquire()
    try:
        assert codes(GOOD, seconds=1) == ["timed_out"]
    finally:
        AT_ONCE.release(2)


def test_the_reader_knows_nothing_of_the_application_and_keeps_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    spy = (
        "import sys, json; sys.path[:0] = sys.argv[1:3]; import reader.worker, os; "
        "reader.worker.answer(sys.stdin.buffer.read(), {}); "
        "known = [n for n in sys.modules if n.split('.')[0] in ('app', 'flask', 'sqlalchemy')]; "
        "print(json.dumps({'refused': 'clean' if not known and not os.environ.get('DATABASE_URL') else 'dirty'}))"
    )
    monkeypatch.setattr("app.gateways.confined.outside.START", spy)
    monkeypatch.setitem(SENTENCES, "clean", "clean")
    assert codes(SIGNED) == ["clean"]
    assert list(tmp_path.iterdir()) == []
