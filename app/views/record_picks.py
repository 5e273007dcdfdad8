"""What a form offers for a related row: a few visible rows that match what was typed, never all of them."""

from collections.abc import Callable
from typing import Any

from flask import jsonify, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access_api
from sqlalchemy import ColumnElement, func, or_, select
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Appointment, Meeting, Organisation, Person
from app.views.actor import current_actor, now
from app.views.record_rows import MOST_WORDS
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import nothing, visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.names import fold

MOST = 30
Offered = list[dict[str, Any]]


class PickView(BaseView):
    """Answers `[{id, text}]` for the select boxes of the record forms."""

    route_base = "/records/picks"
    default_view = "pick"

    @expose("/<kind>")
    @has_access_api
    def pick(self, kind: str) -> Response:
        if kind not in KINDS:
            raise NotFound(nothing(current_actor(), Person, 0))
        return jsonify(KINDS[kind](current_actor(), fold(request.args.get("q", "")[:100]).split()[:MOST_WORDS]))


def register(_app: Any, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(PickView)


def _people(actor: Actor, words: list[str]) -> Offered:
    """People with the posts they hold today; found by name or abbreviation of the post."""
    today = hanoi_date(now())
    held = select(Appointment.person_id).where(Appointment.in_force(today))
    matches = [
        or_(
            Person.name_fold.contains(word, autoescape=True),
            Person.id.in_(held.where(_short(Appointment.abbreviation, word))),
        )
        for word in words
    ]
    people = _rows(Person, actor, matches, Person.sort_key)
    posts = select(Appointment.person_id, Appointment.post).where(
        Appointment.in_force(today), Appointment.person_id.in_([person.id for person in people])
    )
    by_person: dict[int, list[str]] = {}
    for person_id, post in db.session.execute(posts.order_by(Appointment.rank)):
        by_person.setdefault(person_id, []).append(post)
    return [
        {"id": person.id, "text": " – ".join([person.full_name, *by_person.get(person.id, [])[:1]])}
        for person in people
    ]  # fmt: skip


def _organisations(actor: Actor, words: list[str]) -> Offered:
    matches = [
        or_(
            Organisation.name_fold.contains(word, autoescape=True),
            _short(Organisation.abbreviation, word),
        )
        for word in words
    ]
    rows = _rows(Organisation, actor, matches, Organisation.position, Organisation.name_fold)
    return [{"id": row.id, "text": f"{row.name} ({row.abbreviation})"} for row in rows]


def _short(column: Any, word: str) -> ColumnElement[bool]:
    """Whether an abbreviation holds a folded word; BGDĐT is found by “bgddt” as well as by itself."""
    found: ColumnElement[bool] = func.replace(column, "Đ", "D").icontains(word, autoescape=True)
    return found


def _meetings(actor: Actor, words: list[str]) -> Offered:
    matches = [or_(Meeting.title_fold.contains(word, autoescape=True)) for word in words]
    rows = _rows(Meeting, actor, matches, Meeting.starts_at.desc())
    return [{"id": row.id, "text": f"{row.title} ({row.held_on:%d/%m/%Y})"} for row in rows]


def _rows(model: Any, actor: Actor, matches: list[ColumnElement[bool]], *order: Any) -> list[Any]:
    found = select(model).where(visible(actor, model), *matches).order_by(*order, model.id).limit(MOST)
    return list(db.session.scalars(found))


KINDS: dict[str, Callable[[Actor, list[str]], Offered]] = {
    "people": _people, "organisations": _organisations, "meetings": _meetings,
}  # fmt: skip
