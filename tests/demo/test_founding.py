"""A founded Government: the right number of members on its date, keys that sign, and nothing of anybody else."""

import datetime as dt
from contextlib import contextmanager

import pytest
from flask_appbuilder.security.sqla.models import User
from flask_migrate import upgrade
from sqlalchemy import select

from app import create_app
from app.commands import sync_roles
from app.demo import founding, names
from app.demo.equipment import equip, take_over_numbers
from app.demo.founding import NoRoles, NotEmpty, found
from app.demo.presets import G2019, G2025_10, PRESETS
from app.extensions import db
from app.gateways import signing, storage
from app.models import (
    Appointment,
    AuditEntry,
    MemberStaff,
    NumberSeries,
    Office,
    Organisation,
    Person,
    RuleSet,
    SealKey,
    SignaturePicture,
    SigningKey,
)
from app.workflows import polls, seals
from app.workflows.engine.rights import MEMBERS, SYSTEM
from app.workflows.engine.visibility import visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.quorum import quorum
from app.workflows.rules.rulesets import RuleParameters, applicable
from app.workflows.rules.tally import threshold
from tests.cabinet import PASSWORD, PIN
from tests.conftest import SETTINGS

MOMENTS = {"G2019": dt.datetime(2019, 6, 24, 1, tzinfo=dt.UTC), "G2025-10": dt.datetime(2026, 7, 30, 1, tzinfo=dt.UTC)}
RULES = {"G2019": "QC-138-2016", "G2025-10": "QC-191-2026"}


@pytest.fixture(scope="module")
def signer():
    """An authority that was there before both Governments, and a signer with its keys in memory."""
    authority = signing.Authority.create(None, dt.datetime(2018, 1, 1, tzinfo=dt.UTC), demo=True)
    return signing.MemorySigner(authority), authority.chain()


@pytest.fixture(scope="module")
def bare(tmp_path_factory, signer):
    """An application on an empty, migrated database without roles."""
    with application(tmp_path_factory.mktemp("bare"), signer):
        yield


@pytest.fixture(scope="module", params=list(PRESETS))
def founded(request, tmp_path_factory, signer):
    with application(tmp_path_factory.mktemp("founded"), signer):
        sync_roles()
        yield found(PRESETS[request.param], MOMENTS[request.param], PASSWORD, PIN)


@contextmanager
def application(folder, signer):
    address = f"sqlite:///{folder / 'test.db'}"
    made = create_app(**SETTINGS, SIGNER=signer, STORE=storage.MemoryStorage(), SQLALCHEMY_DATABASE_URI=address)
    with made.app_context():
        upgrade(directory="migrations")
        yield
        db.session.remove()
        db.engine.dispose()


def day(founded):
    return hanoi_date(MOMENTS[founded.preset.code])


def test_27_people_are_members_whatever_the_number_of_posts(founded):
    members = polls.members_of(founded.body_id, day(founded))
    assert [post.person_id for post in members] == [founded.people[handle] for handle in founded.members]
    assert (len(members), quorum(27, RuleParameters()), threshold(27, RuleParameters())) == (27, 18, 14)
    assert members[0].office is Office.HEAD
    assert members[-1].post == "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ"
    held = select(Appointment).where(Appointment.office.in_(MEMBERS), Appointment.body_id == founded.body_id)
    assert len(list(db.session.scalars(held))) == {"G2019": 28, "G2025-10": 27}[founded.preset.code]


def test_a_deputy_prime_minister_of_2019_is_also_foreign_minister_and_counted_once():
    double = [figure for figure in G2019.government.figures if len(figure.posts) > 1]
    assert [[post.title for post in figure.posts] for figure in double] == [
        ["Phó Thủ tướng Chính phủ", "Bộ trưởng Bộ Ngoại giao"]
    ]
    for preset, number in ((G2019, 5), (G2025_10, 9)):
        titles = [post.title for figure in preset.government.figures for post in figure.posts]
        assert sum(title.startswith("Phó Thủ tướng") for title in titles) == number


def test_the_rule_set_of_the_day_is_the_one_in_force(founded):
    rows = list(db.session.scalars(select(RuleSet).where(RuleSet.body_id == founded.body_id)))
    assert applicable(rows, "meeting", day(founded)).code == RULES[founded.preset.code]


def test_every_member_has_one_key_that_signs_with_the_pin_and_a_certificate_of_the_day(founded, signer):
    keeper, authorities = signer
    moment = MOMENTS[founded.preset.code] + dt.timedelta(minutes=10)
    keys = {key.person_id: key for key in db.session.scalars(select(SigningKey))}
    assert set(keys) == {founded.people[handle] for handle in founded.members}
    for key in keys.values():
        signing.check_certificate(key.certificate.der, moment, authorities)
        cms = keeper.sign(key.key_ref, PIN, b"x", moment)
        signing.check_detached(cms, b"x", key.certificate.der)
        assert key.certificate.subject == key.person.full_name


def test_the_records_office_keeps_the_seal_and_a_specimen_of_everybody_who_signs_resolutions(founded, signer):
    seal = seals.standing_seal(founded.body_id)
    assert (seal.certificate.subject, seal.enrolled_by_id) == ("Chính phủ", founded.people["vanthu"])
    keeper, _authorities = signer
    signing.use(*signer)
    cms = keeper.sign_document(seal.key_ref, PIN, bytes(32))
    signing.check_document(cms, bytes(32), seal.certificate.der)
    held = select(Appointment.person_id).where(
        Appointment.office.in_([Office.HEAD, Office.DEPUTY_HEAD]), Appointment.body_id == founded.body_id
    )
    pictures = list(db.session.scalars(select(SignaturePicture)))
    assert {picture.person_id for picture in pictures} == set(db.session.scalars(held))
    assert {picture.by_id for picture in pictures} == {founded.people["vanthu"]}
    assert len({picture.sha256 for picture in pictures}) == len(pictures)
    equip(founded.body_id, founded.people, founded.figures.values(), PIN, MOMENTS[founded.preset.code])
    assert len(list(db.session.scalars(select(SignaturePicture)))) == len(pictures)
    assert len(list(db.session.scalars(select(SealKey)))) == 1


def test_numbers_go_on_from_those_that_were_given_on_paper(founded):
    moment = MOMENTS[founded.preset.code]
    take_over_numbers(SYSTEM, founded.body_id, 183, moment)
    series = db.session.scalars(select(NumberSeries)).one()
    assert (series.year, series.last_number, series.normative) == (day(founded).year, 183, False)
    fact = db.session.scalars(select(AuditEntry).where(AuditEntry.fact == "NumbersTakenOver")).one()
    assert fact.payload["last_number"] == 183


def test_the_accounts_are_those_of_the_welcome_page(founded):
    users = {user.username: {role.name for role in user.roles} for user in db.session.scalars(select(User))}
    members = ["thutuong", *(f"tv{rank:02}" for rank in range(2, 27)), "chunhiem"]
    others = ["chuyenvien", "vanthu", "thutruong.bkhcn", "khachmoi", "kiemtoan", "quantri", "vutruong.th", "troly.tv12"]
    assert sorted(users) == sorted([*members, *others])
    assert users["quantri"] == {"quan_tri"}
    assert all("Admin" not in roles for roles in users.values())


def test_each_ministry_and_agency_has_two_deputies_of_its_own(founded):
    for short, organisation_id in founded.organisations.items():
        deputies = select(Appointment).where(
            Appointment.organisation_id == organisation_id, Appointment.office == Office.DEPUTY_MINISTER
        )
        unit = db.session.get_one(Organisation, organisation_id)
        assert len(list(db.session.scalars(deputies))) == (0 if unit.parent_id else 2), short


def test_aides_belong_to_members(founded):
    rows = list(db.session.scalars(select(MemberStaff)))
    assert len(rows) == 6
    assert {row.member_id for row in rows} <= {founded.people[handle] for handle in founded.members}


def test_the_province_and_the_government_see_nothing_of_each_other(founded):
    clerk, provincial = founded.actor("chuyenvien", day(founded)), founded.actor("laocai.01", day(founded))
    for model in (Person, Organisation, Appointment, RuleSet):
        ours = {row.body_id for row in db.session.scalars(select(model).where(visible(clerk, model)))}
        theirs = {row.body_id for row in db.session.scalars(select(model).where(visible(provincial, model)))}
        assert (ours, theirs) == ({founded.body_id}, {founded.province_id})


def test_everybody_is_marked_as_invented_and_nobody_shares_a_name(founded):
    people = list(db.session.scalars(select(Person)))
    assert all(person.fictional for person in people)
    assert len({person.full_name for person in people}) == len(people)
    lists = (names.MEMBERS, names.DEPUTIES, names.OFFICE, names.AIDES, names.PROVINCE)
    assert {person.full_name for person in people} <= {name for each in lists for name in each}


def test_nothing_is_founded_into_a_database_that_is_in_use(founded):
    with pytest.raises(NotEmpty):
        found(G2019, MOMENTS["G2019"], PASSWORD, PIN)


def test_accounts_need_the_roles_and_a_government_its_date(bare, signer):
    signing.use(*signer)
    with pytest.raises(NoRoles):
        found(G2019, MOMENTS["G2019"], PASSWORD, PIN)
    with pytest.raises(ValueError, match="in office since 2025-10-25"):
        found(G2025_10, MOMENTS["G2019"], PASSWORD, PIN)
    with pytest.raises(signing.PinRefused):
        found(G2019, MOMENTS["G2019"], PASSWORD, "123456", accounts=False)
    assert db.session.scalar(select(Person.id)) is None
    assert founding.KEY_DAYS >= 5 * 365
