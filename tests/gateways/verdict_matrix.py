"""Writes docs/verification-matrix.md: what we and other programs say of each honest level and of each hostile file.

Run `.venv/bin/python -m tests.gateways.verdict_matrix` after the corpus, our rules or one of the programs changed.
"""

import datetime as dt
import logging
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import ValidationContext

from app.gateways.pades import verdict
from app.gateways.signing import signature_value, stamp_in
from app.gateways.timestamp.forms import TST_INFO
from tests.gateways import (  # noqa: F401 - each of the hostile modules adds to VARIANTS
    honest_corpus,
    hostile_changes,
    hostile_files,
    hostile_renewals,
    hostile_signers,
    hostile_stamps,
    preserve_cases,
)
from tests.gateways.pades_cases import said_by, signed_ranges, statuses
from tests.gateways.signed_corpus import AT, EXPECTED, GOOD, SEALED_AT, TRUSTED, VARIANTS, Variant
from tests.gateways.signing_cases import as_pem, openssl_accepts
from tests.gateways.stamp_cases import openssl_verifies

DOCUMENT = Path(__file__).parents[2] / "docs/verification-matrix.md"
COMMAND = ".venv/bin/python -m tests.gateways.verdict_matrix"
MARKED_WITHIN = 100  # bytes: where a token says that it is one
YES, NO, SILENT = "valid", "no", "–"
PROGRAMS = ("pdfsig", "openssl cms", "openssl ts", "pyHanko")
HEAD = ("file", "ours", "reason", *PROGRAMS)


class Said(NamedTuple):
    """One row; the four programs say "valid", "no", or "–" where they find nothing of their kind."""

    name: str
    state: str
    reason: str
    pdfsig: str
    cms: str
    ts: str
    pyhanko: str

    def row(self) -> str:
        return f"| {' | '.join(self)} |"


# -- honest levels


@dataclass(frozen=True)
class Level:
    """A document of the honest corpus by its number there, and what it stands for."""

    name: str
    number: int


LEVELS = (
    Level("B-B, RSA signature and P-256 seal, keys of the process", 9),
    Level("B-B, P-256 signature and RSA seal, keys of the process", 0),
    Level("B-B, key of the signature in an encrypted file", 73),
    Level("B-B, key of the signature in a PKCS#11 token", 53),
    Level("B-T, both signatures with a time stamp", 50),
    Level("B-T signature, B-B seal", 51),
    Level("B-B signature, B-T seal", 52),
    Level("B-T, certificate of the signer revoked since", 54),
    Level("B-T, forty pages of annexes", 60),
)


PRESERVED = {
    "B-LT, validation data and no document time stamp": preserve_cases.LT,
    "B-LTA, validation data and a document time stamp": preserve_cases.LTA,
    "B-LTA, signatures without a time stamp of their own": preserve_cases.stamped_document(GOOD),
    "B-LTA, renewed two months later": preserve_cases.RENEWED,
}


def preserved(name: str, folder: Path) -> Said:
    """A long-term form of the document that the hostile files are made of."""
    pdf = PRESERVED[name]
    found = verdict(pdf, **preserve_cases.LATER)
    trust = _Trust(TRUSTED, hostile_stamps.STAMPERS, SEALED_AT)
    return Said(name, found.state, _reason(found.reasons), *_others(pdf, trust, folder))


def honest(level: Level, held: honest_corpus.Keys, folder: Path) -> Said:
    made = honest_corpus.make(level.number, held)
    found = made.verdict()
    trust = _Trust(honest_corpus.TRUSTED, honest_corpus.STAMPERS, made.expected[1].signed_at or made.at)
    return Said(level.name, found.state, _reason(found.reasons), *_others(made.pdf, trust, folder))


# -- hostile classes: the first one that fits


def _named(*names: str) -> Callable[[Variant], bool]:
    return lambda variant: variant.name in names


def _coded(*codes: str) -> Callable[[Variant], bool]:
    return lambda variant: variant.code in codes


def _beginning(*words: str) -> Callable[[Variant], bool]:
    return lambda variant: variant.name.startswith(words)


CLASSES: dict[str, Callable[[Variant], bool]] = {
    "Bytes before the document": _coded("leading_bytes"),
    "Signature wrapping (SWA)": _beginning("wrapped "),
    "Bytes after the document": _coded("trailing_bytes", "truncated"),
    "Shadow attacks: hide, replace, hide and replace": lambda variant: (
        variant.name.startswith("prepared with") or variant.name == "a table that leads into an older revision"
    ),
    "Evil annotations (EAA)": lambda variant: (
        variant.code == "annotation"
        or variant.name in ("a box over the text", "a stamp over the text", "a struck-out line",
                            "a box over the text before the seal", "a link over the page", "a file pinned to the page")
    ),
    "Sneaky signatures (SSA)": lambda variant: (
        variant.code in ("extra_signature", "certification", "lock")
        or variant.name in ("a second signature", "the certification loosened before the seal")
    ),
    "Signatures swapped, removed or of another document": lambda variant: (
        variant.code in ("seal_missing", "signature_missing", "wrong_order")
        or variant.name in ("the signature of another document", "the seal of another document", "a value over nothing",
                            "signature and seal exchanged", "the seal taken off", "the signature taken off")
    ),
    "Universal forgery (USF)": lambda variant: (
        variant.code in ("byte_range", "contents")
        or variant.name in ("the byte range under another name", "the names of all signatures spelled differently")
    ),
    "Validation data": _coded("dss_form", "dss_changed", "dss_foreign"),
    "Document time stamps and renewals": lambda variant: (
        variant.role == "stamp" or "renewal" in variant.name or variant.make.__module__ == hostile_renewals.__name__
    ),
    "A valid signature of the wrong person": _coded("wrong_signer", "no_pins"),
    "Certificates": lambda variant: variant.code.startswith("certificate_"),
    "Time stamps": lambda variant: variant.code.startswith("stamp_") or variant.name == "words beside the stamp",
    "Signing times": lambda variant: variant.code.startswith("time"),
    "The value of the signature": lambda variant: variant.code.startswith("cms_") or variant.code == "signature_form",
    "Number, date and pictures": _coded("number_missing", "field_value", "field_too_early", "appearance", "picture"),
    "Scripts, attachments, layers": _coded("active_content", "attachment", "hidden_layers"),
    "Incremental saving (ISA)": _coded("changed_after_seal", "changed_after_signature", "changed_before_signature"),
    "The structure of the file": lambda variant: True,
}  # fmt: skip


def class_of(variant: Variant) -> str:
    return next(name for name, fits in CLASSES.items() if fits(variant))


def hostile(variant: Variant, folder: Path) -> Said:
    judged = {"expected": EXPECTED, "trusted": TRUSTED, "at": AT, **variant.judged}
    found = verdict(variant.pdf, **judged)
    trust = _Trust(TRUSTED, hostile_stamps.STAMPERS, SEALED_AT)
    return Said(variant.name, found.state, _reason(found.reasons), *_others(variant.pdf, trust, folder))


# -- what the programs say


@dataclass(frozen=True)
class _Trust:
    """Authorities in DER, the issuing one first; those of time stamps; and the time to judge at."""

    chain: tuple[bytes, ...]
    stampers: tuple[bytes, ...]
    at: dt.datetime


def _others(pdf: bytes, trust: _Trust, folder: Path) -> tuple[str, str, str, str]:
    (file := folder / "file.pdf").write_bytes(pdf)
    whole = [(covered, _unpadded(padded)) for covered, padded in _ranges(pdf)]
    found = [(covered, value) for covered, value in whole if TST_INFO not in value[:MARKED_WITHIN]]
    pem = _pem(trust.chain)
    cms = [openssl_accepts(folder, value, covered, pem, trust.at)[0] for covered, value in found]
    tokens = [(token, signature_value(value)) for _covered, value in found if (token := _token(value))]
    tokens += [(value, covered) for covered, value in whole if (covered, value) not in found]
    stamps = [
        openssl_verifies(folder, token, sha256(over).digest(), trust.stampers[0], trust.at)[0]
        for token, over in tokens
    ]
    judged = r"Signature Validation: (?!Signature has not yet been verified)(.*)"
    told = re.findall(judged, said_by("pdfsig", file, "-nocert"))
    return _all([each == "Signature is Valid." for each in told]), _all(cms), _all(stamps), _all(_pyhanko(pdf, trust))


def _all(answers: list[bool]) -> str:
    return (YES if all(answers) else NO) if answers else SILENT


@cache
def _pem(chain: tuple[bytes, ...]) -> bytes:
    return as_pem("x509", *chain)


def _ranges(pdf: bytes) -> list[tuple[bytes, bytes]]:
    try:
        return [(covered, value) for covered, value in signed_ranges(pdf) if len(value) > 4]
    except ValueError:  # no hexadecimal digits where the value should stand
        return []


def _unpadded(value: bytes) -> bytes:
    return value[: 4 + int.from_bytes(value[2:4], "big")]


def _token(value: bytes) -> bytes | None:
    try:
        return stamp_in(value)
    except (ValueError, IndexError):
        return None


def _pyhanko(pdf: bytes, trust: _Trust) -> list[bool]:
    """As it is used without rules of our own: its trust, its policy of changes, its bottom line."""
    issuing, root = (asn1_x509.Certificate.load(der) for der in trust.chain)
    stampers = [asn1_x509.Certificate.load(der) for der in trust.stampers]
    context = ValidationContext(
        trust_roots=[root, *stampers], other_certs=[issuing], moment=trust.at, allow_fetching=False
    )
    try:
        return [status.bottom_line for status in statuses(pdf, context)]
    except Exception:  # whatever it trips over, it does not call the file valid
        return [False]


def _reason(reasons: tuple) -> str:
    return f"`{reasons[0].code}`" if reasons else "–"


# -- the page


def lines(rows: dict[str, list[Said]]) -> Iterator[str]:
    """The page from its rows, by honest levels ("") and hostile classes."""
    yield from INTRODUCTION.format(command=COMMAND, programs=programs()).splitlines()
    yield from ("| class | files | ours | " + " | ".join(PROGRAMS) + " |", "|---" * 7 + "|")
    for name, said in rows.items():
        yield summary(name or "Honest documents", said)
    for name, said in rows.items():
        yield from ("", f"## {name or 'Honest documents'}", "", f"| {' | '.join(HEAD)} |", "|---" * 7 + "|")
        yield from (one.row() for one in said)


def summary(name: str, said: list[Said]) -> str:
    """How many of the class each one calls valid."""
    told = [_counted(column) for column in list(zip(*said, strict=True))[3:]]
    states = Counter(one.state for one in said)
    ours = ", ".join(f"{state} {states[state]}" for state in ("valid", "invalid", "undetermined") if states[state])
    return f"| {name} | {len(said)} | {ours} | {' | '.join(told)} |"


def _counted(column: tuple[str, ...]) -> str:
    """Of the files in which the program finds something of its kind."""
    found = len(column) - Counter(column)[SILENT]
    return f"{Counter(column)[YES]} of {found} valid" if found else SILENT


def programs() -> str:
    told = subprocess.run(["pdfsig", "-v"], capture_output=True, text=True, check=True).stderr
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    poppler = re.search(r"pdfsig version (\S+)", told)
    return f"pdfsig {poppler[1] if poppler else ''}, OpenSSL {openssl.split()[1]}, pyHanko {version('pyhanko')}"


def written() -> dict[str, list[Said]]:
    """The rows of the page as it stands, by class."""
    rows: dict[str, list[Said]] = {}
    name = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = "" if line == "## Honest documents" else line[3:]
            rows[name] = []
        elif rows and line.startswith("| ") and not line.startswith(f"| {HEAD[0]} |"):
            rows[name].append(Said(*line.strip("| ").split(" | ")))
    return rows


INTRODUCTION = """\
# What we say of a document, and what other programs say

Written by `{command}` from the corpus of the tests. A test holds a sample of it
against the programs, and all of it under `ECABINET_TEST_FULL`. Programs: {programs}.

- *ours*: valid, invalid or undetermined, with the first reason ([verification.md](verification.md)).
- *pdfsig*: valid when it finds signatures and says "Signature is Valid." of each (`-nocert`: it has not our authority);
  it does not judge document time stamps.
- *openssl cms*: valid when each value verifies over its byte range, up to the root, at the time of the seal.
- *openssl ts*: the same for each time stamp over the value it stands in, and for those of the document over its bytes;
  "–" where there is none.
- *pyHanko*: valid when the bottom line of each signature is, with the same roots and its own policy of changes.

None of the four knows who should have signed, where the number of a document stands, or how our documents are built.
That is why the verdict is our own, and why a program that calls a file valid is no proof that it is what was
promulgated. We ask pyHanko too, last (rule P14): a file that it objects to is not valid.

"""


def main() -> None:
    logging.disable(logging.CRITICAL)  # pyHanko tells at length what it does not like
    with tempfile.TemporaryDirectory(prefix="ecabinet-matrix-") as name:
        folder = Path(name)
        (folder / "keys").mkdir()
        with honest_corpus.keys(folder / "keys") as held:
            rows = {"": [honest(level, held, folder) for level in LEVELS]}
        rows[""] += [preserved(name, folder) for name in PRESERVED]
        for kind in CLASSES:
            rows[kind] = [hostile(variant, folder) for variant in VARIANTS if class_of(variant) == kind]
    DOCUMENT.write_text("\n".join(lines(rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
