"""Letters to a real mail server: what it receives, and what is known when it refuses, hesitates or goes away."""

import asyncio
import email
import socket
import threading
import time
from contextlib import contextmanager
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from hypothesis import given
from hypothesis import strategies as st

from app.gateways import letter
from app.gateways.mail import Attachment, Mailer, Message, NotAdmitted, Refused, Unreachable
from tests.gateways.tls_case import served

SUBJECT = "Hỏa tốc: Giấy mời họp Chính phủ thường kỳ tháng 11 – đề nghị đồng chí trả lời trước 17 giờ ngày 25/11/2026"
NAME = "Nguyễn Thị Ánh, Phó Chủ nhiệm"
TEXT = "Kính gửi đồng chí,\n\n.Dòng có dấu chấm ở đầu.\n..\nTrân trọng."
HTML = "<p>Kính gửi đồng chí, <b>Quốc hiệu</b></p>"
SENDER = "Văn phòng Chính phủ <no-reply@vpcp.example>"
PATIENCE = 60  # seconds, for servers on a loaded machine
PATIENT = {"connect": PATIENCE, "answer": PATIENCE}


class Postbox:
    """What arrived; `answers` says what RCPT and DATA answer, the first one each time, the last for ever."""

    def __init__(self):
        self.envelopes: list[Envelope] = []
        self.ports: set[int] = set()
        self.at_rcpt: list[str] = []
        self.at_data: list[str] = []
        self.before_rcpt = 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.before_rcpt:
            await asyncio.sleep(self.before_rcpt)
        answer = self.at_rcpt.pop(0) if self.at_rcpt else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.at_data.pop(0) if self.at_data else "250 OK"
        if answer.startswith("250"):
            self.envelopes.append(envelope)
            self.ports.add(session.peer[1])
        return answer

    def letters(self):
        return [email.message_from_bytes(one.content, policy=default) for one in self.envelopes]


class PostOffice(Controller):
    """Its port is its own from the first moment on, and it may begin slowly."""

    def __init__(self, postbox, **settings):
        self.listening = socket.create_server(("127.0.0.1", 0))
        port = self.listening.getsockname()[1]
        super().__init__(postbox, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE, **settings)

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.listening, ssl=self.ssl_context)


@contextmanager
def server(postbox, **settings):
    controller = PostOffice(postbox, **settings)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def postbox():
    return Postbox()


@pytest.fixture
def mailer(postbox):
    with server(postbox) as port:
        yield Mailer(f"smtp://127.0.0.1:{port}?tls=none", SENDER, **PATIENT)


def a_letter(number=1, **changes):
    given_ = {"to": "anh@bo.example", "subject": SUBJECT, "text": TEXT, "html": HTML, "name": NAME}
    return Message(**{**given_, "message_id": f"<digest-{number}@vpcp.example>", **changes})


def text_of(received, kind="plain"):
    return received.get_body((kind,)).get_content().replace("\r\n", "\n").strip()


class Before:
    """Counts how often the caller was asked to note that the letter goes out now."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1


def test_a_vietnamese_letter_arrives_as_it_was_written(mailer, postbox):
    mailer.send(a_letter(attachments=(Attachment("Bản tin ngày 21-11.pdf", b"%PDF-1.7\n"),)), Before())
    (received,) = postbox.letters()
    assert received["Subject"] == SUBJECT
    assert [(one.display_name, one.addr_spec) for one in received["To"].addresses] == [(NAME, "anh@bo.example")]
    assert received["From"].addresses[0].display_name == "Văn phòng Chính phủ"
    assert received["Message-ID"] == "<digest-1@vpcp.example>"
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime.tzinfo
    assert text_of(received) == TEXT
    assert text_of(received, "html") == HTML
    (paper,) = received.iter_attachments()
    assert (paper.get_filename(), paper.get_content_type()) == ("Bản tin ngày 21-11.pdf", "application/pdf")
    assert paper.get_content() == b"%PDF-1.7\n"


def test_every_line_of_a_letter_is_ascii_and_short(mailer, postbox):
    mailer.send(a_letter(subject=SUBJECT * 3), Before())
    content = postbox.envelopes[0].content
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


def test_a_long_message_id_stays_in_one_piece(mailer, postbox):
    identity = f"<notice-1234567-contact_address-1234567@{'phong-ban.' * 8}chinhphu.example>"
    mailer.send(a_letter(message_id=identity), Before())
    assert f"Message-ID: {identity}\r\n".encode() in postbox.envelopes[0].content
    assert postbox.letters()[0]["Message-ID"] == identity


def test_a_letter_without_html_is_plain_text(mailer, postbox):
    mailer.send(a_letter(html=""), Before())
    assert postbox.letters()[0].get_content_type() == "text/plain"


INJECTED = "Mời họp\r\nBcc: ke-gian@ngoai.example\r\n\r\nNội dung khác\x00\u2028Bcc: b@c.example"


@pytest.mark.parametrize("field", ["subject", "name"])
def test_no_text_opens_a_header_of_its_own(mailer, postbox, field):
    mailer.send(a_letter(**{field: INJECTED}), Before())
    (received,) = postbox.letters()
    assert sorted(received.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert postbox.envelopes[0].rcpt_tos == ["anh@bo.example"]
    assert text_of(received) == TEXT


def test_no_file_name_opens_a_header_of_its_own(mailer, postbox):
    mailer.send(a_letter(attachments=(Attachment('a.pdf"\r\nX-Evil: 1', b"x"),)), Before())
    (paper,) = postbox.letters()[0].iter_attachments()
    assert "X-Evil" not in paper
    assert b"\r\nX-Evil" not in postbox.envelopes[0].content


@given(st.text(max_size=200), st.text(max_size=80))
def test_whatever_is_typed_is_one_subject_and_one_recipient(subject, name):
    content = letter.composed(a_letter(subject=subject, name=name), letter.sender(SENDER))
    received = email.message_from_bytes(content, policy=default)
    assert [one.addr_spec for one in received["To"].addresses] == ["anh@bo.example"]
    assert len(received.keys()) == 8
    assert received["Subject"].replace(" ", "") == letter.one_line(subject).replace(" ", "")


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b@c", "a b@c.vn", "a@b.vn\r\nRCPT TO:<x@y.vn>", "<a@b.vn>", "ánh@bo.vn", "a@b.vn>", "a@b.vn, c@d.vn",
     ".a@b.vn", "a..b@c.vn", "a" * 65 + "@b.vn", "a@" + "b." * 130 + "vn"],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_sent(mailer, postbox, address):
    before = Before()
    with pytest.raises(Refused) as refusal:
        mailer.send(a_letter(to=address), before)
    assert (refusal.value.permanent, refusal.value.bounced, before.times) == (True, True, 0)


@pytest.mark.parametrize("identity", ["", "a@b", "<a@b>\r\nBcc: x@y", "<a b@c>", "<>", "<" + "a" * 200 + "@b>"])
def test_a_message_id_is_one_short_word(identity):
    with pytest.raises(ValueError, match="Message-ID"):
        letter.composed(a_letter(message_id=identity), letter.sender(SENDER))


def test_the_caller_notes_the_sending_after_the_recipient_and_before_the_content(mailer, postbox):
    seen = []
    mailer.send(a_letter(), lambda: seen.append(len(postbox.envelopes)))
    assert seen == [0]
    postbox.at_rcpt = ["550 5.1.1 no such user"]
    with pytest.raises(Refused):
        mailer.send(a_letter(2), lambda: seen.append("asked too early"))
    assert seen == [0]


def test_when_the_note_cannot_be_made_nothing_is_sent(mailer, postbox):
    def broken():
        raise RuntimeError("the database is away")

    with mailer.session() as session:
        with pytest.raises(RuntimeError):
            session.send(a_letter(), broken)
        session.send(a_letter(2), Before())
    assert [one["Message-ID"] for one in postbox.letters()] == ["<digest-2@vpcp.example>"]


def test_many_letters_take_one_connection(mailer, postbox):
    with mailer.session() as session:
        for number in range(50):
            session.send(a_letter(number), Before())
    assert len(postbox.envelopes) == 50
    assert len(postbox.ports) == 1


@pytest.mark.parametrize(
    ("answer", "permanent", "bounced"),
    [
        ("550 5.1.1 no such user", True, True),
        ("550 mailbox unavailable", True, True),
        ("450 4.2.0 greylisted, try again later", False, False),
        ("554 5.7.1 relay access denied", True, False),
    ],
)
def test_a_refused_recipient_says_whether_the_address_is_to_blame(mailer, postbox, answer, permanent, bounced):
    postbox.at_rcpt = [answer]
    before = Before()
    with mailer.session() as session:
        with pytest.raises(Refused) as refusal:
            session.send(a_letter(), before)
        assert before.times == 0
        session.send(a_letter(2), before)  # the others are not kept waiting
    assert (refusal.value.permanent, refusal.value.bounced) == (permanent, bounced)
    assert (refusal.value.code, refusal.value.said) == (int(answer[:3]), answer[4:])
    assert (before.times, len(postbox.ports)) == (1, 1)


@pytest.mark.parametrize(("answer", "permanent"), [("552 5.3.4 too large", True), ("451 4.3.0 disk full", False)])
def test_a_refused_content_does_not_blame_the_address(mailer, postbox, answer, permanent):
    postbox.at_data = [answer]
    with mailer.session() as session:
        with pytest.raises(Refused) as refusal:
            session.send(a_letter(), Before())
        session.send(a_letter(2), Before())
    assert (refusal.value.permanent, refusal.value.bounced) == (permanent, False)
    assert len(postbox.envelopes) == 1


def test_nobody_listening_is_unreachable_and_certainly_not_accepted():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        before = Before()
        with pytest.raises(Unreachable) as failure:
            Mailer(f"smtp://127.0.0.1:{probe.getsockname()[1]}?tls=none", SENDER).send(a_letter(), before)
    assert (failure.value.maybe_accepted, before.times) == (False, 0)


def test_a_slow_server_is_left_after_the_patience_is_over(mailer, postbox):
    postbox.before_rcpt = 120
    mailer.answer = 0.2
    start, before = time.monotonic(), Before()
    with pytest.raises(Unreachable):
        mailer.send(a_letter(), before)
    assert time.monotonic() - start < 60
    assert before.times == 0


def test_a_connection_that_was_dropped_between_two_letters_is_opened_again(mailer, postbox):
    with mailer.session() as session:
        session.send(a_letter(), Before())
        session.server.sock.shutdown(socket.SHUT_RDWR)
        session.send(a_letter(2), Before())
    assert len(postbox.envelopes) == 2
    assert len(postbox.ports) == 2


class Script:
    """A mail server that follows a script: (what it waits for, what it answers); None as answer hangs up."""

    def __init__(self, *rounds):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.rounds, self.heard = rounds, []
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        for script in self.rounds:
            connection, _peer = self.listener.accept()
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 here\r\n")
                self._follow(connection, lines, script)

    def _follow(self, connection, lines, script):
        for wanted, answer in script:
            while line := lines.readline():
                self.heard.append(line)
                if line.upper().startswith(wanted):
                    break
            if answer is None:
                return
            connection.sendall(answer + b"\r\n")
        lines.readline()

    def close(self):
        self.thread.join(PATIENCE)
        self.listener.close()


@pytest.fixture
def script():
    started = []

    def start(*rounds):
        started.append(Script(*rounds))
        return started[-1], Mailer(f"smtp://127.0.0.1:{started[-1].port}?tls=none", SENDER, **PATIENT)

    yield start
    for one in started:
        one.close()


HELLO = [(b"EHLO", b"250 here")]
ENVELOPE = [*HELLO, (b"MAIL", b"250 ok"), (b"RCPT", b"250 ok")]


@pytest.mark.parametrize(
    ("rest", "maybe"),
    [
        ([(b"DATA", None)], False),
        ([(b"DATA", b"354 go on"), (b"SUBJECT", None)], None),  # which of the two, only the timing knows
        ([(b"DATA", b"354 go on"), (b".\r\n", None)], True),
        ([(b"DATA", b"354 go on"), (b".\r\n", b"hmm")], True),
    ],
)
def test_only_a_letter_that_went_out_whole_may_have_been_accepted(script, rest, maybe):
    _server, mailer = script(ENVELOPE + rest)
    before = Before()
    with pytest.raises(Unreachable) as failure:
        mailer.send(a_letter(), before)
    assert before.times == 1
    assert maybe is None or failure.value.maybe_accepted is maybe


def test_a_letter_torn_in_the_middle_is_not_accepted(script):
    _server, mailer = script([*ENVELOPE, (b"DATA", b"354 go on"), (b"SUBJECT", None)])
    with pytest.raises(Unreachable) as failure:
        mailer.send(a_letter(text="x" * 20_000_000), Before())  # more than any buffer between the two holds
    assert failure.value.maybe_accepted is False


def test_a_server_that_closes_between_letters_gets_the_next_one_on_a_new_connection(script):
    first = [*ENVELOPE, (b"DATA", b"354 go on"), (b".\r\n", b"250 ok"), (b"MAIL", b"421 4.7.0 too many, bye")]
    second = [*ENVELOPE, (b"DATA", b"354 go on"), (b".\r\n", b"250 ok"), (b"QUIT", b"221 bye")]
    server, mailer = script(first, second)
    before = Before()
    with mailer.session() as session:
        session.send(a_letter(), before)
        session.send(a_letter(2), before)
    assert before.times == 2
    assert server.heard.count(b"Message-ID: <digest-2@vpcp.example>\r\n") == 1


@pytest.mark.parametrize(
    "script_of_it",
    [
        [*HELLO, (b"MAIL", b"550 5.7.60 not allowed to send as this sender")],
        [*HELLO, (b"MAIL", b"250 ok"), (b"RCPT", b"530 5.7.0 authentication required")],
    ],
)
def test_no_recipient_is_blamed_when_the_installation_is_not_admitted(script, script_of_it):
    _server, mailer = script(script_of_it)
    with pytest.raises(NotAdmitted):
        mailer.send(a_letter(), Before())


def test_a_server_that_speaks_another_language_is_unreachable(script):
    _server, mailer = script([(b"EHLO", b"HTTP/1.1 400 Bad Request")])
    with pytest.raises(Unreachable):
        mailer.send(a_letter(), Before())


def told(server, session, envelope, mechanism, auth_data):
    good = (auth_data.login, auth_data.password) == (b"ecabinet", b"mat khau/@:?%")
    return AuthResult(success=good, handled=False)


SECRET = "mat%20khau%2F%40%3A%3F%25"


@pytest.fixture
def secured(postbox, tmp_path):
    papers = served(tmp_path)
    settings = {"tls_context": papers.context, "require_starttls": True, "authenticator": told, "auth_required": True}
    with server(postbox, **settings) as port:
        yield lambda user="ecabinet", password=SECRET, rest=f"&ca={papers.authority}": Mailer(
            f"smtp://{user}:{password}@127.0.0.1:{port}?tls=starttls{rest}", SENDER, **PATIENT
        )


def test_behind_starttls_the_installation_logs_in(secured, postbox):
    secured().send(a_letter(), Before())
    assert len(postbox.envelopes) == 1


def test_a_wrong_password_blames_no_recipient(secured, postbox):
    with pytest.raises(NotAdmitted):
        secured(password="sai").send(a_letter(), Before())
    assert postbox.envelopes == []


def test_a_certificate_of_an_unknown_authority_is_refused(secured, postbox):
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        secured(rest="").send(a_letter(), Before())
    assert postbox.envelopes == []


def test_a_certificate_for_another_host_is_refused(postbox, tmp_path):
    papers = served(tmp_path, "mail.elsewhere.example")
    with server(postbox, tls_context=papers.context) as port, pytest.raises(Unreachable, match="not valid for"):
        Mailer(f"smtp://127.0.0.1:{port}?ca={papers.authority}", SENDER).send(a_letter(), Before())


def test_a_server_without_starttls_gets_nothing(mailer, postbox):
    with pytest.raises(NotAdmitted):
        Mailer(f"smtp://127.0.0.1:{mailer.port}?tls=starttls", SENDER).send(a_letter(), Before())
    assert postbox.envelopes == []


def test_implicit_tls_is_spoken_from_the_first_byte(postbox, tmp_path):
    papers = served(tmp_path)
    with server(postbox, ssl_context=papers.context) as port:
        Mailer(f"smtp://127.0.0.1:{port}?tls=implicit&ca={papers.authority}", SENDER).send(a_letter(), Before())
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            Mailer(f"smtp://127.0.0.1:{port}?tls=implicit", SENDER).send(a_letter(), Before())
    assert len(postbox.envelopes) == 1


@pytest.mark.parametrize(
    "url",
    ["", "http://127.0.0.1", "smtp://", "smtp://h?tls=maybe", "smtp://h?tls=none&x=1", "smtp://h/path",
     "smtp://user:secret@h?tls=none", "smtp://user:m%E1%BA%ADt@h", "smtp://h?ca=/not/there.pem"],
)  # fmt: skip
def test_a_setting_that_is_no_mail_server_is_refused_at_the_start(url):
    with pytest.raises(ValueError, match=r"mail server|parsing"):
        Mailer(url, SENDER)


@pytest.mark.parametrize("sender", ["", "Văn phòng", "a@b\r\nBcc: c@d", "Văn phòng <a b@c>"])
def test_a_sender_that_is_none_is_refused_at_the_start(sender):
    with pytest.raises(ValueError, match="sender"):
        Mailer("smtp://127.0.0.1?tls=none", sender)
