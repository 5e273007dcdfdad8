"""What is unproven is shown: on the receipt, at the check of a ballot, and to auditors and administrators as a list."""

import datetime as dt
import re

import pytest

from app.gateways import revocation, signing
from app.gateways.revocation import Client
from app.models import Queue
from app.tasks import execution
from app.tasks import revocation as tasks
from tests.cabinet import NOW
from tests.views.browser import Browser

LIST = "/records/unanswered/"
NOT_YET = "Chưa có trả lời về thu hồi"


@pytest.fixture
def authority(app, monkeypatch, gateways):
    """The own authority, silent until it is told to answer."""
    own, state = gateways["PUBLISHER"]._authority, {"away": True}
    monkeypatch.setattr(own, "_responder", None)
    monkeypatch.setattr(tasks, "_now", lambda: NOW)

    def answer(asked):
        if state["away"]:
            raise signing.KeyUnavailable
        return own.ocsp(asked, NOW)

    revocation.use(Client(own_issuer=lambda: signing.trusted()[0], own=answer))
    yield state
    revocation.use(Client())


@pytest.fixture
def voted(scene, poll, authority):
    for name in ("a", "b"):
        scene.vote(name, poll.id, "agree")
    return poll


def ask(authority):
    authority["away"] = False
    tasks.ask({"body_id": 1})


def rows(page):
    return re.findall(r'class="rec-title" href="([^"]+)"', page)


def test_the_receipt_says_that_no_answer_is_there_until_one_is(at, voted, authority):
    card, told = f"/polls/{voted.id}", lambda page: re.search(r'data-receipt="revocation">([^<]*)<', page)[1]
    assert told(at("a").get(card).text).startswith(NOT_YET)
    kept = at("a").get(f"{card}/receipt").json["receipt"]
    assert (kept["revocation_state"], kept["revocation"].startswith(NOT_YET)) == ("awaited", True)
    ask(authority)
    assert told(at("a").get(card).text).startswith("Chưa bị thu hồi")
    assert at("a").get(f"{card}/receipt").json["receipt"]["revocation_state"] == "good"


def test_the_check_of_a_ballot_is_valid_and_says_what_is_missing(at, voted, authority):
    path = f"/polls/{voted.id}/verify"
    page = at("a").get(path).text
    banner = re.search(r'<div class="ec-banner ec-banner--ok".*?</div>', page, re.DOTALL)[0]
    assert NOT_YET in banner
    told = at("a").get(path, headers={"Accept": "application/json"}).json
    assert (told["valid"], told["revocation"]) == (True, "awaited")
    ask(authority)
    page = at("a").get(path).text
    assert NOT_YET not in page


@pytest.mark.parametrize("name", ["auditor", "admin"])
def test_the_list_names_each_certificate_and_empties_when_the_answers_come(at, voted, authority, name):
    page = at(name).get(LIST).text
    assert len(rows(page)) == 2
    assert "Phạm Văn Ba" in page
    assert NOT_YET in page
    shown = at(name).get(rows(page)[0])
    assert (shown.status_code, NOT_YET in shown.text) == (200, True)
    assert LIST in at(name).get("/").text  # the menu leads there
    ask(authority)
    assert rows(at(name).get(LIST).text) == []
    assert at(name).get(rows(page)[0]).status_code == 404


def test_an_administrator_has_what_was_given_up_asked_about_again(app, at, voted, authority, clock):
    page = rows(at("admin").get(LIST).text)[0]
    assert f"{page}/ask" not in at("admin").get(page).text, "it is being asked about"
    assert at("auditor").client.post(f"{page}/ask").status_code == 403
    clock.move(days=31)
    admin, auditor = Browser(app, "admin"), Browser(app, "auditor")  # nobody stays signed in for a month
    assert (auditor.get(page).status_code, f"{page}/ask" in auditor.get(page).text) == (200, False)
    assert f'action="{page}/ask"' in admin.get(page).text
    assert admin.client.post(f"{page}/ask").status_code == 303
    authority["away"] = False
    execution.drain(NOW + dt.timedelta(days=32), (Queue.SIGNING,))
    assert len(rows(admin.get(LIST).text)) == 1
    assert admin.get(page).status_code == 404


def test_nobody_else_has_the_list(at, voted):
    assert {name: at(name).get(LIST).status_code for name in ("a", "clerk", "records")} == {
        "a": 403, "clerk": 403, "records": 403,
    }  # fmt: skip


def test_at_which_hour_somebody_signed_and_what_is_not_in_the_list(at, voted):
    table = re.search(r"<table.*</table>", at("admin").get(LIST).text, re.DOTALL)[0]
    assert "30/07/2026" in table
    assert re.search(r"\d\d:\d\d", table) is None
    assert "iểu quyết" not in table
