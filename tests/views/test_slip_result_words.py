"""The pages about what followed from a slip, and those of aides, speak one language."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask

from app.models import MemberStaff, SlipWay, Urgency
from app.workflows import slip_advice, slip_closing
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.slip_decisions import Wish
from tests import cabinet
from tests.conftest import Scene
from tests.deciding import Deciding
from tests.opinions import closed_slip
from tests.slipping import LATE, SlipScene
from tests.views.brackets import speak_in_brackets
from tests.views.browser import Browser
from tests.views.test_languages import OF_AIDES, OF_RESULTS, Leaks, rules_of

WHO = ("clerk", "chairman", "head", "auditor")
At = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in_brackets(monkeypatch)


def signed_after_explanations() -> int:
    """A second slip: what was written is explained, the head signs, and a session may be told."""
    scene = Deciding.__new__(Deciding)
    scene.now, scene.who = LATE, cabinet.actors()
    scene.issued(urgency=Urgency.EXPRESS)
    scene.answer("a", scene.slip_id, "other", text="Ghi rõ thời hạn", at=LATE)
    slip_closing.close_slip(SYSTEM, scene.slip_id, LATE + dt.timedelta(days=9))
    scene.reported_as_it_is().decided()
    Scene()
    return scene.slip_id


def test_no_page_of_a_result_has_a_word_of_its_own(app: Flask, clock):
    leaks, asked, scene = Leaks(), set(), Deciding()
    clock.now = LATE
    over = closed_slip(scene)
    scene.reported(choices={"head": "agree", "a": "disagree", "b": "other"})

    def look(turn: str, *paths: str) -> None:
        for name in WHO:
            browser = Browser(app, name)
            for path in paths:
                leaks.look(f"{turn}: {name} at {path}", browser.get(path))
        asked.update(paths)

    look("closed", f"/slips/{over}/synthesis", f"/slips/{over}/explanations", f"/slips/{over}/next-draft")
    look("reported", f"/slips/{scene.slip_id}/report")
    scene.decided(Wish(SlipWay.RETURN, "Chưa đủ căn cứ", resubmit_on=LATE.date() + dt.timedelta(days=30)))
    look("returned", f"/slips/{scene.slip_id}/report", "/slips/returned", "/")
    look("explained", f"/slips/{signed_after_explanations()}/report")
    assert leaks.found == {}
    assert leaks.pages > 20
    assert rules_of(app, asked - {"/"}) == OF_RESULTS


def test_no_page_of_an_aide_has_a_word_of_its_own(app: Flask, at: At):
    leaks, scene, asked = Leaks(), SlipScene(), set()
    member, aide = scene.who["a"], scene.who["guest"].person_id
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=member.person_id, aide_id=aide, valid_from=cabinet.SINCE))
    slip_id = scene.issue()
    leaks.look("before", at("a").get("/slips/aides"))
    slip_advice.let_aide(member, aide, True, scene.now)
    for turn in ("let", "suggested"):
        for name, path in (("a", "/slips/aides"), ("guest", f"/slips/{slip_id}/advice"), ("a", f"/slips/{slip_id}")):
            leaks.look(f"{turn}: {path}", at(name).get(path))
            asked.add(path)
        at("guest").post(f"/slips/{slip_id}/advice/{member.person_id}", **{"choice-1": "other", "text-1": "Đề nghị"})
    assert leaks.found == {}
    assert leaks.pages == 7
    assert rules_of(app, asked) == OF_AIDES | {"/slips/<int:slip_id>"}
