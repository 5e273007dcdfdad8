"""Where a page may lead to: paths of this site, whatever the browser or a link says."""

from urllib.parse import SplitResult, urlsplit

from flask import current_app, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

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
    """Where the form was; the home page when the browser does not say or says another site.

    A page that came as the answer to a form has an address that only takes forms: the one above it is opened instead.
    """
    place = same_site(request.referrer)
    path = place.partition("?")[0]
    if _opens(path):
        return place
    while path and not _opens(path):
        path = path.rpartition("/")[0]
    return path or "/"


def here() -> str:
    """Where this page is opened again: what answers a form may stand at an address that only takes forms."""
    return request.full_path.rstrip("?") if request.method == "GET" or _opens(request.path) else same_site_referrer()


def _opens(path: str) -> bool:
    """Whether the address shows a page, and does not only take forms."""
    addresses = current_app.create_url_adapter(request)
    try:
        return addresses is not None and bool(addresses.match(path, method="GET"))
    except RequestRedirect:
        return True
    except (MethodNotAllowed, NotFound):
        return False


def _parts(address: str) -> SplitResult | None:
    """The parts of an address that every browser reads alike; None for one that some would read differently."""
    odd = not address.isprintable() or "\\" in address or " " in address or address.startswith("//")
    if odd or len(address) > LONGEST:
        return None
    try:
        return urlsplit(address)
    except ValueError:
        return None
