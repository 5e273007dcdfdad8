"""What the code says about itself, written as pages: lifecycles as tables of moves, rights as a table of acts."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from flask_babel import force_locale

from app.models import Office, SeatRole
from app.workflows.engine.moves import Lifecycle
from app.workflows.engine.rights import GRANTS, SAID, Right
from app.workflows.engine.words import word

ROOMS = ("meetings", "agenda", "attendance", "polls", "slips", "resolutions", "keys", "seals")
MADE = "<!-- Written by `make docs` from the code; change the code, not this page. -->"


def pages() -> dict[str, str]:
    """Paths below docs/ and their contents; needs an application context."""
    with force_locale("en"):
        made = {f"workflows/{room}.md": _lifecycle(room) for room in ROOMS}
        return made | {"rights.md": _rights()}


def write(folder: Path) -> list[Path]:
    """Write every page below the folder; gives the paths."""
    written = []
    for name, text in pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        written.append(path)
    return written


def _lifecycle(room: str) -> str:
    lifecycle: Lifecycle = import_module(f"app.workflows.{room}").LIFECYCLE
    lines = [
        MADE, "", f"# Lifecycle: {lifecycle.states.__name__} (`app/workflows/{room}.py`)", "",
        "| move | from | to | who may | only if |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for move in lifecycle.moves.values():
        sources = ", ".join(sorted(state.value for state in move.sources))
        guards = ", ".join(guard.__name__.replace("_", " ") for guard in move.guards)
        lines.append(f"| {move.name} | {sources} | {move.target.value} | `{move.right.value}` | {guards} |")
    return "\n".join([*lines, ""])


def _rights() -> str:
    who = [*Office, *SeatRole]
    lines = [
        MADE, "", "# Who may do what (`app/workflows/engine/rights.py`)", "",
        "Offices are appointments in the body on the day (Hanoi date), seats are places in one meeting. An agenda "
        "item's own chair takes the chair's rights there. The clock may close a vote or a slip and nothing else.", "",
        "| act | " + " | ".join(str(word(each)) for each in who) + " | said when refused |",
        "|---|" + "|".join(":-:" for _each in who) + "|---|",
    ]  # fmt: skip
    lines += list(_right_rows(who))
    return "\n".join([*lines, ""])


def _right_rows(who: list[Office | SeatRole]) -> Iterator[str]:
    for right in Right:
        marks = " | ".join("●" if each in GRANTS[right] else "" for each in who)
        yield f"| `{right.value}` | {marks} | {SAID[right]} |"
