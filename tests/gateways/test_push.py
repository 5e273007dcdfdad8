"""Push messages to a real endpoint that opens them with the keys of the browser and checks who signed for them."""

import base64
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.gateways import push
from app.gateways.push import Gone, NotAdmitted, Pusher, Refused, Subscription, Unreachable

SUBJECT = "mailto:van-hanh@vpcp.example"
PAYLOAD = json.dumps({"title": "Bạn có thông báo mới"}, ensure_ascii=False).encode()
FCM = "https://fcm.googleapis.com/fcm/send/abc"


def encoded(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(key):
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


class Browser:
    """The keys of one browser; it opens what it is sent."""

    def __init__(self):
        self.key, self.secret = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"

    def at(self, endpoint):
        return Subscription(endpoint, encoded(point_of(self.key)), encoded(self.secret))

    def opened(self, body):
        return http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")


class Endpoint:
    """A push service on this machine: what it was sent, and what it answers."""

    def __init__(self, status=201, body=b"", headers=()):
        self.status, self.body, self.headers, self.sent = status, body, headers, []

    @contextmanager
    def open(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                service.sent.append((self.path, dict(self.headers), self.rfile.read(length)))
                self.send_response(service.status)
                for name, value in (("Content-Length", str(len(service.body))), *service.headers):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(service.body)

            def log_message(self, *_what):
                """Nothing is logged."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture(scope="module")
def pem():
    return push.generate_vapid_key()


@pytest.fixture
def pusher(pem):
    return Pusher(pem, SUBJECT, loopback=True, connect=60, answer=60)


@pytest.fixture(scope="module")
def browser():
    return Browser()


def send(pusher, browser, endpoint, **how):
    with endpoint.open() as origin:
        pusher.send(browser.at(f"{origin}/push/geheim"), PAYLOAD, **how)
    return (origin, *endpoint.sent[0])


def test_only_the_browser_can_read_what_it_is_sent(pusher, browser):
    _origin, path, headers, body = send(pusher, browser, Endpoint(), topic="notices")
    assert path == "/push/geheim"
    assert browser.opened(body) == PAYLOAD
    assert PAYLOAD[:12] not in body
    assert headers["Content-Encoding"] == "aes128gcm"
    assert (headers["TTL"], headers["Urgency"], headers["Topic"]) == ("86400", "normal", "notices")


def test_an_urgent_message_says_so(pusher, browser):
    _origin, _path, headers, _body = send(pusher, browser, Endpoint(), urgent=True, lasts=600)
    assert (headers["TTL"], headers["Urgency"]) == ("600", "high")
    assert "Topic" not in headers


def test_the_push_service_can_check_who_sends(pusher, pem, browser):
    origin, _path, headers, _body = send(pusher, browser, Endpoint())
    scheme, _space, rest = headers["Authorization"].partition(" ")
    fields = dict(part.split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    assert fields["k"] == pusher.public_key
    head, claims, signature = fields["t"].split(".")
    own = serialization.load_pem_private_key(pem, None).public_key()
    r, s = (int.from_bytes(decoded(signature)[half : half + 32]) for half in (0, 32))
    own.verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(decoded(claims))
    assert (said["aud"], said["sub"]) == (origin, SUBJECT)
    assert 0 < said["exp"] - time.time() <= 24 * 3600
    assert json.loads(decoded(head))["alg"] == "ES256"


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_says_so(pusher, browser, status):
    with pytest.raises(Gone):
        send(pusher, browser, Endpoint(status))


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (403, True), (413, True), (429, False), (503, False)])
def test_a_refusal_says_whether_it_is_for_good(pusher, browser, status, permanent):
    with pytest.raises(Refused) as refusal:
        send(pusher, browser, Endpoint(status, b"push\nrefused", [("Retry-After", "7")]))
    assert (refusal.value.permanent, refusal.value.code, refusal.value.said) == (permanent, status, "push refused")
    assert refusal.value.retry_after == (None if permanent else 7)


def test_a_key_that_is_not_accepted_blames_no_subscription(pusher, browser):
    with pytest.raises(NotAdmitted):
        send(pusher, browser, Endpoint(401))


def test_a_redirect_is_not_followed(pusher, browser):
    endpoint = Endpoint(307, headers=[("Location", "/other")])
    with pytest.raises(Unreachable):
        send(pusher, browser, endpoint)
    assert len(endpoint.sent) == 1


def test_nobody_listening_is_unreachable(pusher, browser):
    with Endpoint().open() as origin:
        pass
    with pytest.raises(Unreachable):
        pusher.send(browser.at(origin), PAYLOAD)


@pytest.mark.parametrize(
    "endpoint",
    [FCM, "https://updates.push.services.mozilla.com/wpush/v2/x", "https://web.push.apple.com/Q",
     "https://sg2p.notify.windows.com/w/?token=x", "https://fcm.googleapis.com:443/x"],
)  # fmt: skip
def test_the_push_services_of_the_browsers_are_permitted(browser, endpoint):
    assert push.permitted(browser.at(endpoint))


@pytest.mark.parametrize(
    "endpoint",
    ["", "http://fcm.googleapis.com/x", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/",
     "https://169.254.169.254/latest/meta-data/", "https://intranet.vpcp.example/x", "https://evilfcm.googleapis.com.x/",
     "https://evil-fcm.googleapis.com@127.0.0.1/", "https://fcm.googleapis.com@10.0.0.1/", "https://notnotify.windows.com",
     "https://fcm.googleapis.com:8443/x", "https://fcm.googleapis.com:x/", "https://fcm.googleapis.com\\@10.0.0.1/",
     "https://fcm.googleapis.com/x\r\nX-Evil: 1", "file:///etc/passwd", "https://fcm.googleapis.com/" + "x" * 1000,
     "https://fcm.googleapis.com./x", "https://[fcm.googleapis.com/"],
)  # fmt: skip
def test_no_other_address_is_kept_or_asked(pem, browser, endpoint):
    assert not push.permitted(browser.at(endpoint))
    with pytest.raises(Refused) as refusal:
        Pusher(pem, SUBJECT).send(browser.at(endpoint), PAYLOAD)
    assert (refusal.value.permanent, refusal.value.code) == (True, 0)


def test_a_permitted_name_at_a_private_address_is_not_reached(pem, browser):
    private = Pusher(pem, SUBJECT, services=("localhost",))
    with pytest.raises(Unreachable, match="not allowed"):
        private.send(browser.at("https://localhost/x"), PAYLOAD)


@pytest.mark.parametrize(("field", "value"), [
    ("p256dh", ""), ("p256dh", "AAAA"), ("p256dh", encoded(b"\x04" + b"\x01" * 64)), ("p256dh", "ö" * 87),
    ("auth", ""), ("auth", "AAAA"), ("auth", encoded(b"x" * 17)), ("auth", "==="),
])  # fmt: skip
def test_keys_that_are_none_are_not_kept(browser, field, value):
    good = browser.at(FCM)
    assert not push.permitted(Subscription(**{**vars(good), field: value}))


@pytest.mark.parametrize(("payload", "topic"), [(b"", "a"), (b"x" * 3801, "a"), (b"x", "a b"), (b"x", "a\r\nb: c"),
                                                (b"x", "a" * 33)])  # fmt: skip
def test_what_does_not_fit_is_a_mistake_of_the_caller(pusher, browser, payload, topic):
    with pytest.raises(ValueError, match="push message"):
        pusher.send(browser.at(FCM), payload, topic)


def test_the_largest_message_fits_into_what_services_take(pusher, browser):
    endpoint = Endpoint()
    with endpoint.open() as origin:
        pusher.send(browser.at(origin + "/x"), b"x" * push.LARGEST)
    assert len(endpoint.sent[0][2]) <= 4096


def test_a_key_file_is_read(tmp_path, pem):
    place = tmp_path / "vapid.pem"
    place.write_bytes(pem)
    assert len(decoded(Pusher(place, SUBJECT).public_key)) == 65


def test_another_kind_of_key_or_none_is_refused_at_the_start(tmp_path):
    other = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for key in (other, b"no key", tmp_path / "absent.pem"):
        with pytest.raises(ValueError, match="the key of push messages"):
            Pusher(key, SUBJECT)


@pytest.mark.parametrize("subject", ["", "van-hanh@vpcp.example", "mailto:", "http://vpcp.example", "mailto:a@b\r\nx"])
def test_a_subject_that_is_none_is_refused_at_the_start(pem, subject):
    with pytest.raises(ValueError, match="subject"):
        Pusher(pem, subject)
