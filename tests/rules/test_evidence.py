"""The evidence bundle: the same bytes from the same data, and nothing odd is read."""

import io
import json
import warnings
import zipfile

import pytest

from app.workflows.rules import changes, evidence
from app.workflows.rules.ballot import act_statement
from app.workflows.rules.canonical import canonical, digest, parse_canonical
from app.workflows.rules.evidence import bundle, bundle_files, read_bundle, resolution_files
from app.workflows.rules.merkle import leaf_hash
from app.workflows.rules.recall import recall_statement
from app.workflows.rules.result import result_of
from tests.rules.poll_case import CLOSED_AT, PollCase, fake_sha256, nonce_of
from tests.rules.resolution_case import example

CERTIFICATES = [b"certificate 1", b"certificate 2"]


def parts(case):
    """Definition, (statement, CMS) pairs, certificates, leaves and result of a closed case."""
    ballots = [(canonical(each["statement"]), f"cms {each['sha256']}".encode()) for each in case.ballots]
    for entry, (_, cms) in zip(case.log[1:-1], ballots, strict=True):
        assert entry["cms_sha256"] == digest(cms)
    result = result_of(case.definition, case.log, case.ballots, CLOSED_AT)
    leaves = [canonical(entry) for entry in case.log]
    return [canonical(case.definition), ballots, CERTIFICATES, leaves, canonical(result)]


@pytest.fixture(scope="module")
def case():
    return PollCase().vote(7, "agree").vote(2, "disagree").vote(7, "other").close()


@pytest.fixture(scope="module")
def files(case):
    return bundle_files(*parts(case))


def zipped(entries, compression=zipfile.ZIP_STORED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in entries:
            archive.writestr(name, data)
    return target.getvalue()


def test_the_bundle_has_exactly_the_files_of_version_one(files):
    assert list(files) == sorted(
        [
            "manifest.json",
            "poll.json",
            "log.json",
            "result.json",
            *(f"certificates/{digest(each)}.cer" for each in CERTIFICATES),
            *(f"ballots/{name}.{end}" for name in ("0001-M07", "0002-M02", "0003-M07") for end in ("json", "p7s")),
        ]
    )


def test_what_was_signed_is_in_it_byte_for_byte(case, files):
    definition, ballots, _, _, result = parts(case)
    assert files["poll.json"] == definition
    assert files["result.json"] == result
    assert (files["ballots/0002-M02.json"], files["ballots/0002-M02.p7s"]) == ballots[1]


def test_the_log_carries_every_entry_with_its_hash_and_the_root(case, files):
    log = parse_canonical(files["log.json"])
    assert (log["v"], log["ctx"], log["size"]) == (1, "vn.ecabinet.log.v1", 5)
    assert log["root"] == case.frontier.root().hex()
    assert [entry["payload"] for entry in log["leaves"]] == case.log
    assert [entry["hash"] for entry in log["leaves"]] == [leaf_hash(canonical(entry)).hex() for entry in case.log]


def test_the_manifest_lists_every_other_file_sorted_with_size_and_digest(case, files):
    manifest = parse_canonical(files["manifest.json"])
    assert (manifest["v"], manifest["ctx"]) == (1, "vn.ecabinet.evidence.v1")
    assert (manifest["format"], manifest["poll_id"], manifest["poll_hash"]) == (1, 7, case.poll_hash)
    assert manifest["files"] == [
        {"name": name, "size": len(data), "sha256": digest(data)}
        for name, data in sorted(files.items())
        if name != "manifest.json"
    ]


def test_the_same_files_make_the_same_bytes_whatever_their_order(files):
    data = bundle(files)
    assert bundle(dict(reversed(files.items()))) == data
    assert read_bundle(data) == files


def test_the_archive_is_stored_dated_1980_and_carries_nothing_of_the_machine(files):
    with zipfile.ZipFile(io.BytesIO(bundle(files))) as archive:
        entries = archive.infolist()
        assert archive.comment == b""
    assert [entry.filename for entry in entries] == sorted(files)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.compress_type, entry.create_system, entry.extra, entry.comment) for entry in entries} == {
        (zipfile.ZIP_STORED, 3, b"", b"")
    }
    assert {entry.external_attr for entry in entries} == {0o100644 << 16}


def test_an_annulled_poll_has_the_act_and_no_result(case):
    definition, ballots, certificates, leaves, _ = parts(case)
    fields = {
        "type": "poll_annulment", "poll_id": 7, "poll_hash": case.poll_hash, "person": "Nguyễn Văn Giả Định 1",
        "post": "Thủ tướng Chính phủ", "reason": "Nhầm câu hỏi", "choice": None,
        "seen": {"size": 1, "root": fake_sha256("root")}, "nonce": nonce_of(9), "server_time": CLOSED_AT,
    }  # fmt: skip
    act = canonical(act_statement(**fields))
    files = bundle_files(definition, ballots, certificates, leaves, None, [(act, b"cms of the act")])
    assert "result.json" not in files
    assert files["acts/0001-poll_annulment.json"] == act
    assert files["acts/0001-poll_annulment.p7s"] == b"cms of the act"


def test_ballots_that_are_not_those_of_the_log_make_no_bundle(case):
    definition, ballots, certificates, leaves, result = parts(case)
    for odd in (ballots[:-1], list(reversed(ballots)), [(ballots[0][0], b"other cms"), *ballots[1:]]):
        with pytest.raises(ValueError, match="not what the log names"):
            bundle_files(definition, odd, certificates, leaves, result)


@pytest.mark.parametrize("place", [0, 4])
def test_a_part_that_is_not_what_its_place_says_makes_no_bundle(case, place):
    given = parts(case)
    given[place] = b'{"a": 1}'
    with pytest.raises(ValueError, match=r".+"):
        bundle_files(*given)


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../b", "a//b", "a/", ".x", "", "a b", "a\\b", "ô", "a/./b", "C:x", "x\n"]
)
def test_a_name_that_could_leave_the_folder_is_neither_written_nor_read(name):
    with pytest.raises(ValueError, match="not a name for the bundle"):
        bundle({name: b""})
    if name:
        with pytest.raises(ValueError, match="not a name for the bundle"):
            read_bundle(zipped([(name, b"")]))


def test_a_name_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="occurs twice"):
        read_bundle(zipped([("a.json", b"1"), ("a.json", b"2")]))


def test_a_compressed_file_is_not_unpacked():
    bomb = zipped([("a.json", b"0" * 1_000_000)], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2000
    with pytest.raises(ValueError, match="only stored"):
        read_bundle(bomb)


def test_an_encrypted_file_is_refused():
    data = bytearray(zipped([("a.json", b"1")]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ValueError, match="only stored, unencrypted"):
        read_bundle(bytes(data))


def test_entries_that_share_their_bytes_are_refused():
    data = bytearray(zipped([("a.json", b"1" * 500), ("b.json", b"1" * 500)]))
    for at in (i for i in range(len(data)) if data[i : i + 4] == b"PK\x01\x02"):
        data[at + 24 : at + 28] = (900).to_bytes(4, "little")
    with pytest.raises(ValueError, match="claims more bytes"):
        read_bundle(bytes(data))


def test_a_bundle_beyond_the_limits_is_refused(monkeypatch, files):
    data = bundle(files)
    monkeypatch.setattr(evidence, "MOST_FILES", len(files))
    monkeypatch.setattr(evidence, "MOST_BYTES", len(data))
    assert read_bundle(data) == files
    monkeypatch.setattr(evidence, "MOST_FILES", len(files) - 1)
    with pytest.raises(ValueError, match="too large"):
        read_bundle(data)
    monkeypatch.setattr(evidence, "MOST_FILES", len(files))
    monkeypatch.setattr(evidence, "MOST_BYTES", len(data) - 1)
    with pytest.raises(ValueError, match="too large"):
        read_bundle(data)


@pytest.mark.parametrize("cut", [0, 10, 100, -1, -30])
def test_half_an_archive_is_refused(files, cut):
    with pytest.raises(ValueError, match=r".+"):
        read_bundle(bundle(files)[:cut])


def test_a_flipped_byte_of_any_file_is_noticed(files):
    data = bundle(files)
    at = data.index(b'"choice":"agree"') + 12
    with pytest.raises(ValueError, match="not a whole zip archive"):
        read_bundle(data[:at] + b"X" + data[at + 1 :])


def test_files_other_than_the_manifest_lists_are_refused(files):
    without = {name: data for name, data in files.items() if name != "poll.json"}
    changed = {**files, "poll.json": files["poll.json"].replace(b'"poll_id":7', b'"poll_id":8')}
    for odd, name in [(without, "poll.json"), ({**files, "more.json": b"{}"}, "more.json"), (changed, "poll.json")]:
        with pytest.raises(ValueError, match=f"not as the manifest says: {name}$"):
            read_bundle(bundle(odd))
    with pytest.raises(ValueError, match="no manifest"):
        read_bundle(bundle({"poll.json": b"{}"}))


def test_the_json_files_are_plain_json_for_outsiders(files):
    for name, data in files.items():
        if name.endswith(".json"):
            assert isinstance(json.loads(data), dict)


TEXT = canonical(example())
COMPARED = canonical(changes.as_record(changes.changes(example(archive="VT (1)"), example())))
PDF = b"%PDF-1.7 signed and sealed"
RECALL = canonical(
    recall_statement(
        resolution_id=3, number="05/NQ-CP", file_sha256=digest(PDF), subject="Về một việc", reason="Ban hành nhầm",
        person="Nguyễn Văn Giả Định 1", nonce=nonce_of(5), server_time=CLOSED_AT,
    )
)  # fmt: skip


def test_a_resolution_adds_files_and_leaves_the_others_as_they_were(case, files):
    added = resolution_files(TEXT, COMPARED, "Sửa nơi lưu", "05/NQ-CP", PDF)
    more = bundle_files(*parts(case), resolution=added)
    assert set(more) - set(files) == {f"resolution/{name}" for name in ("text.json", "changes.json", "resolution.pdf")}
    assert all(more[name] == files[name] for name in files if name != "manifest.json")
    assert read_bundle(bundle(more)) == more
    assert bundle_files(*parts(case), resolution={}) == files
    compared = json.loads(more["resolution/changes.json"])
    assert {name: compared[name] for name in ("needs_reason", "reason", "number", "file_sha256", "text_sha256")} == {
        "needs_reason": True, "reason": "Sửa nơi lưu", "number": "05/NQ-CP", "file_sha256": digest(PDF),
        "text_sha256": digest(TEXT),
    }  # fmt: skip
    assert compared["changes"] == json.loads(COMPARED)["changes"]


def test_a_recalled_resolution_brings_the_signed_recall():
    added = resolution_files(TEXT, COMPARED, "", "05/NQ-CP", PDF, (RECALL, b"cms"))
    assert (added["recall.json"], added["recall.p7s"]) == (RECALL, b"cms")


@pytest.mark.parametrize(
    "odd",
    [
        (COMPARED, COMPARED, "", "05/NQ-CP", PDF),
        (TEXT, TEXT, "", "05/NQ-CP", PDF),
        (TEXT, COMPARED, "", "05/NQ-CP", b"PK"),
        (TEXT, COMPARED, "", "05/NQ-CP", PDF, (TEXT, b"cms")),
    ],
)
def test_bytes_of_another_kind_are_no_part_of_a_resolution(odd):
    with pytest.raises(ValueError, match=r".+"):
        resolution_files(*odd)
