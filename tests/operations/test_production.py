"""What ECABINET_ENV=production refuses to serve with."""

import pytest

from app.installation import NotReady, require_ready

SOUND = {
    "PRODUCTION": True, "DEMO": False, "FORCE_SQLITE": True, "PUBLIC_URL": "https://hop.chinhphu.vn",
    "TRUSTED_HOSTS": ["hop.chinhphu.vn"],
}  # fmt: skip


@pytest.fixture
def production(app, monkeypatch):
    for name, value in SOUND.items():
        monkeypatch.setitem(app.config, name, value)
    return app


def test_a_sound_production_is_served(production):
    require_ready(production)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [("DEMO", True, "ECABINET_DEMO"), ("FORCE_SQLITE", False, "PostgreSQL"),
     ("PUBLIC_URL", "http://hop.chinhphu.vn", "https"), ("SECRET_KEY", "short", "ECABINET_SECRET_KEY")],
)  # fmt: skip
def test_a_production_refuses_what_is_good_enough_for_a_demo(production, monkeypatch, setting, value, said):
    monkeypatch.setitem(production.config, setting, value)
    with pytest.raises(NotReady, match=said):
        require_ready(production)


def test_the_same_is_served_where_nobody_says_that_it_is_a_production(production, monkeypatch):
    for setting, value in (("PRODUCTION", False), ("FORCE_SQLITE", False), ("PUBLIC_URL", "http://127.0.0.1:8080")):
        monkeypatch.setitem(production.config, setting, value)
    require_ready(production)


def test_a_production_on_postgresql_needs_no_word_about_sqlite(production, monkeypatch):
    monkeypatch.setitem(production.config, "FORCE_SQLITE", False)
    monkeypatch.setattr("app.installation.check_demo_mark", lambda _app: None)
    monkeypatch.setitem(production.config, "SQLALCHEMY_DATABASE_URI", "postgresql+psycopg://ecab_app@host/ecabinet")
    require_ready(production)
