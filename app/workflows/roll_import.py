"""Importing a roll (nhập danh sách): whole or not at all; what is on record stays, and twice is the same as once."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.models import (
    FOREVER,
    Appointment,
    Body,
    Channel,
    ContactAddress,
    MemberStaff,
    Organisation,
    Person,
)
from app.workflows import accounts, contacts, identity, member_staff, organisations
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.roll_people import Known
from app.workflows.roll_sheets import MOST_FAULTS, Fault, Line, Roll

COLUMN_OF = {"parent_id": "parent", "aide_id": "aide", "member_id": "member", "organisation_id": "organisation"}


class RollRefused(BadValue):
    code = "roll_refused"
    message = _("The workbook is wrong in %(count)s places. Nothing was changed.")

    def __init__(self, subject: Any, faults: list[Fault]) -> None:
        super().__init__(subject, count=len(faults))
        self.faults = faults


@dataclass(frozen=True)
class RollImported(Fact):
    source_sha256: str
    terminal: str
    added: dict[str, int]


@dataclass(frozen=True)
class Source:
    """Where a roll comes from: the workbook's digest, and the account of the machine that the command ran under."""

    sha256: str
    terminal: str


@dataclass
class Imported:
    """How many rows were added and kept, by kind; passwords by user name, told once; notes on what stayed otherwise."""

    added: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    notes: list[Fault] = field(default_factory=list)

    def count(self, what: str, added: bool) -> None:
        counted = self.added if added else self.kept
        counted[what] = counted.get(what, 0) + 1


class Previewed(Exception):
    """Carries out what an import would have done, while the transaction goes back."""

    def __init__(self, imported: Imported) -> None:
        super().__init__()
        self.imported = imported


def preview_roll(
    actor: Actor, administrator: Actor | None, body_id: int, roll: Roll, now: dt.datetime, source: Source
) -> Imported:
    """What `import_roll` would do; nothing is changed, and the passwords are good for nothing."""
    try:
        import_roll(actor, administrator, body_id, roll, now, source, preview=True)
    except Previewed as seen:
        return seen.imported
    raise RuntimeError("an import that was to be previewed was carried out")


@use_case
def import_roll(
    actor: Actor,
    administrator: Actor | None,
    body_id: int,
    roll: Roll,
    now: dt.datetime,
    source: Source,
    preview: bool = False,
) -> Imported:
    """Enter organisations, people, accounts, addresses, posts and aides that are not on record yet.

    `actor` keeps the roll, `administrator` makes the accounts. RollRefused names every row that cannot be entered.
    """
    body = db.session.scalars(select(Body).where(Body.id == body_id).with_for_update()).one()
    actor.require(Right.ROLL_MANAGE, Person(home_body_id=body_id))
    run = _Run(actor, administrator, body_id, now)
    for part in (run.organisations, run.people, run.posts, run.aides):
        part(roll)
    if run.faults:
        raise RollRefused(Person(home_body_id=body.id), run.faults[:MOST_FAULTS])
    if preview:
        raise Previewed(run.told)
    if run.told.added:
        subject = (body.id, Body.__tablename__, body.id)
        record(actor, RollImported(*subject, source.sha256, source.terminal, run.told.added), now)
    return run.told


class _Run:
    """One import under way: what is known so far, what was wrong, what was done."""

    def __init__(self, actor: Actor, administrator: Actor | None, body_id: int, now: dt.datetime) -> None:
        self.actor, self.administrator, self.body_id, self.now = actor, administrator, body_id, now
        self.faults: list[Fault] = []
        self.told = Imported()
        rows = db.session.scalars(select(Organisation).where(Organisation.body_id == body_id))
        self.units = {unit.abbreviation: unit for unit in rows}
        self.by_code: dict[str, Person] = {}

    @contextmanager
    def row(self, line: Line, column: str = "") -> Iterator[None]:
        """Enter one row or nothing of it; a refusal becomes a fault at its cell."""
        try:
            with db.session.begin_nested():
                yield
        except WorkflowError as refused:
            named = COLUMN_OF.get(refused.field or "", refused.field or "")
            self.faults.append(line.fault(column or named, refused))

    def wrong(self, line: Line, column: str, said: Any) -> None:
        self.faults.append(line.fault(column, said))

    # -- organisations

    def organisations(self, roll: Roll) -> None:
        """Each after the one it belongs to, whatever the order of the rows."""
        waiting = self._once(roll.organisations, "abbreviation")
        while ready := [line for line in waiting if not line["parent"] or line["parent"] in self.units]:
            for line in ready:
                self._organisation(line)
            waiting = [line for line in waiting if line not in ready]
        for line in waiting:
            self.wrong(line, "parent", _("There is no organisation with this abbreviation."))

    def _organisation(self, line: Line) -> None:
        known, parent = self.units.get(line["abbreviation"]), self.units.get(line["parent"] or "")
        values = {"kind": line["kind"], "name": line["name"]}
        if known is not None:
            self._kept(line, "organisations", known, values | {"parent_id": parent and parent.id})
            return
        with self.row(line):
            self.units[line["abbreviation"]] = organisations.add_organisation(
                self.actor, self.body_id, **values, abbreviation=line["abbreviation"], now=self.now,
                parent_id=parent and parent.id, position=line["position"] or 0,
            )  # fmt: skip
            self.told.count("organisations", added=True)

    # -- people, their accounts and addresses

    def people(self, roll: Roll) -> None:
        known = Known(self.body_id, roll)
        for line in self._once(self._once(roll.people, "code"), "username", fold=str.lower):
            with self.row(line):
                person = known.find(line)
                if person is None:
                    if known.namesakes(line):
                        self._note(line, "full_name", _("Somebody else of this name is on the roll already."))
                    person = identity.add_person(self.actor, self.body_id, line["full_name"], self.now)
                    self.told.count("people", added=True)
                else:
                    self._kept(line, "people", person, {"full_name": line["full_name"]})
                self._account(line, person)
                self._addresses(line, person)
                self.by_code[line["code"]] = person

    def _account(self, line: Line, person: Person) -> None:
        username = (line["username"] or "").lower()
        if not username:
            return
        if person.user is not None and person.user.username == username:
            role = person.user.roles[0].name if person.user.roles else None
            if (person.user.email.lower(), role) != ((line["email"] or "").lower(), line["role"]):
                self._note(line, "email", _("E-mail or screens of this account are different on record, and stay."))
            self.told.count("accounts", added=False)
        elif not line["email"] or not line["role"]:
            self.wrong(line, "username", _("An account needs an e-mail address and screens."))
        elif self.administrator is None:
            self.wrong(line, "username", _("A new account needs an administrator: --administrator USERNAME."))
        else:
            named = (username, line["email"], line["role"])
            password = accounts.create_account(self.administrator, person.id, *named, self.now)[1]
            self.told.passwords[username] = password
            self.told.count("accounts", added=True)

    def _addresses(self, line: Line, person: Person) -> None:
        for channel, column in ((Channel.MAIL, "email"), (Channel.SMS, "phone")):
            if not line[column]:
                continue
            with self.row(line, column):
                new = not self._on_record(person, channel, line[column])
                if new:
                    contacts.import_contact(self.actor, person.id, channel, line[column], self.now)
                self.told.count("addresses", added=new)

    def _on_record(self, person: Person, channel: Channel, typed: str) -> bool:
        """Whether the person has or had this address; one that was removed is not brought back."""
        try:
            address = contacts.normalised(channel, typed)
        except ValueError:
            return False
        same = (ContactAddress.person_id == person.id, ContactAddress.channel == channel)
        return db.session.scalar(select(func.count()).where(*same, ContactAddress.address == address)) != 0

    # -- posts and aides

    def posts(self, roll: Roll) -> None:
        for line in roll.posts:
            person, unit = self._person(line, "code"), self.units.get(line["organisation"] or "")
            if line["organisation"] and unit is None:
                self.wrong(line, "organisation", _("There is no organisation with this abbreviation."))
            elif person is not None:
                with self.row(line):
                    self._post(line, person, unit and unit.id)

    def _post(self, line: Line, person: Person, unit_id: int | None) -> None:
        values = {"post": line["post"], "rank": line["rank"]}
        more = {"abbreviation": line["abbreviation"] or "", "valid_to": line["valid_to"]}
        same = select(Appointment).where(
            Appointment.body_id == self.body_id, Appointment.person_id == person.id,
            Appointment.office == line["office"], Appointment.organisation_id == unit_id,
            Appointment.valid_from == line["valid_from"],
        )  # fmt: skip
        if (known := db.session.scalar(same)) is not None:
            self._kept(line, "posts", known, values | more | {"valid_to": line["valid_to"] or FOREVER})
            return
        held = (person.id, self.body_id, line["office"], line["post"], line["rank"], line["valid_from"])
        identity.appoint(self.actor, *held, self.now, organisation_id=unit_id, **more)
        self.told.count("posts", added=True)

    def aides(self, roll: Roll) -> None:
        for line in roll.aides:
            member, aide = self._person(line, "member"), self._person(line, "aide")
            if member is None or aide is None:
                continue
            same = select(MemberStaff).where(
                MemberStaff.body_id == self.body_id, MemberStaff.member_id == member.id,
                MemberStaff.aide_id == aide.id, MemberStaff.valid_from == line["valid_from"],
            )  # fmt: skip
            if (known := db.session.scalar(same)) is not None:
                self._kept(line, "aides", known, {"valid_to": line["valid_to"] or FOREVER})
                continue
            with self.row(line):
                pair = (self.body_id, member.id, aide.id, line["valid_from"], self.now)
                member_staff.assign_aide(self.actor, *pair, line["valid_to"])
                self.told.count("aides", added=True)

    # -- what all of them do

    def _once(self, lines: list[Line], column: str, fold: Callable[[str], str] = str) -> list[Line]:
        """The lines whose value there is no repetition; the others are wrong."""
        met: dict[str, int] = {}
        once = []
        for line in lines:
            value = fold(line[column] or "")
            if value and value in met:
                self.wrong(line, column, _("This stands in row %(row)s already.", row=met[value]))
            else:
                met[value] = line.row
                once.append(line)
        return once

    def _person(self, line: Line, column: str) -> Person | None:
        person = self.by_code.get(line[column])
        if person is None:
            self.wrong(line, column, _("There is nobody with this code, or that row is wrong itself."))
        return person

    def _kept(self, line: Line, what: str, row: Any, values: dict[str, Any]) -> None:
        """Count a row that is on record, and say where the workbook says otherwise: the record stays."""
        self.told.count(what, added=False)
        for name, value in values.items():
            if getattr(row, name) != value:
                self._note(line, COLUMN_OF.get(name, name), _("This is different on record, and stays."))

    def _note(self, line: Line, column: str, said: Any) -> None:
        self.told.notes.append(line.fault(column, said))
