"""How far something is, in words: done and total with the thousands of the reader's language."""

from flask_babel import format_decimal


def fraction(done: int, total: int) -> str:
    """ "312/1.000" in Vietnamese, "312/1,000" in English."""
    return f"{format_decimal(done)}/{format_decimal(total)}"
