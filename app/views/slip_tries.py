"""Acts of the office whose refusal is shown in the open sheet of the page, over what was typed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, request
from werkzeug.wrappers import Response

from app.views.guards import wants_json
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError


@dataclass(frozen=True)
class Tried:
    """What was refused: the name of the sheet, the sentence, and what was typed by field; all empty at first."""

    sheet: str = ""
    problem: str = ""
    typed: dict[str, str] = field(default_factory=dict)


NOTHING = Tried()
Answer = Response | tuple[str, int]


def tried(sheet: str, act: Callable[[], Any], said: str, there: str, page: Callable[[Tried], str]) -> Answer:
    """Do it and go `there` with a sentence; refused, the page again with its sheet open and everything typed in it.

    Scripts, and those who may not do it at all, are answered like everywhere.
    """
    try:
        act()
    except (NotFound, NotAllowed):
        raise
    except WorkflowError as refusal:
        if wants_json():
            raise
        return page(Tried(sheet, str(refusal), request.form.to_dict())), refusal.http_status
    flash(said, "success")
    return redirect(there, 303)
