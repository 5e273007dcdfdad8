"""The first keys from the shell: two people confirm, the owner alone chooses the PIN."""

import datetime as dt

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from app.extensions import db
from app.gateways import pades, signing
from app.gateways.signing.choice import SignerByKey
from app.models import KeyRecovery, Person, SealKey
from app.workflows import accounts, keys
from app.workflows.engine.rights import Actor
from app.workflows.login_tries import account_of
from tests.gateways.signer_contract import remote_bench
from tests.setup.books import book

PIN, WORD = "240619", "Ruby-Tim!Xuong7"
NOW = dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC)
BOTH = ("--asked-by", "bay", "--confirmed-by", "chin")
TYPED = f"{WORD}\n{WORD}\n"


@pytest.fixture
def office(founded, shell, tmp_path):
    """The roll is in, and the two who confirm keys have passwords of their own."""
    (tmp_path / "roll.xlsx").write_bytes(book())
    assert shell("roll", "import", tmp_path / "roll.xlsx", "--passwords", tmp_path / "p.tsv").exit_code == 0
    for username in ("bay", "chin", "nam", "mot"):
        user = db.session.scalars(select(User).where(User.username == username)).one()
        accounts.change_own_password(account_of(user.id).actor, user.id, WORD, 0, NOW)


def actor(username):
    db.session.rollback()
    return Actor(db.session.scalar(select(Person.id).join(User, User.id == Person.user_id).where(
        User.username == username)))  # fmt: skip


@pytest.mark.usefixtures("office")
def test_two_people_confirm_and_the_owner_takes_the_key(shell):
    answer = shell("key", "enrol", "mot", "hai", *BOTH, typed=TYPED)
    assert answer.exit_code == 0, answer.output
    assert WORD not in answer.output
    assert keys.active_key(actor("mot").person_id) is None
    for owner in ("mot", "hai"):
        assert keys.enrol_own_key(actor(owner), PIN, dt.datetime.now(dt.UTC)).key_ref
    with pytest.raises(keys.NoReplacementAllowed):
        keys.enrol_own_key(actor("ba"), PIN, dt.datetime.now(dt.UTC))
    asked = db.session.scalars(select(KeyRecovery)).first()
    assert (asked.requested_by.full_name, asked.approved_by.full_name) == ("Ngô Thị Bảy", "Mai Thị Chín")


@pytest.mark.usefixtures("office")
def test_asked_by_one_it_waits_for_the_second(shell):
    assert shell("key", "enrol", "mot", "--asked-by", "bay", typed=f"{WORD}\n").exit_code == 0
    with pytest.raises(keys.NoReplacementAllowed):
        keys.enrol_own_key(actor("mot"), PIN, dt.datetime.now(dt.UTC))
    assert shell("key", "enrol", "mot", *BOTH, typed=TYPED).exit_code == 0
    again = shell("key", "enrol", "mot", *BOTH, typed=TYPED)
    assert (again.exit_code, "trước đó" in again.output) == (0, True)
    assert db.session.query(KeyRecovery).count() == 1


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(("arguments", "typed"), [
    (("mot", "--asked-by", "bay", "--confirmed-by", "bay"), TYPED),  # one person twice
    (("chin", *BOTH), TYPED),  # the owner is one of the two
    (("mot", "--asked-by", "mot", "--confirmed-by", "chin"), TYPED),  # a member does not keep keys
    (("mot", *BOTH), f"{WORD}\nwrong\n"),
    (("nobody", *BOTH), TYPED),
    (("mot", "hai", *BOTH, "--here"), TYPED),
    (("mot", "--asked-by", "bay", "--here"), TYPED),
])  # fmt: skip
def test_nothing_less_than_two_others_will_do(shell, arguments, typed):
    assert shell("key", "enrol", *arguments, typed=typed).exit_code == 1
    for owner in ("mot", "chin"):
        with pytest.raises(keys.NoReplacementAllowed):
            keys.enrol_own_key(actor(owner), PIN, dt.datetime.now(dt.UTC))


@pytest.mark.usefixtures("office")
def test_one_wrong_name_among_several_is_told_and_the_rest_is_done(shell):
    answer = shell("key", "enrol", "bay", "mot", *BOTH, typed=TYPED)
    assert answer.exit_code == 1
    assert "bay: " in answer.output
    assert keys.enrol_own_key(actor("mot"), PIN, dt.datetime.now(dt.UTC))


@pytest.mark.usefixtures("office")
def test_at_the_terminal_the_owner_gives_the_own_password_and_chooses_a_pin(shell):
    answer = shell("key", "enrol", "mot", *BOTH, "--here", typed=f"{TYPED}{WORD}\n{PIN}\n{PIN}\n")
    assert answer.exit_code == 0, answer.output
    assert PIN not in answer.output
    subject = keys.active_key(actor("mot").person_id)
    assert keys.sign_with_pin(actor("mot"), subject, b"data", PIN, dt.datetime.now(dt.UTC))


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("typed", [f"wrong\n{PIN}\n{PIN}\n", f"{WORD}\n111111\n111111\n"])
def test_a_wrong_password_or_a_trivial_pin_makes_no_key(shell, typed):
    assert shell("key", "enrol", "mot", *BOTH, "--here", typed=f"{TYPED}{typed}").exit_code == 1
    assert keys.active_key(actor("mot").person_id) is None


@pytest.fixture
def at_a_provider(office, bare, tmp_path):
    """A key of a member at a provider of remote signing, which the installation's settings name."""
    folder = tmp_path / "provider"
    folder.mkdir()
    own = signing.Authority.load(bare.config["AUTHORITY"], bare.config["INSTALLATION_KEY"].read_bytes())
    with remote_bench(folder, own, 2, dt.datetime.now(dt.UTC)) as bench:
        signing.use(SignerByKey(signing.signer(), {"csc": bench.signer}), own.chain())
        yield bench


@pytest.mark.parametrize("says", ["y", "n"])
def test_a_key_of_a_provider_is_registered_after_its_owner_has_seen_the_certificate(shell, at_a_provider, says):
    owner = db.session.get_one(Person, actor("mot").person_id).full_name
    key_ref = at_a_provider.enrol(owner).key_ref
    typed = f"{TYPED}{WORD}\n{says}\n{PIN}\n"
    answer = shell("key", "enrol", "mot", *BOTH, "--here", "--key", key_ref, typed=typed)
    assert (owner in answer.output, "ký số từ xa" in answer.output) == (True, True), answer.output
    assert PIN not in answer.output
    key = keys.active_key(actor("mot").person_id)
    assert (answer.exit_code, key and key.provider) == ((0, "csc") if says == "y" else (1, None))
    if says == "y":
        assert keys.sign_with_pin(actor("mot"), key, b"data", PIN, dt.datetime.now(dt.UTC))


def test_somebody_elses_certificate_and_a_key_for_nobody_are_refused(shell, at_a_provider):
    key_ref = at_a_provider.enrol("Người Nào Khác").key_ref
    answer = shell("key", "enrol", "mot", *BOTH, "--here", "--key", key_ref, typed=f"{TYPED}{WORD}\ny\n{PIN}\n")
    assert (answer.exit_code, "Người Nào Khác" in answer.output) == (1, True)
    assert shell("key", "enrol", "mot", *BOTH, "--key", key_ref, typed=TYPED).exit_code == 1
    assert keys.active_key(actor("mot").person_id) is None


# -- the seal

SEAL_BOTH = ("--asked-by", "chin", "--confirmed-by", "bay")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "con-dau.png"
    path.write_bytes(pades.seal_picture("Chính phủ"))
    return path


@pytest.mark.parametrize("says", ["y", "n"])
def test_two_people_register_a_seal_after_they_have_seen_its_certificate(shell, at_a_provider, picture, says):
    key_ref = at_a_provider.enrol("Chính phủ").key_ref
    answer = shell("key", "enrol-seal", key_ref, *SEAL_BOTH, "--picture", picture, typed=f"{TYPED}{says}\n{PIN}\n")
    assert ("Chính phủ" in answer.output, "ký số từ xa" in answer.output) == (True, True), answer.output
    assert PIN not in answer.output
    assert answer.exit_code == (0 if says == "y" else 1)
    assert [seal.key_ref for seal in db.session.query(SealKey)] == ([key_ref] if says == "y" else [])


@pytest.mark.parametrize(("owner", "both", "pin", "drawn"), [
    ("Người Nào Khác", SEAL_BOTH, PIN, True),
    ("Chính phủ", ("--asked-by", "chin", "--confirmed-by", "chin"), PIN, True),
    ("Chính phủ", BOTH, PIN, True),  # the first of them does not keep the seal
    ("Chính phủ", SEAL_BOTH, "917352", True), ("Chính phủ", SEAL_BOTH, PIN, False),
])  # fmt: skip
def test_a_seal_of_another_by_one_person_with_a_wrong_pin_or_without_a_picture_is_none(
    shell, at_a_provider, picture, owner, both, pin, drawn
):
    key_ref = at_a_provider.enrol(owner).key_ref
    given = ("--picture", picture) if drawn else ()
    answer = shell("key", "enrol-seal", key_ref, *both, *given, typed=f"{TYPED}y\n{pin}\n")
    assert answer.exit_code == 1
    assert "Error:" in answer.output
    assert "Traceback" not in answer.output
    assert db.session.query(SealKey).count() == 0


def test_a_key_made_here_takes_the_place_of_one_elsewhere_by_two_people_as_well(shell, at_a_provider, picture):
    key_ref = at_a_provider.enrol("Chính phủ").key_ref
    given = (*SEAL_BOTH, "--picture", picture)
    assert shell("key", "enrol-seal", key_ref, *given, typed=f"{TYPED}y\n{PIN}\n").exit_code == 0
    answer = shell("key", "enrol-seal", *SEAL_BOTH, typed=f"{TYPED}{PIN}\n{PIN}\n")
    assert (answer.exit_code, "khóa phía máy chủ" in answer.output) == (0, True), answer.output
    assert PIN not in answer.output
    assert [seal.state.value for seal in db.session.query(SealKey).order_by(SealKey.id)] == ["replaced", "active"]
    assert shell("key", "enrol-seal", *SEAL_BOTH, typed=f"{TYPED}111111\n111111\n").exit_code == 1
