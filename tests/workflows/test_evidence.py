"""What a closed vote hands out: everything verified first, to whom it is open, and nothing of damaged data."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.extensions import db
from app.gateways import signing, storage
from app.models import AuditEntry, Poll, Refusal, Visibility
from app.models.guards import SEALED
from app.workflows import evidence, live, poll_acts, polls, resolutions
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.rules.canonical import digest
from app.workflows.rules.evidence import read_bundle
from app.workflows.sealed import EvidenceBroken
from tests.cabinet import NOW, PIN
from tests.conftest import both, nonce_of
from tests.gateways.signing_cases import as_pem, openssl_accepts
from tests.gateways.test_paper_tally import ANSWERS, PLACES, reread
from tests.resolving import Resolving

VOTES = {"head": "agree", "deputy": "agree", "a": "disagree", "b": "agree"}


def voted(scene, votes=VOTES, **kwargs):
    """The id of an open poll in which these members have voted."""
    scene.open()
    poll_id = scene.open_poll(**kwargs).id
    for name, choice in votes.items():
        scene.vote(name, poll_id, choice)
    return poll_id


def closed(scene, votes=VOTES, **kwargs):
    poll_id = voted(scene, votes, **kwargs)
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    return poll_id


def published(scene, votes=VOTES, **kwargs):
    poll_id = closed(scene, votes, **kwargs)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    return poll_id


def taken(scene, name, poll_id):
    return evidence.bundle_of(scene.who[name], poll_id, now=scene.now)


@both
def test_openssl_verifies_every_ballot_of_the_bundle_superseded_ones_too(scene, tmp_path):
    poll_id = voted(scene)
    scene.vote("a", poll_id, "agree")  # a change of vote: both ballots stay
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    files = read_bundle(taken(scene, "b", poll_id))
    ballots = [name for name in files if name.startswith("ballots/") and name.endswith(".json")]
    assert len(ballots) == 5
    authorities = as_pem("x509", *signing.trusted())
    for name in ballots:
        cms = files[name.removesuffix("json") + "p7s"]
        accepted, said = openssl_accepts(tmp_path, cms, files[name], authorities, NOW)
        assert accepted, said
        altered = files[name].replace(b'"choice":"', b'"choice":"x')
        assert not openssl_accepts(tmp_path, cms, altered, authorities, NOW)[0]


@both
def test_the_bundle_holds_what_was_signed_and_the_same_bytes_each_time(scene):
    poll_id = published(scene)
    poll = db.session.get_one(Poll, poll_id)
    frozen, result = poll.definition, poll.result
    first = taken(scene, "a", poll_id)
    assert taken(scene, "auditor", poll_id) == first
    files = read_bundle(first)
    assert (files["poll.json"], files["result.json"]) == (frozen, result)
    log = json.loads(files["log.json"])
    assert (log["size"], log["root"]) == (6, json.loads(result)["log"]["root"])
    pinned = {entry["certificate_sha256"] for entry in json.loads(frozen)["roll"]}
    authorities = {digest(der) for der in signing.trusted()}
    assert {f"certificates/{sha}.cer" for sha in pinned | authorities} <= set(files)


@both
def test_who_took_the_evidence_is_recorded_with_its_hash(scene):
    poll_id = published(scene)
    bundle = taken(scene, "a", poll_id)
    entry = db.session.query(AuditEntry).filter_by(fact="EvidenceTaken").one()
    assert entry.actor_id == scene.who["a"].person_id
    assert (entry.payload["kind"], entry.payload["sha256"]) == ("bundle", digest(bundle))


def test_nobody_takes_the_evidence_of_an_open_vote(scene):
    poll_id = voted(scene)
    for name in ("auditor", "head"):
        with pytest.raises(evidence.TooEarly):
            taken(scene, name, poll_id)
    assert not evidence.may_take_bundle(scene.who["auditor"], db.session.get_one(Poll, poll_id))
    assert {row.code for row in db.session.query(Refusal)} == {"evidence_too_early"}


def test_the_evidence_waits_for_the_publication_and_is_then_for_auditors_and_who_took_part(scene):
    poll_id = closed(scene)
    for name in ("head", "a", "secretary", "auditor"):
        with pytest.raises(NotAllowed):
            taken(scene, name, poll_id)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    for name in ("head", "a", "secretary", "auditor"):
        assert read_bundle(taken(scene, name, poll_id))
    for name in ("clerk", "records"):
        with pytest.raises(NotAllowed):
            taken(scene, name, poll_id)
    for name in ("admin", "guest", "under_a"):
        with pytest.raises(NotFound):
            taken(scene, name, poll_id)


def test_where_names_are_not_displayed_the_evidence_is_the_auditors(scene):
    poll_id = published(scene, visibility=Visibility.NAMED_NOT_DISPLAYED)
    with pytest.raises(evidence.NamesNotDisplayed):
        taken(scene, "a", poll_id)
    assert read_bundle(taken(scene, "auditor", poll_id))
    shown = evidence.result_view(scene.who["a"], poll_id)
    assert (shown["agree"], shown["rows"], shown["head_choice"]) == (3, None, None)
    assert shown["rows_note"]


def test_where_names_are_not_displayed_nothing_handed_to_who_took_part_tells_who_chose_what(scene, app, tmp_path):
    """Ballots hold choices, and so do the bundle's count and result: only an auditor gets any of them."""
    choices = {"head": "agree", "deputy": "agree", "a": "disagree", "b": "other"}
    poll_id = published(scene, choices, visibility=Visibility.NAMED_NOT_DISPLAYED)
    everything = read_bundle(taken(scene, "auditor", poll_id))
    votes = json.loads(everything["result.json"])["votes"]
    assert [vote["choice"] for vote in votes] == list(choices.values())
    ballots = [json.loads(everything[f"ballots/{n:04d}-{vote['member']}.json"]) for n, vote in enumerate(votes, 1)]
    nonces = [ballot["nonce"] for ballot in ballots]
    for name in ("head", "a", "secretary"):
        shown = evidence.result_view(scene.who[name], poll_id)
        assert (shown["rows"], shown["head_choice"]) == (None, None)
        read = reread(evidence.tally_record(scene.who[name], poll_id, now=scene.now), tmp_path)
        assert not {ANSWERS[row["answer"]] for row in read["rows"]} & set(choices.values())
        with pytest.raises(evidence.NamesNotDisplayed):
            taken(scene, name, poll_id)
        told = live.snapshot(scene.who[name], scene.meeting_id, scene.now)
        assert {seat["choice"] for seat in told["seats"]} == {None}
        assert all("choice" not in vote for vote in told["poll"]["result"]["votes"])
        for address in (f"/polls/{poll_id}/result", f"/meetings/{scene.meeting_id}/snapshot"):
            page = app.test_client().enter_as(name).get(address).text
            assert not any(nonce in page for nonce in nonces), "who has the nonce tries three choices against a hash"


def test_the_split_is_shown_to_chair_and_secretary_after_the_close_and_then_to_all(scene):
    poll_id = voted(scene)
    with pytest.raises(evidence.NoResult):
        evidence.result_view(scene.who["secretary"], poll_id)
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    for name in ("head", "secretary"):
        assert evidence.result_view(scene.who[name], poll_id)["outcome"] == "adopted"
    for name in ("a", "clerk", "auditor"):
        with pytest.raises(NotAllowed):
            evidence.result_view(scene.who[name], poll_id)
        with pytest.raises(NotAllowed):
            evidence.tally_record(scene.who[name], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    shown = evidence.result_view(scene.who["a"], poll_id)
    assert (shown["agree"], shown["disagree"], shown["not_voting"], shown["needed"]) == (3, 1, 1, 3)
    assert [row["choice"] for row in shown["rows"]] == ["agree", "agree", "disagree", "agree", None]
    assert shown["percent_of_all"] == Decimal("0.6")


@both
def test_an_annulled_vote_has_evidence_with_the_signed_reason_and_no_result(scene):
    poll_id, nonce = closed(scene), nonce_of("annul")
    poll_acts.prepare_annulment(scene.who["head"], poll_id, "Câu hỏi bị nhầm", nonce, now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce, PIN, now=scene.now)
    files = read_bundle(taken(scene, "auditor", poll_id))
    assert "result.json" not in files
    assert json.loads(files["acts/0001-poll_annulment.json"])["reason"] == "Câu hỏi bị nhầm"
    with pytest.raises(evidence.NoResult):
        evidence.tally_record(scene.who["head"], poll_id, now=scene.now)


@both
def test_after_a_tie_the_confirmed_result_is_the_one_that_is_handed_out(scene):
    votes = {"head": "agree", "deputy": "agree", "a": "disagree", "b": "disagree"}
    poll_id, nonce = closed(scene, votes), nonce_of("t")
    poll_acts.prepare_tie_confirmation(scene.who["head"], poll_id, nonce, now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce, PIN, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    files = read_bundle(taken(scene, "a", poll_id))
    assert json.loads(files["result.json"])["outcome"] == "adopted"
    assert "acts/0001-tie_confirmation.p7s" in files
    assert evidence.result_view(scene.who["a"], poll_id)["outcome"] == "adopted"
    assert evidence.tally_record(scene.who["a"], poll_id, now=scene.now).startswith(b"%PDF")


@both
def test_the_tally_record_read_back_says_what_the_signed_result_says(scene, tmp_path):
    poll_id = published(scene)
    result = json.loads(db.session.get_one(Poll, poll_id).result)
    definition = json.loads(db.session.get_one(Poll, poll_id).definition)
    pdf = evidence.tally_record(scene.who["a"], poll_id, now=scene.now)
    assert pdf == evidence.tally_record(scene.who["head"], poll_id, now=scene.now)
    read = reread(pdf, tmp_path)
    counts = [result["agree"], result["disagree"], result["other"], result["not_voting"]]
    assert [(int(count), int(of)) for count, of, _percent in read["counts"]] == [(count, 5) for count in counts]
    assert read["counts"][0][2] == result["percent_of_all"].replace(".", ",")
    assert read["attendance"] == (5, 5, 5, 0, 4)
    assert read["hashes"] == [result["poll_hash"].removeprefix("sha256:"), result["log"]["root"]]
    assert result["sentence"] in read["text"]
    assert "Hà Nội, ngày 30 tháng 7 năm 2026" in read["text"]
    votes = {vote["member"]: vote for vote in result["votes"]}
    for entry, row in zip(definition["roll"], read["rows"], strict=True):
        vote = votes.get(entry["member"], {"choice": None, "place": None, "leaf_hash": None})
        assert row["who"] == f"{entry['name']} {entry['post']}"
        assert (ANSWERS[row["answer"]], PLACES[row["place"]]) == (vote["choice"], vote["place"])
        assert row["leaf"] == (vote["leaf_hash"] and vote["leaf_hash"][:12])


TAMPERINGS = {
    "the result": "UPDATE poll SET result = CAST(REPLACE(CAST(result AS TEXT), 'Lê Thị Hai', 'Lê Thị Ba') AS BLOB)",
    "the outcome": "UPDATE poll SET outcome = 'not_adopted'",
    "the definition": "UPDATE poll SET definition = CAST(REPLACE(CAST(definition AS TEXT), '?', '!') AS BLOB)",
    "a choice": "UPDATE ballot SET choice = 'agree' WHERE choice = 'disagree'",
    "a signed text": "UPDATE signed_statement SET statement ="
    " CAST(REPLACE(CAST(statement AS TEXT), '\"disagree\"', '\"agree\"') AS BLOB)",
    "a signature": "UPDATE signed_statement SET cms = (SELECT cms FROM signed_statement WHERE id = 1) WHERE id = 2",
    "the log": "UPDATE poll_leaf SET data = CAST(REPLACE(CAST(data AS TEXT), 'M03', 'M04') AS BLOB) WHERE seq = 3",
    "a root": "UPDATE poll_leaf SET root = (SELECT root FROM poll_leaf WHERE seq = 1) WHERE seq = 2",
    "a missing ballot": "DELETE FROM ballot WHERE leaf_seq = 4",
}


def unguard():
    """Take away what protects the rows, as somebody with the database in hand could."""
    with db.engine.begin() as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))


@pytest.mark.parametrize("what", TAMPERINGS)
def test_nothing_is_handed_out_of_data_that_were_tampered_with(scene, what):
    poll_id = published(scene)
    assert evidence.tally_record(scene.who["a"], poll_id, now=scene.now)
    db.session.rollback()
    unguard()
    with db.engine.begin() as connection:
        assert connection.execute(text(TAMPERINGS[what])).rowcount
    for take in (evidence.tally_record, evidence.bundle_of):
        with pytest.raises(EvidenceBroken):
            take(scene.who["auditor"], poll_id, now=scene.now)
    assert db.session.query(Refusal).filter_by(code="evidence_broken").count() == 2


def test_the_guards_refuse_the_same_tampering_where_they_stand(scene):
    published(scene)
    db.session.rollback()
    assert SEALED
    for statement in TAMPERINGS.values():
        with pytest.raises(Exception, match=r"insert-only|sealed"), db.engine.begin() as connection:
            connection.execute(text(statement))


def resolution_in(files):
    return {name.removeprefix("resolution/"): files[name] for name in files if name.startswith("resolution/")}


@both
def test_a_promulgated_resolution_only_adds_to_the_evidence_of_its_vote(app):
    scene = Resolving().equipped().voted()
    before = read_bundle(taken(scene, "auditor", scene.poll_id))
    for step in ("drafted", "presented", "signed", "numbered", "sealed"):
        getattr(scene, step)()
        assert read_bundle(taken(scene, "auditor", scene.poll_id)) == before, step
    scene.promulgated()
    bundle = taken(scene, "auditor", scene.poll_id)
    assert taken(scene, "a", scene.poll_id) == bundle
    files = read_bundle(bundle)
    added = resolution_in(files)
    assert set(added) == {"text.json", "changes.json", "resolution.pdf"}
    assert {name: files[name] for name in before if name != "manifest.json"} == {
        name: before[name] for name in before if name != "manifest.json"
    }
    assert set(files) - set(before) == {f"resolution/{name}" for name in added}
    sealed_file = scene.resolution.files[-1]
    assert digest(added["resolution.pdf"]) == sealed_file.sha256
    assert added["text.json"] == sealed_file.version.text
    compared = json.loads(added["changes.json"])
    assert (compared["needs_reason"], compared["reason"], compared["number"]) == (False, "", "01/NQ-CP")


@both
def test_a_text_changed_after_the_vote_is_in_the_evidence_with_its_reason(app):
    scene = Resolving().equipped().voted().drafted()
    altered = {**scene.text, "archive": "VT, KTTH (3)"}
    clerk = scene.who["clerk"]
    resolutions.edit_resolution(clerk, scene.resolution_id, altered, "Sửa số bản lưu theo sổ", scene.later(16))
    scene.presented().signed(changes_seen=True).numbered().sealed().promulgated()
    compared = json.loads(resolution_in(read_bundle(taken(scene, "a", scene.poll_id)))["changes.json"])
    assert (compared["needs_reason"], compared["reason"]) == (True, "Sửa số bản lưu theo sổ")
    assert [change["part"] for change in compared["changes"]] == ["archive"]


@both
def test_a_recalled_resolution_stays_in_the_evidence_with_the_signed_recall(app):
    scene = Resolving().up_to("recalled")
    added = resolution_in(read_bundle(taken(scene, "auditor", scene.poll_id)))
    assert set(added) == {"text.json", "changes.json", "resolution.pdf", "recall.json", "recall.p7s"}
    recall = scene.resolution.recall
    assert (added["recall.json"], added["recall.p7s"]) == (recall.statement, recall.cms)
    signing.check_detached(added["recall.p7s"], added["recall.json"], recall.certificate.der)


def test_nothing_is_handed_out_of_a_resolution_that_is_not_what_was_sealed(app):
    scene = Resolving().up_to("promulgated")
    sha256 = scene.resolution.files[-1].sha256
    kept = storage.store().files
    whole = kept[sha256]
    for odd in (whole[:-1], None):
        kept.pop(sha256)
        if odd is not None:
            kept[sha256] = odd
        with pytest.raises(EvidenceBroken) as refusal:
            taken(scene, "auditor", scene.poll_id)
        assert "Resolution" in refusal.value.details["fault"]
    kept[sha256] = whole
    assert taken(scene, "auditor", scene.poll_id)
    assert {row.code for row in db.session.query(Refusal)} == {"evidence_broken"}


def test_nothing_is_handed_out_of_a_resolution_that_is_not_validly_signed(app, monkeypatch):
    scene = Resolving().up_to("promulgated")
    monkeypatch.setattr(signing, "trusted", tuple)
    with pytest.raises(EvidenceBroken) as refusal:
        taken(scene, "auditor", scene.poll_id)
    assert "unknown_issuer" in refusal.value.details["fault"]
