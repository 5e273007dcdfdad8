"""The first command of an installation: what it founds, what it refuses, and that one person alone gets in nowhere."""

import datetime as dt
import stat

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.gateways import signing
from app.models import Appointment, AuditEntry, Body, Office, Person, RuleSet
from app.workflows.rules.rulesets import GOVERNMENT_RULE_SETS, PROVINCE_RULE_SETS
from tests.device import Device
from tests.setup.books import ANSWERS, UNWRITABLE, as_json
from tests.setup.conftest import today

NEW = "Ruby-Tim!Xuong7"


def setup(shell, tmp_path, **changes):
    answers = {name: value for name, value in (ANSWERS | changes).items() if value is not None}
    return shell("setup", "--file", as_json(tmp_path, answers), "--codes", tmp_path / "codes")


def nobody(table=Body):
    return db.session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.usefixtures("founded")
def test_an_empty_database_becomes_an_installation(bare, tmp_path):
    body = db.session.scalars(select(Body)).one()
    assert (body.code, body.name, body.kind, body.place) == ("CP", "Chính phủ", "government", "Hà Nội")
    assert set(db.session.scalars(select(RuleSet.code))) == {preset.code for preset in GOVERNMENT_RULE_SETS}
    post = db.session.scalars(select(Appointment)).one()
    assert (post.office, post.person.full_name, post.valid_from) == (Office.ADMINISTRATOR, "Lý Văn Mười Một", today())
    assert [role.name for role in post.person.user.roles] == ["quan_tri"]
    assert not post.person.fictional
    now = dt.datetime.now(dt.UTC)
    enrolled = signing.signer().enrol("Nguyễn Văn An", "", "Chính phủ", "240619", now, 5)
    signing.check_certificate(enrolled.certificate_der, now, signing.trusted())
    assert signing.pinned_authorities(tmp_path / "var" / "trusted") == signing.trusted()


@pytest.mark.usefixtures("founded")
def test_it_is_on_record_who_the_two_people_were():
    facts = {entry.fact: entry.payload for entry in db.session.scalars(select(AuditEntry))}
    assert facts["InstallationFounded"]["administrator"] == "Lý Văn Mười Một"
    assert facts["InstallationFounded"]["witness"] == "Tô Thị Mười Hai"
    assert {"PersonAdded", "AppointmentMade", "AccountCreated"} <= facts.keys()


def test_the_keys_of_the_installation_are_its_owners_alone(bare, founded, tmp_path):
    for path in (tmp_path / "var" / "installation_key", *(tmp_path / "var" / "authority").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for number in (1, 2):
        assert stat.S_IMODE((tmp_path / "codes" / f"{number}.txt").stat().st_mode) == 0o600


def test_each_half_is_told_to_its_own_person_and_opens_nothing_alone(bare, founded, tmp_path):
    first, second = ((tmp_path / "codes" / f"{number}.txt").read_text() for number in (1, 2))
    assert "Lý Văn Mười Một" in first
    assert "Tô Thị Mười Hai" in second
    assert founded["second"] not in first
    assert founded["first"] not in second
    bare.test_client_class = Device
    for half in (founded["first"], founded["second"], founded["first"] * 2, founded["second"] + founded["first"]):
        device = bare.test_client()
        assert device.sign_in("quantri", half).status_code == 401
    device = bare.test_client()
    assert device.sign_in("quantri", founded["password"]).status_code == 303
    assert device.get("/records/accounts/").location == "/password/"
    chosen = {"password": founded["password"], "new": NEW, "new_again": NEW}
    assert device.post("/password/change", data=chosen).status_code == 303
    assert device.get("/records/accounts/").status_code == 200


def test_a_province_gets_its_own_rules(shell, tmp_path):
    answer = setup(shell, tmp_path, kind="province", code="UBND-LC", name="Ủy ban nhân dân tỉnh Lào Cai")
    assert answer.exit_code == 0, answer.output
    assert set(db.session.scalars(select(RuleSet.code))) == {preset.code for preset in PROVINCE_RULE_SETS}


def test_a_second_setup_changes_nothing(shell, founded, tmp_path):
    answer = shell("setup", "--file", as_json(tmp_path, ANSWERS), "--codes", tmp_path / "more")
    assert answer.exit_code == 1
    assert "không có gì bị thay đổi" in answer.output
    assert db.session.scalar(select(func.count()).select_from(Body)) == 1


@pytest.mark.parametrize(("changes", "said"), [
    ({"name": None}, "name"), ({"name": " "}, "name"), ({"name": "A\u202eB"}, "name"), ({"name": "x" * 201}, "name"),
    ({"name": ["Chính phủ"]}, "name"), ({"code": "cp"}, "code"), ({"code": "C/P"}, "code"),
    ({"kind": "ministry"}, "kind"), ({"kind": "empire"}, "kind"), ({"place": None}, "place"),
    ({"username": "quan tri"}, "username"), ({"email": "quantri"}, "email"), ({"password": "x"}, "password"),
    ({"witness": None}, "witness"), ({"witness": "Lý Văn Mười Một"}, "witness"),
    ({"witness": "ly van muoi mot"}, "witness"),
])  # fmt: skip
def test_a_wrong_answer_is_named_and_nothing_is_founded(shell, tmp_path, changes, said):
    answer = setup(shell, tmp_path, **changes)
    assert answer.exit_code == 1
    assert f"{said}: " in answer.output
    assert nobody()
    assert nobody(Person)
    assert not (tmp_path / "codes").exists()


ODD = [b"", b"[]", b"{", b"\xff\xfe", b'{"name": ' * 5000, b'"x"', b"{}" + b" " * (1 << 16)]


@pytest.mark.parametrize("content", ODD)
def test_a_file_that_is_no_json_object_is_refused(shell, tmp_path, content):
    (tmp_path / "odd.json").write_bytes(content)
    answer = shell("setup", "--file", tmp_path / "odd.json", "--codes", tmp_path / "codes")
    assert answer.exit_code == 1
    assert "JSON" in answer.output
    assert nobody()


def test_questions_are_asked_where_no_file_is_given(shell, tmp_path):
    order = ("name", "code", "kind", "place", "administrator", "post", "username", "email", "witness")
    answer = shell("setup", "--codes", tmp_path / "codes", typed="".join(f"{ANSWERS[name]}\n" for name in order))
    assert answer.exit_code == 0, answer.output
    assert db.session.scalars(select(Body.name)).one() == "Chính phủ"


def test_without_a_terminal_or_a_folder_the_halves_are_shown_to_nobody(shell, tmp_path):
    answer = shell("setup", "--file", as_json(tmp_path, ANSWERS))
    assert (answer.exit_code, nobody()) == (1, True)
    assert "--codes" in answer.output


def test_halves_of_an_earlier_setup_are_not_written_over(shell, tmp_path):
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "2.txt").write_text("old")
    assert setup(shell, tmp_path).exit_code == 1
    assert (nobody(), (tmp_path / "codes" / "2.txt").read_text()) == (True, "old")


@pytest.mark.parametrize("folder", [UNWRITABLE, UNWRITABLE / "codes"])
def test_nothing_is_founded_whose_halves_could_not_be_written_down(shell, tmp_path, folder):
    answer = shell("setup", "--file", as_json(tmp_path, ANSWERS), "--codes", folder)
    assert (answer.exit_code, nobody(), str(folder) in answer.output) == (1, True, True)


def test_without_roles_nothing_is_founded(bare, shell, tmp_path):
    from flask_appbuilder.security.sqla.models import Role

    for role in db.session.scalars(select(Role)):
        role.permissions = []
        db.session.delete(role)
    db.session.commit()
    answer = setup(shell, tmp_path)
    assert (answer.exit_code, nobody()) == (1, True)
    assert "sync-roles" in answer.output


def test_demo_mode_founds_itself(bare, shell, tmp_path, monkeypatch):
    monkeypatch.setitem(bare.config, "DEMO", True)
    assert setup(shell, tmp_path).exit_code == 1
    assert nobody()


def test_a_signer_that_is_away_is_named_and_nothing_is_founded(bare, shell, tmp_path, monkeypatch):
    monkeypatch.setitem(bare.config, "SIGNER_SOCKET", str(tmp_path / "nobody.sock"))
    answer = setup(shell, tmp_path)
    assert (answer.exit_code, nobody()) == (1, True)
    assert "python -m app.signer init" in answer.output
    assert not (tmp_path / "var" / "authority").exists()
