"""Which words could be Vietnamese: syllables by onset, rime and tone, as they are written."""

import unicodedata

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # huyền, sắc, ngã, hỏi, nặng
_SHARP_OR_HEAVY = frozenset("\u0301\u0323")  # the only ones before c, ch, p, t
_STOPS = ("c", "ch", "p", "t")
_FRONT = "eêiy"
_ONSETS = (
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr",
    "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", "",
)  # fmt: skip
_WRITTEN = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu
o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op
ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
u ua uân uâng uât uây uc uê uêch uên uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt uynh
uyn uyp uyt uyu ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu
y yêm yên yêng yêt yêu
"""
_WRITTEN_AFTER_QU = """
a ac ach ai an ang anh ao at au ay ăc ăm ăn ăng ăp ăt âc ân âng ât ây e en eo et ê êch ên ênh êt êu i it ich inh ôc
y ych yên yêt ynh yt yu o ơ ơi ơn ơt
"""
_RIMES, _AFTER_QU = frozenset(_WRITTEN.split()), frozenset(_WRITTEN_AFTER_QU.split())
_AFTER_GI = frozenset(("", "ên", "êng", "êt", "êc", "êm", "êu", "êp", "n", "m", "p"))
_FORMED, _VOWELS = frozenset("ăâêôơư"), frozenset("aăâeêioôơuưy")
_EITHER = ("oa", "oe", "uy")  # the tone stands on the one or the other


def is_syllable(word: str) -> bool:
    """Whether a word is spelt as a Vietnamese syllable can be: letters, case, and the place of its tone.

    Loan words and foreign names often are not.
    """
    if word not in (word.lower(), word.upper(), word.capitalize()):
        return False
    letters, tones = _apart(word.lower())
    plain = "".join(letters)
    if len(tones) > 1:
        return False
    for onset in (each for each in _ONSETS if plain.startswith(each)):
        rime = plain.removeprefix(onset)
        if _fits(onset, rime) and all(_stands(at - len(onset), tone, rime) for at, tone in tones):
            return True
    return False


def _apart(word: str) -> tuple[list[str], list[tuple[int, str]]]:
    """The letters of a word without tones, and the tones with their places."""
    letters: list[str] = []
    tones: list[tuple[int, str]] = []
    for mark in unicodedata.normalize("NFD", word):
        if mark in _TONES:
            tones.append((len(letters) - 1, mark))
        elif unicodedata.combining(mark) and letters:
            letters[-1] = unicodedata.normalize("NFC", letters[-1] + mark)
        else:
            letters.append(mark)
    return letters, tones


def _stands(at: int, tone: str, rime: str) -> bool:
    """Whether a tone may stand on this letter of a rime; of "gì" it stands before the rime."""
    if not rime:
        return at == -1
    if rime.endswith(_STOPS) and tone not in _SHARP_OR_HEAVY:
        return False
    vowels = [place for place, letter in enumerate(rime) if letter in _VOWELS]
    if formed := [place for place in vowels if rime[place] in _FORMED]:
        return at == formed[-1]
    if not vowels or len(vowels) < len(rime):
        return at == (vowels[-1] if vowels else -1)
    return at == (1 if len(rime) > 2 else 0) or (rime in _EITHER and at == 1)  # noqa: PLR2004 - oai, uya …


def _fits(onset: str, rime: str) -> bool:
    if onset == "qu":
        return rime in _AFTER_QU
    if onset == "gi":
        return rime in _RIMES or rime in _AFTER_GI
    if rime not in _RIMES or (onset and rime.startswith("yê")):
        return False
    front = rime[0] in _FRONT
    if onset in ("k", "gh", "ngh"):
        return front
    if onset in ("c", "g", "ng"):
        return not front or (onset == "g" and rime[0] == "i")
    return True
