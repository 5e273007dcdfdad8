"""What stands in front: names, https, cookies, and the proxy that is believed."""

import http.client
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, ok, warning

SECONDS = 5.0
PROBES = "127.0.0.1"
FORGED = {"X-Forwarded-For": PROBES, "User-Agent": "e-Cabinet doctor"}


def public_url() -> Iterator[Finding]:
    """The address in QR codes."""
    parts, production = urlsplit(current_app.config["PUBLIC_URL"]), current_app.config["PRODUCTION"]
    if parts.scheme != "https":
        said = _("ECABINET_PUBLIC_URL does not begin with https; it is printed on every Resolution.")
        yield (error if production else warning)("front.public_url", said)
    elif parts.hostname not in current_app.config["TRUSTED_HOSTS"]:
        said = _("ECABINET_HOSTS lacks %(host)s, the host of ECABINET_PUBLIC_URL.", host=parts.hostname)
        yield error("front.public_url", said)
    else:
        yield ok("front.public_url", _("The public address is %(url)s.", url=current_app.config["PUBLIC_URL"]))


def hosts() -> Iterator[Finding]:
    """The names under which this is served."""
    named = [host for host in current_app.config["TRUSTED_HOSTS"] or () if host]
    wide = [host for host in named if host.startswith((".", "*"))]
    if not named or wide:
        yield error("front.hosts", _("ECABINET_HOSTS is empty or names whole domains; name each host."))
    elif PROBES not in named:
        yield warning("front.hosts", _("ECABINET_HOSTS lacks 127.0.0.1; probes on this machine get no answer."))
    else:
        yield ok("front.hosts", _("Requests for other hosts than ours are refused."))


def cookies() -> Iterator[Finding]:
    """The flags of the session cookie."""
    config = current_app.config
    strict = config["SESSION_COOKIE_SAMESITE"] in ("Lax", "Strict") and config["SESSION_COOKIE_HTTPONLY"]
    if strict and config["SESSION_COOKIE_SECURE"]:
        yield ok("front.cookies", _("The session cookie travels over https only, and no script reads it."))
    else:
        said = _("The session cookie lacks Secure, HttpOnly or SameSite.")
        yield (error if config["PRODUCTION"] else warning)("front.cookies", said)


def proxies() -> Iterator[Finding]:
    """How many proxies are believed; this server speaks no TLS itself."""
    https = urlsplit(current_app.config["PUBLIC_URL"]).scheme == "https"
    count = current_app.config["PROXIES"]
    if https and not count:
        said = _("ECABINET_PROXIES is 0 behind https: all callers share one address, and one of them locks out all.")
        yield error("front.proxies", said)
    elif count > 1:
        said = _(
            "ECABINET_PROXIES is %(count)d; with fewer proxies in front anybody can forge his address.", count=count
        )
        yield warning("front.proxies", said)
    else:
        yield ok("front.proxies", _("As many proxies are believed as stand in front."))


def from_outside() -> Iterator[Finding]:
    """What a stranger is told under the public address, with a forged header."""
    url = current_app.config["PUBLIC_URL"]
    if urlsplit(url).scheme != "https" and not current_app.config["PRODUCTION"]:
        return
    try:
        figures, ready = _asked(url, "/metrics"), _asked(url, "/readyz")
    except (OSError, http.client.HTTPException) as problem:
        said = _("%(url)s cannot be reached from here: %(problem)s.", url=url, problem=type(problem).__name__)
        yield warning("front.outside", said)
        return
    if figures[0] != http.client.NOT_FOUND or b"checks" in ready[1]:
        yield error("front.outside", _("The figures or the reasons of readiness are open to strangers; see the proxy."))
    elif ready[0] != http.client.OK:
        yield error("front.outside", _("The installation says under its public address that it is not ready."))
    else:
        yield ok("front.outside", _("The public address answers, and tells strangers nothing."))


def _asked(url: str, path: str) -> tuple[int, bytes]:
    """Status and beginning of the answer; a redirection is an answer."""
    parts = urlsplit(url)
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        line = http.client.HTTPSConnection(parts.netloc, timeout=SECONDS, context=ssl.create_default_context())
    else:
        line = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    try:
        line.request("GET", path, headers=FORGED)
        answer = line.getresponse()
        return answer.status, answer.read(10_000)
    finally:
        line.close()


CHECKS = (public_url, hosts, cookies, proxies, from_outside)
