"""Where a page may lead to: paths of this site, whatever the browser or a link says."""

from urllib.parse import SplitResult, urlsplit

from flask import request

LONGEST = 2000
NOT_A_PLACE = ("/login", "/logout", "/lock", "/unlock", "/awake", "/language")


def same_site(address: str | None) -> str:
    """The path and query of an address of this site; the home page for everything else.

    An absolute address counts when it names this host (the framework's guard sends such ones). The host itself was
    checked against the list of trusted hosts before.
    """
    parts = _parts(address or "")
    if parts is None or (parts.netloc and parts.netloc != request.host):
        return "/"
    if parts.scheme not in ("", "http", "https") or (parts.scheme and not parts.netloc):
        return "/"
    path = parts.path or "/"
    if not path.startswith("/") or path.startswith("//") or path.startswith(NOT_A_PLACE):
        return "/"
    return f"{path}?{parts.query}" if parts.query else path


def same_site_referrer() -> str:
    """Where the form was; the home page when the browser does not say or says another site."""
    return same_site(request.referrer)


def _parts(address: str) -> SplitResult | None:
    """The parts of an address that every browser reads alike; None for one that some would read differently."""
    odd = not address.isprintable() or "\\" in address or " " in address or address.startswith("//")
    if odd or len(address) > LONGEST:
        return None
    try:
        return urlsplit(address)
    except ValueError:
        return None
