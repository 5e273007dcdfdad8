"""What the application writes about passkeys, the tool reads: two programs that share a format and no code."""

import json

from app.workflows.rules.ballot import poll_definition
from app.workflows.rules.passkey import ballot_challenge, parse_assertion_record
from tests.evidence import bundles
from tests.evidence.bundles import honest
from tests.rules.poll_case import definition_fields


def test_the_application_reads_the_assertion_that_the_tool_verifies():
    case = honest(4, members=3, rich=True)
    assertion = parse_assertion_record(case.extras[f"{case.name(1)}.passkey.json"])
    challenge = json.loads(assertion.client_data_json)["challenge"]
    assert challenge == bundles.b64(ballot_challenge(case.ballots[0][0]))
    assert bundles.tool.examine(case.zip()).problems == []


def test_a_vote_that_demands_passkeys_holds_when_every_ballot_has_one():
    fields = definition_fields(members=3, in_room=3, remote=0) | {"opened_at": bundles.iso_utc(bundles.OPENED)}
    for entry in fields["roll"]:
        entry["certificate_sha256"] = bundles.digest(bundles.person(entry["index"]).certificate)
    case = bundles.Case(poll_definition(**fields, evidence="pin+passkey"))
    people = [bundles.person(index).certificate for index in (1, 2, 3)]
    case.certificates = [*people, *bundles.authority(bundles.OURS).chain()]
    case.vote(1, "agree").vote(2, "agree")
    case.extras[f"{case.name(1)}.passkey.json"] = bundles.passkey(case, 1)
    found = [problem.code for _step, problem in bundles.tool.examine(case.zip()).problems]
    assert found == ["passkey_missing"]
    case.extras[f"{case.name(2)}.passkey.json"] = bundles.passkey(case, 2)
    assert bundles.tool.examine(case.zip()).problems == []
