"""Short messages to a real gateway over HTTP: the contract of docs/sms-gateway.md, and everything that is not in it."""

import json
import socket
import threading
import time
import unicodedata
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.sms import Gateway, NotAdmitted, NotAPhone, Refused, Unreachable, parts, phone, shortened
from tests.gateways.tls_case import served

TEXT = "Hỏa tốc: mời họp lúc 14.00 ngày 25/11."
TO = "+84912345678"


class Example(BaseHTTPRequestHandler):
    """The example of the contract: twenty lines, complete."""

    token, accepted = "bí-mật".encode().hex(), {}  # key to message

    def do_POST(self):
        key = self.headers["Idempotency-Key"]
        if self.headers["Authorization"] != f"Bearer {self.token}":
            return self.answer(401, {"error": "unauthorised", "message": "Unknown token."})
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if key != message["key"]:
            return self.answer(400, {"error": "wrong_key", "message": "Key and header differ."})
        known = key in self.accepted
        self.accepted.setdefault(key, message)  # and here it goes to the network
        self.answer(409 if known else 202, {"id": f"sms-{list(self.accepted).index(key)}", "state": "accepted"})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_what):
        """Nothing is logged."""


@contextmanager
def listening(handler, context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def example():
    Example.accepted = {}
    with listening(Example) as port:
        yield Gateway(f"http://127.0.0.1:{port}/v1/messages", Example.token, "VPCP", connect=60, answer=60)


def test_a_vietnamese_message_is_handed_over_with_its_marks(example):
    assert example.send("0912 345 678", TEXT, "delivery-1") == "sms-0"
    assert Example.accepted == {"delivery-1": {"to": TO, "text": TEXT, "key": "delivery-1", "from": "VPCP"}}


def test_the_same_key_is_the_same_message(example):
    assert [example.send(TO, TEXT, key) for key in ("a", "b", "a")] == ["sms-0", "sms-1", "sms-0"]
    assert len(Example.accepted) == 2


def test_letters_in_pieces_are_sent_composed(example):
    example.send(TO, "Ho\u0309a to\u0302\u0301c", "a")
    assert Example.accepted["a"]["text"] == "Hỏa tốc"


def test_a_wrong_token_blames_no_number(example):
    example.token = "wrong"
    with pytest.raises(NotAdmitted, match="Unknown token"):
        example.send(TO, TEXT, "a")


def answering(status, body=b"{}", headers=(), slowly=0.0):
    """A gateway that always answers the same; its requests are noted."""

    class Always(BaseHTTPRequestHandler):
        asked = []

        def do_POST(self):
            self.asked.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in (("Content-Length", str(len(body))), *headers):
                self.send_header(name, value)
            self.end_headers()
            for one in body if slowly else ():
                time.sleep(slowly)
                try:
                    self.wfile.write(bytes([one]))
                except OSError:
                    return
            if not slowly:
                self.wfile.write(body)

        def do_GET(self):
            self.asked.append((self.path, b""))
            self.send_error(404)

        def log_message(self, *_what):
            """Nothing is logged."""

    return Always


def ask(handler, **settings):
    with listening(handler) as port:
        return Gateway(f"http://127.0.0.1:{port}/send", "t", **settings).send(TO, TEXT, "key-1")


@pytest.mark.parametrize(
    ("status", "body", "permanent", "bounced"),
    [
        (400, b'{"error": "bad", "message": "No such template."}', True, False),
        (422, b'{"error": "unknown_number", "message": "No such number."}', True, True),
        (404, b"<html>not here</html>", True, False),
        (429, b"{}", False, False),
        (408, b"", False, False),
        (500, b"[1]", False, False),
        (503, b'{"message": "Maintenance"}', False, False),
    ],
)
def test_a_refusal_says_whether_it_is_for_good(status, body, permanent, bounced):
    with pytest.raises(Refused) as refusal:
        ask(answering(status, body))
    found = refusal.value
    assert (found.permanent, found.bounced, found.code) == (permanent, bounced, status)
    assert found.said


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("0", 0), ("99999999999999", 86400), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("soon", None),
     ("-5", None), ("Fri, 31 Dec 9999 23:59:59 GMT", 86400)],
)  # fmt: skip
def test_the_wish_to_wait_is_heard(said, seconds):
    with pytest.raises(Refused) as refusal:
        ask(answering(429, headers=[("Retry-After", said)]))
    assert refusal.value.retry_after == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    gateway = answering(status, headers=[("Location", "/elsewhere")])
    with pytest.raises(Unreachable, match=str(status)):
        ask(gateway)
    assert [path for path, _body in gateway.asked] == ["/send"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"id": null}', b'{"id": ""}', b'{"id": true}', b"[" * 60_000, b"\xff"])
def test_an_acceptance_without_an_id_may_have_been_one(body):
    with pytest.raises(Unreachable) as failure:
        ask(answering(202, body))
    assert failure.value.maybe_accepted is True


def test_an_answer_without_end_is_not_read_to_the_end():
    with pytest.raises(Unreachable, match="too long"):
        ask(answering(202, b" " * 100_000))


def test_an_answer_that_drips_is_cut_off():
    start = time.monotonic()
    with pytest.raises(Unreachable):
        ask(answering(202, b'{"id": "1"}' + b" " * 900, slowly=0.1), answer=0.5)
    assert time.monotonic() - start < 60


def test_nobody_listening_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable) as failure:
            Gateway(f"http://127.0.0.1:{taken.getsockname()[1]}/", "t").send(TO, TEXT, "a")
    assert failure.value.maybe_accepted is False


def test_https_is_verified(tmp_path):
    papers = served(tmp_path)
    Example.accepted = {}
    with listening(Example, papers.context) as port:
        url = f"https://127.0.0.1:{port}/"
        assert Gateway(url, Example.token, authority=papers.authority).send(TO, TEXT, "a") == "sms-0"
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            Gateway(url, Example.token).send(TO, TEXT, "b")
    assert list(Example.accepted) == ["a"]


def test_plain_http_goes_to_this_machine_only():
    with pytest.raises(Unreachable, match="not allowed"):
        Gateway("http://192.0.2.1/", "t", connect=0.5).send(TO, TEXT, "a")


@pytest.mark.parametrize("url", ["", "ftp://h/", "https://", "https://user:pass@h/", "/path", "https://h/#x"])
def test_what_is_no_address_of_a_gateway_is_refused_at_the_start(url):
    with pytest.raises(ValueError, match="SMS gateway"):
        Gateway(url, "t")


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "é"])
def test_a_token_opens_no_header_of_its_own(token):
    with pytest.raises(ValueError, match="token"):
        Gateway("https://h/", token)


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX-Evil: 1", "é", "k" * 129])
def test_a_key_opens_no_header_of_its_own(example, key):
    with pytest.raises(ValueError, match="key"):
        example.send(TO, TEXT, key)


@pytest.mark.parametrize("text", ["", "  ", "ă" * 403])
def test_a_text_that_is_too_long_or_none_is_not_sent(example, text):
    with pytest.raises(Refused) as refusal:
        example.send(TO, text, "a")
    assert (refusal.value.permanent, refusal.value.code, Example.accepted) == (True, 0, {})


@pytest.mark.parametrize(
    "typed",
    ["0912345678", "0912 345 678", "0912.345.678", "+84 912 345 678", "84912345678", "0084912345678", "(0912) 345-678",
     "\u00a00912\u2013345\u2013678 ", "０９１２３４５６７８"],
)  # fmt: skip
def test_a_mobile_number_has_one_spelling(typed):
    assert phone(typed) == TO


def test_a_number_abroad_keeps_its_plus():
    assert phone("+33 6 12 34 56 78") == "+33612345678"


@pytest.mark.parametrize(
    "typed",
    ["", "0243 804 4141", "091234567", "09123456789", "0112345678", "abc", "+84112345678", "33612345678",
     "+840912345678", "0912345678; rm", "٠٩١٢٣٤٥٦٧٨٠٠", "+", "+1"],
)  # fmt: skip
def test_what_no_message_can_be_sent_to_is_no_phone(example, typed):
    with pytest.raises(NotAPhone):
        phone(typed)
    with pytest.raises(Refused) as refusal:
        example.send(typed, TEXT, "a")
    assert refusal.value.bounced


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("ấ" * 70, 1), ("ấ" * 71, 2),
     ("ấ" * 134, 2), ("ấ" * 135, 3), ("€" * 80, 1), ("€" * 81, 2), ("€" * 152, 2), ("€" * 153, 3),
     ("a\u0302\u0301" * 70, 1), ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 66, 2), ("😀" * 67, 3)],
)  # fmt: skip
def test_the_parts_of_a_text_are_counted_as_the_network_counts_them(text, count):
    assert parts(text) == count


@given(st.text(min_size=1, max_size=600).filter(str.strip), st.integers(1, 6))
def test_a_shortened_text_fits_and_begins_as_it_did(text, most):
    whole, short = unicodedata.normalize("NFC", text).strip(), shortened(text, most)
    assert parts(short) <= most
    assert short == whole or (short[-1] == "…" and whole.startswith(short[:-1]))


def test_a_text_is_shortened_between_words():
    assert shortened("Mời họp phiên thường kỳ " * 10, 1) == "Mời họp phiên thường kỳ " * 2 + "Mời họp phiên thường…"
