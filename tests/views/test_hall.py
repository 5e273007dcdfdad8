"""The hall screen shows what the whole room may know, whoever opened it."""

import datetime as dt

import pytest

from app.workflows import polls
from tests.cabinet import MEMBERS

SPLIT = ("ec-hall__dl", "ec-hall__verdict", "ec-f-yes")


def screen(scene, at, name="secretary"):
    return at(name).get(f"/man-hinh/{scene.meeting_id}")


def test_the_item_under_way_and_who_is_present(scene, at, clock):
    scene.open()
    text = screen(scene, at).text
    assert scene.item.title in text
    assert f"{len(MEMBERS)}/{len(MEMBERS)}" in text or f"{len(MEMBERS)} of {len(MEMBERS)}" in text


@pytest.mark.parametrize("name", ["secretary", "head", "a", "auditor"])
def test_the_split_comes_with_the_publication_and_not_before_even_for_the_desk(scene, at, clock, name):
    scene.open()
    poll_id = scene.open_poll().id
    for voter, choice in {"head": "agree", "a": "agree", "b": "agree", "deputy": "disagree"}.items():
        scene.vote(voter, poll_id, choice)
    assert "<span data-voted>4</span><small>/5</small>" in screen(scene, at, name).text
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    closed = screen(scene, at, name).text
    assert "<span data-voted>4</span>" in closed
    assert not any(sign in closed for sign in SPLIT)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    published = screen(scene, at, name).text
    assert all(sign in published for sign in SPLIT)
    assert "3<small>/5</small>" in published


def test_the_wall_says_when_the_time_to_vote_is_over(scene, at, clock):
    scene.open()
    closes_at = clock.now + dt.timedelta(minutes=5)
    polls.open_poll(scene.who["secretary"], scene.draft().id, now=clock.now, closes_at=closes_at)
    assert "Đang mở biểu quyết" in screen(scene, at).text
    clock.now = closes_at
    text = screen(scene, at).text
    assert "Đã hết giờ biểu quyết, chờ tổng hợp" in text
    assert "Đang mở biểu quyết" not in text


def test_it_offers_nothing_to_press(scene, at, clock):
    scene.open()
    scene.open_poll()
    text = screen(scene, at).text.split('class="ec-hall"')[1].split("</footer>")[0]
    assert not any(control in text for control in ("<form", "<button", "<a ", "<input"))


def test_who_may_not_see_the_meeting_has_no_screen_of_it(scene, at, clock):
    scene.invite()
    assert screen(scene, at, "a").status_code == 200
    assert screen(scene, at, "admin").status_code == 404
    assert screen(scene, at, "guest").status_code == 404
