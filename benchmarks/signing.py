"""Time to sign a Resolution with an unlocked key and to judge it, beside OpenSSL, @signpdf/signpdf and pdfsig."""

import datetime as dt
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways import pades, paper, signing
from app.gateways.paper import fields
from app.gateways.signing.cms import PrivateKey
from benchmarks import peer
from benchmarks.material import MADE_AT, resolution_text, sheet
from benchmarks.measure import Row, alternate, seconds

ARTICLES = {1: 2, 20: 190}  # pages → articles that fill them
TIMES, PEER_TIMES, PROCESS_TIMES, ROUNDS = 300, 10, 9, 5
SIGNER, FILL = "Nguyễn Giả An", {"number": "05", "day": "21", "month": "11", "year": "2026"}
SIGNPDF = "@signpdf/signpdf with node-forge, same PDF"
SEALED_AT = MADE_AT + dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Office:
    """An authority, and somebody with an unlocked key and its certificate."""

    authority: signing.Authority
    key: PrivateKey
    certificate: bytes

    def signed(self, pdf: bytes) -> bytes:
        """All there is to do for an unlocked key: the increment, the picture, the CMS, the finished file."""
        waiting = pades.reserve(pdf, fields.SIGNATURE, name=SIGNER, at=MADE_AT, picture=pictures()[0])
        return self._complete(waiting)

    def sealed(self, pdf: bytes) -> bytes:
        waiting = pades.reserve(
            pdf, fields.SEAL, name="Chính phủ", at=SEALED_AT, picture=pictures()[1], fill=FILL, location="Hà Nội"
        )
        return self._complete(waiting)

    def _complete(self, waiting: pades.Reservation) -> bytes:
        chain = self.authority.chain()[:1]
        return pades.complete(waiting, signing.sign_document(self.key, self.certificate, waiting.digest, chain))


def office(key: PrivateKey) -> Office:
    authority = signing.Authority.create(None, MADE_AT - dt.timedelta(days=60), demo=True)
    valid_from = MADE_AT - dt.timedelta(days=30)
    certificate = authority.issue(SIGNER, "Thủ tướng", "Chính phủ", key.public_key(), valid_from, 365)
    return Office(authority, key, certificate)


@cache
def pictures() -> tuple[bytes, bytes]:
    """The signature and the seal as the demo draws them."""
    return pades.signature_picture(SIGNER), pades.seal_picture("Chính phủ")


@cache
def document(pages: int) -> bytes:
    pdf = paper.resolution(resolution_text(ARTICLES[pages]), sheet())
    if (found := paper.page_count(pdf)) != pages:
        raise RuntimeError(f"the Resolution to be signed has {found} pages, not {pages}")
    return pdf


def measure() -> list[Row]:
    prime, curve = office(rsa.generate_private_key(65537, 2048)), office(ec.generate_private_key(ec.SECP256R1()))
    rows = [_beside_openssl(prime, "RSA-2048", "rsa2048", pages, goal=8) for pages in ARTICLES]
    rows += [_beside_signpdf(prime, pages) for pages in ARTICLES]
    rows.append(_beside_openssl(curve, "P-256", "ecdsap256", 1, goal=None))
    return rows


def _beside_openssl(by: Office, kind: str, algorithm: str, pages: int, goal: float | None) -> Row:
    name = f"PAdES B-B, {kind}, {_told(pages)}"
    row = Row(name, "ms", f"one signature of openssl speed {algorithm}", "lower", goal)
    return alternate(row, _signing(by, pages), lambda: openssl_signs(algorithm), ROUNDS)


def _beside_signpdf(by: Office, pages: int) -> Row:
    row = Row(f"PAdES B-B, RSA-2048, {_told(pages)}, and a peer", "ms", SIGNPDF, "lower", goal=1 / 20)
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as name, peer.signpdf(document(pages), Path(name)) as node:
        _accepted(node.signed.read_bytes())
        return alternate(row, _signing(by, pages), lambda: node.milliseconds(PEER_TIMES), ROUNDS)


def _signing(by: Office, pages: int) -> Callable[[], float]:
    pdf = document(pages)
    _accepted(by.signed(pdf))

    def ours() -> float:
        return seconds(lambda: [by.signed(pdf) for _ in range(TIMES)]) / TIMES * 1000

    return ours


def openssl_signs(algorithm: str) -> float:
    """Milliseconds of one signature, by the clock on the wall as ours are."""
    command = ["openssl", "speed", "-elapsed", "-mr", "-seconds", "1", algorithm]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    signed_in_a_second = re.findall(r"^\+F\d:\d+:\d+:([\d.]+):", done.stdout, re.MULTILINE)[-1]
    return 1000 / float(signed_in_a_second)


def judging() -> list[Row]:
    """The verdict on a signed and sealed document: by our rules, with pyHanko's reading too, and as a stranger's."""
    by = office(ec.generate_private_key(ec.SECP256R1()))
    pdf = by.sealed(by.signed(document(1)))
    expected = [pades.Expected("signature", by.certificate), pades.Expected("seal", by.certificate)]
    judged = (pdf, expected, by.authority.chain(), SEALED_AT)
    rows = []
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as folder:
        file = Path(folder) / "sealed.pdf"
        file.write_bytes(pdf)
        for name, goal, judge in (
            ("verdict on two signatures, own rules", 1, lambda: pades.verdict(*judged, ask_second=False)),
            ("the same and pyHanko's second reading", None, lambda: pades.verdict(*judged)),
            ("both in a confined process", None, lambda: pades.examine(*judged)),
        ):
            _valid(judge())
            row = Row(name, "ms", "one pdfsig -nocert process", "lower", goal)
            ours = partial(_median, judge)
            rows.append(alternate(row, ours, lambda: _median(lambda: pdfsig(file)), ROUNDS))
    return rows


def _valid(verdict: pades.Verdict) -> None:
    if verdict.state != "valid":
        raise RuntimeError(f"the document to be judged is not valid: {[str(reason) for reason in verdict.reasons]}")


def pdfsig(file: Path) -> str:
    if not shutil.which("pdfsig"):
        sys.exit("pdfsig is missing, without which nothing here has an anchor: run `make bench`, or get poppler-utils")
    return subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=True).stdout


def _accepted(pdf: bytes) -> None:
    """What is timed must be a good signature in the eyes of another program."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        told = pdfsig(Path(file.name))
    judged = re.findall(r"Signature Validation: (.+)", told)
    if set(judged) != {"Signature is Valid."}:
        raise RuntimeError(f"pdfsig does not accept what was signed: {told}")


def _median(act: Callable[[], object]) -> float:
    return statistics.median(seconds(act) for _ in range(PROCESS_TIMES)) * 1000


def _told(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"
