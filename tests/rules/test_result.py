"""What a closed poll decided, from signed data only."""

import copy
from dataclasses import replace

import pytest

from app.workflows.rules.ballot import act_statement
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.log import ballot_leaf, closing_leaf
from app.workflows.rules.result import public_view, result_of
from app.workflows.rules.rulesets import RuleParameters
from tests.rules.poll_case import CLOSED_AT, OPENED_AT, PollCase, fake_sha256, nonce_of

NO_CHANGE = replace(RuleParameters(), vote_change_allowed=False)


def result(case, confirmation=None):
    return result_of(case.definition, case.log, case.ballots, CLOSED_AT, confirmation)


def confirmation_of(case, **changes):
    fields = {
        "type": "tie_confirmation",
        "poll_id": 7,
        "poll_hash": case.poll_hash,
        "person": "Nguyễn Văn Giả Định 1",
        "post": "Thủ tướng Chính phủ",
        "reason": "",
        "choice": "agree",
        "seen": {"size": case.frontier.size, "root": case.frontier.root().hex()},
        "nonce": nonce_of(999),
        "server_time": "2019-06-24T02:02:00Z",
    }
    return act_statement(**{**fields, **changes})


def full_roll():
    return PollCase().definition["roll"]


def first_session():
    case = PollCase()
    for index in range(1, 26):
        case.vote(index, "agree", place="in_room" if index <= 21 else "remote")
    return case.close()


def test_the_first_session_of_2019_comes_out_as_it_was():
    """rule:R1"""
    case = first_session()
    found = result(case)
    expected = {
        "v": 1,
        "members": 27,
        "in_room": 21,
        "remote": 4,
        "agree": 25,
        "disagree": 0,
        "other": 0,
        "not_voting": 2,
        "percent_of_all": "92.6",
        "threshold": 14,
        "outcome": "adopted",
        "head_choice": "agree",
        "confirmation": None,
        "opened_at": OPENED_AT,
        "closed_at": CLOSED_AT,
        "poll_id": 7,
        "poll_hash": case.poll_hash,
        "log": {"size": 27, "root": case.frontier.root().hex()},
        "quorum": {"members": 27, "present": 25, "in_room": 21, "remote": 4, "needed": 18},
    }
    assert {name: found[name] for name in expected} == expected
    assert [each["member"] for each in found["not_voted"]] == ["M26", "M27"]
    assert found["sentence"].startswith("Kết quả biểu quyết: 25/27 thành viên Chính phủ tán thành (đạt 92,6%")
    assert found["rule_set"] == {
        "code": "QC-138-2016",
        "valid_from": "2016-10-01",
        "legal_source": "Điều 46 Luật Tổ chức Chính phủ",
        "confirmed": True,
    }


def test_a_result_is_the_same_bytes_from_the_same_data_in_any_order_of_ballots():
    case = first_session()
    again = result_of(case.definition, case.log, list(reversed(case.ballots)), CLOSED_AT)
    assert canonical(result(case)) == canonical(again)
    assert result(case)["ctx"] == "vn.ecabinet.result.v1"


def test_votes_stand_in_the_order_of_the_roll_with_their_proof():
    case = (
        PollCase().vote(5, "disagree", reservation=True, remark="Giữ ý kiến").vote(2, "agree", place="remote").close()
    )
    votes = result(case)["votes"]
    assert [vote["member"] for vote in votes] == ["M02", "M05"]
    assert votes[1] == {
        "index": 5,
        "member": "M05",
        "name": "Nguyễn Văn Giả Định 5",
        "post": "Bộ trưởng thứ 5",
        "abbreviation": "B5",
        "choice": "disagree",
        "place": "in_room",
        "reservation": True,
        "remark": "Giữ ý kiến",
        "server_time": "2019-06-24T02:00:30Z",
        "statement_sha256": case.ballots[0]["sha256"],
        "leaf_seq": 1,
        "leaf_hash": votes[1]["leaf_hash"],
        "certificate_sha256": fake_sha256("certificate 5"),
    }
    assert len({vote["leaf_hash"] for vote in votes}) == 2
    assert votes[0]["leaf_seq"] == 2


@pytest.mark.parametrize(
    ("counts", "first", "outcome"),
    [
        ((14, 13, 0), 1, "adopted"),
        ((13, 14, 0), 1, "not_adopted"),
        ((13, 10, 4), 1, "not_adopted"),
        ((13, 13, 1), 1, "tie_confirm"),
        ((13, 13, 0), 2, "undecided"),
        ((0, 0, 0), 1, "undecided"),
        ((14, 0, 0), 2, "adopted"),
    ],
)
def test_the_outcome_follows_the_counts_and_the_ballot_of_the_head(counts, first, outcome):
    """rule:R2"""
    found = result(PollCase().votes(*counts, first=first).close())
    assert found["outcome"] == outcome
    assert (found["agree"], found["disagree"], found["other"], found["not_voting"]) == (*counts, 27 - sum(counts))


def test_the_head_is_who_the_roll_says_and_not_the_first_of_it():
    roll = [{**entry, "head": entry["index"] == 14} for entry in full_roll()]
    found = result(PollCase(roll=roll).votes(13, 13, 1).close())
    assert (found["head_choice"], found["outcome"]) == ("disagree", "tie_confirm")


def test_a_body_without_a_head_cannot_break_a_tie():
    roll = [{**entry, "head": False} for entry in full_roll()]
    found = result(PollCase(roll=roll).votes(13, 13, 1).close())
    assert (found["head_choice"], found["outcome"]) == (None, "undecided")


@pytest.mark.parametrize(("head", "outcome"), [("agree", "adopted"), ("disagree", "not_adopted")])
def test_a_confirmed_tie_follows_the_head_and_shows_the_confirmation(head, outcome):
    """rule:R2"""
    case = PollCase().vote(1, head)
    case.votes(12 + (head == "disagree"), 12 + (head == "agree"), 0, first=2).close()
    act = confirmation_of(case, choice=head)
    found = result(case, act)
    assert found["outcome"] == outcome
    assert found["confirmation"] == {
        "person": "Nguyễn Văn Giả Định 1",
        "post": "Thủ tướng Chính phủ",
        "choice": head,
        "server_time": "2019-06-24T02:02:00Z",
        "statement_sha256": digest(canonical(act)),
    }
    assert "đã xác nhận" in found["sentence"]


def test_nothing_but_a_tie_is_confirmed_and_only_the_side_the_head_took():
    tie = PollCase().votes(13, 13, 1).close()
    with pytest.raises(ValueError, match="another poll or another choice"):
        result(tie, confirmation_of(tie, choice="disagree"))
    with pytest.raises(ValueError, match="another poll or another choice"):
        result(tie, confirmation_of(tie, poll_id=8))
    with pytest.raises(ValueError, match="another poll or another choice"):
        result(tie, confirmation_of(tie, poll_hash="sha256:" + fake_sha256("other")))
    with pytest.raises(ValueError, match="only a tie"):
        result(tie, confirmation_of(tie, type="poll_annulment", choice=None, reason="Nhầm"))
    for counts, first in [((14, 13, 0), 1), ((13, 14, 0), 1), ((13, 13, 0), 2)]:
        other = PollCase().votes(*counts, first=first).close()
        with pytest.raises(ValueError, match="only a tie"):
            result(other, confirmation_of(other))


def test_the_ballot_nobody_supersedes_counts():
    case = PollCase().vote(1, "agree").vote(2, "agree", place="remote").vote(1, "disagree", place="remote")
    case.vote(1, "other").close()
    found = result(case)
    assert (found["agree"], found["disagree"], found["other"], found["not_voting"]) == (1, 0, 1, 25)
    assert (found["in_room"], found["remote"]) == (1, 1)
    assert (found["votes"][0]["leaf_seq"], found["head_choice"]) == (4, "other")


def test_a_second_ballot_is_refused_where_no_change_is_allowed():
    case = PollCase(parameters=NO_CHANGE).vote(1, "agree").vote(1, "disagree").close()
    with pytest.raises(ValueError, match="no change is allowed"):
        result(case)
    assert result(PollCase(parameters=NO_CHANGE).vote(1, "agree").vote(2, "agree").close())["agree"] == 2


def test_a_change_must_name_the_ballot_that_stood_before():
    first_twice = PollCase().vote(1, "agree").vote(1, "disagree", supersedes=None).close()
    fork = PollCase().vote(1, "agree").vote(1, "disagree")
    fork.vote(1, "other", supersedes="sha256:" + fork.ballots[0]["sha256"]).close()
    of_another = PollCase().vote(1, "agree")
    of_another.vote(2, "agree", supersedes="sha256:" + of_another.ballots[0]["sha256"]).close()
    for case in (first_twice, fork, of_another):
        with pytest.raises(ValueError, match="supersedes another one"):
            result(case)


def test_a_ballot_of_somebody_outside_the_roll_is_refused():
    """rule:R6, rule:R7: a substitute or a guest is not on the roll."""
    with pytest.raises(ValueError, match="of nobody on the roll"):
        result(PollCase().vote(28, "agree").close())


def test_a_member_without_a_certificate_counts_in_the_base_and_cannot_vote():
    roll = [{**entry, "certificate_sha256": None} if entry["index"] > 25 else entry for entry in full_roll()]
    assert result(PollCase(roll=roll).votes(14, 0, 0).close())["members"] == 27
    with pytest.raises(ValueError, match="without a certificate"):
        result(PollCase(roll=roll).vote(26, "agree").close())


def test_an_entry_under_another_members_name_is_refused():
    case = PollCase().vote(1, "agree")
    case.log[1] = {**case.log[1], "member": "M02"}
    with pytest.raises(ValueError, match="of nobody on the roll"):
        result(case.close())


def test_a_ballot_of_another_poll_is_refused():
    for change in ({"poll_id": 8}, {"poll_hash": "sha256:" + fake_sha256("other")}):
        with pytest.raises(ValueError, match="belongs to another poll"):
            result(PollCase().vote(1, "agree", **change).close())


def test_one_nonce_casts_one_ballot():
    case = PollCase().vote(1, "agree", nonce=nonce_of(1)).vote(2, "agree", nonce=nonce_of(1)).close()
    with pytest.raises(ValueError, match="share one nonce"):
        result(case)


def test_a_ballot_has_seen_an_earlier_state_of_this_very_log():
    early = PollCase()
    opening = {"size": 1, "root": early.frontier.root().hex()}
    assert result(early.vote(1, "agree").vote(2, "agree", seen=opening).close())["agree"] == 2
    for size, seen_root in [(1, fake_sha256("other")), (2, opening["root"]), (99, opening["root"])]:
        seen = {"size": size, "root": seen_root}
        with pytest.raises(ValueError, match="has seen another log"):
            result(PollCase().vote(1, "agree", seen=seen).close())


def test_a_missing_an_added_and_a_repeated_ballot_are_noticed():
    case = first_session()
    extra = {"statement": case.statement(26, "agree")}
    for odd in (
        case.ballots[:-1],
        [*case.ballots, extra],
        [*case.ballots, case.ballots[0]],
        [*case.ballots[:-1], extra],
    ):
        with pytest.raises(ValueError, match=r"not in the log|is missing"):
            result_of(case.definition, case.log, odd, CLOSED_AT)
    with pytest.raises(ValueError, match="not in the log"):
        result_of(case.definition, case.log, [*case.ballots[:-1], case.ballots[0]], CLOSED_AT)


def test_a_changed_ballot_is_no_longer_the_one_in_the_log():
    case = first_session()
    ballots = copy.deepcopy(case.ballots)
    ballots[3]["statement"]["choice"] = "disagree"
    with pytest.raises(ValueError, match="names a ballot that is missing"):
        result_of(case.definition, case.log, ballots, CLOSED_AT)


@pytest.mark.parametrize(
    "change", [{"sha256": fake_sha256("x")}, {"leaf_seq": 5}, {"leaf_hash": fake_sha256("x")}, {"cms_sha256": "x"}]
)
def test_what_the_caller_says_about_a_ballot_must_agree_with_the_log(change):
    case = first_session()
    case.ballots[3] |= change
    with pytest.raises(ValueError, match="described otherwise"):
        result(case)


def test_two_entries_cannot_count_one_ballot():
    case = PollCase().vote(1, "agree")
    entry = case.log[1]
    case.log.append(ballot_leaf(2, entry["statement_sha256"], entry["cms_sha256"], "M01", CLOSED_AT))
    case.log.append(closing_leaf(3, CLOSED_AT, 2))
    for ballots in (case.ballots, case.ballots * 2):
        with pytest.raises(ValueError, match="twice among the ballots"):
            result_of(case.definition, case.log, ballots, CLOSED_AT)


def test_definition_log_and_times_belong_together():
    case = first_session()
    other = {**case.definition, "question": "Câu hỏi khác?"}
    with pytest.raises(ValueError, match="another definition"):
        result_of(other, case.log, case.ballots, CLOSED_AT)
    with pytest.raises(ValueError, match="opened or closed at another time"):
        result_of(case.definition, case.log, case.ballots, "2019-06-24T02:01:10Z")
    case.log[0] = {**case.log[0], "at": "2019-06-24T02:00:04Z"}
    with pytest.raises(ValueError, match="opened or closed at another time"):
        result(case)


def test_an_open_poll_has_no_result():
    with pytest.raises(ValueError, match="closes once"):
        result(PollCase().votes(3, 2, 1))


def test_the_result_shares_nothing_with_the_definition():
    case = first_session()
    before = copy.deepcopy(case.definition)
    found = result(case)
    found["quorum"]["needed"] = found["body"]["name"] = found["rule_set"]["code"] = "changed"
    assert case.definition == before


def test_named_polls_show_every_choice():
    found = result(first_session())
    assert public_view(found) == found
    assert public_view(found) is not found


def test_where_names_are_not_displayed_no_choice_of_a_member_is_shown():
    case = PollCase(visibility="named_not_displayed").votes(13, 13, 1).close()
    found = result(case, confirmation_of(case))
    shown = public_view(found)
    assert (shown["agree"], shown["outcome"], shown["head_choice"]) == (13, "adopted", None)
    assert shown["confirmation"]["choice"] is None
    assert all({"choice", "remark", "reservation"}.isdisjoint(vote) for vote in shown["votes"])
    assert [vote["member"] for vote in shown["votes"]] == [f"M{index:02d}" for index in range(1, 28)]
    assert "(tán thành)" not in shown["sentence"]
    assert found["votes"][0]["choice"] == "agree"
    assert found["confirmation"]["choice"] == "agree"


def test_an_unconfirmed_result_can_be_shown_without_names_too():
    case = PollCase(visibility="named_not_displayed").votes(14, 13, 0).close()
    assert public_view(result(case))["confirmation"] is None
