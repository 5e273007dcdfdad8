"""Which PINs may be chosen: six digits that are not the first ones anybody tries."""
import re
from itertools import pairwise

from app.gateways.signing.errors import PinFault, PinRefused

SIX_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)


def well_formed(pin: str) -> bool:
    return SIX_DIGITS.fullmatch(pin) is not None


def check_pin(pin: str) -> None:
    """Raise `PinRefused` unless the PIN is six digits.

    Trivial, and refused too: one digit, a rising or falling sequence (also past 9, also in pairs: 112233), a group
    of two or three digits repeated.
    """
    if not well_formed(pin):
        raise PinRefused(PinFault.FORM)
    in_pairs = pin[::2] == pin[1::2] and _is_sequence(pin[::2])
    repeated = pin[:2] * 3 == pin or pin[:3] * 2 == pin
    if repeated or in_pairs or _is_sequence(pin):
        raise PinRefused(PinFault.TRIVIAL)


def _is_sequence(digits: str) -> bool:
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return steps in ({0}, {1}, {9})
