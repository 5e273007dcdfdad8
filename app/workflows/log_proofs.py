"""What proves to an outsider that the root of a vote, say, is in the log: checkpoint, keys and inclusion proof."""

import base64

from app.gateways import log_key
from app.models import LogEntry, Poll
from app.workflows import installation_log
from app.workflows.rules.canonical import canonical


def files_of(poll: Poll) -> dict[str, bytes]:
    """Files of the evidence bundle about a vote that is over, by name; none while no checkpoint covers it."""
    return files_about(installation_log.poll_entry(poll.id))


def files_about(entry: LogEntry | None) -> dict[str, bytes]:
    """The same about any entry.

    `checkpoint.txt` is the signed note with every cosignature line that is known, `keys.json` has the public keys
    ({"log": vkey, "witnesses": [vkey …]}), `inclusion.json` the leaf (base64), its index (from 0),
    the size of the tree of the checkpoint and the proof (hex): {"leaf", "index", "size", "proof"}.
    """
    key = installation_log.public_key()
    checkpoint = installation_log.covering(entry.seq) if entry is not None else None
    if entry is None or checkpoint is None or key is None:
        return {}
    proof = installation_log.inclusion_proof(entry.seq, checkpoint.size)
    inclusion = {
        "leaf": base64.b64encode(entry.data).decode(), "index": entry.seq, "size": checkpoint.size,
        "proof": [each.hex() for each in proof],
    }  # fmt: skip
    return {
        "checkpoint.txt": installation_log.signed_note(checkpoint).encode(),
        "keys.json": canonical({"log": str(key), "witnesses": list(log_key.witnesses())}),
        "inclusion.json": canonical(inclusion),
    }
