"""Decides what a backup says about certificates, and which authorities a restore believes."""

import base64
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from app.backup.errors import Broken
from app.gateways import signing
from app.gateways.signing.errors import SigningError
from app.models import Certificate, CertificateRevocation
from app.workflows.rules.canonical import digest


def listed(connection: Connection, authorities: Sequence[bytes]) -> bytes:
    """The list as JSON: the authorities whole, since every signature hangs on them, and a line for each certificate."""
    ends = connection.execute(select(CertificateRevocation.certificate_id, CertificateRevocation.at))
    ended = {row.certificate_id: row.at for row in ends}
    columns = (
        Certificate.id, Certificate.sha256, Certificate.serial, Certificate.subject, Certificate.person_id,
        Certificate.not_before, Certificate.not_after,
    )  # fmt: skip
    rows = connection.execute(select(*columns).order_by(Certificate.id)).mappings()
    known = [{**row, "revoked_at": ended.get(row["id"])} for row in rows]
    told = {
        "authorities": [{"sha256": digest(der), "der": base64.b64encode(der).decode()} for der in authorities],
        "certificates": [{name: _plain(value) for name, value in row.items()} for row in known],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def authorities_of(path: Path, expected: Sequence[str]) -> tuple[bytes, ...]:
    """The authorities in DER, the issuing one first, as the manifest has their hashes."""
    try:
        told = json.loads(path.read_bytes())["authorities"]
        found = tuple(base64.b64decode(each["der"], validate=True) for each in told)
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"{path.name} cannot be understood: {error}") from error
    if [digest(der) for der in found] != list(expected):
        raise Broken(f"{path.name} names other authorities than the manifest")
    return found


def believe(authorities: Sequence[bytes]) -> bool:
    """Judge signatures by the authorities of this installation, or by those of the backup where it has none.

    Whether it has its own; Broken when they are others than those of the backup.
    """
    try:
        own = signing.trusted()
    except SigningError:
        own = ()
    if not own:
        signing.use(signing.KeysElsewhere(), authorities)
        return False
    if set(own) != set(authorities):
        raise Broken("the authorities of this installation are not those of the backup")
    return True


def _plain(value: Any) -> Any:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value
