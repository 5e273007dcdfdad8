"""A time-stamping authority of the demonstration: its clock is this machine's, and its certificate says DEMO."""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing.authority import Authority
from app.gateways.signing.cms import ECDSA_SHA256, RSA_SHA256, PrivateKey
from app.gateways.signing.der import CONTEXT_0, OCTET_STRING, SEQUENCE, SET, write
from app.gateways.signing.profile import (
    CONTENT_TYPE,
    HASHES,
    MESSAGE_DIGEST,
    SHA256,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    VERSION_1,
    identify,
)
from app.gateways.timestamp.client import Asked
from app.gateways.timestamp.forms import (
    BARE_HASHED_BY,
    TST_INFO,
    Query,
    Statement,
    read_query,
    write_reply,
    write_statement,
)
from app.gateways.timestamp.token import VERSION_3

NAME = "e-Cabinet DEMO TSA"
DAYS = 3653
DEMO_POLICY = "2.25.206171306311254927391706436273814036281"  # a UUID of its own: promises nothing
ACCURACY = dt.timedelta(seconds=1)
SERIAL_BITS = 128
GRANTED, REJECTED = 0, 2


@dataclass(frozen=True, repr=False)
class DemoAuthority:
    """Answers requests with stamps of its key; `chain` are the authorities in DER that go into each stamp."""

    key: PrivateKey
    certificate: bytes
    chain: tuple[bytes, ...] = field(default=())
    policy: str = DEMO_POLICY

    def answer(self, query: bytes, now: dt.datetime) -> bytes:
        """The reply in DER; a request that is none, or asks for another policy, is refused in it."""
        try:
            asked = read_query(query)
        except Exception:  # whatever a parser trips over is no request
            return write_reply(REJECTED)
        if asked.policy not in ("", self.policy):
            return write_reply(REJECTED)
        return write_reply(GRANTED, self._token(asked, now))

    def _token(self, asked: Query, now: dt.datetime) -> bytes:
        said = write_statement(
            Statement(self.policy, asked.digest, secrets.randbits(SERIAL_BITS), now, ACCURACY, asked.nonce)
        )
        content = write(SEQUENCE, TST_INFO, write(CONTEXT_0, write(OCTET_STRING, said)))
        carried = (self.certificate, *self.chain) if asked.with_certificate else ()
        parts = (VERSION_3, write(SET, BARE_HASHED_BY), content, write(CONTEXT_0, *sorted(carried)) if carried else b"")
        signed_data = write(SEQUENCE, *parts, write(SET, self._signed(said)))
        return write(SEQUENCE, SIGNED_DATA, write(CONTEXT_0, signed_data))

    def _signed(self, said: bytes) -> bytes:
        identity = identify(self.certificate)
        named = write(SEQUENCE, write(SEQUENCE, write(SEQUENCE, write(OCTET_STRING, identity.sha256))))
        attributes = (
            write(SEQUENCE, CONTENT_TYPE, write(SET, TST_INFO)),
            write(SEQUENCE, MESSAGE_DIGEST, write(SET, write(OCTET_STRING, hashlib.sha256(said).digest()))),
            write(SEQUENCE, SIGNING_CERTIFICATE_V2, write(SET, named)),
        )
        signed = b"".join(sorted(attributes))
        algorithm, value = self._value(write(SET, signed))
        return write(
            SEQUENCE, VERSION_1, identity.name, BARE_HASHED_BY, write(CONTEXT_0, signed), algorithm,
            write(OCTET_STRING, value),
        )  # fmt: skip

    def _value(self, message: bytes) -> tuple[bytes, bytes]:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return RSA_SHA256, self.key.sign(message, padding.PKCS1v15(), HASHES[SHA256])
        return ECDSA_SHA256, self.key.sign(message, ec.ECDSA(HASHES[SHA256]))


def demo_authority(authority: Authority, key: PrivateKey | None = None) -> DemoAuthority:
    """One with a key and a certificate of its own for as long as this process runs: each stamp carries what it needs.

    The certificate is as old as the authority that issued it, since the demo tells a history.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    since = authority.issuing.not_valid_before_utc
    certificate = authority.issue_tsa(NAME, "e-Cabinet DEMO", key.public_key(), since, DAYS)
    return DemoAuthority(key, certificate, authority.chain())


def demo_stamper(authority: Authority) -> Asked:
    """The same, asked in this very process and looked at like any other."""
    return Asked(demo_authority(authority).answer, authority.chain())
