"""What an outsider gets to check an opinion slip: evidence bundle v1 of a slip, the same bytes from the same data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.workflows.rules.canonical import canonical, parse_canonical, tagged_digest
from app.workflows.rules.evidence import MANIFEST, Signed, check_log_names, log_file, manifest, signed_files
from app.workflows.rules.slip import parse_answer, parse_slip_definition
from app.workflows.rules.slip_log import ANSWER, parse_leaf

SLIP_EVIDENCE_CONTEXT = "vn.ecabinet.slip-evidence.v1"
RECORDS_CONTEXT = "vn.ecabinet.slip-records.v1"
RECORDS = "records.json"


def slip_bundle_files(
    definition: bytes,
    answers: Iterable[tuple[bytes, bytes]],
    certificates: Mapping[str, bytes],
    leaves: Sequence[bytes],
    result: bytes | None,
    beside: Mapping[str, Sequence[tuple[str, bytes]]],
    more: Mapping[str, bytes],
) -> dict[str, bytes]:
    """The files of the bundle by name, with the manifest.

    `answers` are (statement, CMS in DER) pairs: every answer of the log in its order, superseded ones too.
    `certificates` are DER by their SHA-256, `leaves` the exact leaf data; a recalled slip has no `result`. `beside` are
    further proofs of an answer by its SHA-256 as (ending, content), `more` whole files by name. ValueError when a
    part is not what its place says.
    """
    slip, cast = parse_slip_definition(definition), [Signed(*pair) for pair in answers]
    entries = [parse_leaf(each) for each in leaves]
    check_log_names(cast, [entry for entry in entries if entry["kind"] == ANSWER])
    files = {"slip.json": definition, "log.json": log_file(leaves, entries)}
    if result is not None:
        parse_canonical(result)
        files["result.json"] = result
    files |= signed_files("answers", cast, lambda statement: str(parse_answer(statement)["member"]), beside)
    files |= {f"certificates/{sha256}.cer": certificate for sha256, certificate in certificates.items()}
    files |= more
    subject = {"ctx": SLIP_EVIDENCE_CONTEXT, "slip_id": slip["slip_id"], "slip_hash": tagged_digest(definition)}
    files[MANIFEST] = manifest(files, subject)
    return dict(sorted(files.items()))


def slip_records(
    definition: bytes, deemed: Sequence[Mapping[str, Any]], extensions: Sequence[Mapping[str, Any]]
) -> bytes:
    """The content of records.json: what the system noted, signed by nobody; the log names it with its hashes.

    `deemed` [{member, rule_set, source, at}] in the order of the roll: who was silent and counts by the rule set,
    never an answer. `extensions` [{before, after, reason, by, at}]: each later deadline, and who gave it.
    """
    return canonical({
        "v": 1, "ctx": RECORDS_CONTEXT, "slip_hash": tagged_digest(definition),
        "deemed": [dict(each) for each in deemed], "extensions": [dict(each) for each in extensions],
    })  # fmt: skip
