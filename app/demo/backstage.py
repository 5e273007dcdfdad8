"""Who acts in the demo and on what, found by handle and title: a telling that broke off can go on anywhere."""

import base64
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from sqlalchemy import select

from app.demo.presets import Preset
from app.extensions import db
from app.models import AgendaItem, Body, Document, Meeting, Organisation, Person, Poll
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.rules.calendar import hanoi_date


@dataclass
class Backstage:
    """A founded database; ids are looked up, never kept by whoever uses them."""

    preset: Preset
    pin: str

    @cached_property
    def people(self) -> dict[str, int]:
        """Ids by handle; no two invented people bear one name."""
        ids = {name: person_id for name, person_id in db.session.execute(select(Person.full_name, Person.id))}
        figures = (*self.preset.government.figures, *self.preset.province.figures)
        return {figure.handle: ids[figure.name] for figure in figures}

    @cached_property
    def organisations(self) -> dict[str, int]:
        return {
            short: row_id for short, row_id in db.session.execute(select(Organisation.abbreviation, Organisation.id))
        }

    @cached_property
    def bodies(self) -> dict[str, int]:
        return {code: row_id for code, row_id in db.session.execute(select(Body.code, Body.id))}

    @property
    def members(self) -> tuple[str, ...]:
        """Handles of the Government's members by precedence."""
        return tuple(figure.handle for figure in self.preset.government.figures if figure.signs)

    def who(self, handle: str, at: dt.datetime) -> Actor:
        """Somebody with the offices of that day and the seats of now."""
        return actor_for(self.people[handle], hanoi_date(at), handle)

    def meeting_id(self, title: str) -> int:
        return db.session.scalars(select(Meeting.id).where(Meeting.title == title)).one()

    def item_id(self, title: str, position: int) -> int:
        wanted = select(AgendaItem.id).where(AgendaItem.meeting_id == self.meeting_id(title))
        return db.session.scalars(wanted.where(AgendaItem.position == position)).one()

    def paper(self, title: str, position: int, place: int) -> Document:
        """The paper at a place of the item at a position, both counted from 1."""
        wanted = select(Document).where(Document.item_id == self.item_id(title, position))
        return db.session.scalars(wanted.where(Document.position == place)).one()

    def poll_id(self, title: str, position: int, number: int) -> int:
        """The vote on an item, counted from 1."""
        votes = select(Poll.id).where(Poll.item_id == self.item_id(title, position)).order_by(Poll.id)
        return list(db.session.scalars(votes))[number - 1]


def nonce_of(*parts: object) -> str:
    """Sixteen bytes as a device would send them, the same for the same act: begun again, it finds itself."""
    said = "|".join(map(str, parts)).encode()
    return base64.urlsafe_b64encode(sha256(said).digest()[:16]).decode().rstrip("=")
