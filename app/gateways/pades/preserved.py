"""Decides what the validation data and the document time stamps of a file are worth, and which PAdES level it has.

The levels are those of ETSI EN 319 142-1 §6: B-T where every signature has its own time stamp, B-LT where answers about
all certificates of signatures and stamps are in the file, B-LTA where a document time stamp covers them. Authorities
are pinned, so that no answer about them is asked for.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from cryptography import x509
from flask_babel import gettext

from app.gateways import timestamp
from app.gateways.pades.reader.renewal import STAMP, Datum, Stamped
from app.gateways.pades.reasons import Reason
from app.gateways.revocation import Answer, Standing, kept
from app.gateways.signing import CertificateRefused, certificate_facts, issuer_of
from app.gateways.timestamp import StampFault, StampRefused

B_B, B_T, B_LT, B_LTA = "B-B", "B-T", "B-LT", "B-LTA"
UNORDERED = dt.timedelta(minutes=10)  # how far the clocks of a server and of an authority may be apart
ANSWERS_KNOW_NO_FRACTIONS = dt.timedelta(seconds=1)
MOMENT = "%d/%m/%Y %H:%M:%S"
Since = Mapping[str, dt.datetime]


@dataclass(frozen=True)
class StampSeen:
    """A good document time stamp: its number, time (UTC) and authority, and when the authority's certificate ends.

    `revision` is the part of the file that it closes.
    """

    number: int
    time: dt.datetime
    authority: str
    until: dt.datetime
    certificate: bytes
    revision: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number, "time": self.time.isoformat(), "authority": self.authority,
            "until": self.until.isoformat(), "certificate_sha256": sha256(self.certificate).hexdigest(),
            "revision": self.revision,
        }  # fmt: skip

    def line(self, zone: dt.tzinfo | None) -> str:
        at, until = self.time.astimezone(zone), self.until.astimezone(zone)
        return gettext(
            "Document time stamp %(number)s: %(at)s (%(authority)s, whose certificate ends on %(until)s)",
            number=self.number, at=f"{at:{MOMENT}}", authority=self.authority, until=f"{until:%d/%m/%Y}",
        )  # fmt: skip


@dataclass(frozen=True)
class Held:
    """The validation data of a file; `pool` are all certificates that have a place in it, `data` its pieces in DER."""

    pool: tuple[bytes, ...]
    data: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, pdf: bytes, data: Iterable[Datum], pool: Collection[bytes]) -> "Held":
        return cls(tuple(dict.fromkeys(pool)), tuple((each.kind, pdf[each.start : each.end]) for each in data))

    def revoked_since(self, certificate: bytes) -> dt.datetime | None:
        """When an authority says that the certificate ended; the earliest of several."""
        ends = [each.since for each in self._answers(certificate) if each.standing is Standing.REVOKED and each.since]
        return min(ends, default=None)

    def answers_for(self, certificate: bytes, used_at: dt.datetime) -> bool:
        """Whether an answer in the file is younger than what the certificate was used for."""
        return any(each.at and each.at > used_at - ANSWERS_KNOW_NO_FRACTIONS for each in self._answers(certificate))

    def foreign(self) -> bool:
        """Whether there is anything that says nothing about the certificates that have a place here."""
        certificates = {content for kind, content in self.data if kind == "certificate"}
        answers = [content for kind, content in self.data if kind != "certificate"]
        twice = len({*self.data}) != len(self.data)
        return twice or not certificates <= {*self.pool} or not all(content in self._useful for content in answers)

    def _answers(self, certificate: bytes) -> list[Answer]:
        return [answer for of, answer, _content in self._told if of == certificate]

    @cached_property
    def _useful(self) -> set[bytes]:
        return {content for _of, _answer, content in self._told}

    @cached_property
    def _told(self) -> list[tuple[bytes, Answer, bytes]]:
        """Each certificate with each answer about it."""
        answers = [content for kind, content in self.data if kind != "certificate"]
        pairs = [(each, _issuer(each, self.pool)) for each in self.pool] if answers else []
        told = [
            (certificate, kept(content, certificate, issuer), content)
            for content in answers
            for certificate, issuer in pairs
            if issuer is not None
        ]
        return [(certificate, answer, content) for certificate, answer, content in told if answer is not None]


def _issuer(certificate: bytes, pool: Sequence[bytes]) -> bytes | None:
    try:
        return issuer_of(certificate, pool)
    except CertificateRefused:
        return None


def certificates_of_stamps(tokens: Iterable[bytes | None]) -> list[bytes]:
    """What the tokens carry."""
    return [der for token in tokens if token for der in timestamp.certificates_in(token)]


def ended(held: Held, revoked: Since, certificates: Iterable[bytes], at: dt.datetime) -> list[str]:
    """Numbers (hexadecimal) of those certificates that had been revoked at that time, as file or records say."""
    told = {f"{_load(der).serial_number:x}": held.revoked_since(der) for der in certificates}
    ends = [*told.items()] + [(serial, revoked.get(serial)) for serial in told]
    return [serial for serial, end in ends if end is not None and end <= at]


def _load(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def judge_stamps(
    pdf: bytes, stamps: Sequence[Stamped], not_before: dt.datetime, at: dt.datetime, held: Held,
    stampers: Sequence[bytes], revoked: Since,
) -> tuple[list[StampSeen], list[Reason]]:  # fmt: skip
    """The good document time stamps, and what speaks against the others; `not_before` is the time of the seal."""
    seen: list[StampSeen] = []
    reasons: list[Reason] = []
    for stamp in stamps:
        latest = seen[-1].time if seen else not_before - UNORDERED
        found, code = _judge(pdf, stamp, latest, at, held, stampers, revoked)
        if found is not None and not code:
            seen.append(found)
        else:
            reasons.append(Reason(code, STAMP))
    return seen, reasons


def _judge(
    pdf: bytes, stamp: Stamped, latest: dt.datetime, at: dt.datetime, held: Held, stampers: Sequence[bytes],
    revoked: Since,
) -> tuple[StampSeen | None, str]:  # fmt: skip
    begin, end = stamp.gap
    covered = sha256(pdf[:begin])
    covered.update(pdf[end : stamp.end])
    token = bytes.fromhex(stamp.token)
    try:
        good = timestamp.check_token(token, covered.digest(), stampers)
    except StampRefused as refused:
        return None, f"stamp_{refused.reason}"
    if ended(held, revoked, (good.certificate,), good.time):
        return None, f"stamp_{StampFault.REVOKED}"
    until = certificate_facts(good.certificate).not_after
    code = "docstamp_order" if good.time < latest else "time_future" if good.time > at + UNORDERED else ""
    return StampSeen(stamp.number, good.time, good.authority, until, good.certificate), code


@dataclass(frozen=True)
class Proved:
    """One signature as far as its level goes: certificate, time, and the certificate and time of its own stamp."""

    certificate: bytes
    at: dt.datetime
    stamper: bytes | None
    stamped_at: dt.datetime | None


def level_of(signatures: Sequence[Proved], stamps: Sequence[StampSeen], held: Held) -> str:
    """The level of a file with which nothing is wrong; of several signatures the lowest counts."""
    stamped = all(each.stamper for each in signatures)
    used = [(each.certificate, each.at) for each in signatures]
    used += [(each.stamper, each.stamped_at) for each in signatures if each.stamper and each.stamped_at]
    used += [(each.certificate, each.time) for each in stamps[:-1]]  # of the last one the next renewal tells
    if (stamped or stamps) and all(held.answers_for(certificate, at) for certificate, at in used):
        return B_LTA if stamps else B_LT
    return B_T if stamped else B_B
