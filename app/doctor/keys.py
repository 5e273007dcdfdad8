"""The keys: where they are, that the signer answers, and that nobody else can read them."""

import datetime as dt
import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _

from app import installation
from app.doctor.findings import Finding, error, note, ok, warning
from app.gateways import signing, timestamp

SECONDS = 5.0
ROOT = 0


def signer() -> Iterator[Finding]:
    """A signer of its own that answers, or the keys in this process."""
    address: str = current_app.config["SIGNER_SOCKET"]
    if not address:
        yield from _keys_here()
        return
    try:
        signing.RemoteSigner(Path(address), patience=SECONDS).chain()
    except signing.SigningError:
        yield error("signer", _("The signer at %(path)s does not answer; nobody can vote.", path=address))
    else:
        yield ok("signer", _("The signer answers at %(path)s.", path=address))


def pinned() -> Iterator[Finding]:
    """With a signer of its own: whether its authorities are written down here, for when it is away."""
    if not current_app.config["SIGNER_SOCKET"]:
        return
    folder = Path(current_app.config["TRUSTED"])
    if signing.pinned_authorities(folder):
        yield ok("keys.trusted", _("The certificates of the authorities are in %(path)s.", path=folder))
    else:
        said = _(
            "No authorities are written down in %(path)s: while the signer is away no signature can be judged."
            " Copy the two certificates that the signer showed when it was set up.", path=folder
        )  # fmt: skip
        yield warning("keys.trusted", said)


def out_of_reach() -> Iterator[Finding]:
    """With a signer of its own, the account of the pages opens no file of the keys. Run this as that account."""
    address: str = current_app.config["SIGNER_SOCKET"]
    if not address:
        return
    if os.geteuid() == ROOT:
        said = _("Root reads everything: run “flask doctor” as the account that serves, to see what it can read.")
        yield warning("keys.out_of_reach", said)
        return
    readable = [str(path) for path in _key_files() if os.access(path, os.R_OK)]
    if readable:
        yield error("keys.out_of_reach", _("This account can read keys: %(paths)s.", paths=", ".join(readable)))
    else:
        yield ok("keys.out_of_reach", _("This account can read no key."))


def socket_file() -> Iterator[Finding]:
    """The socket of the signer is not for everybody on this machine."""
    path = Path(current_app.config["SIGNER_SOCKET"] or "/nonexistent")
    if not path.exists():
        return
    if stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
        yield error(
            "signer.socket", _("Everybody on this machine may ask the signer; take its socket's mode for others away.")
        )
    else:
        yield ok("signer.socket", _("Only the accounts that were let in reach the signer's socket."))


def time_stamps() -> Iterator[Finding]:
    """Whether a time-stamping authority confirms when a signature was made: it is asked for one stamp."""
    code, stamper, url = "keys.time_stamps", timestamp.stamper(), current_app.config["TSA_URL"]
    if problem := installation.unsound_stamper(current_app):
        yield error(code, _("The time-stamping authority is set up wrongly: %(problem)s", problem=problem))
        return
    if stamper is None:
        said = _("No time-stamping authority: the time of a signature is the word of this server.")
        yield note(code, said)
        return
    try:
        _token, stamp = stamper.stamp(sha256(b"flask doctor").digest(), dt.datetime.now(dt.UTC))
    except timestamp.StampRefused as refused:
        said = _("No time stamp from %(url)s, so signatures wait for theirs: %(why)s", url=url, why=str(refused))
        yield warning(code, said)
        return
    if url:
        yield ok(code, _("%(name)s gives time stamps at %(url)s.", name=stamp.authority, url=url))
    else:
        yield note(code, _("The time stamps are those of the demo's own authority; they prove nothing to others."))


def _keys_here() -> Iterator[Finding]:
    config = current_app.config
    if not Path(config["INSTALLATION_KEY"]).is_file() or not Path(config["AUTHORITY"]).exists():
        yield error("signer", _("There are no signing keys and no signer; run: flask setup"))
    elif config["PRODUCTION"]:
        said = _("The keys are in the process of the pages; give them a signer of its own (ECABINET_SIGNER).")
        yield warning("signer", said)
    else:
        yield ok("signer", _("The keys are in this process."))


def _key_files() -> list[Path]:
    config = current_app.config
    return [Path(config[name]) for name in ("INSTALLATION_KEY", "KEYS", "AUTHORITY")]


CHECKS = (signer, pinned, out_of_reach, socket_file, time_stamps)
