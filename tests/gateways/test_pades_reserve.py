"""A signed and sealed document holds in the eyes of others, changes nothing before it, and allows nothing after it."""
import datetime as dt
import operator
import re
import subprocess
from io import BytesIO

import pypdf
import pytest
from PIL import Image, ImageChops
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import FieldMDPAction, MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.gateways.pades import complete, reserve
from app.gateways.pades.increment import Increment
from app.gateways.pades.reading import Document, reference_number
from app.gateways.pades.reserve import GAP, NO_RANGE, RESERVED, VIETNAM
from app.gateways.pades.syntax import read_array, write_text
from app.gateways.paper import measures as m
from app.gateways.signing import check_document
from tests.gateways.pades_cases import (
    NUMBERED,
    SEAL_BOX,
    SEALED_AT,
    SIGNATURE_BOX,
    SIGNED_AT,
    cabinet,
    ink,
    key,
    paper,
    said_by,
    signed_ranges,
    statuses,
)
from tests.gateways.signing_cases import as_pem, openssl_accepts


@pytest.fixture(scope="module")
def ours():
    return cabinet(key("p256"), key("p256"))


@pytest.fixture(scope="module")
def with_rsa():
    return cabinet(key("rsa"), key("rsa"))


@pytest.fixture(params=["p256", "rsa"])
def either(request, ours, with_rsa):
    return ours if request.param == "p256" else with_rsa


@pytest.fixture(scope="module")
def signed(ours):
    return ours.signed(paper())


@pytest.fixture(scope="module")
def sealed(ours, signed):
    return ours.sealed(signed)


@pytest.mark.parametrize("pages", [1, 20])
def test_pyhanko_finds_signature_and_seal_valid_and_trusted(either, pages):
    once = either.signed(paper(pages))
    (alone,) = statuses(once, either.trust())
    assert (alone.bottom_line, alone.coverage) == (True, SignatureCoverageLevel.ENTIRE_FILE)
    first, second = statuses(either.sealed(once), either.trust())
    for status in (first, second):
        assert status.bottom_line
        assert status.intact
        assert status.trusted
        assert status.docmdp_ok
    assert first.modification_level is ModificationLevel.FORM_FILLING
    assert second.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_the_first_signature_certifies_and_the_seal_locks(sealed):
    reader = PdfFileReader(BytesIO(sealed))
    first, second = reader.embedded_signatures
    assert (first.field_name, second.field_name) == ("signature", "seal")
    assert first.docmdp_level is MDPPerm.FILL_FORMS
    assert reader.root["/Perms"]["/DocMDP"].raw_get("/Contents") == first.sig_object.raw_get("/Contents")
    assert second.docmdp_level is MDPPerm.NO_CHANGES
    assert second.fieldmdp.action is FieldMDPAction.ALL
    assert second.sig_field["/Lock"]["/Action"] == "/All"
    assert second.sig_field["/Lock"]["/P"] == 1


def test_poppler_finds_two_valid_signatures_and_the_whole_file_covered(either, tmp_path):
    (tmp_path / "sealed.pdf").write_bytes(either.sealed(either.signed(paper(2))))
    said = said_by("pdfsig", tmp_path / "sealed.pdf", "-nocert")
    assert said.count("Signature Validation: Signature is Valid.") == 2
    assert said.count("Signature Type: ETSI.CAdES.detached") == 2
    assert said.count("Total document signed") == 1
    assert said.index("Nguyễn Văn An") < said.index("Signature #2") < said.index("Total document signed")


@pytest.mark.parametrize("options", [(), ("-cades",)], ids=["cms", "cades"])
def test_openssl_accepts_both_over_the_bytes_they_cover(either, tmp_path, options):
    root = as_pem("x509", either.authority.chain()[1])
    ranges = signed_ranges(either.sealed(either.signed(paper())))
    assert len(ranges) == 2
    for data, padded in ranges:
        cms = padded.rstrip(b"\0")
        accepted, said = openssl_accepts(tmp_path, cms, data, root, SEALED_AT, *options)
        assert accepted, said
        assert not openssl_accepts(tmp_path, cms, data + b" ", root, SEALED_AT)[0]


def test_the_reserved_digest_is_that_of_the_signed_bytes(ours):
    waiting = reserve(paper(), "signature", name="An", at=SIGNED_AT, picture=ink())
    cms = ours.cms(ours.signer, waiting)
    ((data, padded),) = signed_ranges(complete(waiting, cms))
    assert padded == cms.ljust(RESERVED, b"\0")
    begin, end = waiting.gap
    assert data == waiting.pdf[:begin] + waiting.pdf[end:]
    assert check_document(cms, waiting.digest, ours.signer.certificate)


def test_each_signature_is_added_behind_what_was_there(signed, sealed):
    assert signed.startswith(paper())
    assert sealed.startswith(signed)
    assert sealed.count(b"%%EOF") == 3


@pytest.mark.parametrize("program", ["pdfinfo", "pdftotext", "pdffonts"])
def test_poppler_finds_nothing_to_repair(sealed, tmp_path, program):
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    done = subprocess.run([program, tmp_path / "sealed.pdf"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_pypdf_reads_the_values_of_the_form_strictly(sealed):
    values = pypdf.PdfReader(BytesIO(sealed), strict=True).get_form_text_fields()
    assert values == NUMBERED


# -- number and date


def words_of(pdf, folder):
    """word → (left, right, foot) in points, by poppler."""
    (folder / "read.pdf").write_bytes(pdf)
    command = ["pdftotext", "-bbox", folder / "read.pdf", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pattern = r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="([\d.]+)">([^<]+)<'
    return {word: tuple(map(float, box)) for *box, word in re.findall(pattern, said)}


def test_number_and_date_stand_on_the_line_where_they_belong(signed, sealed, tmp_path):
    assert not NUMBERED.values() & words_of(signed, tmp_path).keys()
    words = words_of(sealed, tmp_path)
    reader = PdfFileReader(BytesIO(sealed))
    boxes = {field["/T"]: field["/Rect"] for field in map(operator.methodcaller("get_object"), form_of(reader))}
    foot = words["Số:"][2]
    for name, value in NUMBERED.items():
        left, right, low = words[value]
        assert low == pytest.approx(foot, abs=0.01)
        if name == "number":
            assert right == pytest.approx(float(boxes[name][2]), abs=0.01)
        else:
            assert (left + right) / 2 == pytest.approx(float(boxes[name][0] + boxes[name][2]) / 2, abs=0.01)


def form_of(reader):
    return reader.root["/AcroForm"]["/Fields"]


def test_every_font_stays_embedded(sealed, tmp_path):
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    _head, _rule, *fonts = said_by("pdffonts", tmp_path / "sealed.pdf").splitlines()
    assert len(fonts) == 2
    assert all(font.split()[3] == "yes" for font in fonts)


def continued(pdf, change):
    """The file with one more increment, made by someone who ignores the lock."""
    document = Document.open(pdf)
    increment = Increment(document)
    change(increment, document)
    return bytes(increment.write())


def renumbered(increment, document):
    number = document.fields()["number"]
    increment.replace(number.number, number.entries | {b"/V": write_text("99")})


def redrawn(increment, document):
    number, year = (document.fields()[name] for name in ("number", "year"))
    increment.replace(number.number, number.entries | {b"/AP": year.entries[b"/AP"]})


def with_a_note(increment, document):
    pages = document.dictionary(document.dictionary(document.trailer[b"/Root"])[b"/Pages"])
    reference = read_array(pages[b"/Kids"])[0]
    page = document.dictionary(reference)
    note = increment.add(b"<< /Type /Annot /Subtype /Text /Rect [9 9 30 30] /Contents (x) >>")
    noted = b"[%b %b]" % (b" ".join(read_array(document.resolve(page[b"/Annots"]))), note)
    increment.replace(reference_number(reference), page | {b"/Annots": noted})


@pytest.mark.parametrize("change", [renumbered, redrawn, with_a_note])
def test_after_the_seal_every_change_is_seen_as_not_allowed(ours, sealed, change):
    first, second = statuses(continued(sealed, change), ours.trust())
    assert second.intact
    assert not second.bottom_line
    assert not second.docmdp_ok
    assert first.intact


def test_after_the_first_signature_a_number_may_be_filled_and_nothing_added(ours, signed):
    (status,) = statuses(continued(signed, renumbered), ours.trust())
    assert status.bottom_line
    (status,) = statuses(continued(signed, with_a_note), ours.trust())
    assert not status.bottom_line


# -- what the signature says


@pytest.mark.parametrize("name", ["Nguyễn Văn An", "A (B) \\ C", "((", "Ð\n", "😀", "[0 0         0 0         ]"])
def test_name_reason_and_place_are_read_back_as_given(ours, name):
    waiting = reserve(paper(), "signature", name=name, at=SIGNED_AT, picture=ink(), reason=name, location=name)
    pdf = complete(waiting, ours.cms(ours.signer, waiting))
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    assert [signature.sig_object[key] for key in ("/Name", "/Reason", "/Location")] == [name] * 3
    (status,) = statuses(pdf, ours.trust())
    assert status.bottom_line


def test_reason_and_place_are_left_out_when_empty(ours):
    pdf = reserve(paper(), "signature", name="An", at=SIGNED_AT, picture=ink()).pdf
    assert b"/Reason" not in pdf
    assert b"/Location" not in pdf


def test_the_time_is_told_in_the_time_of_vietnam(ours, signed):
    (signature,) = PdfFileReader(BytesIO(signed)).embedded_signatures
    assert signature.sig_object["/M"] == "D:20261121090000+07'00'"
    assert signature.self_reported_timestamp == SIGNED_AT
    same = reserve(paper(), "signature", name="An", at=SIGNED_AT.astimezone(VIETNAM), picture=ink())
    assert same == reserve(paper(), "signature", name="An", at=SIGNED_AT, picture=ink())
    with pytest.raises(ValueError, match="time zone"):
        reserve(paper(), "signature", name="An", at=dt.datetime(2026, 11, 21), picture=ink())  # noqa: DTZ001


def test_the_same_input_gives_the_same_bytes(either):
    def made():
        return either.sealed(either.signed(paper()))

    assert made() == made()


def test_text_that_looks_like_the_gap_is_not_taken_for_it(ours, signed):
    gap, no_range = GAP.decode(), NO_RANGE.decode()
    waiting = reserve(signed, "seal", name=no_range, at=SEALED_AT, picture=ink(), reason=gap, location=no_range)
    assert waiting.pdf.count(NO_RANGE) == 2  # in the name and in the place, no longer in the signature
    assert statuses(complete(waiting, ours.cms(ours.keeper, waiting)), ours.trust())[1].bottom_line


# -- the pictures on the page


def seen(pdf, folder):
    """The page as a picture, one pixel to the point, as poppler draws it."""
    (folder / "seen.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "72", "-png", "-singlefile", "seen.pdf", "seen"], cwd=folder, check=True)
    return Image.open(folder / "seen.png").convert("RGB")


def box_of(more, less):
    """(left, top, right, bottom) of the pixels in which one colour is clearly stronger than the other."""
    return ImageChops.subtract(more, less).point(lambda difference: 255 * (difference > 60)).getbbox()


def test_signature_and_seal_are_seen_in_their_boxes_in_their_own_proportions(sealed, tmp_path):
    red, _green, blue = seen(sealed, tmp_path).split()
    red, blue = box_of(red, blue), box_of(blue, red)
    for box, (left, bottom, right, top), shape in ((blue, SIGNATURE_BOX, 300 / 120), (red, SEAL_BOX, 1)):
        wide, high = right - left, top - bottom
        shown = min(wide / shape, high)
        assert left - 1 <= box[0] < box[2] <= right + 1
        assert m.PAGE[1] - top - 1 <= box[1] < box[3] <= m.PAGE[1] - bottom + 1
        assert box[3] - box[1] == pytest.approx(shown, abs=shown * 0.25)
        assert (box[0] + box[2]) / 2 == pytest.approx((left + right) / 2, abs=2)


def test_what_is_clear_in_the_picture_stays_clear_on_the_page(sealed, tmp_path):
    corner = (round(SEAL_BOX[0]) + 2, round(m.PAGE[1] - SEAL_BOX[3]) + 2)
    assert seen(sealed, tmp_path).getpixel(corner) == (255, 255, 255)
