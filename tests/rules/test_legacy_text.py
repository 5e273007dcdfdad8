"""Text typed for TCVN3 or VNI is recognised and converted; any other text is left alone (rule:R63)."""

import unicodedata
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.workflows.rules.legacy_text import Encoding, converted, legacy
from app.workflows.rules.syllables import is_syllable
from tests.rules.old_encodings import to_tcvn3, to_vni

ROOT = Path(__file__).parents[2]
TYPED = {Encoding.TCVN3: to_tcvn3, Encoding.VNI: to_vni}


def catalogue() -> list[tuple[str, str]]:
    """Every sentence of the screens, English and Vietnamese."""
    with (ROOT / "translations/vi/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    first = [(part if isinstance(part, str) else part[0] for part in (each.id, each.string)) for each in messages]
    return [tuple(pair) for pair in first]


@pytest.mark.parametrize(
    ("encoding", "typed", "meant"),
    [
        (Encoding.TCVN3, "Céng hßa x· héi chñ nghÜa ViÖt Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        (Encoding.TCVN3, "CéNG HßA X· HéI CHñ NGHÜA VIÖT NAM", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (Encoding.TCVN3, "Thñ t\u00ad\u00edng quyÕt ®Þnh vÒ §iÒu 5", "Thủ tướng quyết định về Điều 5"),
        (Encoding.VNI, "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        (Encoding.VNI, "COÄNG HOØA XAÕ HOÄI CHUÛ NGHÓA VIEÄT NAM", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (Encoding.VNI, "Thuû töôùng Chính phuû quyeát ñònh veà Ñieàu 5", "Thủ tướng Chính phủ quyết định về Điều 5"),
    ],
)
def test_what_was_typed_for_an_old_font_says_what_was_meant(encoding, typed, meant):
    """rule:R63"""
    found = legacy(typed)
    assert found is not None
    assert (found.encoding, found.text) == (encoding, meant)
    assert legacy(found.text) is None


@pytest.mark.parametrize("encoding", Encoding)
def test_nearly_every_sentence_of_the_screens_is_recognised_and_comes_back(encoding):
    """rule:R63"""
    sentences = [text for _english, text in catalogue() if sum(not word.isascii() for word in text.split()) > 2]
    found = [(text, legacy(TYPED[encoding](text))) for text in sentences]
    known = [(text, each) for text, each in found if each is not None]
    assert len(sentences) > 2000
    assert len(known) > 0.98 * len(sentences)
    assert {each.encoding for _text, each in known} == {encoding}
    right = [text for text, each in known if each.text.lower() == text.lower()]
    assert len(right) > 0.98 * len(known)


def test_no_sentence_of_the_screens_is_taken_for_an_old_encoding():
    """rule:R63"""
    assert [text for pair in catalogue() for text in pair if legacy(text)] == []
    decomposed = [unicodedata.normalize("NFD", text) for _english, text in catalogue()]
    assert [text for text in decomposed if legacy(text)] == []


def test_no_line_of_our_own_code_is_taken_for_an_old_encoding():
    files = [*(ROOT / "app").rglob("*.py"), *(ROOT / "app/templates").rglob("*.html"), *(ROOT / "docs").glob("*.md")]
    own = {ROOT / "app/workflows/rules/legacy_text.py"}  # shows what it is about
    lines = [line for path in files if path not in own for line in path.read_text().splitlines() if not line.isascii()]
    assert len(lines) > 1000
    assert [line for line in lines if legacy(line)] == []


@pytest.mark.parametrize(
    "text",
    [
        "", "Agreed, with two remarks.", "5 × 3 × 2 = 30 ± 1", "20 °C, 30 °C, 1½ l, 10 m², 5 µm, 7 µm",
        "© 2026 Microsoft® Word® §5 §6 ¶7", "«tên» «số» «ngày»", "là cá và hò, có bò, tôi đi",
        "Où est la bibliothèque ? À côté du café, garçon, près de l’hôtel où naît l’été",
        "Größe, Übung, Mädchen, Bücher, schön, Fußgänger, Öl", "¿Qué pasó, señor? El niño comió jamón aquí",
        "São Paulo, João, coração, não, ações, português", "På søndag går vi på café i Århus",
        "for (int i = 0; i < n; ++i) { s += \"é\"; }", "https://example.vn/?q=%C3%A9&x=ñ", "1.234,56 € · 2.000 £ · 3 ¥",
        "\u00ad\u00ad\u00ad", "ÀÁÂÃ ÈÉÊ ÌÍ ÒÓÔÕ ÙÚ Ý", "a\u0301 e\u0301 o\u0302", "😀 👍 漢字 кириллица",
    ],
)  # fmt: skip
def test_other_languages_code_and_numbers_are_left_alone(text):
    """rule:R63"""
    assert legacy(text) is None


def test_one_odd_word_is_not_enough():
    assert legacy("Ông ViÖt phát biểu") is None


def test_in_a_mixed_text_what_is_vietnamese_already_stays():
    mixed = "Đề nghị của bà và ông: x· héi chñ nghÜa"
    assert converted(mixed, Encoding.TCVN3) == "Đề nghị của bà và ông: xã hội chủ nghĩa"
    assert legacy(mixed).text == "Đề nghị của bà và ông: xã hội chủ nghĩa"


@pytest.mark.parametrize(
    "word",
    ["Việt", "NAM", "nghĩa", "quốc", "quyết", "gì", "giếng", "giữa", "khuỷu", "thuý", "thúy", "hoà", "hòa", "yêu",
     "ưu", "xoong", "ngoằn", "đ\u01b0\u01a1\u0323c", "ý", "Đặng"],
)  # fmt: skip
def test_a_vietnamese_syllable_is_known(word):
    assert is_syllable(word)


@pytest.mark.parametrize(
    "word",
    ["viÖt", "céng", "xaõ", "hoøa", "café", "schön", "việtt", "nghà", "kà", "cế", "gế", "hacs", "tập̣", "thìch", "sắch́",
     "ViỆt", "über", "", "x", "2", "hoạt̀"],
)  # fmt: skip
def test_what_cannot_be_written_in_vietnamese_is_no_syllable(word):
    assert not is_syllable(word)
