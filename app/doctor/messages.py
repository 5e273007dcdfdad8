"""Redis: reachable, closed to strangers, with an account of its own, and never throwing a message away."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import redis
from flask import current_app
from flask_babel import lazy_gettext as _
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError
from redis.retry import Retry

from app.doctor.findings import Finding, error, ok, warning

SECONDS = 3.0
HERE = frozenset({"127.0.0.1", "localhost", "::1", ""})
ELSEWHERE = ("192.0.2.1", 9)  # an address for examples: asking for the way there sends nothing


def answers() -> Iterator[Finding]:
    """Whether it is configured, and answers."""
    url = current_app.config["REDIS_URL"]
    if not url:
        said = _("No Redis: one process does everything (ECABINET_REDIS).")
        yield (warning if current_app.config["PRODUCTION"] else ok)("redis.answers", said)
        return
    try:
        with _client(url) as client:
            client.ping()
    except redis.RedisError as problem:
        said = _(
            "Redis does not answer: %(problem)s. Votes go on; screens and jobs wait.", problem=type(problem).__name__
        )
        yield error("redis.answers", said)
    else:
        yield ok("redis.answers", _("Redis answers."))


def closed() -> Iterator[Finding]:
    """Whether somebody without a password is let in: who writes there makes workers work."""
    url = current_app.config["REDIS_URL"]
    if not url:
        return
    if _lets_in(url):
        said = _("Redis asks nobody for a password; set users with ACL, and a password for “default”.")
        yield error("redis.password", said)
    else:
        yield ok("redis.password", _("Redis lets nobody in without a password."))


def account() -> Iterator[Finding]:
    """Whether this application has an account of its own there, with few rights."""
    url = current_app.config["REDIS_URL"]
    if not url:
        return
    name = urlsplit(url).username or "default"
    if name == "default":
        said = _("The application signs in to Redis as “default”; give it a user of its own with ACL SETUSER.")
        yield (warning if current_app.config["PRODUCTION"] else ok)("redis.account", said)
        return
    with _client(url) as client:
        too_much = _allowed(client, "CONFIG", "SET", "maxmemory-policy", "noeviction")
    if too_much:
        yield warning("redis.account", _("The user %(name)s may change Redis itself; take +@admin away.", name=name))
    else:
        yield ok("redis.account", _("The application has a user of its own in Redis: %(name)s.", name=name))


def address() -> Iterator[Finding]:
    """Whether it can be reached from the network."""
    url = current_app.config["REDIS_URL"]
    parts = urlsplit(url)
    if not url or parts.scheme == "unix":
        return
    if (parts.hostname or "") not in HERE:
        if parts.scheme == "rediss":
            yield ok("redis.address", _("Redis is on another machine, over TLS."))
        else:
            yield warning(
                "redis.address", _("Redis is on another machine without TLS; take rediss:// or this machine.")
            )
    elif (own := own_address()) and _listens(own, parts.port or 6379):
        said = _("Redis listens on %(address)s too, not on this machine alone; set “bind 127.0.0.1”.", address=own)
        yield warning("redis.address", said)
    else:
        yield ok("redis.address", _("Redis listens on this machine alone."))


def memory() -> Iterator[Finding]:
    """A full Redis refuses new messages instead of dropping old ones."""
    url = current_app.config["REDIS_URL"]
    if not url:
        return
    try:
        with _client(url) as client:
            policy = str(client.info("memory").get("maxmemory_policy", ""))
    except NoPermissionError:
        yield warning("redis.memory", _("The user may not ask for “INFO memory”; allow +info."))
        return
    if policy == "noeviction":
        yield ok("redis.memory", _("A full Redis drops nothing (noeviction)."))
    else:
        said = _("maxmemory-policy is “%(policy)s”: a full Redis would drop messages; set noeviction.", policy=policy)
        yield error("redis.memory", said)


def own_address() -> str:
    """The address of this machine in its network; "" without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return ""
        found: str = probe.getsockname()[0]
        return "" if found.startswith("127.") else found


def _lets_in(url: str) -> bool:
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    with _client(bare) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return False
        except redis.ResponseError as refusal:
            if "NOAUTH" in str(refusal) or "NOPERM" in str(refusal):
                return False
            raise


def _allowed(client: redis.Redis, *command: str) -> bool:
    try:
        client.execute_command("ACL", "DRYRUN", client.execute_command("ACL", "WHOAMI"), *command)
    except NoPermissionError:
        return False
    except redis.ResponseError:
        return False
    return True


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(SECONDS)
        return probe.connect_ex((host, port)) == 0


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS, retry=Retry(NoBackoff(), 0)
    )


CHECKS = (answers, closed, account, address, memory)
