"""Ways to tamper with an evidence bundle, each with the codes by which the tool must name what is wrong.

A function takes an honest case with every optional file and a number that moves the place; it gives the bytes of a zip,
or those and options of `tool.examine`. Whoever tampers holds the server: log, result and manifest are made to fit again
where that can be done, and only the keys of other people are out of reach. `signed` classes have even the member's key.
"""

import io
import json
import re
import struct
import unicodedata
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

from app.gateways.signing import sign_detached
from app.workflows.rules.canonical import canonical, digest
from tests.evidence import bundles
from tests.evidence.bundles import OPENED, Case, authority, log_of, manifest_of, packed, person
from tests.gateways.signing_cases import (
    CERTIFICATE_V2,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SHA1,
    Holder,
    Parts,
    attribute,
    oid,
    sequence,
    tlv,
)

Tampered = bytes | tuple[bytes, dict[str, Any]]
CLASSES: dict[str, tuple[Callable[[Case, int], Tampered], frozenset[str]]] = {}


def tampering(*codes: str, name: str = "") -> Callable[[Any], Any]:
    """Register a way under its name; at least one of `codes` must be among the problems that are told."""

    def register(function: Any) -> Any:
        CLASSES[name or function.__name__] = (function, frozenset(codes))
        return function

    return register


def pick(things: Any, number: int) -> Any:
    return sorted(things)[number % len(things)]


def ballot_json(case: Case, number: int) -> str:
    return f"{case.name(number % len(case.ballots) + 1)}.json"


# -- the archive


@tampering("archive_truncated")
def cut_off(case: Case, n: int) -> Tampered:
    data = case.zip()
    return data[: len(data) - 1 - n * 37]


@tampering("archive_truncated")
def something_behind(case: Case, n: int) -> Tampered:
    return case.zip() + b"\0" * (n + 1)


@tampering("archive_truncated")
def something_before(case: Case, n: int) -> Tampered:
    return b"#" * (n + 1) + case.zip()


@tampering("archive_truncated")
def a_comment(case: Case, n: int) -> Tampered:
    data = case.zip()
    return data[:-2] + struct.pack("<H", n + 1) + b"x" * (n + 1)


@tampering("archive_large", "archive_truncated")
def too_many_entries_claimed(case: Case, n: int) -> Tampered:
    data = case.zip()
    many = struct.pack("<2H", 0xFFFF - n % 2, 0xFFFF - n % 2)
    return data[:-14] + many + data[-10:]


def rewritten(files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], Any], only: str, again: str = "") -> bytes:
    target = io.BytesIO()
    files = {**files, "manifest.json": manifest_of(files)}
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            if name == only:
                change(entry)
            archive.writestr(entry, files[name])
            if name == again:
                archive.writestr(entry, files[name])
    return target.getvalue()


@tampering("archive_duplicate")
def a_name_twice(case: Case, n: int) -> Tampered:
    files = case.files()
    return rewritten(files, lambda _entry: None, "", again=pick(files, n))


@tampering("archive_compressed")
def compressed(case: Case, n: int) -> Tampered:
    files = case.files()
    return rewritten(files, lambda entry: setattr(entry, "compress_type", zipfile.ZIP_DEFLATED), pick(files, n))


@tampering("archive_symlink")
def a_link(case: Case, n: int) -> Tampered:
    files = case.files()
    return rewritten(files, lambda entry: setattr(entry, "external_attr", 0o120777 << 16), pick(files, n))


@tampering("archive_layout")
def another_date(case: Case, n: int) -> Tampered:
    files = case.files()
    return rewritten(files, lambda entry: setattr(entry, "date_time", (2026, 1, 1 + n, 0, 0, 0)), pick(files, n))


@tampering("archive_layout")
def an_extra_field(case: Case, n: int) -> Tampered:
    files = case.files()
    return rewritten(files, lambda entry: setattr(entry, "extra", b"\xfe\xca\x01\x00" + bytes([n])), pick(files, n))


@tampering("archive_layout")
def a_comment_of_a_file(case: Case, n: int) -> Tampered:
    files = case.files()
    return rewritten(files, lambda entry: setattr(entry, "comment", b"x" * (n + 1)), pick(files, n))


ODD_NAMES = ("/etc/passwd", "../x", "a/../../x", "C:\\x", "a\\b", ".hidden", "a//b", "a/", "a b", "a%b")


@tampering("archive_name")
def a_name_that_leaves_the_folder(case: Case, n: int) -> Tampered:
    files = case.files()
    name = ODD_NAMES[n % len(ODD_NAMES)]
    return rewritten({**files, name: b"x"}, lambda _entry: None, "")


@tampering("archive_order")
def out_of_order(case: Case, n: int) -> Tampered:
    files = {**case.files()}
    names = sorted([*files, "manifest.json"])
    at = n % (len(names) - 1)
    names[at], names[at + 1] = names[at + 1], names[at]
    target = io.BytesIO()
    files["manifest.json"] = manifest_of(files)
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def offsets(data: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.infolist()


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@tampering("archive_crc")
def a_byte_of_a_file(case: Case, n: int) -> Tampered:
    data = case.zip()
    entry = offsets(data)[n % len(offsets(data))]
    at = entry.header_offset + 30 + len(entry.filename) + n % max(1, entry.file_size)
    return patched(data, at, bytes([data[at] ^ 1]))


@tampering("archive_layout")
def a_local_header_of_another_name(case: Case, n: int) -> Tampered:
    data = case.zip()
    entry = offsets(data)[n % len(offsets(data))]
    return patched(data, entry.header_offset + 30, b"x")


@tampering("archive_layout")
def bytes_between_the_files(case: Case, n: int) -> Tampered:
    data = case.zip()
    entry = offsets(data)[1 + n % (len(offsets(data)) - 1)]
    gap = b"hidden"
    central = struct.unpack("<L", data[-6:-2])[0]
    moved = bytearray(data[: entry.header_offset] + gap + data[entry.header_offset :])
    moved[-6:-2] = struct.pack("<L", central + len(gap))
    return bytes(moved)


def central_of(data: bytes, n: int) -> int:
    at = struct.unpack("<L", data[-6:-2])[0]
    for _ in range(n % len(offsets(data))):
        at += 46 + sum(struct.unpack("<3H", data[at + 28 : at + 34]))
    return int(at)


@tampering("archive_bomb")
def more_bytes_claimed_than_there_are(case: Case, n: int) -> Tampered:
    data = case.zip()
    return patched(data, central_of(data, n) + 20, struct.pack("<2L", 2**31, 2**31))


@tampering("archive_bomb")
def a_bomb(case: Case, n: int) -> Tampered:
    data = case.zip()
    return patched(data, central_of(data, n) + 24, struct.pack("<L", 2**31 + n))


@tampering("archive_compressed")
def encrypted(case: Case, n: int) -> Tampered:
    data = case.zip()
    return patched(data, central_of(data, n) + 8, b"\1")


# -- the manifest


@tampering("file_missing")
def a_file_taken_out(case: Case, n: int) -> Tampered:
    files = case.files()
    manifest = manifest_of(files)
    del files[pick(files, n)]
    return bundles.bundle({**files, "manifest.json": manifest})


@tampering("file_extra")
def a_file_put_in(case: Case, n: int) -> Tampered:
    files = case.files()
    manifest = manifest_of(files)
    return bundles.bundle({**files, f"certificates/{n:064x}.cer": b"x", "manifest.json": manifest})


@tampering("file_changed")
def a_file_changed(case: Case, n: int) -> Tampered:
    files = case.files()
    manifest, name = manifest_of(files), pick(files, n)
    return bundles.bundle({**files, name: files[name] + b" ", "manifest.json": manifest})


@tampering("manifest_missing")
def no_manifest(case: Case, n: int) -> Tampered:
    files = case.files()
    return bundles.bundle({**files, "x" * (n + 1): b""})


@tampering("file_unknown")
def a_file_of_another_kind(case: Case, n: int) -> Tampered:
    names = ("notes.txt", "ballots/0001-M01.exe", "ballots/x.json", "poll.json.bak", "certificates/x.cer")
    return packed({**case.files(), names[n % len(names)]: b"x"})


@tampering("poll_hash")
def a_manifest_of_another_poll(case: Case, n: int) -> Tampered:
    return packed(case.files(), poll_id=case.definition["poll_id"] + 1 + n)


@tampering("poll_hash")
def a_manifest_with_another_poll_hash(case: Case, n: int) -> Tampered:
    return packed(case.files(), poll_hash=f"sha256:{n:064x}")


# -- JSON that can be read in two ways; the manifest fits


def respelt(case: Case, n: int, change: Callable[[bytes], bytes]) -> bytes:
    files = case.files()
    names = ("poll.json", "log.json", "result.json", "computation.json", "keys.json", ballot_json(case, n))
    name = names[n % len(names)]
    return packed({**files, name: change(files[name])})


@tampering("json_duplicate")
def a_key_twice(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b"," + data[1:])


@tampering("json_float")
def a_fraction(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":1.%d}' % n)


@tampering("json_float")
def not_a_number(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + (b',"zz":NaN}', b',"zz":-Infinity}', b',"zz":1e9}')[n % 3])


@tampering("json_huge")
def a_huge_integer(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":' + b"9" * (16 + n * 500) + b"}")


@tampering("json_nfd")
def letters_taken_apart(case: Case, n: int) -> Tampered:
    said = unicodedata.normalize("NFD", "đồng ý kiến").encode()
    return respelt(case, n, lambda data: data[:-1] + b',"zz":"' + said + b'"}')


@tampering("json_canonical")
def a_space(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data.replace(b",", b", ", n % 3 + 1))


@tampering("json_canonical")
def keys_out_of_order(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"AA":1}')


@tampering("json_canonical")
def an_escape_that_needs_none(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":"\\u0041"}')


@tampering("json_text")
def not_utf8(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":"\xff"}')


@tampering("json_text")
def half_a_character(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":"\\ud800"}')


@tampering("json_broken")
def a_mark_of_bytes_before(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: b"\xef\xbb\xbf" + data)


@tampering("json_broken")
def half_an_object(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[: -1 - n])


@tampering("json_deep")
def too_deep(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":' + b"[" * 60_000 + b"]" * 60_000 + b"}")


@tampering("json_invisible")
def text_that_turns_round(case: Case, n: int) -> Tampered:
    mark = ("\u202e", "\u2066", "\u200f")[n % 3].encode()
    return respelt(case, n, lambda data: data[:-1] + b',"zz":"a' + mark + b'b"}')


@tampering("shape", "result_field", "computation")
def a_field_more(case: Case, n: int) -> Tampered:
    return respelt(case, n, lambda data: data[:-1] + b',"zz":1}')


@tampering("shape", "result_field", "computation", "result_counts")
def true_instead_of_one(case: Case, n: int) -> Tampered:
    return respelt(case, n * 6, lambda data: re.sub(rb'"v":\d', b'"v":true', data))


# -- the definition: whoever changes it must make every ballot anew


def with_definition(case: Case, change: Callable[[dict[str, Any]], Any]) -> bytes:
    other = case.but()
    change(other.definition)
    return other.zip()


@tampering("ballot_poll_hash")
def another_question(case: Case, n: int) -> Tampered:
    return with_definition(case, lambda poll: poll.update(question=f"Thông qua phương án {n}?"))


@tampering("ballot_poll_hash")
def another_rule(case: Case, n: int) -> Tampered:
    changes = ({"tie": "fails"}, {"majority_numerator": 3, "majority_denominator": 4}, {"papers_working_days": 9})

    def change(poll: dict[str, Any]) -> None:
        rules = poll["rule_set"]["parameters"]
        rules.update({**changes[n % 3], "papers_working_days": n + 10})

    return with_definition(case, change)


@tampering("ballot_poll_hash")
def a_name_on_the_roll(case: Case, n: int) -> Tampered:
    return with_definition(case, lambda poll: poll["roll"][n % len(poll["roll"])].update(name=f"Người Khác {n}"))


@tampering("roll_heads")
def two_heads(case: Case, n: int) -> Tampered:
    return with_definition(case, lambda poll: poll["roll"][1 + n % (len(poll["roll"]) - 1)].update(head=True))


@tampering("roll_order")
def a_member_left_out(case: Case, n: int) -> Tampered:
    return with_definition(case, lambda poll: poll["roll"].pop(n % (len(poll["roll"]) - 1)))


@tampering("roll_certificate_twice")
def one_certificate_for_two(case: Case, n: int) -> Tampered:
    def change(poll: dict[str, Any]) -> None:
        one, two = (poll["roll"][(n + step) % len(poll["roll"])] for step in (0, 1))
        one["certificate_sha256"] = two["certificate_sha256"]

    return with_definition(case, change)


@tampering("quorum_numbers")
def another_quorum(case: Case, n: int) -> Tampered:
    return with_definition(case, lambda poll: poll["quorum"].update(needed=poll["quorum"]["needed"] - 1 - n % 2))


@tampering("quorum_missed")
def no_quorum(case: Case, n: int) -> Tampered:
    return with_definition(case, lambda poll: poll["quorum"].update(in_room=n % 2, present=n % 2))


@tampering("rule_impossible")
def rules_that_cannot_be(case: Case, n: int) -> Tampered:
    odd = ({"quorum_numerator": 4}, {"majority_numerator": 2}, {"majority_denominator": 5})[n % 3]
    return with_definition(case, lambda poll: poll["rule_set"]["parameters"].update(
        {"quorum_denominator": 3, "majority_numerator": 1, "majority_denominator": 2, **odd}))  # fmt: skip


@tampering("signature_other")
def the_certificate_of_the_forger(case: Case, n: int) -> Tampered:
    """The roll pins a certificate of the forger's, and the ballots stay as they were signed."""

    def change(poll: dict[str, Any]) -> None:
        member = json.loads(case.ballots[n % len(case.ballots)][0])["roll_index"]
        poll["roll"][member - 1]["certificate_sha256"] = digest(person(100 + member).certificate)

    other = case.but()
    change(other.definition)
    other.certificates = [*case.certificates, *(person(100 + at).certificate for at in range(1, 13))]
    return other.zip()


# -- certificates


@tampering("certificate_missing")
def no_certificate_of_a_member(case: Case, n: int) -> Tampered:
    gone = case.certificates[n % len(case.definition["roll"])]
    return case.but(certificates=[each for each in case.certificates if each != gone]).zip()


@tampering("certificate_changed", "certificate_unreadable")
def a_changed_certificate(case: Case, n: int) -> Tampered:
    files = case.files()
    names = sorted(name for name in files if name.startswith("certificates/"))
    name = names[n % len(names)]
    return packed({**files, name: files[name][:-1] + bytes([files[name][-1] ^ 1])})


@tampering("authority_missing")
def no_authority(case: Case, n: int) -> Tampered:
    return case.but(certificates=case.certificates[: len(case.definition["roll"])]).zip()


@tampering("signature_chain")
def an_authority_that_did_not_issue_them(case: Case, n: int) -> Tampered:
    people = case.certificates[: len(case.definition["roll"])]
    return case.but(certificates=[*people, *authority(f"Giả mạo {n % 3}").chain()]).zip()


@tampering("authority_other", "signature_chain")
def another_authority_than_the_trusted_one(case: Case, n: int) -> Tampered:
    return case.zip(), {"authority": bundles.tool.Certificate(authority(f"Giả mạo {n % 3}").chain()[1])}


# -- the log


def with_log(case: Case, change: Callable[[dict[str, Any]], Any]) -> bytes:
    log = log_of(case.entries())
    change(log)
    return packed(case.files(log))


def relogged(case: Case, change: Callable[[list[dict[str, Any]]], Any]) -> bytes:
    """The entries are changed, and all hashes fit again."""
    entries = case.entries()
    change(entries)
    return packed(case.files(log_of(entries)))


@tampering("log_hash")
def another_hash_of_an_entry(case: Case, n: int) -> Tampered:
    return with_log(case, lambda log: log["leaves"][n % log["size"]].update(hash=f"{n:064x}"))


@tampering("log_root")
def another_root(case: Case, n: int) -> Tampered:
    return with_log(case, lambda log: log.update(root=f"{n:064x}"))


@tampering("log_size")
def another_size(case: Case, n: int) -> Tampered:
    return with_log(case, lambda log: log.update(size=log["size"] + 1 + n))


@tampering("log_sequence")
def two_entries_changed_places(case: Case, n: int) -> Tampered:
    def change(entries: list[dict[str, Any]]) -> None:
        at = 1 + n % (len(entries) - 3)
        entries[at], entries[at + 1] = entries[at + 1], entries[at]

    return relogged(case, change)


@tampering("log_closing")
def the_close_counts_otherwise(case: Case, n: int) -> Tampered:
    return relogged(case, lambda entries: entries[-1].update(ballots=entries[-1]["ballots"] + 1 + n))


@tampering("log_sequence")
def no_close(case: Case, n: int) -> Tampered:
    return relogged(case, lambda entries: entries.pop())


@tampering("log_opening")
def another_opening(case: Case, n: int) -> Tampered:
    return relogged(
        case, lambda entries: entries[0].update(at=f"2026-11-21T02:00:{n:02d}Z", poll_hash=f"sha256:{n:064x}")
    )


@tampering("log_times")
def time_runs_backwards(case: Case, n: int) -> Tampered:
    return relogged(case, lambda entries: entries[1 + n % (len(entries) - 2)].update(at="2026-11-21T02:00:00Z"))


@tampering("log_member")
def an_entry_of_another_member(case: Case, n: int) -> Tampered:
    def change(entries: list[dict[str, Any]]) -> None:
        entry = entries[1 + n % (len(entries) - 2)]
        entry["member"] = "M01" if entry["member"] != "M01" else "M02"

    return relogged(case, change)


@tampering("log_statement")
def an_entry_of_another_text(case: Case, n: int) -> Tampered:
    return relogged(case, lambda entries: entries[1 + n % (len(entries) - 2)].update(statement_sha256=f"{n:064x}"))


@tampering("log_cms")
def an_entry_of_another_signature(case: Case, n: int) -> Tampered:
    return relogged(case, lambda entries: entries[1 + n % (len(entries) - 2)].update(cms_sha256=f"{n:064x}"))


@tampering("log_ballot_missing")
def an_entry_without_a_ballot(case: Case, n: int) -> Tampered:
    entries = case.entries()
    other = case.but(ballots=case.ballots[: -1 - n % 2], extras={})
    return packed(other.files(log_of(entries)))


@tampering("log_ballot_extra")
def a_ballot_without_an_entry(case: Case, n: int) -> Tampered:
    fewer = case.but(ballots=case.ballots[: -1 - n % 2])
    return packed(case.but(extras={}).files(log_of(fewer.entries())))


@tampering("ballot_seen_root", "ballot_seen_size")
def a_ballot_dropped_and_all_made_to_fit(case: Case, n: int) -> Tampered:
    """Whoever voted afterwards has signed that the log was another one."""
    ballots = list(case.ballots)
    del ballots[n % (len(ballots) - 1)]
    return case.but(ballots=ballots, extras={}).zip()


@tampering("ballot_seen_root", "ballot_seen_size")
def ballots_in_another_order(case: Case, n: int) -> Tampered:
    ballots = list(case.ballots)
    at = n % (len(ballots) - 1)
    ballots[at], ballots[at + 1] = ballots[at + 1], ballots[at]
    return case.but(ballots=ballots, extras={}).zip()


@tampering("root_other")
def the_last_ballots_dropped(case: Case, n: int) -> Tampered:
    """Nothing inside tells it: only who knows the root from a receipt or the tally record sees it."""
    root = log_of(case.entries())["root"]
    return case.but(ballots=case.ballots[: -1 - n % 2], extras={}).zip(), {"root": root}


@tampering("inclusion_leaf")
def the_last_ballots_dropped_under_a_checkpoint(case: Case, n: int) -> Tampered:
    extras = {name: case.extras[name] for name in ("checkpoint.txt", "keys.json", "inclusion.json")}
    return case.but(ballots=case.ballots[: -1 - n % 2], extras=extras).zip()


# -- ballots without the keys of their members


def with_ballot(case: Case, n: int, change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> bytes:
    """Ballot `n` is changed; log, result and manifest fit."""
    ballots = list(case.ballots)
    at = n % len(ballots)
    ballots[at] = change(*ballots[at])
    return case.but(ballots=ballots, extras={}).zip()


def edited(data: bytes, **changes: Any) -> bytes:
    return canonical({**json.loads(data), **changes})


@tampering("signature_wrong")
def another_choice(case: Case, n: int) -> Tampered:
    def change(data: bytes, cms: bytes) -> tuple[bytes, bytes]:
        choice = "other" if json.loads(data)["choice"] != "other" else "disagree"
        return edited(data, choice=choice), cms

    return with_ballot(case, n, change)


@tampering("signature_wrong")
def another_remark(case: Case, n: int) -> Tampered:
    return with_ballot(case, n, lambda data, cms: (edited(data, remark=f"Đồng ý hoàn toàn {n}"), cms))


@tampering("signature_wrong")
def another_time_of_casting(case: Case, n: int) -> Tampered:
    return with_ballot(
        case, n, lambda data, cms: (edited(data, server_time="2026-11-21T02:00:04Z", remark=f"{n}"), cms)
    )


@tampering("signature_other", "signature_wrong")
def the_signature_of_another_ballot(case: Case, n: int) -> Tampered:
    return with_ballot(case, n, lambda data, _cms: (data, case.ballots[(n + 1) % len(case.ballots)][1]))


@tampering("signature_wrong", "cms_form", "cms_signers", "cms_weak", "signature_other")
def a_broken_signature(case: Case, n: int) -> Tampered:
    return with_ballot(
        case, n, lambda data, cms: (data, patched(cms, len(cms) - 1 - n * 3, bytes([cms[-1 - n * 3] ^ 1])))
    )


@tampering("cms_form")
def something_behind_the_signature(case: Case, n: int) -> Tampered:
    return with_ballot(case, n, lambda data, cms: (data, cms + b"\0" * (n + 1)))


@tampering("cms_form")
def no_signature_at_all(case: Case, n: int) -> Tampered:
    return with_ballot(
        case, n, lambda data, _cms: (data, (b"", b"\x30\x80", b"x" * 100, b"\x30\x03\x02\x01\x01")[n % 4])
    )


@tampering("signature_missing")
def a_signature_file_taken_out(case: Case, n: int) -> Tampered:
    files = case.files()
    del files[ballot_json(case, n).replace(".json", ".p7s")]
    return packed(files)


@tampering("evidence_orphan")
def a_ballot_file_taken_out(case: Case, n: int) -> Tampered:
    files = case.files()
    del files[ballot_json(case, n)]
    return packed(files)


@tampering("ballot_name")
def a_ballot_under_another_name(case: Case, n: int) -> Tampered:
    files = case.files()
    name = ballot_json(case, n)[:-5]
    other = name[:-3] + ("M01" if not name.endswith("M01") else "M02")
    return packed({key.replace(name, other): data for key, data in files.items()})


@tampering("signature_other")
def signed_by_another_member(case: Case, n: int) -> Tampered:
    def change(data: bytes, _cms: bytes) -> tuple[bytes, bytes]:
        other = person(json.loads(data)["roll_index"] % len(case.definition["roll"]) + 1)
        return data, sign_detached(other.key, other.certificate, data, OPENED)

    return with_ballot(case, n, change)


@tampering("signature_other")
def signed_under_the_same_name_by_a_false_authority(case: Case, n: int) -> Tampered:
    def change(data: bytes, _cms: bytes) -> tuple[bytes, bytes]:
        other = person(json.loads(data)["roll_index"], "Giả mạo 0")
        return data, sign_detached(other.key, other.certificate, data, OPENED)

    return with_ballot(case, n, change)


@tampering("signature_wrong")
def signed_by_a_false_key_under_the_true_certificate(case: Case, n: int) -> Tampered:
    def change(data: bytes, _cms: bytes) -> tuple[bytes, bytes]:
        index = json.loads(data)["roll_index"]
        return data, cms_of(Holder(person(100 + index).key, person(index).certificate), data)

    return with_ballot(case, n, change)


def cms_of(by: Holder, data: bytes, **changes: Any) -> bytes:
    parts = Parts(by)
    digested = tlv(0x04, bytes.fromhex(digest(data)))
    parts.attributes[MESSAGE_DIGEST] = attribute(MESSAGE_DIGEST, digested)
    for name, value in changes.items():
        setattr(parts, name, value)
    return parts.build()


def signed_oddly(case: Case, n: int, **changes: Any) -> bytes:
    def change(data: bytes, _cms: bytes) -> tuple[bytes, bytes]:
        return data, cms_of(person(json.loads(data)["roll_index"]), data, **changes)

    return with_ballot(case, n, change)


@tampering("cms_signers")
def two_signers(case: Case, n: int) -> Tampered:
    return signed_oddly(case, n, copies=2 + n % 3)


@tampering("cms_weak")
def a_weak_hash(case: Case, n: int) -> Tampered:
    return signed_oddly(case, n, digest=sequence(oid(SHA1)))


@tampering("cms_form")
def the_content_inside_the_signature(case: Case, n: int) -> Tampered:
    inner = tlv(0xA0, tlv(0x04, b"another ballot"))
    return signed_oddly(case, n, content=[oid("1.2.840.113549.1.7.1"), inner])


@tampering("signature_wrong")
def no_certificate_named_in_the_signature(case: Case, n: int) -> Tampered:
    def change(data: bytes, _cms: bytes) -> tuple[bytes, bytes]:
        by = person(json.loads(data)["roll_index"])
        attributes = Parts(by).attributes
        digested = attribute(MESSAGE_DIGEST, tlv(0x04, bytes.fromhex(digest(data))))
        kept = {CONTENT_TYPE: attributes[CONTENT_TYPE], MESSAGE_DIGEST: digested}
        if n % 2:
            odd = person(100 + json.loads(data)["roll_index"]).certificate
            kept[CERTIFICATE_V2] = Parts(Holder(by.key, odd)).attributes[CERTIFICATE_V2]
        return data, cms_of(by, data, attributes=kept)

    return with_ballot(case, n, change)


@tampering("signature_chain")
def a_certificate_that_had_expired(case: Case, n: int) -> Tampered:
    index = n % len(case.definition["roll"]) + 1
    old = person(index, days=30)
    other = Case(json.loads(json.dumps(case.definition)), certificates=[*case.certificates, old.certificate])
    other.definition["roll"][index - 1]["certificate_sha256"] = digest(old.certificate)
    other.ballots.append(other.signed(other.statement(index, "agree", 1), old))
    return other.zip()


@tampering("ballot_no_certificate")
def a_ballot_of_a_member_without_a_certificate(case: Case, n: int) -> Tampered:
    index = n % len(case.definition["roll"]) + 1
    other = Case(json.loads(json.dumps(case.definition)), certificates=case.certificates)
    other.definition["roll"][index - 1]["certificate_sha256"] = None
    return other.vote(index, "agree").zip()


# -- ballots that were truly signed, and do not belong here or not so


def after(case: Case, n: int) -> Case:
    """The first ballots of the case, so that the next one comes at a place that `n` moves."""
    return case.but(ballots=case.ballots[: n % len(case.definition["roll"])], extras={})


def odd_vote(case: Case, n: int, sign_as: int | None = None, **changes: Any) -> bytes:
    other = after(case, n)
    voted = {json.loads(data)["roll_index"] for data, _cms in other.ballots}
    index = next(at for at in range(1, len(case.definition["roll"]) + 2) if at not in voted)
    statement = other.statement(index, "agree", len(other.ballots) + 1) | changes
    other.ballots.append(other.signed(statement, person(sign_as or index)))
    return other.zip()


@tampering("ballot_poll")
def a_ballot_of_another_poll(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, poll_id=case.definition["poll_id"] + n + 1)


@tampering("ballot_poll_hash")
def a_ballot_about_another_text(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, poll_hash=f"sha256:{n:064x}")


@tampering("ballot_member")
def a_ballot_of_nobody_on_the_roll(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, member=f"M{50 + n}", roll_index=50 + n)


@tampering("ballot_roll_index")
def a_ballot_with_another_index(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, roll_index=60 + n)


@tampering("ballot_nonce")
def a_nonce_used_twice(case: Case, n: int) -> Tampered:
    nonce = json.loads(case.ballots[0][0])["nonce"]
    return odd_vote(case, n % (len(case.definition["roll"]) - 1) + 1, nonce=nonce)


@tampering("ballot_nonce")
def a_ballot_counted_twice(case: Case, n: int) -> Tampered:
    return case.but(ballots=[*case.ballots, case.ballots[n % len(case.ballots)]], extras={}).zip()


@tampering("ballot_seen_size")
def a_log_seen_that_was_not_yet(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, seen={"size": n % len(case.definition["roll"]) + 2 + n, "root": f"{n:064x}"})


@tampering("ballot_seen_root")
def another_log_seen(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, seen={"size": 1, "root": f"{n:064x}"})


@tampering("shape")
def no_log_seen(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, seen={"size": 0, "root": f"{n:064x}"})


@tampering("ballot_early")
def cast_before_the_opening(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, server_time=f"2026-11-21T01:59:{n % 50:02d}Z")


@tampering("ballot_late")
def cast_after_the_close(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, server_time=f"2026-11-21T02:05:{n % 60:02d}Z")


@tampering("ballot_reservation")
def a_reservation_of_who_agrees(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, reservation=True)


@tampering("shape")
def a_choice_that_there_is_not(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, choice=("abstain", "AGREE", "", 1, None)[n % 5])


@tampering("shape")
def a_ballot_with_a_field_more(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, **{"weight": n})


@tampering("supersedes")
def a_first_ballot_that_supersedes(case: Case, n: int) -> Tampered:
    return odd_vote(case, n, supersedes=f"sha256:{digest(case.ballots[0][0])}")


def changed_vote(case: Case, n: int, **changes: Any) -> Case:
    other = case.but(extras={})
    index = json.loads(case.ballots[n % len(case.ballots)][0])["roll_index"]
    return other.vote(index, "other", **changes)


@tampering("supersedes")
def a_second_ballot_that_supersedes_nothing(case: Case, n: int) -> Tampered:
    return changed_vote(case, n, supersedes=None).zip()


@tampering("supersedes")
def a_ballot_that_supersedes_that_of_another(case: Case, n: int) -> Tampered:
    foreign = digest(case.ballots[(n + 1) % len(case.ballots)][0])
    same = json.loads(case.ballots[n % len(case.ballots)][0])["member"]
    if json.loads(case.ballots[(n + 1) % len(case.ballots)][0])["member"] == same:
        foreign = f"{n:064x}"
    return changed_vote(case, n, supersedes=f"sha256:{foreign}").zip()


@tampering("change_forbidden")
def a_change_where_none_is_allowed(case: Case, n: int) -> Tampered:
    other = Case(json.loads(json.dumps(case.definition)), certificates=case.certificates)
    other.definition["rule_set"]["parameters"]["vote_change_allowed"] = False
    index = n % len(case.definition["roll"]) + 1
    return other.vote(index, "agree").vote(index, "disagree").zip()


# -- acts


def tied(case: Case, head: str = "agree") -> Case:
    """A vote of the same people that ends in a tie, with the head on one side."""
    other = Case(json.loads(json.dumps(case.definition)), certificates=case.certificates)
    other.definition["rule_set"]["parameters"].update(tie="head", majority_numerator=1, majority_denominator=2)
    against = "disagree" if head == "agree" else "agree"
    other.vote(1, head).vote(2, against)
    return other


@tampering("signature_wrong")
def a_confirmation_that_was_edited(case: Case, n: int) -> Tampered:
    other = tied(case).act("tie_confirmation")
    kind, data, cms = other.acts[0]
    other.acts = [(kind, edited(data, post=f"Phó Thủ tướng {n}"), cms)]
    return other.zip()


@tampering("act_poll")
def a_confirmation_of_another_poll(case: Case, n: int) -> Tampered:
    return tied(case).act("tie_confirmation", poll_id=900 + n).zip()


@tampering("act_choice")
def a_confirmation_of_the_other_side(case: Case, n: int) -> Tampered:
    sides = ("agree", "disagree")
    return tied(case, sides[n % 2]).act("tie_confirmation", choice=sides[1 - n % 2], reason="x" * n).zip()


@tampering("act_person")
def a_confirmation_of_somebody_else(case: Case, n: int) -> Tampered:
    return tied(case).act("tie_confirmation", by=2 + n % (len(case.definition["roll"]) - 1), choice="agree").zip()


@tampering("act_seen")
def a_confirmation_that_saw_another_log(case: Case, n: int) -> Tampered:
    return tied(case).act("tie_confirmation", seen={"size": 1 + n % 3, "root": f"{n:064x}"}).zip()


@tampering("result_outcome")
def a_confirmation_taken_out(case: Case, n: int) -> Tampered:
    side = ("agree", "disagree")[n % 2]
    files = tied(case, side).act("tie_confirmation").files()
    return packed({name: data for name, data in files.items() if not name.startswith("acts/")})


@tampering("act_result")
def a_confirmation_of_no_tie(case: Case, n: int) -> Tampered:
    other = tied(case).vote(3, ("agree", "disagree")[n % 2])
    return other.act("tie_confirmation", choice="agree").zip()


@tampering("result_missing")
def an_annulment_taken_out(case: Case, n: int) -> Tampered:
    files = case.but(annulled=True, extras={}).act("poll_annulment").files()
    return packed({name: data for name, data in files.items() if not name.startswith("acts/")})


@tampering("act_result")
def an_annulled_vote_with_a_result(case: Case, n: int) -> Tampered:
    return case.but(extras={}).act("poll_annulment").zip()


# -- what lies beside the ballots


def with_extra(case: Case, n: int, ending: str, content: bytes) -> bytes:
    name = f"{case.name(n % len(case.ballots) + 1)}.{ending}"
    return case.but(extras={**case.extras, name: content}).zip()


@tampering("time_stamp_wrong")
def the_time_stamp_of_another_ballot(case: Case, n: int) -> Tampered:
    return with_extra(case, n, "tsr", case.extras[f"{case.name((n + 1) % len(case.ballots) + 1)}.tsr"])


@tampering("time_stamp_wrong")
def a_broken_time_stamp(case: Case, n: int) -> Tampered:
    stamp = case.extras[f"{case.name(n % len(case.ballots) + 1)}.tsr"]
    return with_extra(case, n, "tsr", patched(stamp, len(stamp) - 5 - n, bytes([stamp[-5 - n] ^ 1])))


@tampering("time_stamp_wrong")
def a_time_stamp_of_nobody_known(case: Case, n: int) -> Tampered:
    others = case.but(certificates=[each for each in case.certificates if each != bundles.stamping().root])
    return others.zip()


@tampering("time_stamp_wrong")
def no_time_stamp_at_all(case: Case, n: int) -> Tampered:
    return with_extra(case, n, "tsr", (b"", b"0", b"\x30\x00", b"x" * 50)[n % 4])


@tampering("evidence_orphan")
def a_time_stamp_of_no_ballot(case: Case, n: int) -> Tampered:
    stamp = case.extras[f"{case.name(1)}.tsr"]
    return case.but(extras={**case.extras, f"ballots/{900 + n:04d}-M01.tsr": stamp}).zip()


@tampering("passkey_challenge")
def a_passkey_for_another_ballot(case: Case, n: int) -> Tampered:
    at = n % len(case.ballots) + 1
    return with_extra(case, n, "passkey.json", bundles.passkey(case, at, over=at % len(case.ballots) + 1))


@tampering("passkey_user")
def a_passkey_that_asked_nobody(case: Case, n: int) -> Tampered:
    return with_extra(case, n, "passkey.json", bundles.passkey(case, n % len(case.ballots) + 1, flags=(0, 1, 4)[n % 3]))


@tampering("passkey_signature")
def a_passkey_of_another_key(case: Case, n: int) -> Tampered:
    kept = json.loads(case.extras[f"{case.name(n % len(case.ballots) + 1)}.passkey.json"])
    signature = json.loads(bundles.passkey(case, n % len(case.ballots) + 1))["signature"]
    data = bytearray(bundles.tool.unbase64url(signature))
    data[-1 - n % 20] ^= 1
    return with_extra(case, n, "passkey.json", canonical({**kept, "signature": bundles.b64(bytes(data))}))


@tampering("shape", "passkey_form")
def a_passkey_of_another_form(case: Case, n: int) -> Tampered:
    kept = json.loads(case.extras[f"{case.name(n % len(case.ballots) + 1)}.passkey.json"])
    odd = ({"tag": "x"}, {"public_key": "AAAA"}, {"signature": "!"}, {"more": 1})[n % 4]
    return with_extra(case, n, "passkey.json", canonical({**kept, **odd}))


@tampering("passkey_missing")
def a_vote_that_demands_passkeys(case: Case, n: int) -> Tampered:
    version = max(case.definition["v"], 2)
    other = Case({**json.loads(json.dumps(case.definition)), "v": version, "evidence": "pin+passkey"})
    other.certificates = case.certificates
    return other.vote(n % len(case.definition["roll"]) + 1, "agree").zip()


@tampering("revoked")
def a_certificate_revoked_before(case: Case, n: int) -> Tampered:
    at = n % len(case.ballots)
    index = json.loads(case.ballots[at][0])["roll_index"]
    return with_extra(case, n, "crl", bundles.crl_with(index))


@tampering("revoked")
def an_answer_that_it_was_revoked_before(case: Case, n: int) -> Tampered:
    index = json.loads(case.ballots[n % len(case.ballots)][0])["roll_index"]
    return with_extra(case, n, "2.ocsp", bundles.ocsp(index, revoked=True))


@tampering("revocation_wrong")
def an_answer_about_another_certificate(case: Case, n: int) -> Tampered:
    index = json.loads(case.ballots[n % len(case.ballots)][0])["roll_index"]
    return with_extra(case, n, "2.ocsp", bundles.ocsp(index % len(case.definition["roll"]) + 1))


@tampering("revocation_wrong")
def a_broken_answer(case: Case, n: int) -> Tampered:
    answer = bundles.ocsp(json.loads(case.ballots[n % len(case.ballots)][0])["roll_index"])
    if n % 3 == 0:
        return with_extra(case, n, "2.ocsp", answer[: 20 + n])
    return with_extra(
        case, n, "2.ocsp", patched(answer, len(answer) // 2 + n, bytes([answer[len(answer) // 2 + n] ^ 1]))
    )


@tampering("revocation_wrong")
def the_revocations_of_another_authority(case: Case, n: int) -> Tampered:
    return with_extra(case, n, "crl", authority(f"Giả mạo {n % 3}").crl(OPENED))


@tampering("revocation_wrong")
def a_broken_list_of_revocations(case: Case, n: int) -> Tampered:
    crl = bundles.crl()
    return with_extra(case, n, "crl", patched(crl, len(crl) - 1 - n, bytes([crl[-1 - n] ^ 1])))


# -- the result


def with_result(case: Case, change: Callable[[dict[str, Any]], Any], name: str = "result.json") -> bytes:
    files = case.files()
    value = json.loads(files[name])
    change(value)
    return packed({**files, name: canonical(value)})


@tampering("result_counts")
def another_count(case: Case, n: int) -> Tampered:
    name = ("agree", "disagree", "other", "not_voting")[n % 4]
    return with_result(case, lambda result: result.update({name: result[name] + 1 + n}))


@tampering("result_outcome")
def another_outcome(case: Case, n: int) -> Tampered:
    others = ("adopted", "not_adopted", "tie_confirm", "undecided")
    return with_result(case, lambda result: result.update(
        outcome=[each for each in others if each != result["outcome"]][n % 3]))  # fmt: skip


@tampering("result_vote")
def another_vote_in_the_result(case: Case, n: int) -> Tampered:
    def change(result: dict[str, Any]) -> None:
        vote = result["votes"][n % len(result["votes"])]
        vote["choice"] = "agree" if vote["choice"] != "agree" else "disagree"

    return with_result(case, change)


@tampering("result_vote")
def a_vote_left_out_of_the_result(case: Case, n: int) -> Tampered:
    return with_result(case, lambda result: result["votes"].pop(n % len(result["votes"])))


@tampering("result_field")
def another_sentence(case: Case, n: int) -> Tampered:
    return with_result(case, lambda result: result.update(sentence=result["sentence"] + "." * (n + 1)))


@tampering("result_field")
def another_fact_of_the_result(case: Case, n: int) -> Tampered:
    names = ("threshold", "members", "in_room", "closed_at", "percent_of_all", "question", "opened_by", "software")
    return with_result(case, lambda result: result.update({names[n % len(names)]: "x"}))


@tampering("computation")
def another_step_of_the_computation(case: Case, n: int) -> Tampered:
    changes = ({"outcome": "x"}, {"counts": {}}, {"standing": []}, {"majority": {}}, {"tie": {}}, {"quorum": {}})
    return with_result(case, lambda steps: steps.update(changes[n % len(changes)]), "computation.json")


@tampering("tally_pdf")
def no_tally_record(case: Case, n: int) -> Tampered:
    return case.but(extras={**case.extras, "tally.pdf": b"MZ" + bytes(n)}).zip()


# -- the log of the installation


def with_file(case: Case, name: str, content: bytes) -> bytes:
    return case.but(extras={**case.extras, name: content}).zip()


@tampering("checkpoint_signature")
def a_checkpoint_of_another_size(case: Case, n: int) -> Tampered:
    note = case.extras["checkpoint.txt"].replace(b"\n11\n", b"\n%d\n" % (12 + n), 1)
    return with_file(case, "checkpoint.txt", note)


@tampering("checkpoint_signature")
def a_checkpoint_signed_by_nobody(case: Case, n: int) -> Tampered:
    text, _gap, lines = case.extras["checkpoint.txt"].partition(b"\n\n")
    return with_file(case, "checkpoint.txt", text + b"\n\n" + lines.split(b"\n")[1] + b"\n")


@tampering("checkpoint_key")
def a_checkpoint_of_another_log(case: Case, n: int) -> Tampered:
    key = bundles.vkey("other.example.vn/log", 1, bundles.note_keys()[1])
    return case.zip(), {"log_key": key}


@tampering("checkpoint_form")
def no_checkpoint_at_all(case: Case, n: int) -> Tampered:
    return with_file(case, "checkpoint.txt", (b"x", b"a\n\nb\n", b"a\nb\nc\n\n- x y\n", b"\n\n\n")[n % 4])


@tampering("checkpoint_form")
def a_key_of_the_log_with_another_id(case: Case, n: int) -> Tampered:
    keys = json.loads(case.extras["keys.json"])
    name, _hashed, raw = keys["log"].split("+", 2)
    return with_file(case, "keys.json", canonical({**keys, "log": f"{name}+{n:08x}+{raw}"}))


@tampering("checkpoint_witness")
def a_witness_that_signed_something_else(case: Case, n: int) -> Tampered:
    lines = case.extras["checkpoint.txt"].decode().split("\n")
    name, raw = lines[-2].rsplit(" ", 1)
    data = bytearray(bundles.base64.b64decode(raw))
    data[5 + n % 60] ^= 1
    lines[-2] = f"{name} {bundles.base64.b64encode(bytes(data)).decode()}"
    return with_file(case, "checkpoint.txt", "\n".join(lines).encode())


@tampering("inclusion_wrong")
def another_way_up_the_tree(case: Case, n: int) -> Tampered:
    found = json.loads(case.extras["inclusion.json"])
    changes = ({"index": 6}, {"size": 12}, {"proof": found["proof"][:-1]}, {"proof": [*found["proof"], "0" * 64]})
    return with_file(case, "inclusion.json", canonical({**found, **changes[n % 4]}))


@tampering("inclusion_leaf")
def the_place_of_another_vote(case: Case, n: int) -> Tampered:
    proofs = bundles.log_proofs(case, subject=case.definition["poll_id"] + 1 + n)
    return case.but(extras={**case.extras, **proofs}).zip()


@tampering("file_needed")
def a_checkpoint_without_its_keys(case: Case, n: int) -> Tampered:
    gone = ("keys.json", "checkpoint.txt")[n % 2]
    return case.but(extras={name: data for name, data in case.extras.items() if name != gone}).zip()


# -- where keys are kept


def kept(case: Case) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(bundles.key_places(case))["keys"]
    return found


@tampering("key_place", "shape")
def another_place_than_the_ballots_sign(case: Case, n: int) -> Tampered:
    """An older definition says nothing of it: there a place that does not exist."""
    at = n % len(case.definition["roll"]) + 1
    known = ("software", "pkcs11", "csc", "software")
    other = known[known.index(bundles.place_of(at)) + 1] if case.definition["v"] > 2 else "somewhere"
    return with_file(case, "key-places.json", bundles.key_places(case, **{f"M{at:02d}": other}))


@tampering("ballot_poll_hash")
def another_place_in_the_definition(case: Case, n: int) -> Tampered:
    def change(poll: dict[str, Any]) -> None:
        entry = poll["roll"][n % len(poll["roll"])]
        entry["key_place" if poll["v"] > 2 else "post"] = "csc" if entry.get("key_place") != "csc" else "software"

    return with_definition(case, change)


@tampering("shape")
def a_key_that_is_kept_nowhere(case: Case, n: int) -> Tampered:
    other = case.but()
    entry = other.definition["roll"][n % len(case.definition["roll"])]
    entry["key_place"] = None if case.definition["v"] > 2 else "software"
    return other.zip()


@tampering("key_unlisted")
def a_key_left_out(case: Case, n: int) -> Tampered:
    keys = kept(case)
    del keys[n % len(keys)]
    return with_file(case, "key-places.json", bundles.kept_places(keys))


@tampering("key_twice")
def a_key_in_two_places(case: Case, n: int) -> Tampered:
    keys = kept(case)
    again = keys[n % len(keys)]
    return with_file(case, "key-places.json", bundles.kept_places([*keys, {**again, "place": "csc"}]))


@tampering("key_nobody")
def a_key_of_nobody(case: Case, n: int) -> Tampered:
    more = {"certificate_sha256": f"{n:064x}", "place": "pkcs11"}
    return with_file(case, "key-places.json", bundles.kept_places([*kept(case), more]))


# -- a newer bundle that does not extend the older one


@tampering("older_missing")
def a_file_of_the_older_bundle_is_gone(case: Case, n: int) -> Tampered:
    names = sorted(name for name in case.extras if name.startswith("ballots/"))
    gone = names[n % len(names)]
    fewer = case.but(extras={name: data for name, data in case.extras.items() if name != gone})
    return fewer.zip(), {"older": case.zip()}


@tampering("older_changed")
def a_file_of_the_older_bundle_is_another(case: Case, n: int) -> Tampered:
    at = n % len(case.ballots) + 1
    other = case.but(extras={**case.extras, f"{case.name(at)}.passkey.json": bundles.passkey(case, at)})
    return other.zip(), {"older": case.zip()}


@tampering("older_changed")
def a_key_moved_since_the_older_bundle(case: Case, n: int) -> Tampered:
    """No older definition forbids it, and of a newer one the roll does: here the older bundle is what tells."""
    keys = kept(case)
    known = ("software", "pkcs11", "csc", "software")
    moved = keys[n % len(keys)]
    moved["place"] = known[known.index(moved["place"]) + 1]
    older = case.but(extras={**case.extras, "key-places.json": bundles.kept_places(keys)})
    return case.zip(), {"older": older.zip()}


@tampering("older_log")
def the_log_of_the_older_bundle_went_elsewhere(case: Case, n: int) -> Tampered:
    older = case.but(extras={})
    index = n % len(case.definition["roll"]) + 1
    newer = Case(case.definition, certificates=case.certificates).vote(index, "other", remark=f"{n}")
    return newer.zip(), {"older": older.zip()}


@tampering("older_poll")
def an_older_bundle_of_another_vote(case: Case, n: int) -> Tampered:
    return case.zip(), {"older": bundles.honest(500 + n).zip()}


@tampering("older_invalid")
def an_older_bundle_that_is_broken(case: Case, n: int) -> Tampered:
    return case.zip(), {"older": case.zip()[: -1 - n]}
