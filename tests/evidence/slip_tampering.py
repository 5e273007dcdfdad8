"""Ways to tamper with the evidence of a slip, each with the codes by which the tool must name what is wrong.

As with votes (`tampering`), whoever tampers holds the server: log, records, result and manifest are made to fit again
where that can be done, and only the keys of other people are out of reach. What is the same in both kinds of bundles,
the archive and the files beside signatures, is tampered with there; here is what only a slip has.
"""

import json
from collections.abc import Callable
from typing import Any

from app.workflows.rules.canonical import canonical, digest
from tests.evidence import bundles
from tests.evidence.bundles import log_of, person
from tests.evidence.slip_bundles import REASON, SlipCase, log_proofs, packed, passkey
from tests.gateways.signing_cases import Holder

Tampered = bytes | tuple[bytes, dict[str, Any]]
CLASSES: dict[str, tuple[Callable[[SlipCase, int], Tampered], frozenset[str]]] = {}


def tampering(*codes: str) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        CLASSES[function.__name__] = (function, frozenset(codes))
        return function

    return register


def at(case: SlipCase, n: int) -> int:
    """The number of an answer, from 1."""
    return n % len(case.answers) + 1


def said(case: SlipCase, number: int, **changes: Any) -> dict[str, Any]:
    return {**json.loads(case.answers[number - 1][0]), **changes}


def resigned(case: SlipCase, number: int, statement: dict[str, Any], by: Holder | None = None) -> SlipCase:
    """The same slip with this answer instead: signed again by the member, or by somebody else. Proofs are left out."""
    other = case.but(extras={})
    other.answers[number - 1] = case.signed(statement, by)
    return other


def unsigned(case: SlipCase, number: int, statement: dict[str, Any]) -> SlipCase:
    """The same slip with another content under the old signature."""
    other = case.but(extras={})
    other.answers[number - 1] = (canonical(statement), case.answers[number - 1][1])
    return other


def relogged(case: SlipCase, change: Callable[[list[dict[str, Any]]], Any]) -> bytes:
    """The same slip with other entries in its log; everything that follows from the log is made to fit."""
    entries = json.loads(json.dumps(case.entries()))
    change(entries)
    for seq, entry in enumerate(entries):
        entry["seq"] = seq
    return packed(case.but(extras={}).files(log_of(entries)))


def redefined(case: SlipCase, **changes: Any) -> bytes:
    return case.but(definition={**json.loads(json.dumps(case.definition)), **changes}, extras={}).zip()


def with_file(case: SlipCase, name: str, content: Any) -> bytes:
    data = content if isinstance(content, bytes) else canonical(content)
    return packed({**case.files(), name: data})


def read(case: SlipCase, name: str) -> Any:
    return json.loads(case.files()[name])


# -- what members said


@tampering("signature_wrong")
def another_choice_under_the_signature(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    part = statement["answers"][0]
    part["choice"] = "agree" if part["choice"] != "agree" else "disagree"
    statement["reservation"] = False
    return unsigned(case, at(case, n), statement).zip()


@tampering("signature_wrong")
def another_opinion_under_the_signature(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["answers"][2]["text"] = f"Hoàn toàn nhất trí {n}."
    return unsigned(case, at(case, n), statement).zip()


@tampering("signature_wrong")
def another_attachment_under_the_signature(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["attachments"] = [{"name": "khac.pdf", "sha256": "cd" * 32, "size": n + 1}]
    return unsigned(case, at(case, n), statement).zip()


@tampering("signature_wrong")
def a_reservation_taken_out(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["answers"][0]["choice"], statement["reservation"] = "other", not statement["reservation"]
    return unsigned(case, at(case, n), statement).zip()


@tampering("signature_other")
def signed_by_another_member(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    other = statement["roll_index"] % len(case.definition["roll"]) + 1
    return resigned(case, at(case, n), statement, person(other)).zip()


@tampering("signature_chain", "signature_other")
def signed_by_a_stranger(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    return resigned(case, at(case, n), statement, person(statement["roll_index"], of="Giả mạo")).zip()


@tampering("answer_slip")
def an_answer_to_another_slip(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n), slip_id=case.definition["slip_id"] + 1)
    return resigned(case, at(case, n), statement).zip()


@tampering("answer_slip")
def an_answer_to_another_round(case: SlipCase, n: int) -> Tampered:
    return resigned(case, at(case, n), said(case, at(case, n), slip_hash="sha256:" + "ab" * 32)).zip()


@tampering("answer_part")
def the_question_that_decides_left_open(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n), reservation=False)
    statement["answers"][0]["choice"] = None
    return resigned(case, at(case, n), statement).zip()


@tampering("answer_part")
def an_option_that_was_not_offered(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["answers"][1]["option"] = 3 + n
    return resigned(case, at(case, n), statement).zip()


@tampering("answer_part")
def an_article_that_is_not_there(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["answers"][3]["articles"] = [{"article": 3 + n, "choice": "agree", "text": ""}]
    return resigned(case, at(case, n), statement).zip()


@tampering("answer_part")
def a_question_left_out(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    del statement["answers"][1 + n % (len(statement["answers"]) - 1)]
    files = unsigned(case, at(case, n), said(case, at(case, n))).files()
    changed = case.but(extras={})
    changed.answers[at(case, n) - 1] = case.signed(statement)
    files |= {f"{case.name(at(case, n))}{end}": data
              for end, data in zip((".json", ".p7s"), changed.answers[at(case, n) - 1], strict=True)}  # fmt: skip
    return packed({**files, "log.json": canonical(log_of(changed.entries()))})


@tampering("ballot_reservation")
def agreeing_with_a_reservation(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n), reservation=True)
    statement["answers"][0]["choice"] = "agree"
    return resigned(case, at(case, n), statement).zip()


@tampering("answer_attachments")
def one_attachment_twice(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["attachments"] *= 2
    return resigned(case, at(case, n), statement).zip()


@tampering("supersedes")
def an_answer_that_supersedes_nothing(case: SlipCase, n: int) -> Tampered:
    statement = said(case, len(case.answers), supersedes=None)
    return resigned(case, len(case.answers), statement).zip()


@tampering("supersedes")
def an_earlier_answer_put_in_the_place_of_the_later(case: SlipCase, n: int) -> Tampered:
    other = case.but(extras={})
    member = said(case, len(case.answers))["member"]
    other.answers[-1] = next(each for each in case.answers if json.loads(each[0])["member"] == member)
    return other.zip()


@tampering("ballot_early")
def answered_before_the_issue(case: SlipCase, n: int) -> Tampered:
    return resigned(case, at(case, n), said(case, at(case, n), server_time=f"2026-11-20T02:00:{n:02d}Z")).zip()


@tampering("ballot_late")
def answered_after_the_deadline(case: SlipCase, n: int) -> Tampered:
    return resigned(case, at(case, n), said(case, at(case, n), server_time=f"2026-12-20T02:00:{n:02d}Z")).zip()


@tampering("ballot_seen_root")
def another_log_was_seen(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["seen"]["root"] = "ef" * 32
    return resigned(case, at(case, n), statement).zip()


@tampering("ballot_nonce")
def a_nonce_twice(case: SlipCase, n: int) -> Tampered:
    number = at(case, n)
    other = said(case, number % len(case.answers) + 1)["nonce"]
    return resigned(case, number, said(case, number, nonce=other)).zip()


@tampering("answer_member")
def an_answer_under_another_index(case: SlipCase, n: int) -> Tampered:
    statement = said(case, at(case, n))
    statement["roll_index"] = statement["roll_index"] % len(case.definition["roll"]) + 1
    other = case.but(extras={})
    other.answers[at(case, n) - 1] = case.signed(statement, person(said(case, at(case, n))["roll_index"]))
    return other.zip()


# -- silence: nobody is deemed to agree who answered, and nobody where the rules say nothing of it


@tampering("slip_deemed")
def an_answer_suppressed_and_counted_as_silence(case: SlipCase, n: int) -> Tampered:
    """The last answer of a member is dropped from the log, and the close counts fewer; somebody's stays."""
    entries = case.entries()
    entries[-1] = {**entries[-1], "deemed": [*entries[-1]["deemed"], said(case, at(case, n))["member"]]}
    return packed(case.but(extras={}).files(log_of(entries)))


@tampering("slip_deemed")
def somebody_silent_is_not_deemed(case: SlipCase, n: int) -> Tampered:
    return case.but(extras={}, deemed=[]).zip()


@tampering("slip_deemed")
def somebody_who_answered_is_deemed(case: SlipCase, n: int) -> Tampered:
    return case.but(extras={}, deemed=sorted([*case.silent(), said(case, at(case, n))["member"]])).zip()


@tampering("slip_deemed", "signature_wrong", "answer_slip")
def silence_made_to_count(case: SlipCase, n: int) -> Tampered:
    """The rules say “nothing”, and the close deems the silent to agree all the same."""
    rules = json.loads(json.dumps(case.definition["rule_set"]))
    rules["parameters"]["silence"] = "nothing"
    return case.but(definition={**case.definition, "rule_set": rules}, deemed=case.silent(), extras={}).zip()


@tampering("slip_deemed")
def another_legal_source(case: SlipCase, n: int) -> Tampered:
    noted = read(case, "records.json")
    noted["deemed"][0]["source"] = f"Điều {n + 1} của một văn bản khác"
    return with_file(case, "records.json", noted)


@tampering("slip_deemed")
def deemed_before_the_deadline(case: SlipCase, n: int) -> Tampered:
    noted = read(case, "records.json")
    noted["deemed"][0]["at"] = f"2026-11-22T02:00:{n:02d}Z"
    return with_file(case, "records.json", noted)


@tampering("slip_deemed")
def a_record_of_silence_left_out(case: SlipCase, n: int) -> Tampered:
    noted = read(case, "records.json")
    noted["deemed"].pop()
    return with_file(case, "records.json", noted)


@tampering("slip_hash")
def records_of_another_slip(case: SlipCase, n: int) -> Tampered:
    return with_file(case, "records.json", {**read(case, "records.json"), "slip_hash": "sha256:" + f"{n:02x}" * 32})


@tampering("file_needed")
def records_left_out(case: SlipCase, n: int) -> Tampered:
    return packed({name: data for name, data in case.files().items() if name != "records.json"})


# -- the course: deadlines, extensions, the end


def of_kind(entries: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["kind"] == kind)


@tampering("slip_extension")
def an_extension_taken_out_of_the_records(case: SlipCase, n: int) -> Tampered:
    return with_file(case, "records.json", {**read(case, "records.json"), "extensions": []})


@tampering("slip_extension")
def an_extension_for_another_reason(case: SlipCase, n: int) -> Tampered:
    noted = read(case, "records.json")
    noted["extensions"][0]["reason"] = f"{REASON} {n}"
    return with_file(case, "records.json", noted)


@tampering("slip_extension")
def an_extension_from_another_deadline(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: of_kind(all_, "extended").update(before=f"2026-11-24T10:00:{n + 1:02d}Z"))


@tampering("slip_extension")
def an_extension_backwards(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: of_kind(all_, "extended").update(after="2026-11-23T10:00:00Z"))


@tampering("slip_deadline")
def an_extension_to_midnight(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: of_kind(all_, "extended").update(after=f"2026-11-25T17:{n:02d}:00Z"))


@tampering("slip_late")
def an_answer_entered_after_the_deadline(case: SlipCase, n: int) -> Tampered:
    def late(entries: list[dict[str, Any]]) -> None:
        for entry in entries[-2:]:
            entry["at"] = f"2026-11-25T10:{n:02d}:00Z"

    return relogged(case, late)


@tampering("slip_end")
def a_close_that_counts_other_answers(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: all_[-1].update(answers=len(case.answers) + n + 1))


@tampering("slip_end")
def closed_early_without_a_reason(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: all_[-1].update(at=f"2026-11-24T09:{n:02d}:00Z"))


@tampering("slip_end")
def a_recall_after_the_deadline(case: SlipCase, n: int) -> Tampered:
    def recall(entries: list[dict[str, Any]]) -> None:
        end = entries.pop()
        entries.append(
            {name: end[name] for name in ("v", "seq", "answers", "at")} | {"kind": "recalled", "reason": "x"}
        )

    return relogged(case, recall)


@tampering("log_sequence")
def no_end(case: SlipCase, n: int) -> Tampered:
    return packed({**case.files(), "log.json": canonical(log_of(case.entries()[:-1]))})


@tampering("slip_opening")
def issued_at_another_time(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: all_[0].update(at=f"2026-11-21T02:00:{n % 3:02d}Z"))


@tampering("slip_opening")
def another_deadline_at_the_issue(case: SlipCase, n: int) -> Tampered:
    return relogged(case, lambda all_: all_[0].update(deadline_at=f"2026-11-24T10:00:{n + 1:02d}Z"))


@tampering("log_ballot_missing")
def an_answer_left_out(case: SlipCase, n: int) -> Tampered:
    files = {
        name: data for name, data in case.but(extras={}).files().items() if case.name(len(case.answers)) not in name
    }
    return packed(files)


@tampering("log_ballot_extra", "log_statement", "supersedes")
def an_answer_that_is_not_in_the_log(case: SlipCase, n: int) -> Tampered:
    files = case.but(extras={}).files()
    name = f"answers/{len(case.answers) + 1:04d}-{said(case, at(case, n))['member']}"
    data, cms = case.answers[at(case, n) - 1]
    return packed({**files, f"{name}.json": data, f"{name}.p7s": cms})


# -- what was asked: the definition is named by every answer


@tampering("answer_slip")
def another_matter(case: SlipCase, n: int) -> Tampered:
    return redefined(case, matter=f"Nội dung khác {n}")


@tampering("answer_slip")
def another_paper(case: SlipCase, n: int) -> Tampered:
    papers = [{**case.definition["papers"][0], "sha256": f"{n:02x}" * 32}]
    return redefined(case, papers=papers)


@tampering("answer_slip")
def a_member_struck_off_the_roll(case: SlipCase, n: int) -> Tampered:
    silent = case.silent()[-1]
    roll = [entry for entry in case.definition["roll"] if entry["member"] != silent]
    return redefined(case, roll=roll)


@tampering("answer_slip")
def an_easier_majority(case: SlipCase, n: int) -> Tampered:
    rules = json.loads(json.dumps(case.definition["rule_set"]))
    rules["parameters"] |= {"majority_numerator": 51 + n, "majority_denominator": 100}
    return redefined(case, rule_set=rules)


@tampering("slip_questions")
def two_questions_decide(case: SlipCase, n: int) -> Tampered:
    questions = [{**each, "main": each["kind"] == "consent"} for each in case.definition["questions"]]
    return redefined(case, questions=questions)


@tampering("slip_round")
def a_first_round_with_another_before_it(case: SlipCase, n: int) -> Tampered:
    return redefined(case, previous="sha256:" + f"{n:02x}" * 32)


@tampering("slip_deadline")
def a_deadline_below_the_minimum(case: SlipCase, n: int) -> Tampered:
    return redefined(case, deadline_at="2026-11-22T10:00:00Z")


# -- the result


@tampering("result_outcome")
def another_outcome(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    result["outcome"] = "adopted" if result["outcome"] != "adopted" else "not_adopted"
    return with_file(case, "result.json", result)


@tampering("slip_result_field")
def deemed_counted_as_cast(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    result["questions"][0]["agree"] += result["questions"][0]["deemed"]
    result["questions"][0]["deemed"] = 0
    return with_file(case, "result.json", result)


@tampering("slip_result_field")
def another_count(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    name = ("agree", "disagree", "other", "missing", "counted_for", "threshold")[n % 6]
    result["questions"][0][name] += 1 + n
    return with_file(case, "result.json", result)


@tampering("slip_result_field")
def another_count_of_options(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    result["questions"][1]["options"][n % 2]["count"] += 1
    return with_file(case, "result.json", result)


@tampering("slip_result_field")
def another_sentence(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    return with_file(
        case, "result.json", {**result, "sentence": result["sentence"].replace("lấy ý kiến", "lấy phiếu", 1)}
    )


@tampering("slip_result_field")
def another_way_on(case: SlipCase, n: int) -> Tampered:
    return with_file(case, "result.json", {**read(case, "result.json"), "ways": ["submit", "session"]})


@tampering("result_vote")
def an_opinion_of_the_result_worded_otherwise(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    result["answers"][n % len(result["answers"])]["answers"][0]["text"] = "Nhất trí."
    return with_file(case, "result.json", result)


@tampering("result_vote")
def somebody_silent_is_shown_as_missing(case: SlipCase, n: int) -> Tampered:
    result = read(case, "result.json")
    result["missing"], result["deemed"] = result["deemed"], []
    return with_file(case, "result.json", result)


@tampering("computation")
def a_step_of_the_computation(case: SlipCase, n: int) -> Tampered:
    steps = read(case, "computation.json")
    return with_file(case, "computation.json", {**steps, "members": steps["members"] + 1 + n})


@tampering("result_missing")
def no_result(case: SlipCase, n: int) -> Tampered:
    return packed({name: data for name, data in case.files().items() if name != "result.json"})


# -- what lies beside


@tampering("time_stamp_wrong")
def the_stamp_of_another_answer(case: SlipCase, n: int) -> Tampered:
    number = at(case, n)
    other = case.name(number % len(case.answers) + 1)
    return with_file(case, f"{case.name(number)}.tsr", case.files()[f"{other}.tsr"])


@tampering("passkey_challenge")
def the_passkey_of_another_answer(case: SlipCase, n: int) -> Tampered:
    number = at(case, n)
    confirmed = passkey(case, number, over=number % len(case.answers) + 1)
    return with_file(case, f"{case.name(number)}.passkey.json", confirmed)


@tampering("passkey_missing")
def a_passkey_left_out_where_the_slip_demands_it(case: SlipCase, n: int) -> Tampered:
    return redefined(case, evidence="pin+passkey")


@tampering("inclusion_leaf")
def the_place_of_a_vote_in_the_log(case: SlipCase, n: int) -> Tampered:
    proofs = bundles.log_proofs_of(case.entries(), case.definition["slip_id"], "poll_closed", place=n % 11)
    return packed({**case.files(), **proofs})


@tampering("inclusion_leaf")
def the_place_of_another_slip(case: SlipCase, n: int) -> Tampered:
    proofs = bundles.log_proofs_of(case.entries(), case.definition["slip_id"] + n + 1, "slip_closed")
    return packed({**case.files(), **proofs})


@tampering("inclusion_wrong")
def a_proof_of_another_place(case: SlipCase, n: int) -> Tampered:
    proofs = log_proofs(case)
    moved = json.loads(proofs["inclusion.json"])
    moved["index"] = (moved["index"] + 1 + n % 9) % 11
    return packed({**case.files(), **proofs, "inclusion.json": canonical(moved)})


@tampering("file_unknown")
def a_file_of_another_kind_of_bundle(case: SlipCase, n: int) -> Tampered:
    name = ("poll.json", "tally.pdf", "ballots/0001-M01.json", "acts/0001-poll_annulment.json")[n % 4]
    return with_file(case, name, b"{}")


@tampering("slip_hash")
def a_manifest_of_another_slip(case: SlipCase, n: int) -> Tampered:
    return packed(case.files(), slip_hash="sha256:" + digest(b"%d" % n))


@tampering("shape", "file_needed", "file_unknown")
def a_slip_called_a_vote(case: SlipCase, n: int) -> Tampered:
    return bundles.packed(case.files())


@tampering("older_changed")
def an_older_bundle_said_otherwise(case: SlipCase, n: int) -> Tampered:
    older = case.but(extras={**case.extras, "key-places.json": bundles.kept_places([])})
    noted = read(case, "records.json")
    noted["extensions"][0]["by"] = f"Người khác {n}"
    return with_file(older.but(), "records.json", noted), {"older": case.zip()}


@tampering("older_poll")
def an_older_bundle_of_another_slip(case: SlipCase, n: int) -> Tampered:
    definition = {**case.definition, "slip_id": case.definition["slip_id"] + 1 + n}
    other = case.but(definition=definition, answers=[], course=[], extras={})
    return case.zip(), {"older": other.zip()}
