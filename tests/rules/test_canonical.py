"""What is signed has one spelling, and nothing else is read as signed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.canonical import canonical, clean_text, digest, parse_canonical, tagged_digest


def test_order_and_spacing_do_not_change_what_is_signed():
    assert canonical({"b": [1, None], "a": "Đồng ý", "B": True}) == '{"B":true,"a":"Đồng ý","b":[1,null]}'.encode()


def test_text_is_escaped_as_rfc_8785_shows():
    value = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"}
    assert canonical(value) == b'{"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0])
def test_whole_numbers_that_every_program_reads_alike_are_written(number):
    assert canonical({"n": number}) == f'{{"n":{number}}}'.encode()


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        unicodedata.normalize("NFD", "Đồng ý"),
        "\ud800",
        b"bytes",
        {"é": 1},
        {1: 1},
        {1, 2},
        Ellipsis,
    ],
    ids=repr,
)
def test_a_value_with_two_spellings_is_refused_at_any_depth(value):
    for outer in (value, [value], {"a": [{"b": value}]}):
        with pytest.raises(ValueError, match=r".+"):
            canonical(outer)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: unicodedata.normalize("NFC", text)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), json_values))
def test_what_is_written_is_read_back(value):
    assert parse_canonical(canonical(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        '{"a":"o\u0302"}'.encode(),
        b"[1]",
        b'"a"',
        b"null",
        b"",
        b"{",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"1" * 5000 + b"}",
    ],
    ids=lambda data: data[:20],
)
def test_bytes_that_canonical_could_not_have_written_are_refused(data):
    with pytest.raises(ValueError, match=r".+"):
        parse_canonical(data)


def test_a_name_that_occurs_twice_is_named_as_the_reason():
    with pytest.raises(ValueError, match="a name occurs twice"):
        parse_canonical(b'{"a":{"b":1,"b":2}}')


def test_clean_text_is_composed_and_has_no_space_at_its_ends():
    assert clean_text(unicodedata.normalize("NFD", " Đồng ý\n\tvới dự thảo \n")) == "Đồng ý\n\tvới dự thảo"


def test_lines_end_alike_whichever_device_sent_them():
    assert clean_text("một\r\nhai\nba") == "một\nhai\nba"
    with pytest.raises(ValueError, match=r"U\+000D"):
        clean_text("một\rhai")


CONTROLS = [0x00, 0x08, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F, 0x85]
BIDI = [0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069]
HALVES = [0xD800, 0xDFFF]


@pytest.mark.parametrize("code", [*CONTROLS, *BIDI, *HALVES])
def test_text_that_would_not_show_what_it_says_is_refused(code):
    with pytest.raises(ValueError, match="the text holds"):
        clean_text(f"Đồng{chr(code)} ý")


@pytest.mark.parametrize("code", [0x20, 0xA0, 0x2029, 0x2065, 0x206A, 0x1F600])
def test_other_text_is_left_alone(code):
    assert clean_text(f"a{chr(code)}b") == f"a{chr(code)}b"


def test_digests_are_plain_hex_or_tagged():
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert tagged_digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
