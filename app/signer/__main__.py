"""The signer's program: `python -m app.signer init` once, then `python -m app.signer --socket PATH`.

`python -m app.signer check` shows which keys of devices and remote providers can be reached, `certify` gives the key of
a device a certificate of the own authority.
"""

import argparse
import ctypes
import datetime as dt
import hashlib
import logging
import resource
import signal
import stat
import sys
from pathlib import Path

import config
from app.gateways import log_key
from app.gateways.signing import (
    Argon2Cost,
    Authority,
    KeyUnavailable,
    SoftwareSigner,
    found_authority,
    pin_authorities,
)
from app.gateways.signing.providers import BadProviders, Providers, read_providers
from app.signer.certifying import NoKey, certify
from app.signer.checking import check
from app.signer.desk import Desk
from app.signer.heads import Heads
from app.signer.server import NotServing, Server, allowed_users
from app.signer.tries import Tries

log = logging.getLogger("ecabinet.signer")

PR_SET_DUMPABLE = 4
DAYS, MOST_DAYS = 3 * 365, 5 * 365
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def main(arguments: list[str], cost: Argon2Cost | None = None) -> int:
    """The exit status; `cost` is for tests, where a PIN need not be dear."""
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", level=logging.INFO)
    told = _parser().parse_args(arguments)
    try:
        if told.act == "init":
            _initialise(told.name, Path(told.trusted))
        elif told.act == "certify":
            _certify(told)
        elif told.act == "check":
            if failed := check(_providers()):
                raise NotServing(f"{failed} of them cannot be used now.")
        else:
            _serve(Path(told.socket), told.group, cost)
    except NotServing as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.signer", description="The process that alone reaches keys.")
    parser.add_argument("act", nargs="?", choices=["serve", "init", "check", "certify"], default="serve")
    parser.add_argument("--socket", default=config.SIGNER_SOCKET, help="path of the Unix socket (ECABINET_SIGNER)")
    parser.add_argument("--group", default="", help="group that may open the socket; otherwise that of the process")
    parser.add_argument("--name", default="e-Cabinet", help="init: name of the certificate authority")
    parser.add_argument("--trusted", default=str(config.TRUSTED), help="init: folder for the public certificates")
    given = parser.add_argument_group("certify")
    given.add_argument("--key", help="file with the public key of the device (DER or PEM)")
    given.add_argument("--holder", help="name as on record: of the person, or of the body whose seal it is")
    given.add_argument("--post", default="", help="post of the person; none for a seal")
    given.add_argument("--organisation", default="", help="organisation of the person; the body itself for a seal")
    given.add_argument("--days", type=int, default=DAYS, help="how long the certificate is valid")
    given.add_argument("--out", help="new file for the certificate (DER)")
    return parser


def _initialise(name: str, trusted: Path) -> None:
    """Installation key and certificate authority, made once; the public certificates beside them."""
    try:
        made = found_authority(config.AUTHORITY, config.INSTALLATION_KEY, dt.datetime.now(dt.UTC), name=name,
                               demo=config.DEMO, base=config.PKI_URL)  # fmt: skip
    except (KeyUnavailable, OSError) as error:
        raise NotServing(f"{config.AUTHORITY} cannot be made or used: {type(error).__name__}.") from error
    chain = _authority().chain()
    pin_authorities(trusted, chain)
    print("made" if made else "was there already")
    for certificate in chain:
        print(f"sha256 {hashlib.sha256(certificate).hexdigest()}")


def _certify(told: argparse.Namespace) -> None:
    if not (told.key and told.holder and told.out and 0 < told.days <= MOST_DAYS):
        raise NotServing(f"certify needs --key FILE --holder NAME --out FILE, and --days from 1 to {MOST_DAYS}.")
    about = told.holder, told.post, told.organisation
    try:
        certificate = certify(_authority(), Path(told.key), *about, told.days, Path(told.out))
    except (NoKey, OSError, ValueError) as error:
        raise NotServing(f"No certificate was written. {error}.") from None
    print(f"sha256 {hashlib.sha256(certificate).hexdigest()}")


def _authority() -> Authority:
    """The authority on disk; NotServing when it is missing or somebody else could read what protects the keys."""
    for path in (config.INSTALLATION_KEY, config.AUTHORITY, config.KEYS, log_key.beside(config.INSTALLATION_KEY)):
        if path.exists() and path.stat().st_mode & OTHERS:
            raise NotServing(f"{path} is open to other accounts; its owner alone may enter: chmod go= {path}")
    try:
        return Authority.load(config.AUTHORITY, config.INSTALLATION_KEY.read_bytes(), base=config.PKI_URL)
    except (KeyUnavailable, OSError) as error:
        raise NotServing("There is no certificate authority here yet: python -m app.signer init") from error


def _serve(path: Path, group: str, cost: Argon2Cost | None) -> None:
    if not path.name:
        raise NotServing("Say where to listen: --socket PATH, or ECABINET_SIGNER=PATH.")
    _keep_memory_private()
    authority, users = _authority(), allowed_users(config.SIGNER_USERS)
    own = SoftwareSigner(config.KEYS, config.INSTALLATION_KEY, authority, cost)
    signer = _providers().around(own, authority.chain, config.KEYS / "ended")
    heads = Heads(log_key.beside(config.INSTALLATION_KEY))
    desk = Desk(signer, authority, Tries(config.KEYS / "tries"), any_time=config.DEMO, heads=heads)
    server = Server(path, users, desk.answer, group)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.end())
    server.serve(lambda: log.info("answers at %s to user ids %s", path, sorted(users)))


def _providers() -> Providers:
    try:
        return read_providers(config.SIGNING_PROVIDERS, loopback=config.DEMO)
    except BadProviders as odd:
        raise NotServing(f"ECABINET_SIGNING_PROVIDERS: {odd}.") from None


def _keep_memory_private() -> None:
    """No core file, and no other process of this account looks into this one: keys and PINs pass through it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
