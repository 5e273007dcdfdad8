"""Asking whether a certificate was revoked: answers of openssl, and everything that is no answer."""
import datetime as dt
import threading
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp

from app.gateways import posting
from app.gateways.revocation import Client, Place, Standing, kind_of, read_places
from app.gateways.revocation.client import LARGEST
from app.gateways.signing import Authority, read_authorities
from tests.gateways.revocation_case import DAY, NOW, Outside, database, openssl_crl, openssl_responder, server
from tests.gateways.signing_cases import as_pem

OCSP, CRL = "application/ocsp-response", "application/pkix-crl"
PATIENT = posting.Post(posting.anywhere, largest=LARGEST)


@pytest.fixture
def outside():
    return Outside()


def client(outside, *places, post=PATIENT):
    return Client({sha256(outside.issuer).hexdigest(): [Place(*place) for place in places]}, post=post)


def asked(outside, kind, url, now=None, post=PATIENT):
    now = now or dt.datetime.now(dt.UTC)
    return client(outside, (kind, url), post=post).ask(outside.person.certificate, outside.issuer, now)


def told(outside, reply, kind="ocsp"):
    """What the client makes of a server that answers so."""
    with server(reply) as (url, seen):
        answer = asked(outside, kind, url)
    assert len(seen) == 1  # asked once: nothing is followed, nothing repeated
    return answer


def problem_of(answer):
    assert (answer.standing, answer.content) == (Standing.UNREACHABLE, b"")
    return answer.problems[0].partition(": ")[2].partition(" (")[0]


def fixed(content, status=200, **headers):
    return lambda _body: (status, headers, content)


# -- openssl as the other side ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "private", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)], ids=["p256", "rsa"]
)
def test_openssl_answers_good_and_revoked(tmp_path, private):
    outside = Outside(private)
    for revoked, standing in ((None, Standing.GOOD), (NOW - DAY / 2, Standing.REVOKED)):
        database(tmp_path, outside, revoked)
        with openssl_responder(tmp_path, "-nmin", "60") as url:
            answer = asked(outside, "ocsp", url)
        assert (answer.standing, answer.since, answer.problems) == (standing, revoked, ())
        assert kind_of(answer.content) == "ocsp"
        assert answer.at <= dt.datetime.now(dt.UTC) < answer.until


def test_openssl_does_not_know_a_certificate(tmp_path, outside):
    database(tmp_path, outside, None)
    (tmp_path / "index.txt").write_text("")
    with openssl_responder(tmp_path) as url:
        assert asked(outside, "ocsp", url).standing is Standing.UNKNOWN


def test_what_openssl_signs_over_sha1_is_no_answer(tmp_path, outside):
    database(tmp_path, outside, None, "sha1")
    with openssl_responder(tmp_path, "-rmd", "sha1") as url:
        assert problem_of(asked(outside, "ocsp", url)) == "weak"
    assert problem_of(told(outside, fixed(openssl_crl(tmp_path)), "crl")) == "weak"


def test_a_list_of_openssl_is_read(tmp_path, outside):
    for revoked, standing in ((None, Standing.GOOD), (NOW - DAY / 2, Standing.REVOKED)):
        database(tmp_path, outside, revoked)
        answer = told(outside, fixed(openssl_crl(tmp_path)), "crl")
        assert (answer.standing, answer.since) == (standing, revoked)
        assert kind_of(answer.content) == "crl"


# -- our own authority as the other side ------------------------------------------------------------------------------


def answering(outside, at=None):
    return lambda body: (200, {"Content-Type": OCSP}, outside.authority.ocsp(body, at or dt.datetime.now(dt.UTC)))


def test_our_own_authority_answers_through_its_delegate(outside):
    assert told(outside, answering(outside)).standing is Standing.GOOD
    outside.revoke()
    answer = told(outside, answering(outside))
    assert (answer.standing, answer.since) == (Standing.REVOKED, NOW - dt.timedelta(hours=1))


def test_the_own_authority_needs_no_network(outside):
    own = Client(
        own_issuer=lambda: outside.issuer, own=lambda body: outside.authority.ocsp(body, dt.datetime.now(dt.UTC))
    )
    assert own.can_ask(outside.issuer)
    assert not own.can_ask(Outside().issuer)
    assert own.ask(outside.person.certificate, outside.issuer, dt.datetime.now(dt.UTC)).standing is Standing.GOOD


def test_the_second_place_is_asked_when_the_first_gives_nothing(outside):
    with server(fixed(b"", 503)) as (first, _), server(fixed(outside.authority.crl(NOW))) as (second, _):
        both = client(outside, ("ocsp", first), ("crl", second))
        answer = both.ask(outside.person.certificate, outside.issuer, NOW)
    assert (answer.standing, kind_of(answer.content)) == (Standing.GOOD, "crl")


def test_nobody_is_asked_whom_the_configuration_does_not_name():
    """The certificate names an address; it is no place."""
    with server(fixed(b"")) as (url, seen):
        naming = Authority.create(None, NOW - DAY, base=url)
        person = naming.issue("An", "", "", ec.generate_private_key(ec.SECP256R1()).public_key(), NOW, 30)
        assert url.encode() in person
        answer = Client().ask(person, naming.chain()[0], NOW)
    assert (answer.standing, seen) == (Standing.UNREACHABLE, [])


# -- what is no answer ------------------------------------------------------------------------------------------------


def changed(outside, change):
    """An answer that is the right one but for what the test does to it."""

    def reply(body):
        request = ocsp.load_der_ocsp_request(body)
        return 200, {}, change(request, dt.datetime.now(dt.UTC).replace(microsecond=0))

    return reply


def built(outside, request, at, until, key=None, responder=None, serial=None, hash_=None, nonce=None):
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        request.issuer_name_hash, request.issuer_key_hash, serial or request.serial_number, request.hash_algorithm,
        ocsp.OCSPCertStatus.GOOD, at, until, None, None,
    )  # fmt: skip
    by = x509.load_der_x509_certificate(responder or outside.issuer)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by).certificates([by])
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    signed = builder.sign(key or outside.authority._issuing_key, hash_ or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def delegate(outside, purpose):
    """Somebody whom the issuer certified for something, and the key of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = {
        "ocsp": lambda: outside.authority.issue_ocsp(key.public_key(), NOW, 7),
        "person": lambda: outside.authority.issue("Ai đó", "", "", key.public_key(), NOW, 7),
        "tsa": lambda: outside.authority.issue_tsa("TSA", "", key.public_key(), NOW, 7),
        "stranger": lambda: Outside().authority.issue_ocsp(key.public_key(), NOW, 7),
        "over": lambda: outside.authority.issue_ocsp(key.public_key(), NOW - 20 * DAY, 7),
    }
    return {"responder": made[purpose](), "key": key}


def namesake():
    other = Outside()
    return {"responder": other.issuer, "key": other.authority._issuing_key}


HOUR = dt.timedelta(hours=1)
NO_ANSWERS = {
    "signed by another issuer of the same name": (lambda _o: namesake(), "wrong_signature"),
    "signed by a person of the authority": (lambda o: delegate(o, "person"), "wrong_signature"),
    "signed by the authority's time stamps": (lambda o: delegate(o, "tsa"), "wrong_signature"),
    "signed by another authority's responder": (lambda o: delegate(o, "stranger"), "wrong_signature"),
    "signed by a responder whose time is over": (lambda o: delegate(o, "over"), "wrong_signature"),
    "signed over SHA-224": (lambda _o: {"hash_": hashes.SHA224()}, "weak"),
    "about another certificate": (lambda _o: {"serial": 7}, "other_certificate"),
    "with another nonce": (lambda _o: {"nonce": b"x" * 16}, "nonce"),
    "of yesterday": (lambda _o: {"at": NOW - 2 * DAY, "until": NOW - DAY}, "stale"),
    "of the day before yesterday, without an end": (lambda _o: {"at": NOW - 2 * DAY, "until": None}, "stale"),
    "of tomorrow": (lambda _o: {"at": NOW + DAY, "until": NOW + 2 * DAY}, "not_yet"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_an_answer_that_may_not_be_believed_is_none(outside, name):
    fault, code = NO_ANSWERS[name]
    options = {"at": NOW, "until": NOW + HOUR} | fault(outside)
    assert problem_of(told(outside, changed(outside, lambda asked, _at: built(outside, asked, **options)))) == code


@pytest.mark.parametrize("options", [{}, {"purpose": "ocsp"}], ids=["the issuer", "its delegate"])
def test_the_same_answer_without_the_fault_is_believed(outside, options):
    """The control of the table above."""
    by = delegate(outside, "ocsp") if options else {}
    reply = changed(outside, lambda asked, at: built(outside, asked, at, at + HOUR, **by))
    assert told(outside, reply).standing is Standing.GOOD


@pytest.mark.parametrize("status", ["MALFORMED_REQUEST", "INTERNAL_ERROR", "TRY_LATER", "UNAUTHORIZED"])
def test_a_responder_that_refuses_gives_no_answer(outside, status):
    said = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus[status])
    assert problem_of(told(outside, fixed(said.public_bytes(serialization.Encoding.DER)))) == status.lower()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (fixed(b"", 302, Location="http://127.0.0.1:9/"), "http 302"),
        (fixed(b"", 307, Location="/elsewhere"), "http 307"),
        (fixed(b"", 500), "http 500"),
        (fixed(b"", 404), "http 404"),
        (fixed(b""), "malformed"),
        (fixed(b"<html>Chao</html>"), "malformed"),
        (fixed(bytes(LARGEST + 1)), "unreachable"),
    ],
    ids=["redirect", "redirect-307", "error", "missing", "nothing", "page", "huge"],
)
@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_a_server_that_misbehaves_gives_no_answer(outside, reply, code, kind):
    assert problem_of(told(outside, reply, kind)) == code


def test_a_server_that_is_slow_is_cut_off(outside):
    hasty, over = replace(PATIENT, answer=0.5), threading.Event()
    with server(lambda body: over.wait(60) and answering(outside)(body)) as (url, _):
        assert problem_of(asked(outside, "ocsp", url, post=hasty)) == "unreachable"
        assert problem_of(asked(outside, "crl", url, post=hasty)) == "unreachable"
        over.set()


def test_a_server_that_is_not_there_gives_no_answer(outside):
    assert problem_of(asked(outside, "ocsp", "http://127.0.0.1:9/")) == "unreachable"


def test_an_answer_cut_off_or_changed_anywhere_is_none(outside):
    with server(answering(outside)) as (url, _):
        whole = asked(outside, "ocsp", url).content
    for end in range(0, len(whole), 41):
        assert problem_of(told(outside, fixed(whole[:end]))) == "malformed"
    for position in range(0, len(whole), 97):
        broken = whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
        assert told(outside, fixed(broken)).standing is not Standing.GOOD


# -- lists ------------------------------------------------------------------------------------------------------------


def made_list(outside, *, issuer=None, key=None, at=NOW - DAY, until=NOW + DAY, hash_=None, extensions=()):
    name = x509.load_der_x509_certificate(issuer or outside.issuer).subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(at).next_update(until)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(key or outside.authority._issuing_key, hash_ or hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def scope(**only):
    fields = {"full_name": None, "relative_name": None, "only_contains_user_certs": False,
              "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
              "only_contains_attribute_certs": False}  # fmt: skip
    return x509.IssuingDistributionPoint(**fields | only), True


NO_LISTS = {
    "of another authority": (lambda _o: {"issuer": Outside().root}, "wrong_issuer"),
    "signed by another key": (lambda _o: {"key": ec.generate_private_key(ec.SECP256R1())}, "wrong_signature"),
    "signed over SHA-224": (lambda _o: {"hash_": hashes.SHA224()}, "weak"),
    "stale": (lambda _o: {"at": NOW - 3 * DAY, "until": NOW - DAY}, "stale"),
    "of tomorrow": (lambda _o: {"at": NOW + DAY, "until": NOW + 2 * DAY}, "not_yet"),
    "of changes only": (lambda _o: {"extensions": [(x509.DeltaCRLIndicator(1), True)]}, "partial"),
    "of authorities only": (lambda _o: {"extensions": [scope(only_contains_ca_certs=True)]}, "partial"),
    "of somebody else's certificates": (lambda _o: {"extensions": [scope(indirect_crl=True)]}, "partial"),
    "of some reasons": (
        lambda _o: {"extensions": [scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))]}, "partial"
    ),
    "with an unknown condition": (
        lambda _o: {"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0"), True)]},
        "partial",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_LISTS)
def test_a_list_that_may_not_be_believed_is_none(outside, name):
    fault, code = NO_LISTS[name]
    assert problem_of(told(outside, fixed(made_list(outside, **fault(outside))), "crl")) == code


@pytest.mark.parametrize("extensions", [(), [scope(only_contains_user_certs=True)]])
def test_the_same_list_without_the_fault_is_believed(outside, extensions):
    assert told(outside, fixed(made_list(outside, extensions=extensions)), "crl").standing is Standing.GOOD


# -- the folder of the operator ---------------------------------------------------------------------------------------


def test_places_stand_beside_their_authority(tmp_path, outside):
    (tmp_path / "ngoai.pem").write_bytes(as_pem("x509", outside.issuer, outside.root))
    (tmp_path / "ngoai.places").write_text("# bản chính\nocsp http://ocsp.vi-du.vn/\n\ncrl https://crl.vi-du.vn/a.crl\n")
    (tmp_path / "khac.der").write_bytes(Outside().root)
    (tmp_path / "doc.txt").write_text("không phải chứng thư")
    named = {path.name: len(certificates) for path, certificates in read_authorities(tmp_path).items()}
    assert named == {"khac.der": 1, "ngoai.pem": 2}
    places = read_places(tmp_path)[sha256(outside.issuer).hexdigest()]
    assert places == (Place("ocsp", "http://ocsp.vi-du.vn/"), Place("crl", "https://crl.vi-du.vn/a.crl"))


@pytest.mark.parametrize(
    "line", ["http://a.vn", "ocsp", "ocsp ftp://a.vn/", "ocsp http:///x", "tsa http://a.vn/", "crl http://u:p@a.vn/",
             "ocsp http://a.vn/ http://b.vn/", "crl file:///etc/passwd"],
)  # fmt: skip
def test_a_place_that_is_none_is_named(tmp_path, outside, line):
    (tmp_path / "a.der").write_bytes(outside.issuer)
    (tmp_path / "a.places").write_text(line)
    with pytest.raises(ValueError, match=r"a\.places"):
        read_places(tmp_path)


def test_only_strong_authorities_are_trusted(tmp_path, outside):
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA yếu")])
    usages = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    builder = x509.CertificateBuilder(name, name, weak.public_key(), 7, NOW - DAY, NOW + DAY)
    builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, **usages), critical=True)
    small = builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(weak, hashes.SHA256())
    for content in (b"", b"x", outside.person.certificate, small.public_bytes(serialization.Encoding.DER),
                    as_pem("x509", outside.root) + as_pem("x509", outside.person.certificate)):  # fmt: skip
        (tmp_path / "a.pem").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.pem"):
            read_authorities(tmp_path)
    with pytest.raises(ValueError, match="no folder"):
        read_authorities(tmp_path / "nowhere")


def test_the_application_asks_as_the_tests_do():
    assert Client().post == PATIENT
