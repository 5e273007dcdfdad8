"""The screen of the working calendar."""

import datetime as dt
import re

import pytest

from app.extensions import db
from app.models import CalendarDay, DayKind
from tests.views.test_records_forms import error_at

SWAP = {"body_id": "1", "day": "20/11/2026", "kind": "off", "note": "Nghỉ đổi cho ngày 21/11", "source": "Thông báo"}


def row_of(page, day):
    return re.search(rf'<tr[^>]*><th scope="row"><span class="ec-num">{day}</span>.*?</tr>', page.text, re.DOTALL)


def test_the_clerk_decides_corrects_and_takes_back_a_day(at):
    clerk = at("clerk")
    assert clerk.post("/records/calendar/add", **SWAP).status_code == 302
    entry = db.session.query(CalendarDay).one()
    assert (entry.day, entry.kind, entry.for_all) == (dt.date(2026, 11, 20), DayKind.OFF, False)
    shown = row_of(clerk.get("/records/calendar/?year=2026"), "20/11/2026")[0]
    assert 'class="is-changed"' in shown
    assert f'href="/records/calendar/{entry.id}"' in shown
    without = clerk.post(f"/records/calendar/{entry.id}/edit", **{**SWAP, "day": "19/11/2026"})
    assert (without.status_code, bool(error_at(without, "reason"))) == (422, True)
    form = {**SWAP, "day": "19/11/2026", "reason": "Nhập nhầm"}
    assert clerk.post(f"/records/calendar/{entry.id}/edit", **form).status_code == 302
    assert row_of(clerk.get("/records/calendar/?year=2026"), "20/11/2026") is None
    clerk.post(f"/records/calendar/{entry.id}/remove", reason="")
    assert db.session.query(CalendarDay).count() == 1
    assert clerk.post(f"/records/calendar/{entry.id}/remove", reason="Hoãn").location == "/records/calendar/?year=2026"
    assert db.session.query(CalendarDay).count() == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"day": "21/11/2026"}, "kind"), ({"kind": "worked"}, "kind"), ({"day": "31/02/2026"}, "day"),
     ({"note": ""}, "note"), ({"day": "01/01/1990"}, "day"), ({"kind": "half"}, "kind"), ({"body_id": "2"}, "body_id")],
)  # fmt: skip
def test_an_entry_that_cannot_be_is_refused_at_its_field(at, changed, field):
    page = at("clerk").post("/records/calendar/add", **{**SWAP, **changed})
    assert (page.status_code, bool(error_at(page, field))) == (422, True)
    assert db.session.query(CalendarDay).count() == 0


def test_a_year_shows_its_holidays_and_what_makes_up_for_them(at):
    page = at("auditor").get("/records/calendar/?year=2026")
    assert "Tết Nguyên Đán" in row_of(page, "17/02/2026")[0]
    assert "is-changed" not in row_of(page, "17/02/2026")[0]
    assert "nghỉ bù" in row_of(page, "27/04/2026")[0]
    assert row_of(page, "18/11/2026") is None


@pytest.mark.parametrize("odd", ["year=0", "year=99999999999", "year=x", "year=2098", "body=2", "body=x", "year="])
def test_odd_years_and_bodies_are_harmless(at, odd):
    page = at("clerk").get(f"/records/calendar/?{odd}")
    assert page.status_code == 200
    assert "UBND tỉnh Lào Cai" not in page.text
