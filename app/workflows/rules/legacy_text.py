"""Text from before Unicode: what was typed for the fonts of TCVN3 (ABC) and VNI, recognised and converted.

Pasted today it arrives as letters of Western Europe: "Céng hßa x· héi chñ nghÜa" is “Cộng hòa xã hội chủ nghĩa”.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.workflows.rules.syllables import is_syllable

FEWEST_WORDS = 2  # that must be legacy before anything is said
_SHOUTED = 4  # letters of a line in capitals
_SHARE = 0.75  # of the words in doubt that must make sense when they are converted
_WORD = re.compile("[A-Za-z\u00a1-\u024f\u0300-\u036f\u1e00-\u1eff]+")  # signs of Latin-1 were letters once
_LAST = "\u00ff"  # of Latin-1


class Encoding(StrEnum):
    TCVN3 = "tcvn3"
    VNI = "vni"


@dataclass(frozen=True)
class Legacy:
    """A text that was typed for another encoding, and what it says in Unicode (NFC)."""

    encoding: Encoding
    text: str


def _pairs(written: str, signs: str) -> dict[str, str]:
    return dict(zip(signs, written.split(), strict=True))


_TCVN3: dict[str, str] = _pairs(
    "à ả ã á ạ ă ằ ẳ ẵ ắ ặ â ầ ẩ ẫ ấ ậ đ è ẻ ẽ é ẹ ê ề ể ễ ế ệ ì ỉ ĩ í ị",
    "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞ",
) | _pairs(
    "ò ỏ õ ó ọ ô ồ ổ ỗ ố ộ ơ ờ ở ỡ ớ ợ ù ủ ũ ú ụ ư ừ ử ữ ứ ự ỳ ỷ ỹ ý ỵ Ă Â Ê Ô Ơ Ư Đ",
    "ßáâãä«åæçèé¬êëìíîïñòóô\u00adõö÷øùúûüýþ¡¢£¤¥¦§",
)
_MARKS = {  # of VNI: after a letter, its form and tone
    "ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309", "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309", "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}  # fmt: skip
_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "í": "í", "ì": "ì"}
_FORMED = {"\u0302": "aeo", "\u0306": "a", "": "aeiouyơư"}  # circumflex, breve, none: the letters that take it
_FORMS = frozenset(_FORMED) - {""}


def legacy(text: str) -> Legacy | None:
    """What a text says that was typed for an old encoding; None for any other text (rule:R63).

    A word is in doubt when it holds letters or signs of Latin-1, no others beyond ASCII, and is no Vietnamese syllable
    as it stands. Most words in doubt must become syllables, and more than one of them.
    """
    composed = unicodedata.normalize("NFC", text)
    doubted = [word for word in _WORD.findall(composed) if _in_doubt(word)]
    found = {encoding: sum(is_syllable(convert(word)) for word in doubted) for encoding, convert in CONVERTERS.items()}
    encoding = max(found, key=lambda each: found[each])
    if found[encoding] < max(FEWEST_WORDS, _SHARE * len(doubted)):
        return None
    return Legacy(encoding, converted(composed, encoding))


def converted(text: str, encoding: Encoding) -> str:
    """A text in Unicode (NFC): every word that becomes a Vietnamese syllable when it is converted.

    In a text that has letters of Unicode already, words that are Vietnamese as they stand are left alone.
    """
    composed = unicodedata.normalize("NFC", text)
    mixed = any(max(word) > _LAST for word in _WORD.findall(composed))
    made = [_line(line, encoding, mixed) for line in composed.split("\n")]
    return unicodedata.normalize("NFC", "\n".join(made))


def _line(line: str, encoding: Encoding, mixed: bool) -> str:
    plain = [sign for sign in line if sign.isascii() and sign.isalpha()]
    shouted = len(plain) >= _SHOUTED and all(map(str.isupper, plain))

    def changed(found: re.Match[str]) -> str:
        word = found[0]
        if not _may_change(word) or (mixed and is_syllable(word)):
            return word
        made = CONVERTERS[encoding](word)
        if not is_syllable(made):
            return word
        return made.upper() if shouted else made

    return _WORD.sub(changed, line)


def _may_change(word: str) -> bool:
    """Words of Latin-1 that are not plain ASCII; a sign that stands alone is a sign."""
    return not word.isascii() and max(word) <= _LAST and (len(word) > 1 or word.isalpha())


def _in_doubt(word: str) -> bool:
    return len(word) > 1 and _may_change(word) and not is_syllable(word)


def _from_tcvn3(word: str) -> str:
    """One sign for each letter. Capitals with a tone had fonts of their own: the other letters tell them."""
    made = "".join(_TCVN3.get(sign, sign) for sign in word)
    plain = [sign for sign in word if sign.isascii()]
    return made.upper() if len(plain) > 1 and all(map(str.isupper, plain)) else made


def _from_vni(word: str) -> str:
    """A letter, and a second sign for its form and tone; eight letters stand alone."""
    made = ""
    for sign in word:
        marks, letter = _MARKS.get(sign.lower()), _ALONE.get(sign.lower())
        if marks and made and _takes(made[-1], marks):
            made = made[:-1] + unicodedata.normalize("NFC", made[-1] + marks)
        elif letter:
            made += letter.upper() if sign.isupper() else letter
        else:
            made += sign
    return made


def _takes(letter: str, marks: str) -> bool:
    """Whether a letter without a tone can take these marks."""
    form = marks[0] if marks[0] in _FORMS else ""
    return letter.lower() in _FORMED.get(form, "")


CONVERTERS: Mapping[Encoding, Callable[[str], str]] = {Encoding.TCVN3: _from_tcvn3, Encoding.VNI: _from_vni}
