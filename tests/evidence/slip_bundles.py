"""Whole evidence bundles of opinion slips with real keys and no database, for honest and for hostile ones."""

import datetime as dt
import json
import random
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from app.gateways.signing import sign_detached
from app.workflows.rules import merkle
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest, tagged_digest
from app.workflows.rules.evidence import bundle
from app.workflows.rules.slip import answer_statement, slip_definition
from app.workflows.rules.slip_evidence import slip_records
from app.workflows.rules.slip_log import answer_leaf, closed_leaf, extended_leaf, issued_leaf, recalled_leaf
from app.workflows.rules.slip_parameters import SlipParameters
from tests.evidence import bundles
from tests.evidence.bundles import OPENED, OURS, authority, b64, person, place_of, tool
from tests.gateways.signing_cases import Holder

ISSUED = OPENED  # 09:00 in Hanoi
DEADLINE = dt.datetime(2026, 11, 24, 10, 0, tzinfo=dt.UTC)  # 17:00 in Hanoi, three days later
LATER = DEADLINE + dt.timedelta(days=1)
REASON = "Chờ ý kiến bổ sung của {Bộ Tư pháp}"
SOURCE = "Điều 17 Quy chế làm việc của Chính phủ"


@dataclass
class SlipCase:
    """A slip that is over as its exact signed parts; `files` assembles whatever they are by now.

    `course` are the entries between issue and end: a number of an answer (from 1), or "extended".
    """

    definition: dict[str, Any]
    answers: list[tuple[bytes, bytes]] = field(default_factory=list)
    course: list[Any] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    extras: dict[str, bytes] = field(default_factory=dict)
    recalled: bool = False
    deemed: list[str] | None = None  # as a lying server has it

    @property
    def slip_hash(self) -> str:
        return tagged_digest(canonical(self.definition))

    def part(self, question: dict[str, Any], choice: str, chance: random.Random) -> dict[str, Any]:
        """What a member answers to one question: `choice` where it asks for consent, else as chance has it."""
        found: dict[str, Any] = {
            "question": question["index"], "choice": None, "option": None, "text": "", "articles": [],
        }  # fmt: skip
        if question["kind"] == "consent":
            found["choice"] = choice if question["main"] else chance.choice([choice, None])
            found["text"] = chance.choice(["", 'Đề nghị rà soát "điều 3".\nXin cảm ơn!'])
        elif question["kind"] == "pick":
            found["option"] = chance.choice([None, 1, len(question["options"])])
        elif question["kind"] == "articles":
            found["articles"] = [
                {"article": each["index"], "choice": choice, "text": chance.choice(["", "Sửa câu chữ"])}
                for each in self.definition["articles"] if chance.random() < 0.6
            ]  # fmt: skip
        else:
            found["text"] = chance.choice(["", "Không có ý kiến gì thêm."])
        return found

    def statement(self, index: int, choice: str, chance: random.Random, **changes: Any) -> dict[str, Any]:
        """The answer of roll index `index` as the next entry of the log."""
        number = len(self.answers) + 1
        hashes = [merkle.leaf_hash(canonical(entry)) for entry in self.entries()[:-1]]
        before = [digest(said) for said, _cms in self.answers if json.loads(said)["roll_index"] == index]
        fields = {
            "slip_id": self.definition["slip_id"], "slip_hash": self.slip_hash, "member": roll_code(index),
            "roll_index": index, "answers": [self.part(each, choice, chance) for each in self.definition["questions"]],
            "reservation": choice != "agree" and chance.random() < 0.4 and self.main is not None,
            "attachments": [{"name": "gop-y.pdf", "sha256": digest(b"%d" % number), "size": 1200 + number}],
            "supersedes": f"sha256:{before[-1]}" if before else None,
            "seen": {"size": len(hashes), "root": merkle.root(hashes).hex()},
            "nonce": b64(sha256(f"{self.slip_hash} {number}".encode()).digest()[:16]),
            "server_time": iso_utc(ISSUED + dt.timedelta(minutes=number)), **changes,
        }  # fmt: skip
        return answer_statement(**fields)

    @property
    def main(self) -> dict[str, Any] | None:
        return next((each for each in self.definition["questions"] if each["main"]), None)

    def answer(self, index: int, choice: str, chance: random.Random | None = None, **changes: Any) -> "SlipCase":
        chance = chance or random.Random(index)  # noqa: S311 - what is drawn by lot here is no secret
        self.answers.append(self.signed(self.statement(index, choice, chance, **changes)))
        self.course.append(len(self.answers))
        return self

    def signed(self, statement: dict[str, Any], by: Holder | None = None) -> tuple[bytes, bytes]:
        by = by or person(statement["roll_index"])
        data = canonical(statement)
        return data, sign_detached(by.key, by.certificate, data, ISSUED + dt.timedelta(hours=1))

    def silent(self) -> list[str]:
        heard = {json.loads(said)["member"] for said, _cms in self.answers}
        return [entry["member"] for entry in self.definition["roll"] if entry["member"] not in heard]

    def presumed(self) -> list[str]:
        if self.deemed is not None:
            return self.deemed
        counts = self.definition["rule_set"]["parameters"]["silence"] == "agree" and not self.recalled
        return self.silent() if counts else []

    @property
    def due(self) -> dt.datetime:
        return LATER if "extended" in self.course else DEADLINE

    def entries(self) -> list[dict[str, Any]]:
        """The log as it follows from definition and answers."""
        found = [issued_leaf(self.slip_hash, self.definition["deadline_at"], self.definition["issued_at"])]
        for seq, what in enumerate(self.course, start=1):
            at = iso_utc(ISSUED + dt.timedelta(minutes=seq, seconds=30))
            if what == "extended":
                found.append(extended_leaf(seq, iso_utc(DEADLINE), iso_utc(LATER), REASON, at))
            else:
                data, cms = self.answers[what - 1]
                found.append(answer_leaf(seq, digest(data), digest(cms), json.loads(data)["member"], at))
        if self.recalled:
            at = iso_utc(self.due - dt.timedelta(hours=1))
            return [*found, recalled_leaf(len(found), len(self.answers), "Gửi nhầm tài liệu", at)]
        return [*found, closed_leaf(len(found), len(self.answers), self.presumed(), iso_utc(self.due))]

    def name(self, number: int) -> str:
        return f"answers/{number:04d}-{json.loads(self.answers[number - 1][0])['member']}"

    def records(self) -> bytes:
        rules = self.definition["rule_set"]
        deemed = [{"member": each, "rule_set": rules["code"], "source": rules["legal_source"], "at": iso_utc(self.due)}
                  for each in self.presumed()]  # fmt: skip
        extensions = [
            {"before": entry["before"], "after": entry["after"], "reason": entry["reason"], "by": "Trần Thị Giả",
             "at": entry["at"]}
            for entry in self.entries() if entry["kind"] == "extended"
        ]  # fmt: skip
        return slip_records(canonical(self.definition), deemed, extensions)

    def files(self, log: dict[str, Any] | None = None) -> dict[str, bytes]:
        """Every file but the manifest; log and result follow from the parts unless a log is given."""
        files = {"slip.json": canonical(self.definition), "records.json": self.records()}
        files["log.json"] = canonical(log or bundles.log_of(self.entries()))
        for number, (data, cms) in enumerate(self.answers, start=1):
            files |= {f"{self.name(number)}.json": data, f"{self.name(number)}.p7s": cms}
        files |= {f"certificates/{digest(der)}.cer": der for der in self.certificates}
        if not self.recalled:
            files |= counted(files)
        return {**files, **self.extras}

    def zip(self) -> bytes:
        return packed(self.files())

    def but(self, **changes: Any) -> "SlipCase":
        """Another case with other parts; this one stays as it is."""
        own = {"answers": list(self.answers), "course": list(self.course), "extras": dict(self.extras),
               "definition": json.loads(json.dumps(self.definition))}  # fmt: skip
        return replace(self, **{**own, **changes})


def counted(files: dict[str, bytes]) -> dict[str, bytes]:
    """result.json and computation.json as a lying server would write them: to fit, whatever the answers are."""
    slip, log = json.loads(files["slip.json"]), json.loads(files["log.json"])
    slip["hash"] = tagged_digest(files["slip.json"])
    entries = [each["payload"] for each in log["leaves"]]
    logged = [entry for entry in entries if entry["kind"] == "answer"]
    answers = []
    names = sorted(name for name in files if name.startswith("answers/") and name.endswith(".json"))
    for number, name in enumerate(names, start=1):
        entry = logged[number - 1] if number <= len(logged) else None
        answers.append(tool.Answer(number, name[:-5], files[name], json.loads(files[name]), entry))
    count = tool.SlipCount(slip, answers)
    flat = {"entries": entries, "size": log["size"], "root": log["root"],
            "hashes": [bytes.fromhex(each["hash"]) for each in log["leaves"]]}  # fmt: skip
    return {"result.json": canonical(count.result(flat)), "computation.json": canonical(count.computation())}


def packed(files: dict[str, bytes], **changes: Any) -> bytes:
    """A zip whose manifest fits."""
    files = {name: data for name, data in files.items() if name != "manifest.json"}
    listed = [{"name": name, "size": len(data), "sha256": digest(data)} for name, data in sorted(files.items())]
    try:
        slip_id = json.loads(files["slip.json"])["slip_id"]
    except (KeyError, ValueError, RecursionError):
        slip_id = 7
    head = {"v": 1, "ctx": "vn.ecabinet.slip-evidence.v1", "format": 1, "slip_id": slip_id,
            "slip_hash": tagged_digest(files.get("slip.json", b""))}  # fmt: skip
    return bundle({**files, "manifest.json": canonical({**head, "files": listed, **changes})})


QUESTIONS = (
    {"kind": "consent", "text": "Đồng ý với dự thảo Nghị quyết?", "options": [], "main": True},
    {"kind": "pick", "text": "Chọn phương án nào?", "options": ["Phương án 1", "Phương án 2"], "main": False},
    {"kind": "text", "text": "Ý kiến khác", "options": [], "main": False},
    {"kind": "articles", "text": "Ý kiến theo từng điều", "options": [], "main": False},
    {"kind": "consent", "text": "Đồng ý rút gọn thủ tục?", "options": [], "main": False},
)


def definition_of(seed: int, chance: random.Random, members: int, rich: bool) -> dict[str, Any]:
    """The definition of a slip as chance has it; `rich` asks every kind of question."""
    majority = (1, 2) if rich else chance.choice([(1, 2), (1, 2), (2, 3)])
    parameters = SlipParameters(
        silence="agree" if rich else chance.choice(["agree", "nothing"]), majority_numerator=majority[0],
        majority_denominator=majority[1], tie=chance.choice(["head", "head", "fails"]),
        answer_change_allowed=rich or chance.random() < 0.8,
    )  # fmt: skip
    asked = QUESTIONS if rich else chance.choice([QUESTIONS[:1], QUESTIONS[:3], QUESTIONS[1:4], QUESTIONS])
    roll = [
        {"index": index, "member": roll_code(index), "name": f"Người Giả Định {index}", "post": f"Bộ trưởng số {index}",
         "abbreviation": f"B{index}", "head": index == 1,
         "certificate_sha256": digest(person(index).certificate), "key_place": place_of(index)}
        for index in range(1, members + 1)
    ]  # fmt: skip
    return slip_definition(
        slip_id=seed % 1000 + 1, number=f"{seed % 90 + 1}/PLYK-VPCP", round=1, previous=None,
        body={"code": "CP", "name": "Chính phủ", "place": "Hà Nội"}, matter=f"Dự thảo Nghị quyết số {seed}",
        organisation={"abbreviation": "BTC", "name": "Bộ Tài chính"}, legal_basis="", urgency="normal",
        questions=[{"index": number, **each} for number, each in enumerate(asked, start=1)],
        articles=[{"index": 1, "label": "Điều 1", "title": "Phạm vi"}, {"index": 2, "label": "Điều 2", "title": ""}],
        papers=[{"title": "Tờ trình", "version": 1, "sha256": "ab" * 32, "pages": 3, "draft": False}],
        rule_set={"code": "QC-191-2026", "valid_from": "2026-06-01", "legal_source": SOURCE, "confirmed": False,
                  "parameters": parameters.as_dict()},
        roll=roll, issued_at=iso_utc(ISSUED), issued_by="Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ",
        deadline_at=iso_utc(DEADLINE), evidence="pin", software="e-cabinet 1.0",
    )  # fmt: skip


def honest(seed: int, members: int | None = None, rich: bool = False) -> SlipCase:
    """A slip as chance has it: who answers, how often, how it ends; `rich` has every optional file."""
    chance = random.Random(seed)  # noqa: S311 - what is drawn by lot here is no secret
    members = members or chance.randint(3, bundles.POOL)
    case = SlipCase(definition_of(seed, chance, members, rich))
    case.certificates = [person(index).certificate for index in range(1, members + 1)] + list(authority(OURS).chain())
    order = list(range(1, members + 1))
    chance.shuffle(order)
    answering = order[:-1] if rich else order[: chance.randint(0, members)]
    for index in answering:
        case.answer(index, chance.choice(["agree", "agree", "disagree", "other"]), chance)
    if rich or chance.random() < 0.4:
        case.course.append("extended")
    changes = case.definition["rule_set"]["parameters"]["answer_change_allowed"] and answering
    for _ in range(2 if rich else chance.randint(0, 2)) if changes else ():
        case.answer(chance.choice(answering), chance.choice(["agree", "disagree"]), chance)
    case.recalled = not rich and chance.random() < 0.15
    if rich:
        add_everything(case)
    return case


def add_everything(case: SlipCase) -> None:
    """Stamps, passkeys, answers about revocation, the place in the log of the installation, the guide."""
    case.certificates += [bundles.stamping().root, bundles.stamping().certificate]
    for number, (said, cms) in enumerate(case.answers, start=1):
        index = json.loads(said)["roll_index"]
        name = case.name(number)
        answer = {f"{name}.crl": bundles.crl()} if number % 2 else {f"{name}.ocsp": bundles.ocsp(index)}
        case.extras |= {f"{name}.tsr": bundles.stamp(cms), f"{name}.passkey.json": passkey(case, number), **answer}
    keys = [{"certificate_sha256": entry["certificate_sha256"], "place": entry["key_place"]}
            for entry in case.definition["roll"]]  # fmt: skip
    case.extras |= {"HOW-TO-VERIFY.md": "Cách kiểm tra\n".encode(), "key-places.json": bundles.kept_places(keys)}
    case.extras |= log_proofs(case)


def passkey(case: SlipCase, number: int, **how: Any) -> bytes:
    """What a device with the passkey of that member answers about answer `number`."""
    return bundles.passkey(_as_votes(case), number, **how)


def _as_votes(case: SlipCase) -> bundles.Case:
    return bundles.Case(case.definition, ballots=case.answers)


def log_proofs(case: SlipCase, **how: Any) -> dict[str, bytes]:
    """Checkpoint, keys and inclusion of the slip's root in a log of an installation."""
    kind = "slip_recalled" if case.recalled else "slip_closed"
    return bundles.log_proofs_of(case.entries(), case.definition["slip_id"], kind, **how)
