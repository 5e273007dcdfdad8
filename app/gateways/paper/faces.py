"""Decides how a face is embedded: one byte for each letter of Vietnamese, the same byte in every document.

A subset made anew for each document costs more than all the rest of it. This one is made once for each process; letters
outside it get subsets of their own, as usual.
"""

import codecs
import string
import unicodedata
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from weakref import WeakKeyDictionary

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFDocument,
    PDFName,
    PDFObject,
    PDFStream,
    PDFTrueTypeFont,
)
from reportlab.pdfbase.ttfonts import FF_NONSYMBOLIC, FF_SYMBOLIC, SUBSETN, TTFont, makeToUnicodeCMap

TONES = ("", "\N{COMBINING ACUTE ACCENT}", "\N{COMBINING GRAVE ACCENT}", "\N{COMBINING HOOK ABOVE}",
         "\N{COMBINING TILDE}", "\N{COMBINING DOT BELOW}")  # fmt: skip
VOWELS = "aăâeêioôơuưy"
SMALL = [unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES] + ["đ"]
SIGNS = "“”‘’–—…•§°±×÷²³½≤≥₫€□−→·«»"
ASCII = range(32, 127)  # each by its own code, so that a form field can be filled by anybody
OTHERS = [
    letter for letter in (*SMALL, *(letter.upper() for letter in SMALL), *SIGNS) if letter not in string.printable
]
FREE = [code for code in range(1, 256) if code not in ASCII]
CODES = {code: code for code in ASCII} | {ord(letter): code for code, letter in zip(FREE, OTHERS, strict=False)}
LETTERS = {code: letter for letter, code in CODES.items()}
ORDER = tuple(LETTERS.get(code, 0) for code in range(256))
_TABLE = codecs.charmap_build("".join(map(chr, ORDER)).replace("\0", "\ufffe").replace("\ufffe", "\0", 1))


def encoded(words: str) -> bytes:
    """One byte for each letter; raises UnicodeEncodeError for a letter outside the common subset."""
    return codecs.charmap_encode(words.replace("\N{NO-BREAK SPACE}", " "), "strict", _TABLE)[0]


class _Raw(PDFObject):
    """What is already written as it will stand in the file."""

    def __init__(self, written: bytes) -> None:
        self.written = written

    def format(self, _document: PDFDocument) -> bytes:
        return self.written


@dataclass(frozen=True)
class Program:
    """A subset as it stands in the file: packed letters and map, the widths of the codes."""

    name: str
    packed: bytes
    length: int
    map: bytes
    widths: bytes
    last: int


class _States(WeakKeyDictionary[PDFDocument, TTFont.State]):
    """What each document uses of a face: the common subset from the start."""

    def __init__(self, face: "Face") -> None:
        super().__init__()
        self.face = face

    def __getitem__(self, document: PDFDocument) -> TTFont.State:
        try:
            return super().__getitem__(document)
        except KeyError:
            state = self[document] = TTFont.State(True, self.face)
            state.assignments = {0: 0, **CODES}
            state.subsets, state.nextCode = [list(ORDER)], 256
            return state


class Face(TTFont):
    """A face whose first subset is the same in every document."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, path)
        self.state = _States(self)

    @cached_property
    def common(self) -> Program:
        return self._program(0, list(ORDER))

    def addObjects(self, document: PDFDocument) -> None:
        """Write the subsets that the document uses; called once, when it is finished."""
        state = self.state[document]
        state.frozen = 1
        fonts = document.idToObject["BasicFonts"].dict
        for number, subset in enumerate(state.subsets):
            internal = self.getSubsetInternalName(number, document)[1:]
            made = self._font(document, internal, self._program(number, subset) if number else self.common)
            document.Reference(made, internal)
            fonts[internal] = made
        del self.state[document]

    def _program(self, number: int, subset: list[int]) -> Program:
        letters = self.face.makeSubset(subset)
        name = f"{SUBSETN(number).decode()}+{self.face.name.decode()}"
        told = makeToUnicodeCMap(name, subset).encode()
        widths = "[ " + " ".join(f"{self.face.getCharWidth(letter):g}" for letter in subset) + " ]"
        return Program(
            name, zlib.compress(letters, 9), len(letters), zlib.compress(told, 9), widths.encode(), len(subset) - 1
        )

    def _font(self, document: PDFDocument, internal: str, program: Program) -> PDFTrueTypeFont:
        face, made = self.face, PDFTrueTypeFont()
        made.Name, made.BaseFont, made.FirstChar, made.LastChar = internal, program.name, 0, program.last
        made.Widths = _Raw(program.widths)
        made.ToUnicode = document.Reference(_packed(program.map), f"map:{program.name}")
        descriptor = PDFDictionary({
            "Type": "/FontDescriptor", "FontName": PDFName(program.name), "Ascent": face.ascent,
            "Descent": face.descent, "CapHeight": face.capHeight, "ItalicAngle": face.italicAngle,
            "StemV": face.stemV, "MissingWidth": face.defaultWidth, "FontBBox": PDFArray(face.bbox),
            "Flags": face.flags & ~FF_NONSYMBOLIC | FF_SYMBOLIC,
            "FontFile2": document.Reference(
                _packed(program.packed, Length1=program.length), f"program:{program.name}"
            ),
        })  # fmt: skip
        made.FontDescriptor = document.Reference(descriptor, f"descriptor:{program.name}")
        return made


def _packed(content: bytes, **entries: int) -> PDFStream:
    return PDFStream(PDFDictionary({"Filter": PDFArray([PDFName("FlateDecode")]), **entries}), content, [])
