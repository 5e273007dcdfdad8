"""What an outsider gets to check a poll: evidence bundle v1, the same bytes from the same data."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.workflows.rules import merkle
from app.workflows.rules.ballot import parse_act, parse_ballot, parse_definition
from app.workflows.rules.canonical import canonical, digest, parse_canonical, tagged_digest
from app.workflows.rules.changes import CHANGES_CONTEXT
from app.workflows.rules.log import parse_leaf
from app.workflows.rules.recall import parse_recall
from app.workflows.rules.resolution import parse_text

MANIFEST, RESOLUTION, KEY_PLACES = "manifest.json", "resolution", "key-places.json"
EVIDENCE_CONTEXT = "vn.ecabinet.evidence.v1"
LOG_CONTEXT = "vn.ecabinet.log.v1"
PLACES_CONTEXT = "vn.ecabinet.key-places.v1"
MOST_FILES = 20_000
MOST_BYTES = 512 * 1024 * 1024
STAMP = "tsr"
_ENDINGS = {"time_stamp": STAMP, "passkey": "passkey.json"}
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class Signed(NamedTuple):
    """Exact statement bytes and their detached CMS signature in DER."""

    statement: bytes
    cms: bytes


def bundle_files(
    definition: bytes,
    ballots: Iterable[tuple[bytes, bytes]],
    certificates: Iterable[bytes],
    leaves: Sequence[bytes],
    result: bytes | None,
    acts: Iterable[tuple[bytes, bytes]] = (),
    resolution: Mapping[str, bytes] | None = None,
    beside: Mapping[str, Sequence[tuple[str, bytes]]] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """The files of bundle v1 by name, with the manifest.

    `ballots` and `acts` are (statement, CMS in DER) pairs; every ballot of the log in its order, superseded ones too.
    `certificates` are DER, `leaves` the exact leaf data; an annulled poll has no `result`. ValueError when a part is
    not what its place says. What follows only adds to the others: `resolution` are the files of `resolution_files`,
    `beside` further proofs of a statement by its SHA-256 as (ending, content), `more` whole files by name.
    """
    poll, cast = parse_definition(definition), [Signed(*pair) for pair in ballots]
    entries = [parse_leaf(each) for each in leaves]
    check_log_names(cast, [entry for entry in entries if entry["kind"] == "ballot"])
    files = {"poll.json": definition, "log.json": log_file(leaves, entries)}
    if result is not None:
        parse_canonical(result)
        files["result.json"] = result
    proofs = beside or {}
    files |= signed_files("ballots", cast, lambda statement: parse_ballot(statement)["member"], proofs)
    files |= signed_files("acts", acts, lambda statement: parse_act(statement)["type"], proofs)
    files |= {f"certificates/{digest(certificate)}.cer": certificate for certificate in certificates}
    files |= {f"{RESOLUTION}/{name}": content for name, content in (resolution or {}).items()}
    files |= more or {}
    subject = {"ctx": EVIDENCE_CONTEXT, "poll_id": poll["poll_id"], "poll_hash": tagged_digest(definition)}
    files[MANIFEST] = manifest(files, subject)
    return dict(sorted(files.items()))


def resolution_files(
    text: bytes, changes: bytes, reason: str, number: str, pdf: bytes, recall: tuple[bytes, bytes] | None = None
) -> dict[str, bytes]:
    """What came of the vote: the text that was signed, how it differs from the voted one and why, the document itself.

    `text` and `changes` are the exact bytes that are kept; the comparison gets number, reason and both hashes beside
    it (rule:R27). `recall` is the signed act by which the document was recalled. ValueError for bytes of another kind.
    """
    parse_text(text)
    compared = parse_canonical(changes)
    if compared.get("ctx") != CHANGES_CONTEXT or not pdf.startswith(b"%PDF-"):
        raise ValueError("not a comparison of texts, or not a document")
    about = {"number": number, "reason": reason, "text_sha256": digest(text), "file_sha256": digest(pdf)}
    files = {"text.json": text, "changes.json": canonical({**compared, **about}), "resolution.pdf": pdf}
    return files | (recall_files(recall) if recall else {})


def recall_files(recall: tuple[bytes, bytes]) -> dict[str, bytes]:
    """The signed act (statement, CMS) by which a document was recalled; ValueError for bytes of another kind."""
    parse_recall(recall[0])
    return {"recall.json": recall[0], "recall.p7s": recall[1]}


def key_places(places: Mapping[str, str]) -> bytes:
    """Where each key is kept, by the SHA-256 of its certificate: what the installation says of it, no proof.

    The content of key-places.json. What the roll says of its members is fixed in the definition and signed with it.
    """
    kept = [{"certificate_sha256": sha256, "place": place} for sha256, place in sorted(places.items())]
    return canonical({"v": 1, "ctx": PLACES_CONTEXT, "keys": kept})


def signed_files(
    folder: str,
    signed: Iterable[tuple[bytes, bytes]],
    called: Callable[[bytes], str],
    beside: Mapping[str, Sequence[tuple[str, bytes]]],
) -> dict[str, bytes]:
    """Statements and signatures of one folder, numbered in their order, with the further proofs of each beside it."""
    files: dict[str, bytes] = {}
    for number, (statement, cms) in enumerate(signed, start=1):
        name = f"{folder}/{number:04d}-{called(statement)}"
        files |= {f"{name}.json": statement, f"{name}.p7s": cms}
        count: Counter[str] = Counter()
        for end, content in beside.get(digest(statement), ()):
            count[end] += 1
            files[f"{name}.{end}" if count[end] == 1 else f"{name}.{count[end]}.{end}"] = content
    return files


def ending(kind: str, content: bytes) -> str:
    """Of the file of a proof of `kind` (time_stamp, passkey, revocation): tsr, passkey.json, ocsp or crl.

    An answer of OCSP begins with a state, a list of revoked certificates with the list itself. ValueError otherwise.
    """
    if kind == "revocation":
        length = content[1:2]
        inner = 2 + (length[0] & 0x7F if length and length[0] & 0x80 else 0)
        return "ocsp" if content[inner : inner + 1] == b"\x0a" else "crl"
    if kind not in _ENDINGS:
        raise ValueError(f"not a kind of proof: {kind}")
    return _ENDINGS[kind]


def check_log_names(cast: Sequence[Signed], entries: Iterable[Mapping[str, Any]]) -> None:
    """ValueError unless the entries of a log name exactly these statements and signatures, in this order."""
    logged = [(entry["statement_sha256"], entry["cms_sha256"]) for entry in entries]
    if logged != [(digest(each.statement), digest(each.cms)) for each in cast]:
        raise ValueError("what was signed is not what the log names, in its order")


def log_file(leaves: Sequence[bytes], entries: Iterable[Mapping[str, Any]]) -> bytes:
    """The content of log.json: every entry (parsed from its leaf data) with its hash, and the root over all."""
    hashes = [merkle.leaf_hash(each) for each in leaves]
    told = [{"hash": hashed.hex(), "payload": dict(entry)} for hashed, entry in zip(hashes, entries, strict=True)]
    root = merkle.root(hashes).hex()
    return canonical({"v": 1, "ctx": LOG_CONTEXT, "size": len(leaves), "root": root, "leaves": told})


def manifest(files: Mapping[str, bytes], subject: Mapping[str, Any]) -> bytes:
    """The list of all other files with their hashes; `subject` says what they are evidence of (`ctx` and ids)."""
    listed: list[dict[str, Any]] = [
        {"name": name, "size": len(data), "sha256": digest(data)} for name, data in sorted(files.items())
    ]
    return canonical({"v": 1, "format": 1, **subject, "files": listed})


def bundle(files: Mapping[str, bytes]) -> bytes:
    """A zip whose bytes follow from the files alone: stored, sorted names, one fixed date, no extra fields."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            if not _NAME.fullmatch(name):
                raise ValueError(f"not a name for the bundle: {name!r}")
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            entry.create_system = _UNIX
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def read_bundle(data: bytes) -> dict[str, bytes]:
    """The files of a bundle, checked against its manifest.

    ValueError for anything `bundle` would not have written: compressed or encrypted entries, names twice or outside,
    more bytes than the archive has, files that the manifest does not list or lists otherwise.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _refuse_odd(entries, len(data))
            files = {entry.filename: archive.read(entry) for entry in entries}
    except zipfile.BadZipFile as error:
        raise ValueError("not a whole zip archive") from error
    _check_manifest(files)
    return files


def _refuse_odd(entries: Sequence[zipfile.ZipInfo], archive_bytes: int) -> None:
    names = [entry.filename for entry in entries]
    if len(names) > MOST_FILES or archive_bytes > MOST_BYTES:
        raise ValueError("the bundle is too large")
    if len(set(names)) != len(names):
        raise ValueError("a name occurs twice in the bundle")
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise ValueError(f"{entry.filename}: only stored, unencrypted files are read")
        if not _NAME.fullmatch(entry.filename):
            raise ValueError(f"not a name for the bundle: {entry.filename!r}")
    if sum(entry.file_size for entry in entries) > archive_bytes:
        raise ValueError("the bundle claims more bytes than it has")


def _check_manifest(files: Mapping[str, bytes]) -> None:
    if MANIFEST not in files:
        raise ValueError("the bundle has no manifest")
    listed = {entry["name"]: (entry["size"], entry["sha256"]) for entry in parse_canonical(files[MANIFEST])["files"]}
    found = {name: (len(data), digest(data)) for name, data in files.items() if name != MANIFEST}
    if odd := sorted(name for name in set(listed) | set(found) if listed.get(name) != found.get(name)):
        raise ValueError(f"not as the manifest says: {', '.join(odd)}")
