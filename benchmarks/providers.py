"""Time of one ballot's signature: beside the bare signature of the same key, and from every place where keys live."""

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing import Argon2Cost, Authority, check_detached, sign_digest
from app.gateways.signing.cms import PrivateKey
from benchmarks.measure import Row, alternate, seconds
from tests.gateways import signer_contract
from tests.gateways.signer_contract import BENCHES, PIN, Bench
from tests.gateways.signing_cases import BALLOT, NOW

TIMES, ROUNDS = 400, 5
FEW = 8  # signatures of a provider in a round: one may take as long as a PIN is made to cost
GOALS = {"RSA-2048": 1.5, "P-256": 2.5}
PLACES = {
    "software": "key on disk, PIN through Argon2id (64 MiB, 3 passes)",
    "signer process": "the same in the signer's process",
    "pkcs11": "SoftHSM 2, login and signature", "csc v2": "remote provider on this machine: info, authorize, signHash",
}  # fmt: skip


def measure() -> list[Row]:
    authority = Authority.create(None, NOW, demo=True)
    keys: dict[str, PrivateKey] = {
        "RSA-2048": rsa.generate_private_key(65537, 2048), "P-256": ec.generate_private_key(ec.SECP256R1()),
    }  # fmt: skip
    rows = [_beside_bare(kind, key, authority) for kind, key in keys.items()]
    return rows + [_from(place, authority, keys["P-256"]) for place in PLACES]


def _beside_bare(kind: str, key: PrivateKey, authority: Authority) -> Row:
    certificate = authority.issue("An", "Bộ trưởng", "Bộ Xây dựng", key.public_key(), NOW, 30)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(BALLOT)
    hashed = digest.finalize()
    check_detached(sign_digest(key, certificate, hashed, NOW), BALLOT, certificate)
    moments = iter(NOW + dt.timedelta(seconds=number) for number in range(10**9))

    def ours() -> float:
        return _each(lambda: sign_digest(key, certificate, hashed, next(moments)), TIMES)

    row = Row(f"ballot CMS with ESS attribute, {kind}, key unlocked", "ms", "bare signature", "lower", GOALS[kind])
    return alternate(row, ours, lambda: _each(lambda: _bare(key), TIMES), ROUNDS)


def _from(place: str, authority: Authority, key: PrivateKey) -> Row:
    row = Row(f"one ballot signed, P-256: {PLACES[place]}", "ms", "bare signature of an unlocked P-256 key", "lower")
    signer_contract.CHEAP = Argon2Cost()  # as dear as in work
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as folder, BENCHES[place](Path(folder), authority) as bench:
        return alternate(row, _signing(bench), lambda: _each(lambda: _bare(key), TIMES), ROUNDS)


def _signing(bench: Bench) -> Callable[[], float]:
    enrolled = bench.enrol()
    check_detached(bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW), BALLOT, enrolled.certificate_der)
    return lambda: _each(lambda: bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW), FEW)


def _bare(key: PrivateKey) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(BALLOT, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(BALLOT, ec.ECDSA(hashes.SHA256()))


def _each(act: Callable[[], object], times: int) -> float:
    """Milliseconds of one."""
    return seconds(lambda: [act() for _ in range(times)]) / times * 1000
