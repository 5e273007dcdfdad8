"""Who of a workbook is on the roll already: by the account, or by name and post, never by a name alone with rights."""

from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models import Appointment, MemberStaff, Person
from app.workflows.engine.errors import BadValue
from app.workflows.roll_sheets import Line, Roll


class AnotherPersons(BadValue):
    code, field = "another_persons", "username"
    message = _("This user name belongs to %(name)s.")


class Known:
    """The people of a body as they are before an import; each is found by one row only.

    Two people may bear one name. Whoever has an account is found by its user name; otherwise the name must come with
    a post or a member that the workbook gives as well, and a name alone finds only somebody who has neither. In doubt
    a new person is added: rights are never given to the wrong one.
    """

    def __init__(self, body_id: int, roll: Roll) -> None:
        rows = select(Person).where(Person.home_body_id == body_id).options(
            selectinload(Person.user), selectinload(Person.appointments).selectinload(Appointment.organisation)
        )  # fmt: skip
        self._people = list(db.session.scalars(rows.order_by(Person.id)))
        self._taken: set[int] = set()
        self._posts: dict[str, set[Any]] = {}
        for line in roll.posts:
            post = (line["office"], line["organisation"] or None, line["valid_from"])
            self._posts.setdefault(line["code"], set()).add(post)
        names = {line["code"]: line["full_name"] for line in roll.people}
        self._helped: dict[str, set[Any]] = {}
        for line in roll.aides:
            self._helped.setdefault(line["aide"], set()).add((names.get(line["member"]), line["valid_from"]))
        self._helping: dict[int, set[Any]] = {}
        staff = select(MemberStaff).where(MemberStaff.body_id == body_id).options(selectinload(MemberStaff.member))
        for each in db.session.scalars(staff):
            self._helping.setdefault(each.aide_id, set()).add((each.member.full_name, each.valid_from))

    def find(self, line: Line) -> Person | None:
        """The person of a row; AnotherPersons when the account is somebody else's."""
        person = self._by_account(line) or next((each for each in self.namesakes(line) if self._fits(line, each)), None)
        if person is not None:
            self._taken.add(person.id)
        return person

    def namesakes(self, line: Line) -> list[Person]:
        """People of this name whom no row has found yet."""
        return [each for each in self._people if each.full_name == line["full_name"] and each.id not in self._taken]

    def _by_account(self, line: Line) -> Person | None:
        username = (line["username"] or "").lower()
        held = select(Person).join(User, User.id == Person.user_id).where(User.username == username)
        person = db.session.scalar(held) if username else None
        if person is not None and (person not in self._people or person.full_name != line["full_name"]):
            raise AnotherPersons(person, name=person.full_name)
        return person

    def _fits(self, line: Line, person: Person) -> bool:
        if line["username"] and person.user is not None:
            return False  # an account of another name
        posts = {
            (post.office, post.organisation and post.organisation.abbreviation, post.valid_from)
            for post in person.appointments
        }
        helping = self._helping.get(person.id, set())
        if not posts and not helping:
            return person.user is None
        return bool(posts & self._posts.get(line["code"], set()) or helping & self._helped.get(line["code"], set()))
