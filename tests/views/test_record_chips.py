"""Chips above the list of keys: one click shows what ends soon or was revoked, and the number is that of the list."""

import re

import pytest

from app.extensions import db
from app.models import CertificateRevocation, KeyState
from app.workflows import expiry, keys
from tests.cabinet import NOW
from tests.conftest import both
from tests.gateways.certificate_faults import DAY, SOUND, made
from tests.workflows.test_certificate_faults import equip

LIST = "/records/keys/"
CHIP = re.compile(r'<a href="([^"]+only=(\w+))"[^>]*>[^<]+ <span class="ec-num">(\d+)</span>')


@pytest.fixture
def authority(gateways):
    return gateways["PUBLISHER"]._authority


@pytest.fixture
def keyring(people, authority):
    """Two end soon, one of them is suspended; two are revoked, and one of those would end soon."""
    for name, days in (("a", 20), ("b", 5), ("deputy", 20)):
        equip(people[name], made(authority, name, NOW - DAY, NOW + days * DAY))
    equip(people["chairman"], SOUND["P-256"](authority, "chairman", NOW))
    for name in ("deputy", "chairman"):
        certificate_id = keys.active_key(people[name].person_id).certificate_id
        db.session.add(CertificateRevocation(certificate_id=certificate_id, at=NOW, reason="mất"))
    keys.active_key(people["b"].person_id).state = KeyState.SUSPENDED
    db.session.commit()


def rows(page):
    return len(re.findall(r'class="rec-title"', page))


@both
def test_each_chip_says_how_many_rows_its_list_has(at, keyring):
    page = at("clerk").get(LIST).text
    chips = {name: (address, int(count)) for address, name, count in CHIP.findall(page)}
    assert {name: count for name, (_address, count) in chips.items()} == {"ending": 1, "revoked": 2}
    for address, count in chips.values():
        assert rows(at("clerk").get(address.replace("&amp;", "&")).text) == count
    assert rows(page) > 3


def test_the_chip_and_the_warning_agree_on_what_ends_soon(at, keyring):
    assert len(expiry.ending(NOW)) == rows(at("clerk").get(f"{LIST}?only=ending").text) == 1
    assert "Phạm Văn Ba" in at("clerk").get(f"{LIST}?only=ending").text


def test_other_conditions_hold_beside_the_chip(at, keyring):
    page = at("clerk").get(f"{LIST}?only=revoked&_flt_0_person.full_name=Vũ").text
    assert rows(page) == 1
    assert 'name="only" value="revoked"' in page  # the search keeps the chip


def test_where_nothing_is_of_the_kind_the_list_says_so(at, people):
    page = at("clerk").get(f"{LIST}?only=revoked").text
    assert "Không có mục nào thuộc loại này" in page
    assert rows(at("clerk").get(f"{LIST}?only=%00nothing").text) > 3
