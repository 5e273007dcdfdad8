"""Secrets: long enough, not those of the demo, and readable by nobody else."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _

from app import installation
from app.doctor.findings import Finding, error, ok, warning

FEWEST_SIGNS = 12  # different ones in a secret of 32; random text has more
OTHERS = stat.S_IRWXO
GROUP = stat.S_IRWXG
BY_MAKE_RUN = "secret_key"


def secret_key() -> Iterator[Finding]:
    """The key that signs sessions and forms."""
    key: str = current_app.config["SECRET_KEY"] or ""
    if len(key) < installation.SHORTEST_SECRET:
        yield error("secret.key", _("ECABINET_SECRET_KEY is missing or shorter than 32 characters."))
    elif len(set(key)) < FEWEST_SIGNS:
        yield error("secret.key", _("ECABINET_SECRET_KEY is long but not random; make another one."))
    elif current_app.config["PRODUCTION"] and key == _text(_var() / BY_MAKE_RUN):
        yield error("secret.key", _("ECABINET_SECRET_KEY is the one that the demo made; make another one."))
    else:
        yield ok("secret.key", _("The key of sessions and forms is long and random."))


def files() -> Iterator[Finding]:
    """Modes of whatever holds a secret or a paper."""
    open_ones = [path for path in _secret_paths() if path.exists() and _mode(path) & (OTHERS | GROUP)]
    for path in open_ones:
        readable = _mode(path) & OTHERS
        said = _("%(path)s has the mode %(mode)s; only its owner may use it.", path=path, mode=f"{_mode(path):04o}")
        yield (error if readable else warning)("secret.files", said)
    if not open_ones:
        yield ok("secret.files", _("Keys, secrets and papers are readable by their owner only."))


def demo() -> Iterator[Finding]:
    """Demo mode and the demo's mark."""
    marked, mode = installation.is_demo_database(), bool(current_app.config["DEMO"])
    if not marked and not mode:
        yield ok("demo", _("Neither demo mode nor demo data."))
    elif current_app.config["PRODUCTION"]:
        yield error("demo", _("Demo mode is on, or the database holds demo data; a production has neither."))
    else:
        yield warning("demo", _("This is a demo: everybody knows its passwords and its PIN."))


def production() -> Iterator[Finding]:
    """Whether the installation says that it is one."""
    if current_app.config["PRODUCTION"]:
        yield ok("production", _("ECABINET_ENV says that this is a production."))
    else:
        yield warning("production", _("ECABINET_ENV is not “production”; nothing of a production is required then."))


def figures() -> Iterator[Finding]:
    """The token of the figures, where there is one."""
    token: str = current_app.config["METRICS_TOKEN"]
    if token and len(token) < installation.SHORTEST_SECRET:
        yield warning("secret.metrics", _("ECABINET_METRICS_TOKEN is shorter than 32 characters."))
    else:
        yield ok("secret.metrics", _("The figures are for this machine alone, or behind a long token."))


def _secret_paths() -> list[Path]:
    config = current_app.config
    named = [config["INSTALLATION_KEY"], config["KEYS"], config["AUTHORITY"], config["STORAGE"], _var() / BY_MAKE_RUN]
    named += [installation.log_key_file(current_app), *(path for path in (config["VAPID_KEY"],) if path)]
    address = str(config["SQLALCHEMY_DATABASE_URI"])
    if address.startswith("sqlite:///"):
        named.append(address.removeprefix("sqlite:///").partition("?")[0])
    return [Path(path) for path in named]


def _var() -> Path:
    return Path(current_app.config["VAR"])


def _mode(path: Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _text(path: Path) -> str:
    return path.read_text().strip() if path.is_file() and os.access(path, os.R_OK) else ""


CHECKS = (secret_key, files, demo, production, figures)
