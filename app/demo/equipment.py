"""What a founded body signs documents with: its seal, specimen signatures, and the number from which it goes on."""

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.demo.presets import Figure
from app.extensions import db
from app.gateways import pades
from app.models import Body, NumberSeries
from app.workflows import seals
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.resolutions import SIGNERS, TYPE
from app.workflows.rules.calendar import hanoi_date

RECORDS_OFFICE = "vanthu"


@dataclass(frozen=True)
class NumbersTakenOver(Fact):
    """`last_number` Resolutions of that year had been numbered on paper when the body began to use this system."""

    type: str
    year: int
    last_number: int


def equip(body_id: int, people: Mapping[str, int], figures: Iterable[Figure], pin: str, now: dt.datetime) -> None:
    """The records office has the seal made and registers the specimen signatures of those who sign; done once."""
    records = actor_for(people[RECORDS_OFFICE], hanoi_date(now), RECORDS_OFFICE)
    name = db.session.get_one(Body, body_id).name
    if seals.standing_seal(body_id) is None:
        seals.enrol_seal(records, body_id, pin, pades.seal_picture(name), now)
    signers = [figure for figure in figures if any(post.office in SIGNERS for post in figure.posts)]
    wanting = [figure for figure in signers if seals.picture_of(people[figure.handle]) is None]
    end_reading()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        drawn = list(pool.map(pades.signature_picture, [figure.name for figure in wanting]))
    for figure, picture in zip(wanting, drawn, strict=True):
        seals.set_picture(records, people[figure.handle], picture, now)


@use_case
def take_over_numbers(actor: Actor, body_id: int, last_number: int, now: dt.datetime) -> None:
    """Begin this year's series of Resolutions after the last number that was given on paper."""
    year = hanoi_date(now).year
    series = NumberSeries(body_id=body_id, type=TYPE, normative=False, year=year, last_number=last_number)
    db.session.add(series)
    db.session.flush()
    table = Body.__tablename__
    record(actor, NumbersTakenOver(body_id, table, body_id, type=TYPE, year=year, last_number=last_number), now)
