"""Signing in: the same answer for every wrong entry, locks that pass, sessions that end."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select

from app.extensions import db
from app.models import AuditEntry, LoginSession, LoginTry, Person, Refusal
from app.workflows import login
from app.workflows.login_tries import SessionOver, TooManyTries, WeakPassword, password_hash, require_good_password
from app.workflows.rules.passwords import is_good_password
from tests.cabinet import NOW, PASSWORD
from tests.conftest import both, on_postgresql

MINUTE = dt.timedelta(minutes=1)
ADDRESS = "192.0.2.7"


def enter(name="a", password=PASSWORD, address=ADDRESS, now=NOW, device="iPad"):
    return login.sign_in(name, password, address, device, now)


def fail(times, name="a", address=ADDRESS, now=NOW):
    for _ in range(times):
        with pytest.raises(login.WrongCredentials):
            enter(name, "wrong", address, now)


def living(token, now=NOW):
    return login.session_of(token, now)


@both
def test_the_right_password_begins_a_session_of_which_only_the_digest_is_stored(app, people):
    token = enter()
    row = db.session.query(LoginSession).one()
    assert token not in (row.token_sha256, row.device)
    found = living(token)
    assert (found.session_id, found.user_id, found.locked) == (row.id, row.user_id, False)
    fact = db.session.query(AuditEntry).filter_by(fact="SignedIn").one()
    assert (fact.subject_type, fact.subject_id) == ("person", people["a"].person_id)
    assert fact.actor_id == people["a"].person_id


@pytest.mark.parametrize("name", ["A", " a ", "a\t"])
def test_a_name_is_found_however_it_is_capitalised_or_surrounded(app, name):
    assert living(enter(name))


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("a", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("a", ""), ("a\0", PASSWORD), ("a", PASSWORD + "\0"),
        ("a", "x" * 100_000), ("x" * 100_000, PASSWORD), ("\ud800", "\ud800"), ("a' OR 1=1 --", PASSWORD),
        ("a", PASSWORD + " "), ("%", PASSWORD), ("\u202ea", PASSWORD), ("а", PASSWORD),
    ],
)  # fmt: skip
@both
def test_every_wrong_entry_has_the_same_answer_and_is_recorded(app, name, password):
    with pytest.raises(login.WrongCredentials):
        enter(name, password)
    assert db.session.query(LoginSession).count() == 0
    assert db.session.query(LoginTry).one().succeeded is False
    refusal = db.session.query(Refusal).one()
    assert (refusal.act, refusal.code, refusal.actor_id) == ("sign_in", "sign_in_refused", None)


def test_a_closed_account_and_an_account_of_nobody_do_not_enter(app):
    db.session.execute(db.update(User).where(User.username == "a").values(active=False))
    db.session.commit()
    fail(1, "a")
    app.appbuilder.sm.add_user("alone", "A", "B", "x@example.vn", app.appbuilder.sm.find_role("khach"), PASSWORD)
    with pytest.raises(login.WrongCredentials):
        enter("alone")
    assert enter("b")


@both
def test_five_failures_lock_the_name_for_fifteen_minutes_and_never_longer(app):
    fail(4)
    fail(1, now=NOW + MINUTE)
    for minutes in (1, 5, 15):
        with pytest.raises(TooManyTries) as refusal:
            enter(now=NOW + minutes * MINUTE)
        assert refusal.value.details["at"] == NOW + 16 * MINUTE
    assert enter(now=NOW + 16 * MINUTE)
    codes = db.session.scalars(select(Refusal.code).order_by(Refusal.id)).all()
    assert codes == ["sign_in_refused"] * 5 + ["sign_in_locked"] * 3


def test_knocking_at_a_locked_name_does_not_prolong_the_lock(app):
    fail(5)
    for minute in range(1, 15):
        with pytest.raises(TooManyTries):
            enter(now=NOW + minute * MINUTE)
    assert db.session.query(LoginTry).count() == 5
    assert enter(now=NOW + 15 * MINUTE)


def test_failures_far_apart_do_not_lock(app):
    for part in range(6):
        fail(1, now=NOW + part * 4 * MINUTE)
    assert enter(now=NOW + 21 * MINUTE)


def test_success_begins_the_count_anew(app):
    fail(4)
    enter()
    fail(4)
    assert enter()


def test_a_lock_of_one_name_leaves_the_others_alone(app):
    fail(5, "a")
    assert enter("b")


@pytest.mark.parametrize("disguise", ["A", "a ", " á", "Á"])
def test_a_name_in_disguise_shares_the_count(app, disguise):
    fail(4)
    with pytest.raises(login.WrongCredentials):
        enter(disguise, "wrong")
    with pytest.raises(TooManyTries):
        enter()


def test_an_unknown_name_locks_like_a_known_one(app):
    fail(5, "nobody")
    with pytest.raises(TooManyTries):
        enter("nobody", "wrong")


def test_thirty_failures_lock_the_address_whatever_the_names(app):
    for number in range(30):
        fail(1, f"name{number}")
    with pytest.raises(TooManyTries):
        enter("b")
    assert enter("b", address="192.0.2.8")
    assert enter("b", now=NOW + 15 * MINUTE)


def test_an_own_success_does_not_clear_the_count_of_the_address(app):
    for number in range(29):
        fail(1, f"name{number}")
    enter("b")
    fail(1, "name29")
    with pytest.raises(TooManyTries):
        enter("b")


@on_postgresql
def test_of_twenty_guesses_at_once_five_are_judged(app):
    def guess(_number):
        with app.app_context():
            try:
                enter("a", "wrong")
            except (login.WrongCredentials, TooManyTries) as refusal:
                return refusal.code
            return "in"

    with ThreadPoolExecutor(20) as threads:
        codes = list(threads.map(guess, range(20)))
    assert (codes.count("sign_in_refused"), codes.count("sign_in_locked")) == (5, 15)


def test_a_session_locks_after_fifteen_idle_minutes_and_ends_after_twelve_hours(app):
    token = enter()
    assert not living(token, NOW + 14 * MINUTE).locked
    assert living(token, NOW + 15 * MINUTE).locked
    assert living(token, NOW + dt.timedelta(hours=11, minutes=59))
    assert living(token, NOW + dt.timedelta(hours=12)) is None


def test_presence_is_written_at_most_every_half_minute(app):
    token = enter()
    login.stay(living(token), NOW + dt.timedelta(seconds=29))
    assert living(token).last_seen_at == NOW
    login.stay(living(token), NOW + 10 * MINUTE)
    assert not living(token, NOW + 24 * MINUTE).locked


def test_a_locked_screen_is_not_kept_awake_and_opens_by_password(app):
    token = enter()
    later = NOW + 20 * MINUTE
    login.stay(living(token, later), later)
    assert living(token, later).locked
    login.unlock(living(token, later), PASSWORD, ADDRESS, later)
    assert not living(token, later).locked
    assert db.session.query(AuditEntry).filter_by(fact="ScreenUnlocked").count() == 1


def test_a_screen_can_be_locked_at_once(app):
    token = enter()
    login.lock_screen(living(token), NOW)
    assert living(token).locked


@both
def test_the_fifth_wrong_password_at_a_locked_screen_ends_that_session_alone(app):
    token, other = enter(), enter(device="phone")
    login.lock_screen(living(token), NOW)
    locked = living(token)
    for left in (4, 3, 2, 1):
        with pytest.raises(login.WrongPassword) as refusal:
            login.unlock(locked, "wrong", ADDRESS, NOW)
        assert refusal.value.details["tries_left"] == left
    with pytest.raises(SessionOver):
        login.unlock(locked, "wrong", ADDRESS, NOW)
    with pytest.raises(SessionOver):
        login.unlock(locked, PASSWORD, ADDRESS, NOW)
    assert living(token) is None
    assert living(other)
    assert enter(now=NOW)  # the name itself is not locked by it


def test_a_locked_name_does_not_keep_its_owner_from_unlocking(app):
    token = enter()
    login.lock_screen(living(token), NOW)
    fail(5, "a", address="198.51.100.1")
    login.unlock(living(token), PASSWORD, ADDRESS, NOW)
    assert not living(token).locked


def test_signing_out_ends_one_session_and_is_said_once(app):
    token, other = enter(), enter()
    gone = living(token)
    login.sign_out(gone, NOW)
    login.sign_out(gone, NOW)
    assert living(token) is None
    assert living(other)
    assert db.session.query(AuditEntry).filter_by(fact="SignedOut").count() == 1


@both
def test_all_sessions_of_an_account_end_together_but_the_one_that_is_kept(app, people):
    tokens = [enter() for _ in range(3)]
    stranger = enter("b")
    kept = living(tokens[0])
    ended = login.end_sessions(people["a"], kept.user_id, "password_changed", NOW, keep=kept.session_id)
    assert [bool(living(token)) for token in (*tokens, stranger)] == [True, False, False, True]
    fact = db.session.query(AuditEntry).filter_by(fact="SessionsEnded").one()
    assert (fact.payload["session_ids"], fact.payload["because"]) == (ended, "password_changed")


def test_no_password_reaches_the_database(app):
    enter()
    fail(1)
    for table in (LoginTry, Refusal, AuditEntry, LoginSession):
        rows = db.session.execute(select(*table.__table__.columns)).all()
        assert PASSWORD not in repr(rows)
        assert "wrong" not in repr(rows)


def test_a_composed_and_a_decomposed_password_are_the_same(app):
    import unicodedata

    word = "Mật khẩu Rất Tốt 1!"
    db.session.execute(db.update(User).where(User.username == "a").values(password=password_hash(word)))
    db.session.commit()
    assert enter(password=unicodedata.normalize("NFD", word))


@pytest.mark.parametrize(
    ("password", "good"),
    [
        (PASSWORD, True), ("Ecabinet@20", False), ("ecabinet@2019", False), ("ECABINET@2019", False),
        ("Ecabinet@năm", False), ("Ecabinet22019", False), ("xTv02-Ecabinet2019", False), ("Rất-dài-và-tốt-1", True),
        ("A1!" + "a" * 126, False), ("Ecabinet@2019\0", False), ("", False),
    ],
)  # fmt: skip
def test_a_good_password_is_long_mixed_and_not_the_name(password, good):
    assert is_good_password(password, "tv02") is good


def test_a_weak_password_is_refused_with_the_rule(app, people):
    with pytest.raises(WeakPassword) as refusal:
        require_good_password(db.session.get_one(Person, people["a"].person_id), "short", "a")
    assert "12" in str(refusal.value)


def test_a_guess_is_dear_unless_an_installation_says_otherwise(app, monkeypatch):
    monkeypatch.delitem(app.config, "FAB_PASSWORD_HASH_METHOD")
    assert password_hash(PASSWORD).startswith("scrypt:32768:8:1$")


def test_judging_costs_one_hash_for_known_and_unknown_names(app, monkeypatch):
    from app.workflows import login_tries

    calls = []
    check = login_tries.check_password_hash
    monkeypatch.setattr(login_tries, "check_password_hash", lambda *given: calls.append(1) or check(*given))
    costs = []
    for name, password in (("a", "wrong"), ("nobody", "wrong"), ("a", ""), ("a", "x" * 1000)):
        calls.clear()
        with pytest.raises(login.WrongCredentials):
            enter(name, password)
        costs.append(len(calls))
    assert costs == [1, 1, 1, 1]
    assert db.session.scalar(select(func.count()).select_from(LoginTry)) == 4
