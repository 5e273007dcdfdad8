"""The empty workbook of a roll: what the Government Office fills in, with a guide to each column."""

import datetime as dt

from flask_babel import gettext as _

from app.gateways.sheets import Column, Page, workbook
from app.workflows.roll_sheets import GUIDE, SHEETS


def template(now: dt.datetime) -> bytes:
    """An .xlsx file in the present language."""
    guide = [
        [str(label), str(column.label), _("yes") if column.needed else "", _allowed(column.choices)]
        for label, columns in SHEETS.values() for column in columns.values()
    ]  # fmt: skip
    heads = [Column(_("Sheet"), width=22), Column(_("Column"), width=34), Column(_("Needed"), width=12),
             Column(_("What may stand there"), width=70)]  # fmt: skip
    pages = [Page(str(GUIDE), _("How to fill in the roll"), heads, guide)]
    for label, columns in SHEETS.values():
        pages.append(Page(str(label), str(label), [Column(str(each.label), width=26) for each in columns.values()], []))
    return workbook(pages, title=_("Roll"), author="e-Cabinet", made_at=now)


def _allowed(choices: object) -> str:
    return " · ".join(str(word) for word in choices.values()) if isinstance(choices, dict) else ""
