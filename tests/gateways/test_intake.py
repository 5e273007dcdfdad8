"""An upload is accepted for what it is, or refused with its own code; what reads it harms nobody."""

import unicodedata
import zlib
from contextlib import suppress

import pytest

from app.gateways.intake import Limits, UploadRefused, inspect
from app.gateways.intake.inspection import USUAL
from tests.gateways import upload_corpus as corpus

SCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"
LAUNCH = b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (cmd.exe) >> >>]"
WHOLE = corpus.paper("Kính trình Chính phủ xem xét, quyết định.")


@pytest.fixture
def upload(tmp_path):
    def write(data: bytes, name: str = "to-trinh.pdf"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def refusal_of(path, limits=USUAL):
    with pytest.raises(UploadRefused) as refused:
        inspect(path, limits)
    return refused.value


def test_a_paper_is_accepted_with_pages_and_text(upload):
    held = inspect(upload(WHOLE))
    assert (held.pages, held.has_text) == (1, True)
    assert "Kính trình Chính phủ xem xét, quyết định." in held.text[0]


def test_the_text_of_a_decomposed_paper_is_composed(upload):
    font = corpus.one_page(
        b"", b"/Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>",
        corpus.stream(b"BT /F1 12 Tf 50 700 Td <0102> Tj ET"),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /FirstChar 1 /LastChar 2 /Widths [500 0] "
        b"/ToUnicode 6 0 R >>",
        corpus.stream(
            b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange "
            b"2 beginbfchar <01> <00650302> <02> <0301> endbfchar endcmap end"
        ),
    )  # fmt: skip
    text = inspect(upload(font)).text[0]
    assert text == unicodedata.normalize("NFC", "e\u0302\u0301") == "ế"


def test_a_scanned_page_is_accepted_and_has_no_text(upload):
    held = inspect(upload(corpus.one_page()))
    assert (held.text, held.has_text) == (("",), False)


def test_packed_objects_are_accepted(upload):
    assert inspect(upload(corpus.packed_pdf(corpus.CATALOG % b"", corpus.PAGES, corpus.PAGE % b""))).pages == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param("Tờ trình".encode(), "not_pdf", id="text"),
        pytest.param(b"PK\x03\x04" + bytes(100), "not_pdf", id="archive"),
        pytest.param(b"\n" + WHOLE, "not_pdf", id="late-header"),
        pytest.param(b"<html><body>" + WHOLE, "not_pdf", id="html-then-pdf"),
        pytest.param(WHOLE.replace(b"\n", b"\n%<script>alert(1)</script>\n", 1), "not_pdf", id="pdf-with-html"),
        pytest.param(WHOLE + b"PK\x05\x06" + bytes(18), "not_pdf", id="pdf-then-archive"),
        pytest.param(WHOLE + b"MZ\x90" * 10, "corrupt", id="trailing-bytes"),
        pytest.param(WHOLE[: len(WHOLE) // 2], "corrupt", id="truncated"),
        pytest.param(b"%PDF-1.7\nstartxref\n0\n%%EOF\n", "corrupt", id="no-objects"),
        pytest.param(corpus.raw_pdf(b"<< /Type /Catalog >>"), "corrupt", id="no-pages"),
        pytest.param(corpus.encrypted(WHOLE, "secret"), "encrypted", id="password"),
        pytest.param(corpus.encrypted(WHOLE, ""), "encrypted", id="owner-password"),
        pytest.param(corpus.one_page(b"/OpenAction " + SCRIPT), "active_content", id="script-at-opening"),
        pytest.param(corpus.one_page(b"/OpenAction 4 0 R", b"", SCRIPT), "active_content", id="script-elsewhere"),
        pytest.param(corpus.one_page(b"", b"/AA << /O %s >>" % SCRIPT), "active_content", id="script-of-a-page"),
        pytest.param(corpus.one_page(b"/OpenAction << /S /J#61vaScript >>"), "active_content", id="escaped-name"),
        pytest.param(corpus.one_page(b"", LAUNCH), "active_content", id="launch"),
        pytest.param(corpus.one_page(b"/Names << /EmbeddedFiles << /Names [] >> >>"), "active_content", id="attached"),
        pytest.param(corpus.one_page(b"/AcroForm << /XFA [] >>"), "active_content", id="xfa"),
        pytest.param(
            corpus.packed_pdf(corpus.CATALOG % b"/OpenAction 4 0 R", corpus.PAGES, corpus.PAGE % b"", SCRIPT),
            "active_content",
            id="packed-script",
        ),
        pytest.param(
            corpus.one_page(b"/OpenAction 4 0 R", b"", b"<< >> % >>stream\n" + SCRIPT, b"() % endstream"),
            "active_content",
            id="script-behind-a-comment",
        ),
    ],
)
def test_what_is_no_plain_pdf_is_refused(upload, data, code):
    assert refusal_of(upload(data)).code == code


def test_the_name_of_a_file_decides_nothing(upload):
    assert inspect(upload(WHOLE, "virus.exe")).pages == 1


def test_a_file_over_the_limit_is_not_even_read(upload):
    refused = refusal_of(upload(WHOLE), Limits(size=len(WHOLE) - 1))
    assert (refused.code, refused.http_status) == ("too_large", 413)


def test_five_thousand_pages_are_too_many(upload):
    refused = refusal_of(upload(corpus.blank(5_000)))
    assert refused.code == "too_many_pages"
    assert "2000" in str(refused)


def test_a_bomb_is_stopped_by_its_memory(upload):
    assert refusal_of(upload(corpus.bomb(60)), Limits(memory=160 << 20)).code == "too_heavy"


def test_a_packed_bomb_is_stopped_before_it_is_unpacked(upload):
    content = zlib.compress(bytes(40 << 20), 9)
    packed = corpus.stream(content, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")
    assert refusal_of(upload(corpus.one_page(b"", b"", packed))).code == "too_heavy"


def test_more_text_than_allowed_is_too_heavy(upload):
    assert refusal_of(upload(WHOLE), Limits(answer=200)).code == "too_heavy"


def test_a_reader_that_takes_too_long_is_killed(upload):
    assert refusal_of(upload(corpus.tedious(1_500)), Limits(seconds=1)).code == "timed_out"


@pytest.mark.parametrize("percent", range(1, 100, 9))
def test_a_paper_cut_off_anywhere_is_refused(upload, percent):
    assert refusal_of(upload(WHOLE[: len(WHOLE) * percent // 100])).code in ("corrupt", "not_pdf")


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_paper_is_read_or_refused_and_nothing_else(upload, seed):
    damaged = bytearray(WHOLE)
    for place in range(seed * 37, len(damaged), 997):
        damaged[place] ^= 1 << seed % 8
    with suppress(UploadRefused):  # any other exception, and any crash of this process, is a failure
        assert inspect(upload(bytes(damaged))).pages >= 0


def test_a_reader_that_answers_nonsense_is_a_refusal(upload, monkeypatch):
    monkeypatch.setattr("app.gateways.confined.outside.START", "import sys; sys.exit(3)")
    assert refusal_of(upload(WHOLE)).code == "corrupt"


def test_a_reader_that_floods_its_answer_is_stopped(upload, monkeypatch):
    flood = "import os\nwhile True: os.write(1, b'x' * 65536)"
    monkeypatch.setattr("app.gateways.confined.outside.START", flood)
    assert refusal_of(upload(WHOLE), Limits(answer=1 << 20)).code in ("timed_out", "too_heavy")


def test_the_reader_knows_nothing_of_the_application(upload, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    spy = (
        "import os, sys, json; sys.path.insert(0, sys.argv[1]); import reader.worker; "
        "known = [n for n in sys.modules if n.split('.')[0] in ('app', 'flask', 'sqlalchemy')]; "
        "print(json.dumps({'pages': len(known), 'text': list(os.environ)}))"
    )
    monkeypatch.setattr("app.gateways.confined.outside.START", spy)
    held = inspect(upload(WHOLE))
    assert held.pages == 0
    assert "DATABASE_URL" not in held.text
