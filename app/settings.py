"""Whether the addresses among the settings are addresses at all; what stands behind them is looked at elsewhere."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from redis.connection import parse_url
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


class NotReady(Exception):
    """This installation must not serve; the sentence says why and what to do. It names a setting, never its value."""


def _database(value: str) -> None:
    make_url(value).get_dialect().import_dbapi()


def _redis(value: str) -> None:
    parse_url(value)
    if urlsplit(value).scheme not in ("redis", "rediss") or not urlsplit(value).hostname:
        raise ValueError


def _web(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError


ADDRESSES: tuple[tuple[str, str, Callable[[str], None], str], ...] = (
    # setting                  variable                whether it is one  how it is given
    ("SQLALCHEMY_DATABASE_URI", "ECABINET_DATABASE", _database, "postgresql+psycopg://user:password@host/name"),
    ("REDIS_URL", "ECABINET_REDIS", _redis, "redis://user:password@host:6379/0"),
    ("S3_ENDPOINT", "ECABINET_S3_ENDPOINT", _web, "https://host"),
    ("PKI_URL", "ECABINET_PKI", _web, "http://host"),
    ("TSA_URL", "ECABINET_TSA_URL", _web, "https://host/path"),
    ("PUBLIC_URL", "ECABINET_PUBLIC_URL", _web, "https://host"),
)


def require_addresses(config: Mapping[str, Any]) -> None:
    """NotReady for the first setting that is there and is no address of its kind."""
    for setting, variable, check, form in ADDRESSES:
        try:
            if config[setting]:
                check(config[setting])
        except (ValueError, ArgumentError, ImportError):
            raise NotReady(f"{variable} is no usable address; it is given as {form}") from None
