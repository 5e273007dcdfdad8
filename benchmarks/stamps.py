"""Time to sign a Resolution of 20 pages with a time stamp (PAdES B-T), beside the sum of what it is made of.

The parts are measured bare: the layout, one signature of the key, one answer of the time-stamping authority. The
authority is in this process, so that no network hides what is ours.
"""

import datetime as dt
from collections.abc import Callable
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from app.gateways import pades, paper, signing, timestamp
from app.gateways.paper import fields
from app.gateways.timestamp.forms import Query, write_query
from benchmarks.material import MADE_AT, resolution_text, sheet
from benchmarks.measure import Row, alternate, seconds
from benchmarks.signing import ARTICLES, SIGNER, Office, document, office, pictures

PAGES, TIMES, ROUNDS, GOAL = 20, 5, 5, 2.0
LATER = MADE_AT + dt.timedelta(seconds=1)


def measure() -> list[Row]:
    by = office(ec.generate_private_key(ec.SECP256R1()))
    stamper, authority = timestamp.demo_stamper(by.authority), timestamp.demo_authority(by.authority)
    _require_valid(by, _signed(by, stamper, document(PAGES)))
    name = f"PAdES B-T, P-256, {PAGES} pages, set and signed"
    row = Row(name, "ms", "layout + signature + TSA answer", "lower", GOAL)
    return [alternate(row, _each(lambda: _whole(by, stamper)), _each(lambda: _parts(by, authority)), ROUNDS)]


def _whole(by: Office, stamper: timestamp.Asked) -> bytes:
    return _signed(by, stamper, paper.resolution(resolution_text(ARTICLES[PAGES]), sheet()))


def _signed(by: Office, stamper: timestamp.Asked, pdf: bytes) -> bytes:
    waiting = pades.reserve(pdf, fields.SIGNATURE, name=SIGNER, at=MADE_AT, picture=pictures()[0])
    cms = signing.sign_document(by.key, by.certificate, waiting.digest, by.authority.chain()[:1])
    token, _stamp = stamper.stamp(sha256(signing.signature_value(cms)).digest(), LATER)
    return pades.complete(waiting, signing.with_stamp(cms, token))


def _parts(by: Office, authority: timestamp.DemoAuthority) -> None:
    paper.resolution(resolution_text(ARTICLES[PAGES]), sheet())
    if isinstance(by.key, ec.EllipticCurvePrivateKey):
        by.key.sign(b"bare", ec.ECDSA(hashes.SHA256()))
    authority.answer(write_query(Query(bytes(32), 1, "", with_certificate=True)), LATER)


def _each(act: Callable[[], object]) -> Callable[[], float]:
    return lambda: seconds(lambda: [act() for _ in range(TIMES)]) / TIMES * 1000


def _require_valid(by: Office, pdf: bytes) -> None:
    expected = [pades.Expected("signature", by.certificate)]
    verdict = pades.verdict(pdf, expected, by.authority.chain(), LATER, stampers=by.authority.chain())
    if verdict.state != "valid" or verdict.signers[0].stamped_at is None:
        raise RuntimeError(f"the document is not validly stamped: {verdict.lines()}")
