"""Decides how an address becomes a code for cameras: error correction of a quarter, one fixed pattern of masking.

Trying all eight patterns costs more than the whole document; every reader takes the pattern from the code itself.
"""

from collections.abc import Sequence

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel, QRMaskPattern

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
