"""rule:R73 and rule:R74: who took part in a session, and whose names its minutes give."""

import datetime as dt

import pytest

from app.workflows.rules.minutes import Stay, dissents, stay

OPENED = dt.datetime(2026, 7, 30, 1, 0, tzinfo=dt.UTC)
CLOSED = OPENED + dt.timedelta(minutes=60)


def at(minute: int) -> dt.datetime:
    return OPENED + dt.timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([], Stay("")),
        ([(-5, "in_room")], Stay("in_room")),
        ([(0, "remote")], Stay("remote")),
        ([(-9, "in_room"), (-5, "away")], Stay("")),
        ([(7, "in_room")], Stay("in_room", came=at(7))),
        ([(-9, "in_room"), (-5, "away"), (7, "remote")], Stay("remote", came=at(7))),
        ([(-5, "in_room"), (20, "away")], Stay("in_room", left=at(20))),
        ([(-5, "in_room"), (20, "away"), (25, "remote")], Stay("remote")),
        ([(-5, "in_room"), (20, "away"), (21, "away")], Stay("in_room", left=at(20))),
        ([(5, "remote"), (20, "away")], Stay("remote", came=at(5), left=at(20))),
        ([(60, "in_room")], Stay("in_room", came=at(60))),
        ([(61, "in_room")], Stay("")),
        ([(-5, "in_room"), (61, "away")], Stay("in_room")),
    ],
)
def test_whoever_was_there_at_some_moment_took_part(steps, told):
    """rule:R73"""
    assert stay([(at(minute), place) for minute, place in steps], OPENED, CLOSED) == told


def vote(choice: str, remark: str = "", reservation: bool = False) -> dict[str, object]:
    return {"name": choice, "choice": choice, "remark": remark, "reservation": reservation}


def test_names_stand_in_the_minutes_only_where_they_are_displayed():
    """rule:R74"""
    silent, worded, reserved = vote("agree"), vote("agree", "Lưu ý tiến độ"), vote("agree", reservation=True)
    votes = [silent, vote("disagree"), vote("other"), worded, reserved]
    assert dissents({"visibility": "named", "votes": votes}) == votes[1:]
    assert dissents({"visibility": "named_not_displayed", "votes": [{"name": "A", "place": "remote"}]}) == []
    assert dissents({"visibility": "named", "votes": [silent]}) == []
