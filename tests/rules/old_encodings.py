"""How text was typed before Unicode, written down apart from the tables that read it: as their users typed it."""

import unicodedata

# one byte for each letter (TCVN 5712:1993, VN3), as bytes of Latin-1
TCVN3 = {
    "à": 0xB5, "ả": 0xB6, "ã": 0xB7, "á": 0xB8, "ạ": 0xB9, "ă": 0xA8, "ằ": 0xBB, "ẳ": 0xBC, "ẵ": 0xBD, "ắ": 0xBE,
    "ặ": 0xC6, "â": 0xA9, "ầ": 0xC7, "ẩ": 0xC8, "ẫ": 0xC9, "ấ": 0xCA, "ậ": 0xCB, "đ": 0xAE, "è": 0xCC, "ẻ": 0xCE,
    "ẽ": 0xCF, "é": 0xD0, "ẹ": 0xD1, "ê": 0xAA, "ề": 0xD2, "ể": 0xD3, "ễ": 0xD4, "ế": 0xD5, "ệ": 0xD6, "ì": 0xD7,
    "ỉ": 0xD8, "ĩ": 0xDC, "í": 0xDD, "ị": 0xDE, "ò": 0xDF, "ỏ": 0xE1, "õ": 0xE2, "ó": 0xE3, "ọ": 0xE4, "ô": 0xAB,
    "ồ": 0xE5, "ổ": 0xE6, "ỗ": 0xE7, "ố": 0xE8, "ộ": 0xE9, "ơ": 0xAC, "ờ": 0xEA, "ở": 0xEB, "ỡ": 0xEC, "ớ": 0xED,
    "ợ": 0xEE, "ù": 0xEF, "ủ": 0xF1, "ũ": 0xF2, "ú": 0xF3, "ụ": 0xF4, "ư": 0xAD, "ừ": 0xF5, "ử": 0xF6, "ữ": 0xF7,
    "ứ": 0xF8, "ự": 0xF9, "ỳ": 0xFA, "ỷ": 0xFB, "ỹ": 0xFC, "ý": 0xFD, "ỵ": 0xFE, "Ă": 0xA1, "Â": 0xA2, "Ê": 0xA3,
    "Ô": 0xA4, "Ơ": 0xA5, "Ư": 0xA6, "Đ": 0xA7,
}  # fmt: skip
VNI_TONES = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï", "": ""}
VNI_CIRCUMFLEX = {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
VNI_BREVE = {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
VNI_ALONE = {"đ": "ñ", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î", "í": "í", "ì": "ì"}
TONES = "\u0301\u0300\u0309\u0303\u0323"


def to_tcvn3(text: str) -> str:
    """Capital letters with a tone are typed small: their capitals were another font."""
    typed = ""
    for letter in unicodedata.normalize("NFC", text):
        found = TCVN3.get(letter) or TCVN3.get(letter.lower())
        typed += chr(found) if found else letter
    return typed


def to_vni(text: str) -> str:
    return "".join(map(_vni, unicodedata.normalize("NFC", text)))


def _vni(letter: str) -> str:
    small = letter.lower()
    if small in VNI_ALONE:
        return VNI_ALONE[small].upper() if letter.isupper() else VNI_ALONE[small]
    marks = unicodedata.normalize("NFD", small)
    base, forms = marks[0], marks[1:]
    tone = next((mark for mark in forms if mark in TONES), "")
    if "\u0302" in forms:
        typed = base + VNI_CIRCUMFLEX[tone]
    elif "\u0306" in forms:
        typed = base + VNI_BREVE[tone]
    elif "\u031b" in forms:
        typed = {"o": "ô", "u": "ö"}[base] + VNI_TONES[tone]
    elif tone:
        typed = base + VNI_TONES[tone]
    else:
        return letter
    return typed.upper() if letter.isupper() else typed
