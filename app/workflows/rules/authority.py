"""In whose name and by what right somebody signs: the lines above a signature, as dated data."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple


class Signing(NamedTuple):
    """Who signs for which body: codes of the kind of body and of the office held."""

    body_kind: str
    office: str


@dataclass(frozen=True)
class Authority:
    """Quyền hạn, chức vụ của người ký (box 7a), in force on [valid_from, valid_to); lines by who signs."""

    valid_from: dt.date
    valid_to: dt.date | None
    lines: dict[Signing, tuple[str, ...]]
    legal_source_vi: str
    confirmed: bool


_COLLECTIVE = {
    Signing("government", "head"): ("TM. CHÍNH PHỦ", "THỦ TƯỚNG"),
    Signing("government", "acting_head"): ("TM. CHÍNH PHỦ", "Q. THỦ TƯỚNG"),
    Signing("government", "deputy_head"): ("TM. CHÍNH PHỦ", "KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG"),
    Signing("province", "head"): ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    Signing("province", "acting_head"): ("TM. ỦY BAN NHÂN DÂN", "Q. CHỦ TỊCH"),
    Signing("province", "deputy_head"): ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
    Signing("commune", "head"): ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    Signing("commune", "acting_head"): ("TM. ỦY BAN NHÂN DÂN", "Q. CHỦ TỊCH"),
    Signing("commune", "deputy_head"): ("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
}

AUTHORITIES = (
    Authority(
        valid_from=dt.date(2011, 3, 5),  # assumed, see docs/rules.md
        valid_to=dt.date(2020, 3, 5),
        lines=_COLLECTIVE,
        legal_source_vi="Điều 12 Thông tư số 01/2011/TT-BNV ngày 19 tháng 01 năm 2011 của Bộ Nội vụ",
        confirmed=False,
    ),
    Authority(
        valid_from=dt.date(2020, 3, 5),
        valid_to=None,
        lines=_COLLECTIVE,
        legal_source_vi="Điều 13 và Phụ lục I Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ",
        confirmed=True,
    ),
)


def in_force(on: dt.date) -> Authority:
    """The row of a Hanoi date; LookupError when none or more than one is in force: the law is never guessed."""
    found = [row for row in AUTHORITIES if row.valid_from <= on and (row.valid_to is None or on < row.valid_to)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} tables of authority lines on {on.isoformat()}, expected one")
    return found[0]


def lines(body_kind: str, office: str, on: dt.date) -> tuple[str, ...]:
    """The lines above a signature for a collective body: "TM." before its name, "KT." before the post stood in for.

    The head signs "TM. CHÍNH PHỦ / THỦ TƯỚNG", a deputy "TM. CHÍNH PHỦ / KT. THỦ TƯỚNG / PHÓ THỦ TƯỚNG" (rule:R25).
    LookupError for an office that signs no document of such a body, and for a date without law.
    """
    try:
        return in_force(on).lines[Signing(body_kind, office)]
    except KeyError as error:
        raise LookupError(f"{office} of a {body_kind} signs for no collective body") from error
