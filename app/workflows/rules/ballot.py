"""What members and officers sign, and what the log of a poll records: exact shapes, built and read back."""

from collections.abc import Mapping
from typing import Any

from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.passkey import PIN, PIN_AND_PASSKEY
from app.workflows.rules.quorum import Presence, quorum, quorum_reached
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.schema import (
    Check,
    day,
    flag,
    identifier,
    list_of,
    moment,
    nonce,
    one_of,
    optional,
    pattern,
    record,
    sha256_hex,
    sha256_tagged,
    text,
    whole,
)
from app.workflows.rules.tally import CHOICES

POLL_CONTEXT = "vn.ecabinet.poll.v1"
BALLOT_CONTEXT = "vn.ecabinet.ballot.v1"
ACT_CONTEXT = "vn.ecabinet.act.v1"
VISIBILITIES = ("named", "named_not_displayed")
KEY_PLACES = ("software", "pkcs11", "csc")  # on the server, in a signing device, with a provider of remote signatures

_member = pattern(r"M[0-9]{2,4}", "a roll code like M07")
_name = text(500)
_long = text(4000, lines=True)
_seen = record(size=identifier, root=sha256_hex)
_choice = one_of(*CHOICES)


def _parameters(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be an object")
    return RuleParameters.parse(value).as_dict()


def _options(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or list(value) != list(CHOICES):
        raise ValueError(f"must be {', '.join(CHOICES)}")
    return list(CHOICES)


_roll_entry = dict(
    index=identifier,
    member=_member,
    name=_name,
    post=_name,
    abbreviation=text(50, empty=True),
    head=flag,
    certificate_sha256=optional(sha256_hex),  # a member without one counts in the base and cannot vote
)
_kept_entry = dict(**_roll_entry, key_place=optional(one_of(*KEY_PLACES)))
roll_entry = record(**_kept_entry)
_defined = dict(
    ctx=one_of(POLL_CONTEXT),
    poll_id=identifier,
    body=record(code=text(50), name=_name, place=text(100)),
    meeting=record(id=identifier, title=_name, held_on=day),
    item=record(position=identifier, title=_name),
    question=_long,
    options=_options,
    visibility=one_of(*VISIBILITIES),
    rule_set=record(code=text(50), valid_from=day, legal_source=_long, confirmed=flag, parameters=_parameters),
    document=optional(record(title=_name, version=identifier, sha256=sha256_hex, pages=identifier)),
    quorum=record(members=identifier, present=whole(0), in_room=whole(0), remote=whole(0), needed=identifier),
    roll=list_of(record(**_roll_entry)),
    opened_at=moment,
    opened_by=_name,
    software=text(100),
)
_definitions = {
    1: record(v=one_of(1), **_defined),  # the PIN is all that is asked for
    2: record(v=one_of(2), evidence=one_of(PIN_AND_PASSKEY), **_defined),
    3: record(
        v=one_of(3), evidence=one_of(PIN, PIN_AND_PASSKEY), **{**_defined, "roll": list_of(roll_entry)}
    ),
}  # fmt: skip
_ballot = record(
    v=one_of(1),
    ctx=one_of(BALLOT_CONTEXT),
    type=one_of("ballot"),
    poll_id=identifier,
    poll_hash=sha256_tagged,
    choice=_choice,
    member=_member,
    roll_index=identifier,
    place=one_of("in_room", "remote"),
    remark=text(2000, empty=True, lines=True),
    reservation=flag,
    supersedes=optional(sha256_tagged),
    seen=_seen,
    nonce=nonce,
    server_time=moment,
)
_act = record(
    v=one_of(1),
    ctx=one_of(ACT_CONTEXT),
    type=one_of("poll_annulment", "tie_confirmation"),
    poll_id=identifier,
    poll_hash=sha256_tagged,
    person=_name,
    post=_name,
    reason=text(2000, empty=True, lines=True),
    choice=optional(one_of("agree", "disagree")),
    seen=_seen,
    nonce=nonce,
    server_time=moment,
)


def roll_code(index: int) -> str:
    """The code of a roll entry: index 7 is "M07", 100 is "M100"."""
    return f"M{index:02d}"


def may_reserve(choice: str) -> bool:
    """Whether a member may keep a dissenting opinion with this choice, bảo lưu ý kiến (rule:R15).

    Who agrees has nothing to reserve; the member must comply with the decision all the same.
    """
    return choice != "agree"


def poll_definition(**fields: Any) -> dict[str, Any]:
    """What is frozen when a poll opens; `v`, `ctx` and `options` are filled in, every other member is required.

    Version 3 has a roll whose entries say where each key is kept (`key_place`), and `evidence`: "pin" when it
    is left out. A roll without makes version 1, or 2 where `evidence` is "pin+passkey" (rule:R35), as older votes are.

    The roll holds members of the body alone, so that substitutes (rule:R6) and guests (rule:R7) have no ballot.
    ValueError for another shape, a roll out of order, two heads, or a quorum that does not follow from its parts.
    """
    asked = fields.pop("evidence", PIN)
    if any("key_place" in entry for entry in fields.get("roll", ())):
        version, fields = 3, {**fields, "evidence": asked}
    else:
        version, fields = (1, fields) if asked == PIN else (2, {**fields, "evidence": asked})
    return _checked_definition({"v": version, "ctx": POLL_CONTEXT, "options": list(CHOICES), **fields})


def ballot_statement(**fields: Any) -> dict[str, Any]:
    """The vote of one member, phiếu biểu quyết; `v`, `ctx` and `type` are filled in."""
    return _checked_ballot({"v": 1, "ctx": BALLOT_CONTEXT, "type": "ballot", **fields})


def act_statement(**fields: Any) -> dict[str, Any]:
    """An act about a poll: `poll_annulment` needs a reason, `tie_confirmation` repeats the head's choice (rule:R2)."""
    return _checked_act({"v": 1, "ctx": ACT_CONTEXT, **fields})


def parse_definition(data: bytes) -> dict[str, Any]:
    return _exact(_checked_definition, data)


def parse_ballot(data: bytes) -> dict[str, Any]:
    return _exact(_checked_ballot, data)


def parse_act(data: bytes) -> dict[str, Any]:
    return _exact(_checked_act, data)


def _exact(check: Check, data: bytes) -> dict[str, Any]:
    """Canonical bytes whose every text is already clean: what was shown is what was signed."""
    value = parse_canonical(data)
    found: dict[str, Any] = check(value)
    if found != value:
        raise ValueError("a text holds space at its ends")
    return found


def _checked_definition(value: Mapping[str, Any]) -> dict[str, Any]:
    version = value.get("v") if isinstance(value, Mapping) else None
    shape = _definitions.get(version) if type(version) is int else None
    if shape is None:
        raise ValueError(f"v: must be one of {', '.join(map(str, _definitions))}")
    found: dict[str, Any] = shape(value)
    check_roll(found["roll"])
    _check_quorum(found)
    return found


def check_roll(roll: list[dict[str, Any]]) -> None:
    """A frozen roll is numbered without gaps, has one head at most, and no certificate twice."""
    for place, entry in enumerate(roll, start=1):
        if entry["index"] != place or entry["member"] != roll_code(place):
            raise ValueError(f"roll: entry {place} must have index {place} and code {roll_code(place)}")
    if sum(entry["head"] for entry in roll) > 1:
        raise ValueError("roll: a body has one head")
    certificates = [entry["certificate_sha256"] for entry in roll if entry["certificate_sha256"]]
    if len(set(certificates)) != len(certificates):
        raise ValueError("roll: two members share one certificate")
    if any((entry["key_place"] is None) != (entry["certificate_sha256"] is None)
           for entry in roll if "key_place" in entry):  # fmt: skip
        raise ValueError("roll: a certificate has a key, and a key is kept somewhere")


def _check_quorum(definition: Mapping[str, Any]) -> None:
    stated, members = definition["quorum"], len(definition["roll"])
    parameters = RuleParameters.parse(definition["rule_set"]["parameters"])
    presence = Presence(members, stated["in_room"], stated["remote"])
    expected = {
        "members": members,
        "present": presence.present(parameters),
        "needed": quorum(members, parameters),
        "in_room": presence.in_room,
        "remote": presence.remote,
    }
    if stated != expected:
        raise ValueError(f"quorum: must be {expected}")
    if not quorum_reached(presence, parameters):
        raise ValueError("quorum: not reached, the poll cannot be opened")


def _checked_ballot(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _ballot(value)
    if found["member"] != roll_code(found["roll_index"]):
        raise ValueError("member and roll_index: must name one roll entry")
    if found["reservation"] and not may_reserve(found["choice"]):
        raise ValueError("reservation: who agrees has nothing to reserve")
    return found


def _checked_act(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _act(value)
    if found["type"] == "poll_annulment" and (found["choice"] is not None or not found["reason"]):
        raise ValueError("an annulment has a reason and no choice")
    if found["type"] == "tie_confirmation" and found["choice"] is None:
        raise ValueError("choice: a confirmation repeats the choice of the head")
    return found
