"""Decides whether a signed PDF is one of ours as we signed it: valid, invalid, or not enough to say.

A document is valid when it keeps every rule of this table; whatever goes wrong while it is read makes it invalid.
The reader checks the bytes without knowing who should have signed (P01–P14), this module the signers (P15–P21).

| Rule | What is required | Reasons |
|---|---|---|
| P01 | The file begins with %PDF at its first byte and ends with its last %%EOF. | no_pdf, leading_bytes, trailing_bytes, truncated |
| P02 | It is signed, in the clear and not encrypted. | unsigned, encrypted |
| P03 | Plain cross-reference tables only, in order; no packed objects, no hybrid or linearised form. | broken_table, packed_structure, foreign_structure |
| P04 | Every byte belongs to one object; each object is listed, once, and stands where it is listed; none is freed. | hidden_bytes, hidden_object, repeated_object, object_removed, broken_syntax, beyond_limits |
| P05 | Every object is of a kind that our printing makes, and is used; no key twice in a dictionary. | foreign_structure, unused_object, broken_syntax |
| P06 | Nothing acts, is attached, or can be shown and hidden; no annotation but the prepared fields. | active_content, attachment, hidden_layers, annotation |
| P07 | There is the base, then one revision for each signature, and no other. | changed_before_signature, changed_after_signature, changed_after_seal, extra_signature |
| P08 | With the signature only its own field and the mark of certification change; no trailer names another catalogue. | pages_changed, content_changed, font_changed, form_changed, field_changed, field_too_early, metadata_changed, catalog_changed, signature_replaced |
| P09 | With the seal only its own field changes, and number and date, which were empty before. | as P08, field_refilled |
| P10 | Number and date are complete, of the prescribed form, and shown as they are. | number_missing, field_value, appearance |
| P11 | Each signature covers its revision from the first byte to the last but for its own value; the last one the file. | byte_range, contents |
| P12 | The signature is of the PAdES kind and certifies with level 2; the seal locks everything; each shows one picture. | signature_form, certification, lock, picture |
| P13 | The signing time can be read. | time |
| P14 | The validator of the signing library has nothing to say against the file. | second_opinion |
| P15 | Exactly the expected signatures, in their order; a signature and then a seal also where nobody knows whose. | signature_missing, seal_missing, extra_signature, wrong_order, no_pins |
| P16 | Each by a certificate pinned for it. | wrong_signer |
| P17 | Each value is one good CMS of our profile over exactly the covered bytes. | cms_… |
| P18 | Each certificate was issued by a trusted authority for signing, valid and not revoked at the signing time. | certificate_… |
| P19 | The signing times are not in the future, follow each other, and are those of the records. | time_future, time_order, time_differs |
| P20 | The file is small enough, and was read in time and within the memory allowed. | too_large, timed_out, too_heavy |
| P21 | Nothing goes wrong while it is read and judged. | unreadable |
| P22 | The time stamp in a signature, where there is one, is of a trusted authority, over that signature and of its time. | stamp_… |
| P23 | What follows the seal only preserves: validation data of these signatures, which only grow, and one invisible field for each document time stamp. | dss_form, dss_changed, dss_foreign, docstamp_form |
| P24 | Each document time stamp is of a trusted authority, over the whole file up to it, and not older than what it protects. | docstamp_order, byte_range, contents, time_future, stamp_… |
"""  # noqa: E501 - a table

import datetime as dt
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

from flask_babel import gettext

from app.gateways import timestamp
from app.gateways.pades.embedded import certificates_in, signer_in
from app.gateways.pades.indications import INDICATIONS, sub_indication
from app.gateways.pades.preserved import (
    Held,
    Proved,
    StampSeen,
    certificates_of_stamps,
    ended,
    judge_stamps,
    level_of,
)
from app.gateways.pades.reader.outline import Page
from app.gateways.pades.reader.reading import SECOND_OPINION, Broken, Found, Reading, read
from app.gateways.pades.reasons import LEVELS, ROLES, STATES, UNDETERMINED, Reason
from app.gateways.pades.stamped import stamp_of
from app.gateways.signing import (
    BadSignature,
    CertificateRefused,
    certificate_facts,
    check_certificate,
    check_document,
    stamp_in,
)

VALID, INVALID, OPEN = "valid", "invalid", "undetermined"
MISSING = {"signature": "signature_missing", "seal": "seal_missing"}
UNKNOWN_STAMPER = "stamp_unknown_authority"
CLOCK_SKEW = dt.timedelta(minutes=5)
MOMENT = "%d/%m/%Y %H:%M:%S"
Revoked = Mapping[str, dt.datetime] | Iterable[tuple[str, dt.datetime]] | None


@dataclass(frozen=True)
class Expected:
    """A signature that the document must carry, in its place of the order.

    `role` is the field: "signature" or "seal"; `certificates` in DER, one or any of several; `signed_at`, when the
    records know it, is the time that the signature must state, to the second.
    """

    role: str
    certificates: bytes | tuple[bytes, ...]
    signed_at: dt.datetime | None = None

    def permits(self, certificate_der: bytes) -> bool:
        pinned = (self.certificates,) if isinstance(self.certificates, bytes) else self.certificates
        return certificate_der in pinned


@dataclass(frozen=True)
class SignerSeen:
    """A signature found in the file. `coverage`: "whole" file, or "revision" when something follows.

    `covered_sha256` is the hash of the bytes it stands for, whether or not it was made over them. `time` is that of the
    server that signed; `stamped_at` that of a good time stamp over the signature, and `stamped_by` whose it is.
    `revision` is the part of the file that the signature closes, counted from 1: it covers that and all before it.
    """

    role: str
    name: str
    title: str
    organisation: str
    serial: str
    certificate_sha256: str
    time: dt.datetime
    state: str
    coverage: str
    covered_sha256: str
    stamped_at: dt.datetime | None = None
    stamped_by: str = ""
    revision: int = 0

    def when(self) -> str:
        """The time of the signature and by whose clock: that of a good time stamp, or of the server that signed."""
        if self.stamped_at is None:
            return gettext("%(at)s (clock of the server)", at=f"{self.time:{MOMENT}}")
        at = self.stamped_at.astimezone(self.time.tzinfo)
        return gettext("%(at)s (time stamp of %(authority)s)", at=f"{at:{MOMENT}}", authority=self.stamped_by)

    def as_json(self) -> dict[str, Any]:
        stamped_at = self.stamped_at and self.stamped_at.isoformat()
        return vars(self) | {"time": self.time.isoformat(), "stamped_at": stamped_at}


@dataclass(frozen=True)
class Verdict:
    """`state` is "valid", "invalid" or "undetermined"; the first reason is the one to show first.

    The file consists of that many `revisions`; `pages` are what it shows in the end, as far as that can be told.
    `level` is that of PAdES ("B-LTA"), of a valid file only; `stamps` are the good document time stamps, oldest first;
    `preserving` are the revisions with validation data.
    """

    state: str
    reasons: tuple[Reason, ...]
    signers: tuple[SignerSeen, ...]
    sha256: str
    revisions: int = 0
    pages: tuple[Page, ...] = ()
    level: str = ""
    stamps: tuple[StampSeen, ...] = ()
    preserving: tuple[int, ...] = ()

    def covering(self, revision: int) -> tuple[SignerSeen, ...]:
        """The signatures that cover what that revision wrote, whatever they are worth."""
        return tuple(signer for signer in self.signers if signer.revision >= revision)

    def as_json(self) -> dict[str, Any]:
        """For machines: codes beside sentences, times in ISO 8601; docs/verification.md says what may be relied on."""
        return {
            "state": self.state, "indication": INDICATIONS[self.state], "sha256": self.sha256,
            "reasons": [
                {"code": each.code, "sub_indication": sub_indication(each.code), "role": each.role,
                 "message": str(each)}
                for each in self.reasons
            ],
            "signers": [each.as_json() for each in self.signers],
            "revisions": self.revisions,
            "pages": [self._page(number, page) for number, page in enumerate(self.pages, start=1)],
            "level": self.level, "stamps": [each.as_json() for each in self.stamps],
        }  # fmt: skip

    def _page(self, number: int, page: Page) -> dict[str, Any]:
        places = [
            place._asdict() | {"covered_by": [each.role for each in self.covering(place.revision)]}
            for place in page.places
        ]
        covered = [each.role for each in self.covering(page.revision)]
        return {"number": number} | page._asdict() | {"covered_by": covered, "places": places}

    def lines(self) -> list[str]:
        """For people: the state, who signed when, each reason and the hash, in the language of the reader."""
        signers = [f"{ROLES[each.role]}: {each.name}, {each.when()}" for each in self.signers]
        reasons = [f"- {reason}" for reason in self.reasons]
        return [str(STATES[self.state]), *signers, *reasons, *self.preserved(), f"SHA-256 {self.sha256}"]

    def preserved(self) -> list[str]:
        """The level and what it rests on; where a signature has no stamp of its own, what proves its time instead."""
        zone = self.signers[0].time.tzinfo if self.signers else None
        lines = [str(LEVELS[self.level])] if self.level else []
        lines += [stamp.line(zone) for stamp in self.stamps]
        if self.stamps and self.level and not all(signer.stamped_at for signer in self.signers):
            at = f"{self.stamps[0].time.astimezone(zone):{MOMENT}}"
            lines.append(gettext("No stamp of their own: only that the signatures existed on %(at)s is proved.", at=at))
        return lines


def verdict(
    pdf: bytes, expected: Sequence[Expected], trusted: Sequence[bytes], at: dt.datetime, revoked: Revoked = (),
    *, ask_second: bool = True, stampers: Sequence[bytes] | None = None, stampers_revoked: Revoked = (),
) -> Verdict:  # fmt: skip
    """What is to be thought of the file at that time (aware). Never raises for what is in the file.

    `trusted` are the authorities in DER; `revoked` are serial numbers (hexadecimal) with the time from which on they
    do not count, or None when that is unknown. The file is read in this process: use `examine` for a stranger's file.
    `stampers` are the authorities of time stamps in DER; otherwise those that the application has chosen.
    `stampers_revoked` is like `revoked`, for certificates of time stamps.
    Without `ask_second` rule P14 is left out, which takes four fifths of the time: for what this process just signed.
    """
    try:
        reading = read(pdf, ask_second)
    except MemoryError:
        return unread(pdf, "too_heavy")
    return judge(pdf, reading, expected, trusted, at, revoked, stampers, stampers_revoked)


def unread(pdf: bytes, code: str) -> Verdict:
    """The verdict on a file that was not read, or not to the end."""
    return _verdict(pdf, (Reason(code),), ())


def judge(
    pdf: bytes, reading: Reading, expected: Sequence[Expected], trusted: Sequence[bytes], at: dt.datetime,
    revoked: Revoked = (), stampers: Sequence[bytes] | None = None, stampers_revoked: Revoked = (),
) -> Verdict:  # fmt: skip
    """The same for a file that was read already."""
    stampers = timestamp.trusted() if stampers is None else stampers
    reasons = [Reason(*broken) for broken in reading.broken if broken.code != SECOND_OPINION]
    second = [Reason(SECOND_OPINION)] * (Broken(SECOND_OPINION) in reading.broken)
    try:
        reasons += _order(reading, expected)
        know = _Known(
            pdf, {each.role: each for each in expected}, tuple(trusted), at, _since(revoked), tuple(stampers),
            _since(stampers_revoked) or {}, _held(pdf, reading, (*trusted, *stampers)),
        )  # fmt: skip
        judged = [_judge_one(found, know) for found in reading.signatures]
        stamps, against = _preserved(reading, know)
        reasons += [reason for each in judged for reason in each.against] + _times(reading.signatures) + against
        reasons += _foreign(know, reasons) + second
        level = "" if reasons else level_of([each.proved for each in judged], stamps, know.held)
    except Exception:  # no pin, no certificate and no time may bring a verdict down
        return _verdict(pdf, (*reasons, Reason("unreadable")), ())
    signers = tuple(
        replace(each.seen, revision=reading.ends.index(found.end) + 1)
        for found, each in zip(reading.signatures, judged, strict=True)
    )
    found = _verdict(pdf, tuple(dict.fromkeys(reasons)), signers)
    return replace(
        found, revisions=len(reading.ends), pages=tuple(reading.pages), level=level, stamps=stamps,
        preserving=tuple(sorted({1 + bisect(reading.ends, datum.start) for datum in reading.data})),
    )  # fmt: skip


def _verdict(pdf: bytes, reasons: tuple[Reason, ...], signers: tuple[SignerSeen, ...]) -> Verdict:
    return Verdict(_state(reasons), reasons, signers, sha256(pdf).hexdigest())


def _state(reasons: Iterable[Reason]) -> str:
    """Open questions leave the matter open, unless something else has already decided it."""
    codes = {reason.code for reason in reasons}
    if codes - UNDETERMINED:
        return INVALID
    return OPEN if codes else VALID


@dataclass(frozen=True)
class _Known:
    """What the signatures are held against."""

    pdf: bytes
    expected: Mapping[str, Expected]
    trusted: tuple[bytes, ...]
    at: dt.datetime
    revoked: Mapping[str, dt.datetime] | None
    stampers: tuple[bytes, ...]
    stampers_revoked: Mapping[str, dt.datetime]
    held: Held

    def ended(self, certificates: Sequence[bytes], at: dt.datetime) -> list[str]:
        """Numbers of those certificates of time stamps that had been revoked by then."""
        return ended(self.held, self.stampers_revoked, certificates, at)


def _held(pdf: bytes, reading: Reading, authorities: Sequence[bytes]) -> Held:
    """The validation data of the file, and every certificate that may be meant by them."""
    values = [bytes.fromhex(found.cms) for found in reading.signatures]
    tokens = [stamp_in(cms) for cms in values] + [bytes.fromhex(stamp.token) for stamp in reading.stamps]
    inside = [der for cms in values for der in certificates_in(cms)]
    return Held.of(pdf, reading.data, (*authorities, *inside, *certificates_of_stamps(tokens)))


def _preserved(reading: Reading, know: _Known) -> tuple[tuple[StampSeen, ...], list[Reason]]:
    times = [dt.datetime.fromisoformat(found.time) for found in reading.signatures]
    sealed_at = max(times, default=know.at)
    seen, against = judge_stamps(
        know.pdf, reading.stamps, sealed_at, know.at, know.held, know.stampers, know.stampers_revoked
    )
    revisions = {stamp.number: 1 + reading.ends.index(stamp.end) for stamp in reading.stamps}
    return tuple(replace(stamp, revision=revisions[stamp.number]) for stamp in seen), against


def _foreign(know: _Known, reasons: Sequence[Reason]) -> list[Reason]:
    """Of an authority that is not known nobody can say what belongs to it."""
    unknown = any(reason.code == UNKNOWN_STAMPER for reason in reasons)
    return [Reason("dss_foreign")] if not unknown and know.held.foreign() else []


def _since(revoked: Revoked) -> Mapping[str, dt.datetime] | None:
    return None if revoked is None else {serial.lower().lstrip("0"): since for serial, since in dict(revoked).items()}


def _order(reading: Reading, expected: Sequence[Expected]) -> list[Reason]:
    found, wanted = [each.field for each in reading.signatures], [each.role for each in expected]
    if not found:
        return []  # the reader has said why
    if not wanted:
        return [*_order(reading, [Expected(role, ()) for role in MISSING]), Reason("no_pins")]
    missing = [Reason(MISSING[role]) for role in wanted if role not in found]
    extra = [Reason("extra_signature", role) for role in found if role not in wanted]
    both = [role for role in wanted if role in found]
    swapped = [Reason("wrong_order")] if [role for role in found if role in wanted] != both else []
    return missing + extra + swapped


def _times(signatures: Sequence[Found]) -> list[Reason]:
    times = [dt.datetime.fromisoformat(found.time) for found in signatures]
    return [] if times == sorted(times) else [Reason("time_order")]


class _Judged(NamedTuple):
    """A signature as it is shown, what speaks against it, and what its level follows from."""

    seen: SignerSeen
    against: list[Reason]
    proved: Proved


def _judge_one(found: Found, know: _Known) -> _Judged:
    cms = bytes.fromhex(found.cms)
    pin = know.expected.get(found.field)
    inside = certificates_in(cms)
    pinned = next((der for der in inside if pin and pin.permits(der)), None)
    certificate = pinned or signer_in(cms, inside)
    codes = [] if pinned or not pin else ["wrong_signer"]
    doubts = _certificate_codes(certificate if not codes else None, found, know)
    digest = _digest(found, know.pdf)
    value = _cms_codes(cms, certificate, digest)
    codes += [*doubts, *value] if "certificate_weak_key" in doubts else [*value]  # whose key it is says more
    # Certificates stand in a place that no signature covers; nothing may be carried along there.
    if "certificate_unknown_issuer" not in doubts and not {*inside} <= {certificate, *know.trusted}:
        codes.append("cms_malformed")
    time = dt.datetime.fromisoformat(found.time)
    stamp, against = stamp_of(cms, time, know.stampers, know.ended)
    codes += doubts + _time_codes(found, pin, know.at) + against
    reasons = [Reason(code, found.field) for code in dict.fromkeys(codes)]
    coverage = "whole" if found.end == len(know.pdf) else "revision"
    state = _state(reasons) if pin or reasons else OPEN  # whoever it is, what does not hold is not valid
    seen = _seen(found, certificate, (state, coverage, digest.hex()))
    if stamp is not None and not against and not codes:
        seen = replace(seen, stamped_at=stamp.time, stamped_by=stamp.authority)
    own = (stamp.certificate, stamp.time) if stamp else (None, None)
    return _Judged(seen, reasons, Proved(certificate or b"", time, *own))


def _digest(found: Found, pdf: bytes) -> bytes:
    begin, end = found.gap
    covered = sha256(pdf[:begin])
    covered.update(pdf[end : found.end])
    return covered.digest()


def _cms_codes(cms: bytes, certificate: bytes | None, digest: bytes) -> list[str]:
    try:
        check_document(cms, digest, certificate or b"")
    except BadSignature as refused:
        return [f"cms_{refused.reason}"]
    return []


def _certificate_codes(certificate: bytes | None, found: Found, know: _Known) -> list[str]:
    """Not asked of a certificate that has no place here anyway."""
    if certificate is None:
        return []
    time = dt.datetime.fromisoformat(found.time)
    revoked = [] if know.revoked is None else [serial for serial, since in know.revoked.items() if since <= time]
    revoked += ended(know.held, {}, (certificate,), time)
    try:
        check_certificate(certificate, time, know.trusted, revoked=revoked)
    except CertificateRefused as refused:
        return [f"certificate_{refused.reason}"]
    return ["certificate_revocation_unknown"] if know.revoked is None else []


def _time_codes(found: Found, pin: Expected | None, at: dt.datetime) -> list[str]:
    time = dt.datetime.fromisoformat(found.time)
    recorded = pin.signed_at if pin else None
    codes = ["time_future"] if time > at + CLOCK_SKEW else []
    return codes + (["time_differs"] if recorded is not None and recorded.replace(microsecond=0) != time else [])


def _seen(found: Found, certificate: bytes | None, judged: tuple[str, str, str]) -> SignerSeen:
    time = dt.datetime.fromisoformat(found.time)
    try:
        facts = certificate_facts(certificate or b"")
    except CertificateRefused:
        return SignerSeen(found.field, found.name, "", "", "", "", time, *judged)
    about = (facts.name, facts.title, facts.organisation, facts.serial, facts.sha256)
    return SignerSeen(found.field, *about, time, *judged)
