"""What the import contracts cannot see: transactions, states, rights, words, and what is translated."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from app import models, workflows
from app.models import Choice, Office, Outcome, Place, SeatRole, Visibility
from app.workflows import agenda, document_signing, keys, resolution_sources, slip_facts
from app.workflows.engine.rights import GRANTS, SAID, Right
from app.workflows.engine.words import WORDS
from app.workflows.rules.ballot import VISIBILITIES
from app.workflows.rules.tally import CHOICES, Verdict

# written inside the use case of its caller
PARTS = {
    keys.register_key, document_signing.add_signature, slip_facts.record_slip, agenda.append_item,
    resolution_sources.record_step,
}  # fmt: skip


def rooms() -> Iterator[Any]:
    for info in pkgutil.iter_modules(workflows.__path__, "app.workflows."):
        if not info.ispkg:
            yield import_module(info.name)


def functions_with_an_actor() -> Iterator[Any]:
    for module in rooms():
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and "actor" in inspect.signature(function).parameters:
                yield pytest.param(function, id=f"{module.__name__.rpartition('.')[2]}.{name}")


def writes(function: Any) -> bool:
    """Whether the source adds, deletes or records anything itself."""
    return bool(re.search(r"session\.(add|delete)|\brecord(_live)?\(|\.apply\(", inspect.getsource(function)))


@pytest.mark.parametrize("function", list(functions_with_an_actor()))
def test_a_workflow_that_takes_an_actor_and_writes_is_one_transaction(function):
    """What only reads, or works in steps that end in a use case, writes nothing itself."""
    assert not writes(function) or function in PARTS or getattr(function, "__use_case__", False)


def test_the_test_above_can_tell_what_writes():
    found = {param.id for param in functions_with_an_actor() if writes(param.values[0])}
    assert {"polls.open_poll", "polls.close_poll", "keys.register_key", "meetings.create_meeting"} <= found


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            yield path, path.read_text()


def test_only_the_engine_commits():
    found = {
        str(path)
        for path, source in sources("app")
        if re.search(r"session(\(\))?\.(commit|rollback)\(", source) and path.parts[1:3] != ("workflows", "engine")
    }
    assert found == set()


def test_only_a_move_sets_a_state():
    found = {
        f"{path}:{node.lineno}"
        for path, source in sources("app")
        if path.name != "moves.py" and "gateways" not in path.parts  # the outside has states of its own
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and target.attr == "state"
    }
    assert found == set()


def test_no_rule_and_no_act_reads_the_clock():
    clock = re.compile(r"\b(now|today|utcnow|(?<!\.)time|time\.time|monotonic)\(")
    allowed = {"app/workflows/engine/transaction.py"}  # a refusal is dated by the server
    found = {str(path) for path, source in sources("app/workflows") if clock.search(source)}
    assert found - allowed == set()


def test_every_right_has_a_row_and_a_sentence_and_no_seat_is_called_like_an_office():
    assert set(GRANTS) == set(SAID) == set(Right)
    assert not {office.value for office in Office} & {role.value for role in SeatRole}


def test_the_administrator_holds_no_right_on_meetings_votes_or_keys():
    held = {right for right, who in GRANTS.items() if Office.ADMINISTRATOR in who}
    assert held == {Right.ACCOUNT_MANAGE, Right.JOB_READ, Right.JOB_MANAGE}


def test_every_code_of_every_enum_has_a_word():
    spoken = {enum for enum in vars(models).values() if isinstance(enum, type) and issubclass(enum, StrEnum)}
    silent = {models.StatementKind, models.EvidenceKind, models.LeafKind, models.PasskeyPurpose, models.SlipLeafKind}
    for enum in spoken - silent:
        assert set(WORDS[enum]) == set(enum), enum


def test_rules_and_tables_speak_the_same_codes():
    assert [choice.value for choice in Choice] == list(CHOICES)
    assert [outcome.value for outcome in Outcome] == [verdict.value for verdict in Verdict]
    assert [visibility.value for visibility in Visibility] == list(VISIBILITIES)
    assert [place.value for place in Place] == ["in_room", "remote"]


def test_every_table_that_a_body_owns_says_so():
    free = {"body", "setting", "login_session", "login_try", "guest_item", "certificate_revocation", "person",
            "signature_evidence", "heartbeat", "notice_preference", "quiet_hours", "log_pending", "checkpoint",
            "checkpoint_cosignature"}  # fmt: skip
    for name in models.__all__:
        table = getattr(getattr(models, name), "__table__", None)
        if table is not None and table.name not in free:
            assert not table.c["body_id"].nullable, name
