"""Measures how long the signer takes, wherever its keys live."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.gateways import signing
from app.gateways.signing import Enrolled, Signer, SigningError
from app.metrics.figures import SIGNING


def watch_signer() -> None:
    """Put the watch beside the signer that was chosen, if one was."""
    signing.wrap(lambda chosen: chosen if isinstance(chosen, Measured) else Measured(chosen))


class Measured:
    """The same signer with a watch beside it."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def __getattr__(self, name: str) -> Any:
        """What else this signer can do is not measured."""
        return getattr(self.signer, name)

    def enrol(self, name: str, title: str, organisation: str, pin: str, now: dt.datetime, days: int) -> Enrolled:
        with _watch("enrol"):
            return self.signer.enrol(name, title, organisation, pin, now, days)

    def sign(self, key_ref: str, pin: str, data: bytes, now: dt.datetime) -> bytes:
        with _watch("sign"):
            return self.signer.sign(key_ref, pin, data, now)

    def sign_digest(self, key_ref: str, pin: str, digest: bytes, now: dt.datetime) -> bytes:
        with _watch("sign_digest"):
            return self.signer.sign_digest(key_ref, pin, digest, now)

    def sign_document(self, key_ref: str, pin: str, digest: bytes) -> bytes:
        with _watch("sign_document"):
            return self.signer.sign_document(key_ref, pin, digest)


@contextmanager
def _watch(act: str) -> Iterator[None]:
    began, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    except SigningError as refusal:
        outcome = refusal.code
        raise
    finally:
        SIGNING.labels(act, outcome).observe(time.perf_counter() - began)
