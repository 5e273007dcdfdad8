"""The exact shapes that are signed."""

import unicodedata
from dataclasses import replace

import pytest

from app.workflows.rules.ballot import (
    act_statement,
    ballot_statement,
    may_reserve,
    parse_act,
    parse_ballot,
    parse_definition,
    poll_definition,
    roll_code,
)
from app.workflows.rules.canonical import canonical
from app.workflows.rules.passkey import demands_passkey
from app.workflows.rules.rulesets import RuleParameters
from tests.rules.poll_case import PollCase, definition_fields, fake_sha256, nonce_of, roll_entry

HASH = "sha256:" + fake_sha256("poll")
BALLOT = {
    "poll_id": 7,
    "poll_hash": HASH,
    "choice": "disagree",
    "member": "M07",
    "roll_index": 7,
    "place": "remote",
    "remark": "Đề nghị làm rõ Điều 5",
    "reservation": True,
    "supersedes": None,
    "seen": {"size": 1, "root": fake_sha256("root")},
    "nonce": nonce_of(1),
    "server_time": "2026-11-21T02:00:03Z",
}
ACT = {
    "type": "poll_annulment",
    "poll_id": 7,
    "poll_hash": HASH,
    "person": "Nguyễn Văn Giả Định",
    "post": "Thủ tướng Chính phủ",
    "reason": "Câu hỏi biểu quyết bị nhầm",
    "choice": None,
    "seen": {"size": 3, "root": fake_sha256("root")},
    "nonce": nonce_of(2),
    "server_time": "2026-11-21T02:00:03Z",
}


def test_a_ballot_has_exactly_the_agreed_members():
    assert set(ballot_statement(**BALLOT)) == {
        "v", "ctx", "type", "poll_id", "poll_hash", "choice", "member", "roll_index", "place", "remark", "reservation",
        "supersedes", "seen", "nonce", "server_time",
    }  # fmt: skip
    assert ballot_statement(**BALLOT)["ctx"] == "vn.ecabinet.ballot.v1"


def test_a_definition_has_exactly_the_agreed_members():
    assert set(poll_definition(**definition_fields())) == {
        "v", "ctx", "poll_id", "body", "meeting", "item", "question", "options", "visibility", "rule_set", "document",
        "quorum", "roll", "opened_at", "opened_by", "software",
    }  # fmt: skip


def kept(*places, **changes):
    """Fields of a definition whose roll says where keys are kept, in turn."""
    fields = definition_fields(members=3, in_room=3, remote=0, **changes)
    for entry, place in zip(fields["roll"], places, strict=True):
        entry |= {"key_place": place, "certificate_sha256": entry["certificate_sha256"] if place else None}
    return fields


def test_a_definition_says_where_each_key_is_kept_and_what_else_is_asked_for():
    plain = poll_definition(**kept("software", "pkcs11", "csc"))
    assert (plain["v"], plain["evidence"]) == (3, "pin")
    assert [entry["key_place"] for entry in parse_definition(canonical(plain))["roll"]] == ["software", "pkcs11", "csc"]
    more = poll_definition(**kept("software", "pkcs11", None), evidence="pin+passkey")
    assert (more["v"], more["evidence"], more["roll"][2]["key_place"]) == (3, "pin+passkey", None)
    assert [demands_passkey(each) for each in (plain, more)] == [False, True]


def test_a_key_is_kept_in_a_known_place_and_only_where_there_is_a_certificate():
    for place in ("somewhere", "", 1, True):
        with pytest.raises(ValueError, match="key_place"):
            poll_definition(**kept("software", "software", place))
    for odd in ({"key_place": None}, {"certificate_sha256": None}):
        fields = kept("software", "software", "csc")
        fields["roll"][2] |= odd
        with pytest.raises(ValueError, match="a key is kept somewhere"):
            poll_definition(**fields)
    fields = kept("software", "software", "csc")
    del fields["roll"][0]["key_place"]
    with pytest.raises(ValueError, match="key_place"):
        poll_definition(**fields)
    for version in (1, 2):
        with pytest.raises(ValueError, match=r"key_place|evidence"):
            parse_definition(canonical({**poll_definition(**kept("csc", "csc", "csc")), "v": version}))


def test_what_is_built_is_read_back_from_its_bytes():
    for built, parse in [
        (ballot_statement(**BALLOT), parse_ballot),
        (act_statement(**ACT), parse_act),
        (poll_definition(**definition_fields()), parse_definition),
        (poll_definition(**definition_fields(document=None)), parse_definition),
    ]:
        assert parse(canonical(built)) == built


def test_texts_are_cleaned_when_built_and_must_be_clean_when_read():
    remark = unicodedata.normalize("NFD", "  Đồng ý về nguyên tắc\r\n")
    built = ballot_statement(**{**BALLOT, "remark": remark})
    assert built["remark"] == "Đồng ý về nguyên tắc"
    with pytest.raises(ValueError, match="at its ends"):
        parse_ballot(canonical({**built, "remark": "Đồng ý "}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("choice", "yes"),
        ("choice", None),
        ("member", "M08"),
        ("member", "7"),
        ("roll_index", 8),
        ("roll_index", "7"),
        ("place", "home"),
        ("remark", "bị\u202eđảo"),
        ("remark", "x" * 2001),
        ("remark", None),
        ("reservation", 1),
        ("supersedes", fake_sha256("untagged")),
        ("seen", {"size": 0, "root": fake_sha256("root")}),
        ("seen", {"size": 1, "root": HASH}),
        ("seen", {"size": 1}),
        ("nonce", "short"),
        ("server_time", "2026-11-21T02:00:03+07:00"),
        ("poll_hash", fake_sha256("untagged")),
        ("poll_id", 0),
        ("device", "iPad"),
        ("type", "act"),
        ("ctx", "vn.ecabinet.act.v1"),
        ("v", 2),
        ("v", True),
    ],
)
def test_a_ballot_of_another_shape_is_refused_built_and_read(name, value):
    with pytest.raises(ValueError, match=name):
        ballot_statement(**{**BALLOT, name: value})
    with pytest.raises(ValueError, match=name):
        parse_ballot(canonical({**ballot_statement(**BALLOT), name: value}))


@pytest.mark.parametrize("name", BALLOT)
def test_no_member_of_a_ballot_may_be_missing(name):
    with pytest.raises(ValueError, match=f"missing or unknown: {name}$"):
        ballot_statement(**{key: value for key, value in BALLOT.items() if key != name})


def test_only_a_dissenting_member_may_reserve_an_opinion():
    """rule:R15"""
    assert [may_reserve(choice) for choice in ("agree", "disagree", "other")] == [False, True, True]
    assert ballot_statement(**{**BALLOT, "choice": "other"})["reservation"] is True
    assert ballot_statement(**{**BALLOT, "choice": "agree", "reservation": False})["choice"] == "agree"
    with pytest.raises(ValueError, match="reservation"):
        ballot_statement(**{**BALLOT, "choice": "agree"})


def test_roll_codes_grow_with_the_body():
    assert [roll_code(index) for index in (1, 27, 100, 200)] == ["M01", "M27", "M100", "M200"]


def test_an_annulment_needs_a_reason_and_takes_no_side():
    assert act_statement(**ACT)["reason"] == ACT["reason"]
    for change in ({"reason": "  "}, {"choice": "agree"}):
        with pytest.raises(ValueError, match="an annulment has a reason and no choice"):
            act_statement(**{**ACT, **change})


def test_a_confirmation_takes_the_side_of_the_head_and_needs_no_reason():
    """rule:R2"""
    confirmation = {**ACT, "type": "tie_confirmation", "reason": ""}
    assert act_statement(**{**confirmation, "choice": "disagree"})["choice"] == "disagree"
    for choice in (None, "other"):
        with pytest.raises(ValueError, match="choice"):
            act_statement(**{**confirmation, "choice": choice})


def test_questions_remarks_and_reasons_may_have_several_lines_and_titles_may_not():
    lines = "Dòng một\nDòng hai"
    assert ballot_statement(**{**BALLOT, "remark": lines})["remark"] == lines
    assert act_statement(**{**ACT, "reason": lines})["reason"] == lines
    assert poll_definition(**definition_fields(question=lines))["question"] == lines
    with pytest.raises(ValueError, match="item: title: must stand on one line"):
        poll_definition(**definition_fields(item={"position": 1, "title": lines}))


def test_a_post_may_have_no_abbreviation_and_a_meeting_may_be_wholly_remote():
    roll = [{**entry, "abbreviation": ""} for entry in definition_fields()["roll"]]
    definition = poll_definition(**definition_fields(roll=roll, in_room=0, remote=18))
    assert (definition["roll"][3]["abbreviation"], definition["quorum"]["in_room"]) == ("", 0)


def test_a_definition_keeps_the_document_or_says_that_there_is_none():
    assert poll_definition(**definition_fields(document=None))["document"] is None
    with pytest.raises(ValueError, match="document: pages"):
        poll_definition(**definition_fields(document={**definition_fields()["document"], "pages": 0}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("visibility", "secret"),
        ("options", ["agree", "disagree"]),
        ("options", 3),
        ("question", " "),
        ("roll", []),
        ("roll", [roll_entry(2, head=True)]),
        ("opened_at", "2026-11-21"),
        ("rule_set", {**definition_fields()["rule_set"], "parameters": {}}),
        ("rule_set", {**definition_fields()["rule_set"], "parameters": None}),
    ],
)
def test_a_definition_of_another_shape_is_refused(name, value):
    with pytest.raises(ValueError, match=r".+"):
        poll_definition(**definition_fields(**{name: value}))


def test_the_roll_is_numbered_without_gaps_and_has_one_head_and_one_certificate_each():
    roll = definition_fields()["roll"]
    for odd, reason in [
        ([*roll[:26], roll_entry(28)], "entry 27 must have index 27"),
        ([roll[1], roll[0], *roll[2:]], "entry 1 must have index 1"),
        ([*roll[:26], {**roll[26], "member": "M26"}], "code M27"),
        ([*roll[:26], {**roll[26], "head": True}], "one head"),
        ([*roll[:26], {**roll[26], "certificate_sha256": roll[0]["certificate_sha256"]}], "share one certificate"),
    ]:
        with pytest.raises(ValueError, match=reason):
            poll_definition(**definition_fields(roll=odd))


def test_a_body_whose_head_is_not_in_office_still_votes():
    roll = [{**entry, "head": False} for entry in definition_fields()["roll"]]
    assert not any(entry["head"] for entry in poll_definition(**definition_fields(roll=roll))["roll"])


@pytest.mark.parametrize(
    "change", [{"members": 26}, {"present": 24}, {"in_room": 20}, {"remote": 5}, {"needed": 17}, {"needed": 19}]
)
def test_the_quorum_must_follow_from_its_parts(change):
    """rule:R3"""
    quorum = {**definition_fields()["quorum"], **change}
    with pytest.raises(ValueError, match="quorum"):
        poll_definition(**definition_fields(quorum=quorum))


def test_a_poll_below_the_quorum_has_no_definition():
    """rule:R3"""
    assert poll_definition(**definition_fields(in_room=18, remote=0))["quorum"]["needed"] == 18
    with pytest.raises(ValueError, match="not reached"):
        poll_definition(**definition_fields(in_room=17, remote=0))
    room_only = replace(RuleParameters(), remote_counts_as_present=False)
    with pytest.raises(ValueError, match="not reached"):
        poll_definition(**definition_fields(in_room=17, remote=4, parameters=room_only))


def test_the_canonical_bytes_of_a_definition_do_not_depend_on_the_order_of_fields():
    fields = definition_fields()
    backwards = dict(reversed(fields.items()))
    assert canonical(poll_definition(**fields)) == canonical(poll_definition(**backwards))


def test_a_case_of_these_tests_opens_with_a_ballot_that_has_seen_the_opening():
    case = PollCase()
    assert case.statement(2, "agree")["seen"] == {"size": 1, "root": case.frontier.root().hex()}
