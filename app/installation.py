"""Which signer and which store this installation has, and whether the database is one that it may serve."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import inspect, select

from app.extensions import db
from app.gateways import channels, log_key, passkeys, revocation, signing, storage, timestamp
from app.gateways.mail import Mailer
from app.gateways.push import Pusher
from app.gateways.signing.providers import BadProviders, Providers, read_providers
from app.gateways.sms import Gateway
from app.gateways.witness import pinned as witnesses
from app.gateways.witness.client import Witness
from app.models import Body, Person, Setting
from app.settings import NotReady
from app.workflows.rules import checkpoint

DEMO_MARK = "demo"  # name of the setting that marks a database of invented data
UNFINISHED = "unfinished_restore"  # table of a database that `flask restore` has not proved to the end
UNSOUND = "unsound_channels"  # of the application: which ways for messages cannot be used, and why
UNSOUND_STAMPER = "unsound_stamper"  # of the application: why the time-stamping authority cannot be asked
SETTINGS_OF = {"mail": "ECABINET_SMTP", "sms": "ECABINET_SMS_URL", "push": "ECABINET_VAPID_KEY"}
UNSOUND_PROVIDERS = "unsound_providers"  # of the application: what is wrong with the file of tokens and providers
UNSOUND_CAS = "unsound_cas"  # of the application: what is wrong with the folder of authorities outside
SHORTEST_SECRET = 32
HEADS_PATIENCE = 3.0  # seconds that a signature under a head of the log is waited for


class WrongDatabase(NotReady):
    """A database that this installation must not serve."""


def choose_gateways(app: Flask) -> None:
    """Point the gateways at what the configuration names; missing keys show up when somebody signs.

    With a signer of its own this process opens no file of the keys. The pinned certificates are taken where there are
    any, so that signatures can be judged while the signer is away, or after a restore without the keys; before that
    the signer says which they are.
    """
    signing.publish_by(app.config.get("PUBLISHER"))
    if signer := app.config.get("SIGNER"):  # tests hand in a signer with its authority
        signing.use(*signer)
    elif app.config["SIGNER_SOCKET"]:
        remote = signing.RemoteSigner(Path(app.config["SIGNER_SOCKET"]))
        signing.use(remote, signing.pinned_authorities(Path(app.config["TRUSTED"])) or remote.chain)
        signing.publish_by(remote)
    elif Path(app.config["INSTALLATION_KEY"]).exists() and Path(app.config["AUTHORITY"]).exists():
        installation_key = Path(app.config["INSTALLATION_KEY"])
        folder, base = Path(app.config["AUTHORITY"]), app.config["PKI_URL"]
        authority = signing.Authority.load(folder, installation_key.read_bytes(), base=base)
        cost = app.config.get("ARGON2_COST")
        own = signing.SoftwareSigner(Path(app.config["KEYS"]), installation_key, authority, cost)
        signing.use(_providers(app).around(own, authority.chain, Path(app.config["KEYS"]) / "ended"), authority.chain())
        signing.publish_by(signing.OwnPublisher(authority))
    elif pinned := signing.pinned_authorities(Path(app.config["TRUSTED"])):
        signing.use(signing.KeysElsewhere(), pinned)
    _choose_stamper(app)
    _trust_outside(app)
    log_key.use(app.config.get("LOG_SIGNER") or _log_key(app))
    storage.use(app.config.get("STORE") or _store(app))
    witnesses.use(app.config.get("WITNESS_CLIENTS") or _witnesses(app))
    passkeys.use(passkeys.relying_party_of(app.config["PUBLIC_URL"]))
    log_key.use_witnesses([str(witness.key) for witness in witnesses.witnesses()])
    channels.use(app.config.get("CHANNELS") or _channels(app))


def log_key_file(app: Flask) -> Path:
    """Where the key that signs the checkpoints of the log is, or was before a signer took it: beside that of all."""
    return log_key.beside(Path(app.config["INSTALLATION_KEY"]))


def _log_key(app: Flask) -> log_key.LogKey:
    """The halves that this account can read; with a signer of its own that one signs, unless the key still is here."""
    found = log_key.load(log_key_file(app))
    if found.private or not app.config["SIGNER_SOCKET"]:
        return found
    return replace(found, elsewhere=signer_of_heads(app).sign_checkpoint)


def signer_of_heads(app: Flask) -> signing.RemoteSigner:
    """The signer's process, asked with little patience: whoever asks has a log to write on."""
    return signing.RemoteSigner(Path(app.config["SIGNER_SOCKET"]), patience=HEADS_PATIENCE)


def make_log_key(app: Flask) -> bool:
    """Make the key that signs the checkpoints of the log, unless there is one; whether it was made, or is known now.

    With a signer of its own the key is made and stays there, and its public half is written down here; KeyUnavailable
    when that one does not answer.
    """
    file, name = log_key_file(app), app.config["LOG_NAME"] or log_key.name_of(app.config["PUBLIC_URL"])
    if app.config["SIGNER_SOCKET"]:
        written = not any((log_key.load(file).private, log_key.load(file).public))
        if written:
            log_key.pin(file, signer_of_heads(app).log_key(name))
    else:
        made = checkpoint.SigningKey(name, checkpoint.ED25519, log_key.random_seed())
        written = log_key.save(file, log_key.LogKey(str(made), str(made.verifier)))
    choose_gateways(app)
    return written


def _choose_stamper(app: Flask) -> None:
    """Who stamps: whoever is configured, in the demo an authority of its own, and otherwise nobody.

    A setting that is none leaves nobody and stops whatever would serve (`require_ready`), like those of the channels.
    """
    config = app.config
    app.extensions[UNSOUND_STAMPER] = ""
    if given := config.get("STAMPER"):  # tests hand in one with its authorities
        timestamp.use(*given)
    elif config["TSA_URL"]:
        try:
            pinned = _certificates(Path(config["TSA_CA"]))
            timestamp.use(timestamp.Asked(timestamp.OverHttp(config["TSA_URL"]), pinned, config["TSA_POLICY"]), pinned)
        except (OSError, ValueError) as problem:
            app.extensions[UNSOUND_STAMPER] = str(problem)
            timestamp.use(None)
    elif config["DEMO"] and (authority := authority_here(app)):
        timestamp.use(timestamp.demo_stamper(authority), authority.chain())
    else:
        timestamp.use(None)


def _certificates(file: Path) -> tuple[bytes, ...]:
    """Those of a file in PEM, as DER; OSError, ValueError."""
    found = x509.load_pem_x509_certificates(file.read_bytes())
    return tuple(each.public_bytes(serialization.Encoding.DER) for each in found)


def authority_here(app: Flask) -> signing.Authority | None:
    """The installation's own certificate authority, where this process can open it."""
    folder, key = Path(app.config["AUTHORITY"]), Path(app.config["INSTALLATION_KEY"])
    if app.config.get("SIGNER") or not (folder.exists() and key.exists()):
        return None
    return signing.Authority.load(folder, key.read_bytes())


def _providers(app: Flask) -> Providers:
    """Keys in devices and at providers; with a signer of its own only that one reads the file.

    A file with a fault in it is not used at all, and stops whatever would serve (`require_ready`).
    """
    app.extensions[UNSOUND_PROVIDERS] = ""
    try:
        return read_providers(app.config["SIGNING_PROVIDERS"], loopback=app.config["DEMO"] or app.testing)
    except BadProviders as odd:
        app.extensions[UNSOUND_PROVIDERS] = str(odd)
        return Providers()


def _trust_outside(app: Flask) -> None:
    """The authorities outside, and where each is asked; a folder with a fault in it is not used at all."""
    found: dict[Path, tuple[bytes, ...]] = {}
    places: dict[str, tuple[revocation.Place, ...]] = {}
    app.extensions[UNSOUND_CAS] = ""
    if folder := app.config["TRUSTED_CAS"]:
        try:
            found, places = signing.read_authorities(Path(folder)), revocation.read_places(Path(folder))
        except (ValueError, OSError) as problem:
            app.extensions[UNSOUND_CAS] = str(problem)
    try:
        if file := app.config["TSA_CA"]:  # asked about certificates for time stamps, trusted for nothing else
            beside = revocation.places_beside(Path(file), _certificates(Path(file)))
            places = {key: each for key, each in beside.items() if each} | places
    except (ValueError, OSError) as problem:
        app.extensions[UNSOUND_STAMPER] = str(problem)
    signing.trust_also([der for certificates in found.values() for der in certificates])
    revocation.use(revocation.Client(
        places, own_issuer=lambda: signing.trusted()[0], own=lambda asked: signing.publisher().answer(asked),
        own_root=lambda: signing.trusted()[1], own_list=lambda: signing.publisher().revocation_list("root"),
    ))  # fmt: skip


def _store(app: Flask) -> storage.Store:
    try:
        return storage.at(app.config["STORAGE_URL"], app.config["STORAGE"], app.config["S3_ENDPOINT"])
    except ValueError as problem:
        raise NotReady(f"ECABINET_STORAGE is no usable address: {problem}") from None


def _witnesses(app: Flask) -> tuple[Witness, ...]:
    try:
        return witnesses.parse(app.config["WITNESSES"])
    except ValueError as problem:
        raise NotReady(f"ECABINET_WITNESSES names no witness: {problem}") from None


def _channels(app: Flask) -> channels.Channels:
    """The ways out that are configured.

    A setting that is none leaves its channel shut and stops whatever would serve (`require_ready`); the commands
    start all the same, so that the doctor can name it.
    """
    config = app.config
    makers: dict[str, tuple[str, Callable[[], Any]]] = {
        "mail": ("SMTP_URL", lambda: Mailer(config["SMTP_URL"], config["MAIL_FROM"])),
        "sms": ("SMS_URL", lambda: Gateway(config["SMS_URL"], config["SMS_TOKEN"])),
        "push": ("VAPID_KEY", lambda: Pusher(Path(config["VAPID_KEY"]), config["VAPID_SUBJECT"])),
    }
    made: dict[str, Any] = {}
    app.extensions[UNSOUND] = unsound = {}
    for name, (setting, make) in makers.items():
        try:
            made[name] = make() if config[setting] else None
        except (ValueError, OSError) as problem:
            unsound[name] = str(problem)
    return channels.Channels(**made)


def unsound_channels(app: Flask) -> dict[str, str]:
    """Which of mail, sms and push are configured wrongly, and what is wrong with each."""
    found: dict[str, str] = app.extensions.get(UNSOUND, {})
    return found


def unsound_stamper(app: Flask) -> str:
    """What is wrong with the settings of the time-stamping authority; "" when nothing is."""
    found: str = app.extensions.get(UNSOUND_STAMPER, "")
    return found


def require_ready(app: Flask) -> None:
    """NotReady for a setting that would leave a door open, and for a database that is not to be served.

    Whatever serves calls it at its start (run.py); the commands of `flask` do not, since they make an installation.
    """
    if len(app.config["SECRET_KEY"] or "") < SHORTEST_SECRET:
        raise NotReady("ECABINET_SECRET_KEY is missing or shorter than 32 characters; make one and keep it secret.")
    if not any(app.config["TRUSTED_HOSTS"] or ()):
        raise NotReady("ECABINET_HOSTS is empty; name the hosts that this installation answers to.")
    if unsound := unsound_channels(app):
        said = "; ".join(f"{SETTINGS_OF[name]}: {problem}" for name, problem in unsound.items())
        raise NotReady(f"A way for messages is set up wrongly. {said}")
    if unsound_stamper(app):
        raise NotReady(f"ECABINET_TSA_URL, _CA or _POLICY is set up wrongly: {unsound_stamper(app)}")
    if odd := app.extensions.get(UNSOUND_PROVIDERS):
        raise NotReady(f"ECABINET_SIGNING_PROVIDERS: {odd}.")
    if app.extensions[UNSOUND_CAS]:
        raise NotReady(f"ECABINET_TRUSTED_CAS cannot be used: {app.extensions[UNSOUND_CAS]}")
    if app.config["PRODUCTION"]:
        _require_production(app)
    with app.app_context():
        try:
            check_demo_mark(app)
        finally:
            db.engine.dispose()  # a server that forks afterwards shares no connection


def _require_production(app: Flask) -> None:
    """NotReady for what is good enough for a demo and for no Government (ECABINET_ENV=production)."""
    if app.config["DEMO"]:
        raise NotReady("A production has no demo mode; unset ECABINET_DEMO.")
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite") and not app.config["FORCE_SQLITE"]:
        raise NotReady("A production needs PostgreSQL (ECABINET_DATABASE), or the word ECABINET_FORCE_SQLITE=1.")
    if urlsplit(app.config["PUBLIC_URL"]).scheme != "https":
        raise NotReady("ECABINET_PUBLIC_URL does not begin with https; it is printed on every Resolution.")


def check_demo_mark(app: Flask) -> None:
    """WrongDatabase for a demo database outside demo mode, and in demo mode for one that holds unmarked data.

    Likewise for one that was restored and not proved. Needs an application context; every way to serve the application
    calls it before the first request.
    """
    existing = inspect(db.engine)
    if existing.has_table(UNFINISHED):
        raise WrongDatabase("A restore into this database was not finished, or found it wrong: flask restore, again.")
    if not existing.has_table(Setting.__tablename__):
        raise WrongDatabase("The database has no tables yet; make them with: flask db upgrade")
    marked, demo = is_demo_database(), bool(app.config["DEMO"])
    if marked and not demo:
        raise WrongDatabase("This is a demo database; only `make run` serves it (ECABINET_DEMO=1).")
    if demo and not marked and holds_data():
        raise WrongDatabase("Demo mode serves demo data only, and this database holds data without the demo mark.")


def is_demo_database() -> bool:
    """Whether the database carries the demo mark."""
    with db.engine.connect() as connection:
        return bool(connection.scalar(select(Setting.value).where(Setting.name == DEMO_MARK)))


def holds_data() -> bool:
    """Whether there is anybody in the database, or anything that somebody could belong to."""
    with db.engine.connect() as connection:
        return any(connection.scalar(select(table.id).limit(1)) for table in (Body, Person, User))
