"""What cannot be signed is refused with its reason, whatever the file is; nothing but a refusal ever comes out."""
import re
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.pades import PadesRefused, Reservation, complete, reserve
from app.gateways.pades.refusals import SENTENCES
from app.gateways.pades.reserve import RESERVED
from app.gateways.pades.syntax import read_array, read_dictionary, read_string, value_at, write_text
from tests.gateways.pades_cases import SIGNED_AT, cabinet, ink, key, paper


@pytest.fixture(scope="module")
def ours():
    return cabinet(key("p256"), key("p256"))


@pytest.fixture(scope="module")
def signed(ours):
    return ours.signed(paper())


@pytest.fixture(scope="module")
def sealed(ours, signed):
    return ours.sealed(signed)


def sign(pdf, field="signature", fill=None, picture=None):
    return reserve(pdf, field, name="An", at=SIGNED_AT, picture=picture or ink(), fill=fill)


def refused(act, *given, **named):
    with pytest.raises(PadesRefused) as refusal:
        act(*given, **named)
    assert str(refusal.value)
    return refusal.value.code


@pytest.mark.parametrize("field", ["", "number", "Signature", "chữ ký", "approval"])
def test_only_the_fields_for_signature_and_seal_are_signed(field):
    assert refused(sign, paper(), field) == "no_field"


def test_a_document_without_the_field_is_refused(signed):
    assert refused(sign, paper().replace(b"(signature)", b"(signatura)"), "signature") == "no_field"
    assert refused(sign, signed.replace(b"(seal)", b"(sael)"), "seal") == "no_field"


def test_a_field_is_signed_once(signed, sealed):
    assert refused(sign, signed) == "already_signed"
    assert refused(sign, sealed) == "already_signed"
    assert refused(sign, sealed, "seal") == "already_signed"


def test_a_document_is_signed_before_it_is_sealed():
    assert refused(sign, paper(), "seal") == "not_signed_yet"


@pytest.mark.parametrize("name", ["", "Number", "signature", "seal", "số"])
def test_only_a_text_field_is_filled_in(signed, name):
    assert refused(sign, signed, "seal", {name: "05"}) == "no_text_field"


def test_a_field_is_filled_in_once(ours):
    waiting = sign(paper(), fill={"number": "05"})
    once = complete(waiting, ours.cms(ours.signer, waiting))
    assert refused(sign, once, "seal", {"number": "06"}) == "already_filled"
    assert sign(once, "seal", {"day": "21"})


@pytest.mark.parametrize("text", ["５", "05\n", "①", "\N{NO-BREAK SPACE}5", "5\0", "中"])
def test_a_letter_that_the_font_lacks_is_refused(signed, text):
    assert refused(sign, signed, "seal", {"number": text}) == "missing_letter"


def test_a_value_that_does_not_fit_is_refused(signed):
    assert refused(sign, signed, "seal", {"number": "12345678"}) == "no_room"
    assert sign(signed, "seal", {"number": "1234"})


def test_a_font_that_is_not_embedded_is_refused(signed):
    for font in (b"/FontFile2", b"/ToUnicode"):
        assert refused(sign, signed.replace(font, font[:-1] + b"X"), "seal", {"number": "05"}) == "font_not_embedded"
    another = signed.replace(b"(/LiberationSerif ", b"(/Helvetica       ")
    assert refused(sign, another, "seal", {"number": "05"}) == "font_not_embedded"


# -- the file


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"%PDF-1.7",
        b"%PDF-1.7\n%%EOF\n",
        b"%PDF-1.7\nstartxref\n0\n%%EOF\n",
        b"%PDF-1.7\nstartxref\n99999999999999999999\n%%EOF\n",
        b"%PDF-1.7\nxref\n0 999999999\ntrailer\n<< /Size 1 /Root 1 0 R >>\nstartxref\n9\n%%EOF\n",
        b"%PDF-1.7\nxref\ntrailer\n<< /Size 1 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF\n",
        b"%PDF-1.7\nxref\ntrailer\n<< /Size 1 /Root 1 0 R /XRefStm 9 >>\nstartxref\n9\n%%EOF\n",
        b"%PDF-1.7\nxref\ntrailer\n" + b"<<" * 100_000 + b"\nstartxref\n9\n%%EOF\n",
        b"%PDF-1.7\nxref\ntrailer\n<< /Size 1 /Size 2 /Root 1 0 R >>\nstartxref\n9\n%%EOF\n",
        b"<html>" * 1000,
    ],
)
def test_what_is_no_pdf_of_ours_is_refused(file):
    assert refused(sign, file) == "odd_pdf"


def test_an_encrypted_pdf_is_refused():
    assert refused(sign, paper().replace(b"/Info", b"/Encrypt 9 0 R /Info", 1)) in ("encrypted", "odd_pdf")
    head, trailer = paper().rsplit(b"trailer", 1)
    assert refused(sign, head + b"trailer" + trailer.replace(b"/Info", b"/Encrypt 9 0 R /Info")) == "encrypted"


def test_bytes_before_or_behind_the_pdf_are_refused():
    assert refused(sign, b"\n" + paper()) == "odd_pdf"
    assert refused(sign, paper() + b"x") == "odd_pdf"


def test_two_fields_of_one_name_are_refused():
    assert refused(sign, paper().replace(b"(seal)", b"(year)")) == "odd_pdf"


def test_a_pdf_cut_off_anywhere_is_refused():
    for end in range(0, len(paper()) - 8, 97):
        assert refused(sign, paper()[:end]) == "odd_pdf"


@given(place=st.integers(0, 1 << 20), value=st.binary(min_size=1, max_size=4), whole=st.booleans())
def test_a_damaged_pdf_is_refused_or_signed_but_never_an_error(signed, place, value, whole):
    """Anywhere, or in the part that is read for certain: the tables and trailers, and all dictionaries of fields."""
    base = signed if whole else paper()
    marks = [mark.start() for mark in re.finditer(rb"trailer|/Widget|/AcroForm|startxref|/Widths|beginbf|xref", base)]
    at = place % len(base) if whole else marks[place % len(marks)] + place // len(marks) % 400
    damaged = base[:at] + value + base[at + len(value) :]
    with suppress(PadesRefused):
        assert isinstance(sign(damaged, "seal" if whole else "signature", {"number": "05"}), Reservation)


# -- the CMS


def test_a_cms_must_fit_into_the_gap(ours):
    waiting = sign(paper())
    cms = ours.cms(ours.signer, waiting)
    fits = complete(waiting, cms.ljust(RESERVED, b"\0"))
    assert fits == complete(waiting, cms)
    assert refused(complete, waiting, cms.ljust(RESERVED + 1, b"\0")) == "cms_too_large"


def test_a_cms_for_other_bytes_is_refused(ours):
    waiting, other = sign(paper()), sign(paper(2))
    for foreign in (ours.cms(ours.signer, other), b""):
        assert refused(complete, waiting, foreign) == "foreign_cms"
    shifted = Reservation(waiting.pdf, waiting.digest, (waiting.gap[0] + 1, waiting.gap[1] + 1))
    assert refused(complete, shifted, ours.cms(ours.signer, waiting)) == "foreign_cms"
    done = Reservation(complete(waiting, ours.cms(ours.signer, waiting)), waiting.digest, waiting.gap)
    assert refused(complete, done, ours.cms(ours.signer, waiting)) == "foreign_cms"


def test_a_picture_that_cannot_be_decoded_is_refused():
    for picture in (b"x", ink()[:-40], b"GIF89a"):
        assert refused(sign, paper(), picture=picture) == "picture_damaged"


def test_a_waiting_document_shows_no_bytes_when_printed():
    assert len(repr(sign(paper()))) < 400


def test_every_refusal_has_a_sentence_of_its_own():
    assert len({str(sentence) for sentence in SENTENCES.values()}) == len(SENTENCES)


# -- the syntax


def test_a_dictionary_is_opened_one_level_deep():
    raw = b"<</A/B/C[1 (])<</D 2>>]/E 3 0 R%x >>\n/F(\\)>>)/G<41 42>/H<</I[<</J(()>>]>>>>"
    with pytest.raises(PadesRefused):
        read_dictionary(raw)  # an unbalanced bracket in a string is nobody's intention
    raw = raw.replace(b"(()", b"(\\()")
    assert read_dictionary(raw) == {
        b"/A": b"/B", b"/C": b"[1 (])<</D 2>>]", b"/E": b"3 0 R", b"/F": b"(\\)>>)", b"/G": b"<41 42>",
        b"/H": b"<</I[<</J(\\()>>]>>",
    }  # fmt: skip
    assert read_array(b"[1 2 0 R -.5[3]/A(x)]") == [b"1", b"2 0 R", b"-.5", b"[3]", b"/A", b"(x)"]


@pytest.mark.parametrize(
    "raw",
    [b"<<", b">>", b"<</A>>", b"<</A 1/A 1>>", b"<<1 2>>", b"<</A 1>> 2", b"[<<]>>", b"<</A [>>", b"(", b"<</A 1"],
)
def test_what_is_not_well_formed_is_refused(raw):
    with pytest.raises(PadesRefused):
        read_dictionary(raw)


def test_a_long_comment_or_a_deep_nest_costs_no_time():
    for raw in (b"%" * 200_000, b" " * 200_000 + b")", b"[" * 200_000, b"(" + b"\\(" * 100_000):
        with pytest.raises(PadesRefused):
            value_at(raw, 0)


@pytest.mark.parametrize(
    ("raw", "meant"),
    [(b"(a\\)\\\\b)", b"a)\\b"), (b"(\\101\\n\\\n\\q)", b"A\nq"), (b"<4 1 4>", b"A@"), (b"<>", b""), (b"(\\53)", b"+")],
)
def test_strings_are_read_as_meant(raw, meant):
    assert read_string(raw) == meant


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_written_text_is_read_back(text):
    raw = read_string(write_text(text))
    read = raw[2:].decode("utf-16-be") if raw.startswith(b"\xfe\xff") else raw.decode("ascii")
    assert read == unicodedata.normalize("NFC", text)
