"""A whole closed slip in plain values, for the tests of results and evidence."""

from typing import Any

from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.rules.slip import answer_statement, main_question, slip_definition, slip_hash
from app.workflows.rules.slip_log import answer_leaf, closed_leaf, extended_leaf, issued_leaf, recalled_leaf
from app.workflows.rules.slip_parameters import SlipParameters
from tests.rules.poll_case import fake_sha256, nonce_of, roll_entry

ISSUED_AT, DEADLINE = "2026-07-30T02:00:00Z", "2026-08-05T10:00:00Z"
CLOSED_AT = "2026-08-05T10:00:01Z"
AGREES, NOTHING = SlipParameters(silence="agree"), SlipParameters()


def question(index: int, kind: str = "consent", *, main: bool = False, options: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"index": index, "kind": kind, "text": f"Nội dung {index}?", "options": list(options), "main": main}


MAIN = question(1, main=True)


def definition_fields(members: int = 27, **changes: Any) -> dict[str, Any]:
    """Fields of `slip_definition` for a body of `members`, whose first member is the head."""
    parameters = changes.pop("parameters", AGREES)
    return {
        "slip_id": 5,
        "number": "12/PLYK-VPCP",
        "round": 1,
        "previous": None,
        "body": {"code": "CP", "name": "Chính phủ", "place": "Hà Nội"},
        "matter": "Dự thảo Nghị định về định danh điện tử",
        "organisation": {"abbreviation": "BCA", "name": "Bộ Công an"},
        "legal_basis": "",
        "urgency": "normal",
        "questions": [MAIN],
        "articles": [],
        "papers": [{"title": "Dự thảo", "version": 2, "sha256": fake_sha256("pdf"), "pages": 12, "draft": True}],
        "rule_set": {
            "code": "QC-191-2026",
            "valid_from": "2026-05-29",
            "legal_source": "Điều 7, Điều 17 Quy chế làm việc của Chính phủ",
            "confirmed": False,
            "parameters": parameters.as_dict(),
        },
        "roll": [{**roll_entry(index, head=index == 1), "key_place": "software"} for index in range(1, members + 1)],
        "issued_at": ISSUED_AT,
        "issued_by": "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ",
        "deadline_at": DEADLINE,
        "evidence": "pin",
        "software": "e-cabinet 1.0.0",
        **changes,
    }


def part(index: int, choice: str | None = None, **more: Any) -> dict[str, Any]:
    """The answer to one question."""
    return {"question": index, "choice": choice, "option": None, "text": "", "articles": [], **more}


class SlipCase:
    """A slip that is answered one by one, as the workflow does it, and then closed or recalled."""

    def __init__(self, **changes: Any) -> None:
        self.definition = slip_definition(**definition_fields(**changes))
        self.slip_hash = slip_hash(self.definition)
        self.log: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.frontier = Frontier()
        self._standing: dict[int, str] = {}
        self._append(issued_leaf(self.slip_hash, self.definition["deadline_at"], ISSUED_AT))

    def _append(self, entry: dict[str, Any]) -> None:
        self.log.append(entry)
        self.frontier.append(leaf_hash(canonical(entry)))

    def statement(self, index: int, parts: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        fields = {
            "slip_id": self.definition["slip_id"],
            "slip_hash": self.slip_hash,
            "member": self.definition["roll"][index - 1]["member"],
            "roll_index": index,
            "answers": parts,
            "reservation": False,
            "attachments": [],
            "supersedes": self._standing.get(index),
            "seen": {"size": self.frontier.size, "root": self.frontier.root().hex()},
            "nonce": nonce_of(len(self.log)),
            "server_time": "2026-08-01T02:00:30Z",
        }
        return answer_statement(**{**fields, **changes})

    def say(self, index: int, *parts: dict[str, Any], at: str = "2026-08-01T02:00:31Z", **changes: Any) -> "SlipCase":
        statement = self.statement(index, list(parts), **changes)
        sha = digest(canonical(statement))
        entry = answer_leaf(len(self.log), sha, fake_sha256(f"cms {sha}"), statement["member"], at)
        self._append(entry)
        self.answers.append({"statement": statement, "sha256": sha, "leaf_seq": entry["seq"]})
        self._standing[index] = f"sha256:{sha}"
        return self

    def answer(self, index: int, choice: str, **changes: Any) -> "SlipCase":
        """A member answers the question that decides, and leaves the others open."""
        main, questions = main_question(self.definition), self.definition["questions"]
        parts = [part(each["index"], choice if each["index"] == main else None) for each in questions]
        return self.say(index, *parts, **changes)

    def all_say(self, agree: int, disagree: int, other: int, first: int = 1) -> "SlipCase":
        """Members answer in roll order, from roll index `first`."""
        choices = ["agree"] * agree + ["disagree"] * disagree + ["other"] * other
        for index, choice in enumerate(choices, start=first):
            self.answer(index, choice)
        return self

    def extend(self, before: str, after: str, at: str) -> "SlipCase":
        self._append(extended_leaf(len(self.log), before, after, "Chờ ý kiến bổ sung", at))
        return self

    @property
    def silent(self) -> list[str]:
        answered = {each["statement"]["member"] for each in self.answers}
        return [entry["member"] for entry in self.definition["roll"] if entry["member"] not in answered]

    def close(self, at: str = CLOSED_AT, reason: str = "") -> "SlipCase":
        deemed = self.silent if self.definition["rule_set"]["parameters"]["silence"] == "agree" else []
        self._append(closed_leaf(len(self.log), len(self.answers), deemed, at, reason))
        return self

    def recall(self, at: str = "2026-08-02T02:00:00Z") -> "SlipCase":
        self._append(recalled_leaf(len(self.log), len(self.answers), "Phát hành nhầm", at))
        return self
