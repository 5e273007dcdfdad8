"""What an installation refuses to serve with, as whoever starts it sees it."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from app.doctor import places
from app.doctor.findings import Level
from app.extensions import db
from app.gateways import signing, storage
from app.gateways.signing.choice import SignerByKey
from app.installation import NotReady, WrongDatabase, require_ready
from app.models import Setting
from tests.conftest import SETTINGS
from tests.gateways.softhsm import module

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("setting", "value"), [("SECRET_KEY", ""), ("SECRET_KEY", "short"), ("TRUSTED_HOSTS", [""])])
def test_an_open_door_keeps_the_installation_shut(app, monkeypatch, setting, value):
    require_ready(app)
    monkeypatch.setitem(app.config, setting, value)
    with pytest.raises(NotReady):
        require_ready(app)


@pytest.mark.parametrize(("demo", "marked", "served"), [(0, 0, True), (1, 0, False), (0, 1, False), (1, 1, True)])
def test_demo_data_and_demo_mode_go_together(app, monkeypatch, demo, marked, served):
    if marked:
        db.session.add(Setting(name="demo", value=True))
        db.session.commit()
    monkeypatch.setitem(app.config, "DEMO", bool(demo))
    if served:
        require_ready(app)
    else:
        with pytest.raises(WrongDatabase):
            require_ready(app)


@pytest.mark.parametrize(
    ("secret", "said"), [("", "ECABINET_SECRET_KEY"), ("x" * 40, "flask db upgrade")], ids=["no secret", "no tables"]
)
def test_whoever_starts_it_reads_what_is_missing(tmp_path, secret, said):
    environment = {**os.environ, "ECABINET_SECRET_KEY": secret, "ECABINET_VAR": str(tmp_path), "ECABINET_DATABASE": ""}
    environment.pop("ECABINET_DATABASE")
    started = subprocess.run(
        [sys.executable, "-c", "import run"], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert started.returncode == 1
    assert said in started.stderr
    assert "Traceback" not in started.stderr


@pytest.mark.parametrize(
    "wrong",
    [{"ECABINET_SMTP": "smtp://host:587?tls=perhaps"}, {"ECABINET_SMS_URL": "ftp://gateway.example"},
     {"ECABINET_VAPID_KEY": "/nowhere/vapid.pem"}],
    ids=["mail", "sms", "push"],
)  # fmt: skip
def test_a_wrong_way_for_messages_stops_what_serves_and_the_doctor_names_it(tmp_path, wrong):
    database = {"ECABINET_VAR": str(tmp_path), "ECABINET_DATABASE": f"sqlite:///{tmp_path / 'none.db'}"}
    environment = {**os.environ, "ECABINET_SECRET_KEY": "x" * 40, **database, **wrong}
    served = subprocess.run(
        [sys.executable, "-c", "import run"], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert served.returncode == 1
    assert "".join(wrong) in served.stderr
    assert "Traceback" not in served.stderr
    asked = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "run", "doctor", "--json", "--lang", "en"], cwd=ROOT, env=environment,
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert asked.returncode == 2
    assert "".join(wrong) in asked.stdout
    assert "Traceback" not in asked.stderr


@pytest.mark.parametrize(("text", "said"), [("[hsm.x]", "hsm is no section"), ("x = [", "no TOML file")])
def test_a_malformed_file_of_providers_is_named_and_nothing_starts(tmp_path, text, said):
    application = _with_providers(tmp_path, text)()
    with pytest.raises(NotReady, match=f"^ECABINET_SIGNING_PROVIDERS: .*{said}"):
        require_ready(application)
    with application.app_context():
        (finding,) = places.file()
    assert (finding.level, said in str(finding.words)) == (Level.ERROR, True)


def test_keys_of_devices_stand_beside_those_of_this_process(tmp_path):
    text = f'[pkcs11.an]\nmodule = "{module()}"\ntoken = "AN"\nlabel = "an"\n'
    application = _with_providers(tmp_path, text)()
    with application.app_context():
        assert list(places.file()) == []
    assert isinstance(signing.signer().signer, SignerByKey)
    enrolled = signing.signer().enrol("An", "", "Bộ X", "240619", dt.datetime.now(dt.UTC), 5)
    assert signing.signer().certificate(enrolled.key_ref) == enrolled.certificate_der
    with pytest.raises(signing.KeyTrouble):
        signing.signer().certificate("pkcs11:an")
    with pytest.raises(signing.KeyUnavailable):
        signing.signer().certificate("csc:an")


def _with_providers(tmp_path, text):
    """How an installation with keys of its own and this file of providers is started."""
    (tmp_path / "providers.toml").write_text(text)
    signing.found_authority(tmp_path / "authority", tmp_path / "installation.key", dt.datetime.now(dt.UTC))
    return lambda: create_app(
        **SETTINGS, KEYS=tmp_path / "keys", AUTHORITY=tmp_path / "authority", TRUSTED=tmp_path / "trusted",
        INSTALLATION_KEY=tmp_path / "installation.key", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'db'}",
        SIGNING_PROVIDERS=str(tmp_path / "providers.toml"), STORE=storage.MemoryStorage(),
        ARGON2_COST=signing.Argon2Cost(memory_kib=64, passes=1),
    )  # fmt: skip
