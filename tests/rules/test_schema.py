"""The small checks that together describe a signed record."""

import base64

import pytest

from app.workflows.rules.schema import (
    day,
    flag,
    identifier,
    list_of,
    moment,
    nonce,
    one_of,
    optional,
    record,
    sha256_tagged,
    text,
    whole,
)


def b64(size):
    return base64.urlsafe_b64encode(bytes(range(200, 200 + size))).decode().rstrip("=")


@pytest.mark.parametrize("size", range(16, 33))
def test_a_nonce_has_16_to_32_bytes(size):
    assert nonce(b64(size)) == b64(size)


@pytest.mark.parametrize(
    "value",
    [
        b64(15),
        b64(33),
        b64(16) + "==",
        "",
        "a",
        "+" * 22,
        "ä" * 22,
        b64(16)[:-1] + "9",
        b64(16) + "\n",
        None,
        7,
        "A" * 25,
    ],
)
def test_any_other_nonce_is_refused(value):
    with pytest.raises(ValueError, match="base64url"):
        nonce(value)


def test_a_record_has_exactly_its_members_and_an_error_names_the_place():
    check = record(a=whole(1), b=list_of(record(c=text(3))))
    assert check({"b": [{"c": " x "}], "a": 1}) == {"a": 1, "b": [{"c": "x"}]}
    for value, place in [
        ({"a": 1}, "missing or unknown: b"),
        ({"a": 1, "b": [], "z": 1}, "missing or unknown: z"),
        ({"a": 1, "b": [{"c": "x"}, {"c": ""}]}, r"b: \[1\]: c: must not be empty"),
        ({"a": 1, "b": {}}, "b: must be a list"),
        ([], "must be an object"),
    ]:
        with pytest.raises(ValueError, match=place):
            check(value)


def test_a_list_may_have_a_limit():
    assert list_of(whole(1), most=2)([1, 2]) == [1, 2]
    with pytest.raises(ValueError, match="more than 2 entries"):
        list_of(whole(1), most=2)([1, 2, 3])


@pytest.mark.parametrize("value", [True, 0, "1", 1.0, None, 2**53])
def test_a_whole_number_is_no_truth_value_text_or_fraction(value):
    with pytest.raises(ValueError, match="whole number"):
        whole(1)(value)


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_a_flag_is_true_or_false_only(value):
    with pytest.raises(ValueError, match="must be one of"):
        flag(value)


def test_flags_identifiers_and_large_numbers_pass():
    assert [flag(True), flag(False)] == [True, False]
    assert (identifier(1), whole(1)(2**53 - 1), whole(0)(0)) == (1, 2**53 - 1, 0)
    with pytest.raises(ValueError, match="whole number"):
        identifier(0)


def test_true_never_passes_for_one():
    assert one_of(1)(1) == 1
    with pytest.raises(ValueError, match="must be one of"):
        one_of(1)(True)


def test_text_has_a_limit_and_one_line_unless_more_are_allowed():
    assert text(5)("abcde") == "abcde"
    assert text(5, lines=True)("a\n\tb") == "a\n\tb"
    assert text(5, empty=True)("  ") == ""
    for value, reason in [
        ("abcdef", "more than 5"),
        ("a\nb", "one line"),
        ("a\tb", "one line"),
        (" ", "empty"),
        (5, "text"),
    ]:
        with pytest.raises(ValueError, match=reason):
            text(5)(value)


def test_days_moments_and_digests_have_one_spelling():
    assert day("2019-06-24") == "2019-06-24"
    assert sha256_tagged("sha256:" + "a" * 64) == "sha256:" + "a" * 64
    assert moment("2019-06-24T02:00:03Z") == "2019-06-24T02:00:03Z"
    for check, value in [
        (day, "20190624"), (day, "2019-02-30"), (day, 5), (moment, "2019-06-24"), (moment, None),
        (sha256_tagged, "sha256:" + "A" * 64), (sha256_tagged, "a" * 64), (sha256_tagged, 7),
        (sha256_tagged, "sha256:" + "a" * 64 + "\n"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=r".+"):
            check(value)


def test_an_optional_value_is_checked_when_it_is_there():
    assert optional(whole(1))(None) is None
    with pytest.raises(ValueError, match="whole number"):
        optional(whole(1))(0)
