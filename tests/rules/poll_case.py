"""A whole closed poll in plain values, for the tests of results and evidence."""

import base64
from hashlib import sha256
from typing import Any

from app.workflows.rules.ballot import ballot_statement, poll_definition, roll_code
from app.workflows.rules.canonical import canonical, digest, tagged_digest
from app.workflows.rules.log import ballot_leaf, closing_leaf, opening_leaf
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.rules.quorum import Presence, quorum
from app.workflows.rules.rulesets import RuleParameters

OPENED_AT, CLOSED_AT = "2019-06-24T02:00:03Z", "2019-06-24T02:01:09Z"


def fake_sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def nonce_of(number: int) -> str:
    return base64.urlsafe_b64encode(sha256(str(number).encode()).digest()[:16]).decode().rstrip("=")


def roll_entry(index: int, *, head: bool = False) -> dict[str, Any]:
    return {
        "index": index,
        "member": roll_code(index),
        "name": f"Nguyễn Văn Giả Định {index}",
        "post": "Thủ tướng Chính phủ" if head else f"Bộ trưởng thứ {index}",
        "abbreviation": "TTg" if head else f"B{index}",
        "head": head,
        "certificate_sha256": fake_sha256(f"certificate {index}"),
    }


def definition_fields(members: int = 27, in_room: int = 21, remote: int = 4, **changes: Any) -> dict[str, Any]:
    """Fields of `poll_definition` for a body of `members`, whose first member is the head."""
    parameters = changes.pop("parameters", RuleParameters())
    presence = Presence(members, in_room, remote)
    return {
        "poll_id": 7,
        "body": {"code": "CP", "name": "Chính phủ", "place": "Hà Nội"},
        "meeting": {"id": 3, "title": "Phiên họp Chính phủ", "held_on": "2019-06-24"},
        "item": {"position": 1, "title": "Dự thảo Nghị quyết"},
        "question": "Thông qua dự thảo Nghị quyết?",
        "visibility": "named",
        "rule_set": {
            "code": "QC-138-2016",
            "valid_from": "2016-10-01",
            "legal_source": "Điều 46 Luật Tổ chức Chính phủ",
            "confirmed": True,
            "parameters": parameters.as_dict(),
        },
        "document": {"title": "Dự thảo Nghị quyết", "version": 3, "sha256": fake_sha256("pdf"), "pages": 12},
        "quorum": {
            "members": members,
            "present": presence.present(parameters),
            "in_room": in_room,
            "remote": remote,
            "needed": quorum(members, parameters),
        },
        "roll": [roll_entry(index, head=index == 1) for index in range(1, members + 1)],
        "opened_at": OPENED_AT,
        "opened_by": "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ",
        "software": "e-cabinet 1.0.0",
        **changes,
    }


class PollCase:
    """A poll that is filled ballot by ballot, as the workflow does it, and then closed."""

    def __init__(self, **changes: Any) -> None:
        self.definition = poll_definition(**definition_fields(**changes))
        self.poll_hash = tagged_digest(canonical(self.definition))
        self.log: list[dict[str, Any]] = []
        self.ballots: list[dict[str, Any]] = []
        self.frontier = Frontier()
        self._standing: dict[int, str] = {}
        self._append(opening_leaf(self.poll_hash, OPENED_AT))

    def _append(self, entry: dict[str, Any]) -> None:
        self.log.append(entry)
        self.frontier.append(leaf_hash(canonical(entry)))

    def statement(self, index: int, choice: str, **changes: Any) -> dict[str, Any]:
        fields = {
            "poll_id": self.definition["poll_id"],
            "poll_hash": self.poll_hash,
            "choice": choice,
            "member": roll_code(index),
            "roll_index": index,
            "place": "in_room",
            "remark": "",
            "reservation": False,
            "supersedes": self._standing.get(index),
            "seen": {"size": self.frontier.size, "root": self.frontier.root().hex()},
            "nonce": nonce_of(len(self.log)),
            "server_time": "2019-06-24T02:00:30Z",
        }
        return ballot_statement(**{**fields, **changes})

    def vote(self, index: int, choice: str, **changes: Any) -> "PollCase":
        statement = self.statement(index, choice, **changes)
        sha = digest(canonical(statement))
        entry = ballot_leaf(len(self.log), sha, fake_sha256(f"cms {sha}"), roll_code(index), "2019-06-24T02:00:31Z")
        self._append(entry)
        self.ballots.append({"statement": statement, "sha256": sha, "leaf_seq": entry["seq"]})
        self._standing[index] = f"sha256:{sha}"
        return self

    def votes(self, agree: int, disagree: int, other: int, first: int = 1) -> "PollCase":
        """Members vote in roll order, from roll index `first`."""
        choices = ["agree"] * agree + ["disagree"] * disagree + ["other"] * other
        for index, choice in enumerate(choices, start=first):
            self.vote(index, choice)
        return self

    def close(self) -> "PollCase":
        self._append(closing_leaf(len(self.log), CLOSED_AT, len(self.ballots)))
        return self
