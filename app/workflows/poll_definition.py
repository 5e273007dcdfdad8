"""What is frozen when a poll opens, from the rows as they stand at that moment."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from app.gateways.signing.places import SOFTWARE as ON_THE_SERVER
from app.models import Poll, RollEntry, RuleSet
from app.version import SOFTWARE
from app.workflows import key_places
from app.workflows.rules import quorum as quorum_rule
from app.workflows.rules.ballot import poll_definition, roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.passkey import PIN, PIN_AND_PASSKEY
from app.workflows.rules.rulesets import RuleParameters


def definition_of(
    poll: Poll,
    rule_set: RuleSet,
    parameters: RuleParameters,
    presence: quorum_rule.Presence,
    roll: Sequence[RollEntry],
    opened_at: dt.datetime,
    by: str,
) -> dict[str, Any]:
    """The definition of a poll in the shape of `poll_definition`; `by` is the post of whoever opens it."""
    version, meeting, item = poll.document_version, poll.meeting, poll.item
    places = key_places.providers_of(entry.certificate.id for entry in roll if entry.certificate)
    document = version and {
        "title": version.document.title, "version": version.number, "sha256": version.sha256, "pages": version.pages
    }  # fmt: skip
    return poll_definition(
        poll_id=poll.id,
        body={"code": meeting.body.code, "name": meeting.body.name, "place": meeting.body.place},
        meeting={"id": meeting.id, "title": meeting.title, "held_on": meeting.held_on.isoformat()},
        item={"position": item.position, "title": item.title},
        question=poll.question,
        visibility=poll.visibility.value,
        rule_set={
            "code": rule_set.code, "valid_from": rule_set.valid_from.isoformat(),
            "legal_source": rule_set.legal_source, "confirmed": rule_set.confirmed,
            "parameters": parameters.as_dict(),
        },
        document=document,
        quorum={
            "members": presence.members, "present": presence.present(parameters), "in_room": presence.in_room,
            "remote": presence.remote, "needed": quorum_rule.quorum(presence.members, parameters),
        },
        roll=[
            {
                "index": entry.roll_index, "member": roll_code(entry.roll_index), "name": entry.name,
                "post": entry.post, "abbreviation": entry.abbreviation, "head": entry.is_head,
                "certificate_sha256": entry.certificate.sha256 if entry.certificate else None,
                "key_place": places.get(entry.certificate.id, ON_THE_SERVER) if entry.certificate else None,
            }
            for entry in roll
        ],
        opened_at=iso_utc(opened_at),
        opened_by=by,
        software=SOFTWARE,
        evidence=PIN_AND_PASSKEY if poll.passkey_demanded else PIN,
    )  # fmt: skip
