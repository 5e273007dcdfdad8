"""Twenty guesses at one key at the same moment: the database lets five of them be looked at, wherever the key is."""

from collections import Counter
from types import MethodType

import pytest

from app.extensions import db
from app.gateways import signing
from app.models import Ballot, Choice
from app.workflows import ballots, keys
from tests.cabinet import PIN
from tests.concurrency.crowd import at_once
from tests.conftest import nonce_of, on_postgresql
from tests.workflows.test_outside_keys import register

AT_ONCE = 20
token = pytest.mark.parametrize("bench", ["pkcs11"], indirect=True)


@pytest.fixture
def looks(monkeypatch):
    """Every PIN that was looked at, whoever holds the key."""
    seen, signer = [], signing.signer()
    sign = signer.sign

    def watched(_self, key_ref, pin, *about):
        seen.append(pin)
        return sign(key_ref, pin, *about)

    monkeypatch.setattr(signer, "sign", MethodType(watched, signer))
    return seen


def guessed(app, scene):
    scene.open()
    poll_id, nonce = scene.open_poll().id, nonce_of("head")
    head = scene.who["head"]
    ballots.prepare_ballot(head, poll_id, Choice.AGREE, nonce, now=scene.now)
    db.session.remove()

    def guess(pin):
        return lambda: ballots.sign_ballot(head, poll_id, nonce, pin, now=scene.now)

    answers = at_once(app, [guess(f"{300001 + number}") for number in range(AT_ONCE)])
    db.session.remove()
    assert db.session.query(Ballot).count() == 0
    with pytest.raises(keys.PinLocked):
        guess(PIN)()
    return Counter(answer.code for answer in answers)


@on_postgresql
@token
@pytest.mark.parametrize("outside", [False, True], ids=["software", "token"])
def test_twenty_guesses_at_once_get_five_looks(app, scene, bench, looks, outside):
    if outside:
        register(scene, bench)
        looks.clear()
    found = guessed(app, scene)
    assert len(looks) == keys.MOST_TRIES
    assert (found["pin_wrong"], found["pin_locked"]) == (keys.MOST_TRIES - 1, AT_ONCE - keys.MOST_TRIES + 1)


@on_postgresql
@token
def test_a_try_that_is_charged_after_the_look_would_win_more_of_them(app, scene, bench, looks, monkeypatch):
    """The control: nothing is written before the PIN is looked at."""
    charge = keys._charge_try

    def uncharged(subject, ring, now):
        found = charge(subject, ring, now)
        keys._forgive(ring, found[0])
        return found

    monkeypatch.setattr(keys, "_charge_try", uncharged)
    with pytest.raises(pytest.fail.Exception):
        guessed(app, scene)
    assert len(looks) > keys.MOST_TRIES
