"""How Vietnamese names are found and ordered: what the stored search and sort columns hold."""

import unicodedata

# Places in the Vietnamese alphabet: a ă â b c d đ e ê … o ô ơ … u ư; the plain letter comes first.
_LETTER_MARKS = {"\u0306": "2", "\u0302": "3", "\u031b": "4"}  # breve, circumflex, horn
_TONES = {"\u0300": "2", "\u0309": "3", "\u0303": "4", "\u0301": "5", "\u0323": "6"}  # huyền hỏi ngã sắc nặng
_LEVEL_TONE = "1"  # thanh ngang


def fold(text: str) -> str:
    """Text for searching without diacritics and case: "Đỗ Thị Ánh" becomes "do thi anh"."""
    apart = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(plain.split())


def vietnamese_sort_key(full_name: str) -> str:
    """A key that orders names as Vietnamese registers do, under any collation of the database.

    The given name (last word) first, then family and middle names; words compare by letters in alphabet order
    (đ after d, ă and â after a …), then by tone (ngang, huyền, hỏi, ngã, sắc, nặng). Only 0–9 and a–z occur, and a
    digit ends a word, so that An comes before Anh.
    """
    words = full_name.split()
    return "".join(_word_key(word) for word in [*words[-1:], *words[:-1]])


def _word_key(word: str) -> str:
    letters: list[str] = []
    tones = ""
    for letter in unicodedata.normalize("NFD", word.casefold()):
        if letter in _TONES:
            tones += _TONES[letter]
        elif letter in _LETTER_MARKS and letters:
            letters[-1] = letters[-1][0] + _LETTER_MARKS[letter]
        elif letter == "đ":
            letters.append("d2")
        elif letter.isascii() and letter.isalpha():
            letters.append(letter + "1")
        elif letter.isascii() and letter.isdigit():
            letters.append("0" + letter)
    return "".join(letters) + (tones or _LEVEL_TONE)
