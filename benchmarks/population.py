"""People by the thousand: members of the small cabinet, with confirmed addresses, told by SMS and at any hour."""

import datetime as dt

from sqlalchemy import insert

from app.models import Appointment, Channel, ContactAddress, NoticePreference, Office, Person, QuietHours, Topic
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import SINCE

ADDRESSES = {Channel.MAIL: "tv{}@chinhphu.example", Channel.SMS: "+849{:08}"}


def settle(count: int) -> list[int]:
    """Appoint so many members more; their ids."""
    now = dt.datetime.now(dt.UTC)
    names = [f"Thành viên thứ {number}" for number in range(count)]
    with own_transaction() as session:
        people = [
            {"home_body_id": 1, "full_name": name, "name_fold": name.lower(), "sort_key": name, "fictional": True}
            for name in names
        ]
        made = insert(Person).returning(Person.id, sort_by_parameter_order=True)
        ids = list(session.scalars(made, people))
        posts = [
            {"person_id": person_id, "body_id": 1, "office": Office.MEMBER, "post": "Bộ trưởng", "abbreviation": "B",
             "rank": 100 + number, "valid_from": SINCE}
            for number, person_id in enumerate(ids)
        ]  # fmt: skip
        session.execute(insert(Appointment), posts)
        addresses = [
            {"body_id": 1, "person_id": person_id, "channel": channel, "address": address.format(person_id),
             "added_at": now, "confirmed_at": now}
            for person_id in ids
            for channel, address in ADDRESSES.items()
        ]  # fmt: skip
        session.execute(insert(ContactAddress), addresses)
        wish = {"topic": Topic.MEETING, "channel": Channel.SMS, "wanted": True}
        session.execute(insert(NoticePreference), [{"person_id": person_id, **wish} for person_id in ids])
        never = {"kept": False, "begins": dt.time(22), "ends": dt.time(6)}
        session.execute(insert(QuietHours), [{"person_id": person_id, **never} for person_id in ids])
    return ids
