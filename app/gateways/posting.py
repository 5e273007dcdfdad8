"""One request to a server outside: to addresses that are allowed, without redirects, within a time and a size."""

import datetime as dt
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

from app.gateways.handover import Unreachable

CONNECT, ANSWER = 5.0, 15.0  # seconds; the second for everything after the connection stands
LARGEST = 64 * 1024  # bytes of an answer that are read
LONGEST_WAIT = 24 * 3600  # seconds; nobody makes us wait longer
# prefixes that carry an IPv4 address inside: NAT64, 6to4, Teredo
TUNNELS = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body of what came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> int | None:
        """Seconds that the server asks to wait for, at most a day; None when it does not say."""
        return _seconds(self.headers.get("retry-after", ""))


def is_public(address: Address) -> bool:
    """An address of the Internet: not of this machine, of this network, of a tunnel that leads to one, or of many."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address.is_site_local or any(address in net for net in TUNNELS):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_loopback(address: Address) -> bool:
    return address.is_loopback


def anywhere(_address: Address) -> bool:
    """For hosts that the configuration names."""
    return True


@dataclass(frozen=True)
class Post:
    """How to reach servers: which addresses, whose certificates (None: those of the machine), how long (seconds).

    `largest` is how many bytes of an answer are read.
    """

    allowed: Callable[[Address], bool]
    trust: ssl.SSLContext | None = None
    connect: float = CONNECT
    answer: float = ANSWER
    largest: int = LARGEST

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], method: str = "POST") -> Answer:
        """The answer, whatever its status; Unreachable when there is none. The name is looked up once, and what was
        found is what is connected to: it cannot turn into another address in between."""
        parts = urlsplit(url)
        whole = False
        try:
            with self._connected(parts) as connection:
                connection.request(method, _target(parts), body or None, dict(headers))
                whole = True
                response = connection.getresponse()
                content = response.read(self.largest + 1)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise Unreachable(str(error) or type(error).__name__, maybe_accepted=whole) from error
        if len(content) > self.largest:
            raise Unreachable("the answer is too long", maybe_accepted=True)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    @contextmanager
    def _connected(self, parts: SplitResult) -> Iterator[http.client.HTTPConnection]:
        """A connection that is cut when its time is over, however slowly the other side speaks."""
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        line = self._line(host, port)
        if parts.scheme == "https":
            trust = self.trust or ssl.create_default_context()
            line = trust.wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = line
        over = threading.Timer(self.answer, _cut, [line])
        over.daemon = True
        over.start()
        try:
            if isinstance(line, ssl.SSLSocket):
                line.do_handshake()
            yield connection
        finally:
            over.cancel()
            connection.close()

    def _line(self, host: str, port: int) -> socket.socket:
        failure: OSError | None = None
        for _family, _type, _proto, _name, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if not self.allowed(address):
                failure = failure or PermissionError(f"{host} is at an address that is not allowed")
                continue
            try:
                line = socket.create_connection((str(address), port), self.connect)
            except OSError as error:
                failure = error
                continue
            line.settimeout(self.answer)
            return line
        raise failure or OSError(f"{host} has no address")


def _cut(line: socket.socket) -> None:
    """End both directions of the connection itself: the TLS layer is left as it is, its owner is just reading."""
    try:
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:
        return  # it is over already


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _seconds(said: str) -> int | None:
    if said.isascii() and said.isdigit():
        return min(int(said[:9]), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    wait = (when - dt.datetime.now(dt.UTC)).total_seconds()
    return max(0, min(int(wait), LONGEST_WAIT))
