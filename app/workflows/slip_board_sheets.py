"""The board of a slip as a paper, described once for PDF, Word document and workbook: cast, deemed and silent apart."""

import datetime as dt

from flask_babel import format_datetime
from flask_babel import gettext as _

from app.gateways.paper import Form, OpinionPart, OpinionSheet
from app.models import Choice
from app.workflows import slips
from app.workflows.engine.words import word
from app.workflows.opinion_sheets import CHOICES
from app.workflows.slip_board import CAST, Board, BoardRow, Column

MARK = "×"


def board_sheet(board: Board, made_at: dt.datetime, *, demo: bool = False) -> OpinionSheet:
    """One line for each member in the order of the roll, with a mark in exactly one of the three columns."""
    slip = board.slip
    told = {"number": slip.number_text, "matter": slip.matter}
    part = OpinionPart(_("By member"), [_line(at, row) for at, row in enumerate(board.rows, start=1)])
    return OpinionSheet(
        Form.BOARD, _("opinions on slip %(number)s: %(matter)s", **told), slip.body.name, slip.body.place, made_at,
        _facts(board), _totals(board), [part], demo=demo,
    )  # fmt: skip


def _facts(board: Board) -> list[str]:
    slip, counts = board.slip, board.counts
    said = [
        _("Members asked: %(n)s; answered: %(answered)s; deemed to agree: %(deemed)s; no answer: %(missing)s.",
          n=board.members, answered=board.answered, deemed=counts[Column.DEEMED], missing=counts[Column.MISSING]),
        _("State: %(state)s; answers until %(at)s.", state=word(slip.state), at=_moment(slip.deadline_at)),
    ]  # fmt: skip
    if unable := board.shut_out:
        names = "; ".join(row.entry.post for row in unable)
        said.append(
            _("No answer, and unable to sign one (key replaced, revoked, ended or missing): %(names)s.", names=names)
        )
    if slip.organisation is not None:
        said.insert(0, _("Lead ministry: %(name)s.", name=slip.organisation.name))
    return said


def _totals(board: Board) -> list[list[str]]:
    """The question that decides; a slip that asks nobody to agree has no totals."""
    main = slips.main_question(board.slip)
    if main is None:
        return []
    columns = (Column.AGREE, Column.DISAGREE, Column.OTHER, Column.DEEMED, Column.MISSING)
    return [[main.text, *(str(board.counts[column]) for column in columns), str(board.members)]]


def _line(at: int, row: BoardRow) -> list[str]:
    marks = [MARK if row.column is column else "" for column in (Column.DEEMED, Column.MISSING)]
    who = f"{row.entry.name} ({row.entry.post})"
    return [str(at), who, _said(row.column), *marks, _moment(row.at)]


def _said(column: Column) -> str:
    if column not in CAST:
        return ""
    return _("Answered") if column is Column.ANSWERED else str(CHOICES[Choice(column.value)])


def _moment(at: dt.datetime | None) -> str:
    return str(format_datetime(at, "HH:mm, dd/MM/yyyy")) if at else ""
