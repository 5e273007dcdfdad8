"""The witnesses: compared with every ten minutes, and asked for a cosignature when there is a checkpoint."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from app.gateways.handover import Unreachable
from app.gateways.witness import pinned
from app.workflows import installation_log, witnessing

ATTEND = "witness.attend"
ARGUMENTS = {"body_id": int, "witness": str, "checkpoint_id": int}  # which witness: the id of its key, in hex
EVERY = 10  # minutes


def attend(job: dict[str, Any]) -> None:
    """Compare and collect cosignatures. Running twice is harmless: a cosignature is kept once, a report says it twice.

    For a checkpoint it is tried again while the witness does not answer; a mere look leaves that to the next one.
    """
    for witness in pinned.witnesses():
        if witness.key.id.hex() == job["witness"]:
            seen = witnessing.attend(witness, job["body_id"], dt.datetime.now(dt.UTC))
            if job["checkpoint_id"] and seen.finding is witnessing.SILENT:
                raise Unreachable(seen.said)


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Each checkpoint that a witness has not cosigned, and a look every ten minutes; for one body of them all."""
    if not pinned.witnesses() or body_id != installation_log.keeper():
        return
    for witness in pinned.witnesses():
        about: dict[str, int | str] = {"body_id": body_id, "witness": witness.key.id.hex()}
        checkpoint_id = witnessing.unconfirmed(witness.name)
        if checkpoint_id is not None:
            yield f"{about['witness']}:{checkpoint_id}", {**about, "checkpoint_id": checkpoint_id}
        yield f"{about['witness']}:{now:%Y-%m-%dT%H}:{now.minute // EVERY}", {**about, "checkpoint_id": 0}
