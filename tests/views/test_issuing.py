"""The records office's screen: number and seal with one button, what stays when the seal fails, and who receives it."""

import html
import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import KeyUnavailable
from app.models import Dispatch, DocumentSignature, IssuedNumber, NumberSeries, Organisation, Refusal, SealKey
from app.workflows import promulgation, seals
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.resolving import Resolving
from tests.views.browser import Browser

At = Callable[[str], Browser]
NONCE = nonce_of("issue")


@pytest.fixture
def signed(app: Flask, clock) -> Resolving:
    scene = Resolving().up_to("signed")
    clock.now = scene.later(34)
    return scene


def path(scene: Resolving) -> str:
    return f"/resolutions/{scene.resolution_id}/issue"


def press(browser: Browser, scene: Resolving, nonce: str = NONCE, pin: str = PIN):
    return browser.send(path(scene), nonce=nonce, pin=pin)


def words(page) -> str:
    return html.unescape(
        re.sub(r"\s+", " ", re.sub(r"<(script|style|dialog).*?</\1>|<[^>]+>", " ", page.text, flags=re.S))
    )


def numbers() -> list[str]:
    return list(db.session.scalars(select(IssuedNumber.text).order_by(IssuedNumber.id)))


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_the_number_that_comes_next_is_shown_and_not_given(app, at: At, signed):
    for _ in range(3):
        page = at("records").get(path(signed))
        assert "01/NQ-CP" in words(page)
        assert "ec-issue__number--soft" in page.text
    assert (numbers(), db.session.query(NumberSeries).count()) == ([], 0)


def test_the_preview_counts_on_from_the_last_number_of_its_series(app, at: At, signed):
    press(at("records"), signed)
    later = Resolving().voted().drafted().presented().signed(nonce="again")
    assert "02/NQ-CP" in words(at("records").get(path(later)))
    normative = Resolving().voted().drafted(normative=True).presented().signed(nonce="norm")
    assert "01/2026/NQ-CP" in words(at("records").get(path(normative)))


def test_pages_signature_and_seal_stand_beside_the_button(app, at: At, signed):
    page = at("records").get(path(signed))
    seal = db.session.query(SealKey).one()
    assert f"/resolutions/{signed.resolution_id}/pages/1.png" in page.text
    assert f"/records/seals/{seal.id}/picture.png" in page.text
    assert seal.certificate.serial in page.text
    assert "Trần Văn Một" in words(page)
    assert 'id="issue-open"' in page.text
    assert "data-stopwatch" in page.text


@pytest.mark.parametrize("name", ["head", "clerk", "secretary", "auditor", "a", "guest", "admin"])
def test_only_the_records_office_has_the_screen(app, at: At, signed, name):
    assert at(name).get(path(signed)).status_code in {403, 404}
    assert at(name).get("/resolutions/issue").status_code == 403
    assert press(at(name), signed).status_code in {403, 404}
    assert numbers() == []


def test_the_queue_holds_what_waits_the_longest_first(app, at: At, signed):
    sealed = Resolving().voted().drafted().presented().signed(nonce="two").numbered().sealed("three")
    page = at("records").get("/resolutions/issue").text
    assert page.index(path(signed)) < page.index(path(sealed))
    sealed.promulgated()
    assert path(sealed) in at("records").get("/resolutions/issue").text  # among those that went out


def test_what_waits_is_a_task_of_the_start_page(app, at: At, signed):
    assert path(signed) in at("records").get("/").text
    assert path(signed) not in at("clerk").get("/").text


# -- number and seal --------------------------------------------------------------------------------------------------


def test_one_press_gives_the_number_and_the_seal(app, at: At, signed):
    answer = press(at("records"), signed)
    assert (answer.status_code, answer.json) == (200, {"number": "01/NQ-CP", "state": "sealed"})
    assert signed.resolution.state == "sealed"
    assert 'id="promulgate"' in at("records").get(path(signed)).text


def test_a_lost_answer_is_asked_for_again(app, at: At, signed):
    first = press(at("records"), signed)
    again = press(at("records"), signed)
    assert again.json == first.json
    assert (numbers(), db.session.query(DocumentSignature).count()) == (["01/NQ-CP"], 2)


def test_after_the_promulgation_the_same_request_still_has_its_answer(app, at: At, signed):
    press(at("records"), signed)
    signed.promulgated()
    assert press(at("records"), signed).json == {"number": "01/NQ-CP", "state": "promulgated"}
    assert press(at("records"), signed, nonce_of("other")).status_code == 409


FAILING = {
    "a wrong PIN": ({"pin": "999999"}, 403, "pin_wrong"),
    "no seal": ({}, 409, "no_seal"),
    "a signer that is down": ({}, 503, "signing_unavailable"),
}


@pytest.mark.parametrize("how", FAILING)
def test_a_failed_seal_leaves_the_number_and_says_so(app, at: At, signed, monkeypatch, how):
    values, status, code = FAILING[how]
    with monkeypatch.context() as broken:
        if how == "no seal":
            seals.suspend_seal(signed.who["records"], db.session.query(SealKey.id).scalar(), signed.later(31))
        if how == "a signer that is down":
            broken.setattr(signing.signer(), "sign_document", _unavailable)
        answer = press(at("records"), signed, **values)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert answer.json["details"]["number"] == "01/NQ-CP"
        page = words(at("records").get(path(signed)))
    assert signed.resolution.state == "numbered"
    assert "ec-issue__number--soft" not in page
    assert page.count("01/NQ-CP") >= 2
    assert db.session.query(Refusal).filter_by(act="seal_resolution").count() >= 1
    if how == "no seal":
        signed.equipped()
    sealed = press(at("records"), signed, nonce_of("second try"))
    assert (sealed.status_code, sealed.json["number"]) == (200, "01/NQ-CP")
    assert numbers() == ["01/NQ-CP"]


def _unavailable(*_args: object) -> bytes:
    raise KeyUnavailable


def test_the_reason_of_the_last_failure_is_still_there_after_a_reload(app, at: At, signed):
    press(at("records"), signed, pin="999999")
    assert "ec-banner--warn" in at("records").get(path(signed)).text
    shown = words(at("records").get(path(signed)))
    assert re.search(r"Mã PIN|PIN is not correct", shown)


def test_without_a_seal_the_button_is_shut_and_says_why(app, at: At, signed):
    seals.suspend_seal(signed.who["records"], db.session.query(SealKey.id).scalar(), signed.later(31))
    page = at("records").get(path(signed)).text
    assert re.search(r'id="issue-open"[^>]* disabled aria-describedby="hindrance"', page)
    assert 'id="hindrance"' in page


def test_a_locked_seal_says_until_when(app, at: At, signed):
    for n in range(5):
        press(at("records"), signed, nonce_of(f"try {n}"), "999999")
    assert press(at("records"), signed).status_code == 423
    assert 'id="hindrance"' in at("records").get(path(signed)).text
    assert numbers() == ["01/NQ-CP"]


@pytest.mark.parametrize(
    "sent",
    [
        {"nonce": NONCE, "pin": "12345"}, {"nonce": NONCE, "pin": "abcdef"}, {"nonce": "x", "pin": PIN},
        {"nonce": NONCE}, {"pin": PIN}, {"nonce": NONCE, "pin": PIN, "more": 1}, {"nonce": None, "pin": PIN},
        {"nonce": NONCE, "pin": 240619}, {"nonce": "\ud800" * 22, "pin": PIN},
    ],
)  # fmt: skip
def test_a_request_of_another_form_gives_no_number(app, at: At, signed, sent):
    assert at("records").send(path(signed), **sent).status_code == 422
    assert numbers() == []


def test_a_body_that_is_no_json_gives_no_number(app, at: At, signed):
    assert at("records").raw(path(signed), b"{").status_code == 400
    assert at("records").post(path(signed), nonce=NONCE, pin=PIN).status_code == 303
    assert numbers() == []


@pytest.mark.parametrize("stage", ["drafted", "presented"])
def test_what_is_not_signed_is_not_issued(app, at: At, clock, stage):
    scene = Resolving().up_to(stage)
    answer = press(at("records"), scene)
    assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")
    assert numbers() == []


# -- two at once ------------------------------------------------------------------------------------------------------


def at_once(app: Flask, tasks: list[Callable[[], object]]) -> list[object]:
    answers: list[object] = []
    ready = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> None:
        with app.app_context():
            ready.wait()
            answers.append(task())

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@both
def test_a_double_tap_and_a_second_officer_make_one_number_and_one_seal(app, clock):
    scene = Resolving().up_to("signed")
    clock.now = scene.later(34)
    devices = [Browser(app, "records") for _ in range(4)]
    nonces = [NONCE, NONCE, nonce_of("officer two"), nonce_of("officer three")]
    tasks = [lambda d=d, n=n: press(d, scene, n).status_code for d, n in zip(devices, nonces, strict=True)]
    found = at_once(app, tasks)
    assert 200 in found
    assert set(found) <= {200, 409}
    db.session.rollback()  # look again
    assert scene.resolution.state == "sealed"
    assert (numbers(), db.session.query(DocumentSignature).count()) == (["01/NQ-CP"], 2)


# -- promulgation -----------------------------------------------------------------------------------------------------


def test_everybody_receives_it_unless_left_out(app, at: At, signed):
    press(at("records"), signed)
    kept = db.session.query(Organisation.id).filter_by(abbreviation="BXD").scalar()
    answer = at("records").post(f"/resolutions/{signed.resolution_id}/promulgate", organisations=[kept])
    assert (answer.status_code, answer.location) == (303, path(signed))
    sent = db.session.query(Dispatch).all()
    assert [one.organisation_id for one in sent if one.organisation_id] == [kept]
    assert len([one for one in sent if one.person_id]) == 5


def test_all_organisations_are_ticked_at_first(app, at: At, signed):
    press(at("records"), signed)
    page = at("records").get(path(signed)).text
    boxes = re.findall(r'name="organisations" value="(\d+)"( checked)?', page)
    assert [int(number) for number, ticked in boxes if ticked] == [one.id for one in promulgation.organisations_of(1)]


def test_every_box_unticked_sends_it_to_the_members_alone(app, at: At, signed):
    press(at("records"), signed)
    at("records").post(f"/resolutions/{signed.resolution_id}/promulgate")
    assert db.session.query(Dispatch).filter(Dispatch.organisation_id.is_not(None)).count() == 0
    assert signed.resolution.state == "promulgated"


@pytest.mark.parametrize("odd", [["x"], ["-1"], ["999999"], ["1", "1e3"], ["99999999999999"], ["1"] * 1001])
def test_odd_recipients_are_refused_and_nothing_goes_out(app, at: At, signed, odd):
    press(at("records"), signed)
    headers = {"Accept": "application/json"}
    answer = at("records").client.post(
        f"/resolutions/{signed.resolution_id}/promulgate", data={"organisations": odd}, headers=headers
    )
    assert answer.status_code in {413, 422}
    assert signed.resolution.state == "sealed"


def test_pressed_twice_it_goes_out_once(app, at: At, signed):
    press(at("records"), signed)
    url = f"/resolutions/{signed.resolution_id}/promulgate"
    statuses = [at("records").client.post(url, headers={"Accept": "application/json"}).status_code for _ in range(2)]
    assert statuses == [303, 409]
    assert db.session.query(Dispatch).filter_by(person_id=signed.who["head"].person_id).count() == 1


def test_nothing_goes_out_before_the_seal(app, at: At, signed):
    url = f"/resolutions/{signed.resolution_id}/promulgate"
    answer = at("records").client.post(url, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")
    assert db.session.query(Dispatch).count() == 0


def test_receipts_appear_by_name_as_they_come(app, at: At, signed):
    press(at("records"), signed)
    at("records").post(f"/resolutions/{signed.resolution_id}/promulgate")
    assert "0/5" in words(at("records").get(path(signed)))
    promulgation.acknowledge(signed.who["b"], signed.resolution_id, signed.later(60))
    page = words(at("records").get(path(signed)))
    assert "1/5" in page
    assert "Bộ trưởng Bộ Y tế" in page
