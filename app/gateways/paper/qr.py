"""Decides how an address becomes a code for cameras: error correction of a quarter, one fixed pattern of masking.

Trying all eight patterns costs more than the whole document; every reader takes the pattern from the code itself.
"""

from collections.abc import Sequence

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel, QRMaskPattern
from reportlab.platypus import Flowable

from app.gateways.paper import measures as m

LARGEST = 10  # version: above it the modules are too small for the room at the foot of a page


class TooLong(ValueError):
    """The address does not fit into a code that could still be read at its size."""


def modules(words: str) -> Sequence[Sequence[bool]]:
    """The rows of the code from the top, dark modules true; without the quiet zone. Raises TooLong."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(words))
    code.version = code.calculate_version()
    if code.version > LARGEST:
        raise TooLong(words)
    code.makeImpl(False, QRMaskPattern.PATTERN000)
    rows: Sequence[Sequence[bool]] = code.modules
    return rows


class QrCode(Flowable):
    """A code in the middle of the text, with its quiet zone; it stays in one piece."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.rows = modules(words)

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width, self.height = width, m.MARK_CODE + 2 * m.MARK_QUIET
        return self.width, self.height

    def draw(self) -> None:
        unit, left = m.MARK_CODE / len(self.rows), (self.width - m.MARK_CODE) / 2
        self.canv.saveState()
        self.canv.translate(left, m.MARK_QUIET)
        self.canv.scale(unit, unit)
        for row, line in enumerate(self.rows):
            for first, length in runs(line):
                self.canv.rect(first, len(self.rows) - 1 - row, length, 1, stroke=0, fill=1)
        self.canv.restoreState()


def runs(line: Sequence[bool]) -> list[tuple[int, int]]:
    """(first, length) of each run of dark modules."""
    found, start = [], None
    for at, dark in enumerate([*line, False]):
        if dark and start is None:
            start = at
        elif not dark and start is not None:
            found.append((start, at - start))
            start = None
    return found
