"""Hands one letter at a time to the mail server, and says exactly how far it came."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, unquote, urlsplit

from app.gateways import letter
from app.gateways.handover import NotAdmitted, Refused, Unreachable, one_line
from app.gateways.letter import Attachment, Message, is_address

__all__ = ["Attachment", "Mailer", "Message", "NotAdmitted", "Refused", "Session", "Unreachable", "is_address"]

CONNECT, ANSWER = 5.0, 15.0  # seconds
PORTS = {"none": 25, "starttls": 587, "implicit": 465}
POLICY = re.compile(r"5\.7\.\d")  # RFC 3463: security or policy; the address may be perfectly good
HELLO, GO_ON, CLOSING, PERMANENT = 220, 354, 421, 500
LOGIN_WANTED = {530, 534, 535, 538}
FAULTS = (smtplib.SMTPException, OSError, Unreachable)


class Mailer:
    """A mail server: `smtp://user:password@host:587?tls=starttls|none|implicit&ca=FILE`.

    Without `tls` it is starttls. The certificate is always verified, against `ca` when given (the authority of an
    internal server), else against those of the machine. ValueError on anything that is not such an address, on a
    sender that is none, and on a password that would travel unprotected. `connect` and `answer` are seconds.
    """

    def __init__(self, url: str, sender: str, *, connect: float = CONNECT, answer: float = ANSWER) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True) if parts.query else [])
        self.tls, authority = options.pop("tls", "starttls"), options.pop("ca", None)
        if parts.scheme != "smtp" or not parts.hostname or parts.path.strip("/") or options or self.tls not in PORTS:
            raise ValueError("the mail server is given as smtp://user:password@host:port?tls=starttls|none|implicit")
        self.host, self.port = parts.hostname, parts.port or PORTS[self.tls]
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (self.user + self.password).isascii():
            raise ValueError("user and password of the mail server are ASCII")
        if self.user and self.tls == "none":
            raise ValueError("a password is not sent to the mail server without TLS")
        self.trust = None if self.tls == "none" else _trust(authority)
        self.sender = letter.sender(sender)
        self.connect, self.answer = connect, answer

    def send(self, message: Message, before_data: Callable[[], None]) -> None:
        """Hand over one letter; see `Session.send`."""
        with self.session() as session:
            session.send(message, before_data)

    @contextmanager
    def session(self) -> Iterator["Session"]:
        """One connection for many letters: opened by the first, opened again when the server dropped it."""
        session = Session(self)
        try:
            yield session
        finally:
            session.close()


class Session:
    """Letters over one connection, one after the other; for one thread."""

    def __init__(self, mailer: Mailer) -> None:
        self.mailer = mailer
        self.server: _Server | None = None

    def send(self, message: Message, before_data: Callable[[], None]) -> None:
        """Hand over one letter.

        `before_data` is called once, when the server has accepted the recipient and has nothing of the content; when
        it raises, nothing is sent. Refused, NotAdmitted and Unreachable as in handover.py. Before `before_data` the
        letter is certainly not accepted; after it `maybe_accepted` says whether it may be. Tried again, the server
        may be asked for the recipient twice, and never gets the content twice by itself.
        """
        if not is_address(message.to):
            raise Refused(True, 0, "not a mail address", bounced=True)
        content = letter.composed(message, self.mailer.sender)
        self._introduce(message.to)
        try:
            before_data()
        except BaseException:
            self.close()
            raise
        self._deliver(content)

    def close(self) -> None:
        """Take leave; what the server says to that does not matter any more."""
        server, self.server = self.server, None
        if server:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _introduce(self, to: str) -> None:
        """Sender and recipient; a connection that went away since the last letter is opened again, once."""
        used = self.server is not None
        try:
            self._envelope(to)
        except NotAdmitted:
            self._drop()
            raise
        except FAULTS as fault:
            self._drop()
            if not used:
                raise _unreachable(fault) from fault
            self._introduce(to)

    def _envelope(self, to: str) -> None:
        server = self.server = self.server or _opened(self.mailer)
        code, said = server.mail(self.mailer.sender.addr_spec)
        if code >= PERMANENT:
            raise NotAdmitted(_spoken(code, said))  # no recipient was named yet
        self._judge(code, said, envelope=True)
        code, said = server.rcpt(to)
        if code in LOGIN_WANTED:
            raise NotAdmitted(_spoken(code, said))
        self._judge(code, said, envelope=True)

    def _deliver(self, content: bytes) -> None:
        server, whole = self._connected(), False
        try:
            code, said = server.docmd("DATA")
            if code == GO_ON:
                server.send(_dotted(content))
                whole = True
                code, said = server.getreply()
            self._judge(code, said, envelope=False)
        except FAULTS as fault:
            self._drop()
            raise _unreachable(fault, maybe_accepted=whole) from fault

    def _judge(self, code: int, said: bytes, *, envelope: bool) -> None:
        """Nothing when the server agrees, else Refused; Unreachable when it leaves, or its answer means nothing.

        After a refusal the letter is forgotten, and the connection is kept when it can be.
        """
        if code // 100 == 2:  # noqa: PLR2004  the class of agreement
            return
        if code // 100 not in (4, 5) or (envelope and code == CLOSING):
            raise Unreachable(_spoken(code, said))
        try:
            self._connected().rset()
        except FAULTS:
            self._drop()
        bounced = envelope and code >= PERMANENT and not POLICY.match(one_line(said))
        raise Refused(code >= PERMANENT, code, said, bounced=bounced)

    def _connected(self) -> "_Server":
        if self.server is None:
            raise Unreachable("not connected")
        return self.server

    def _drop(self) -> None:
        if self.server:
            self.server.close()
        self.server = None


class _Server(smtplib.SMTP):
    """The standard library's client with two patiences: a short one to connect, a longer one for each answer."""

    def __init__(self, mailer: Mailer) -> None:
        self.mailer = mailer
        super().__init__(local_hostname=mailer.sender.domain)
        self._host = mailer.host  # whom the certificate must name after STARTTLS

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), self.mailer.connect)
        connection.settimeout(self.mailer.answer)
        if self.mailer.tls == "implicit" and self.mailer.trust:
            return self.mailer.trust.wrap_socket(connection, server_hostname=host)
        return connection


def _opened(mailer: Mailer) -> _Server:
    """Greeted, behind TLS and logged in, as the mailer wants it."""
    server = _Server(mailer)
    try:
        code, said = server.connect(mailer.host, mailer.port)
        if code != HELLO:
            raise Unreachable(_spoken(code, said))
        server.ehlo_or_helo_if_needed()
        if mailer.tls == "starttls":
            server.starttls(context=mailer.trust)
            server.ehlo_or_helo_if_needed()
        if mailer.user:
            server.login(mailer.user, mailer.password)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        server.close()
        raise NotAdmitted(error) from error
    except BaseException:
        server.close()
        raise
    return server


def _unreachable(fault: Exception, *, maybe_accepted: bool = False) -> Unreachable:
    why = fault.why if isinstance(fault, Unreachable) else fault
    return Unreachable(str(why) or type(fault).__name__, maybe_accepted=maybe_accepted)


def _spoken(code: int, said: bytes) -> str:
    return f"{code} {one_line(said)}"


def _trust(authority: str | None) -> ssl.SSLContext:
    """Who may say that the server is the one; ValueError when the file holds no authority."""
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise ValueError(f"the authority of the mail server cannot be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _dotted(content: bytes) -> bytes:
    """RFC 5321 4.5.2: a line that begins with a dot gets another one, and a dot alone is the end."""
    return re.sub(rb"(?m)^\.", b"..", content.rstrip(b"\r\n")) + b"\r\n.\r\n"
