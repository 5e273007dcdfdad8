#!/usr/bin/env python3
"""Verify an evidence bundle of e-Cabinet on any machine: Python 3.9 or later and the command openssl are enough.

A bundle is that of a vote, of an opinion slip, or of a Resolution.

    python3 verify_evidence.py FILE.zip [--language en] [--json] [--older OLD.zip] [--authority CA.cer]
                                        [--root HEX] [--log-key VKEY]

It reads nothing but the files it is given, and asks nobody. Nothing of the program that made the bundle is used: log,
count and result are computed here again, and openssl alone judges signatures. Exit status: 0 if everything holds, 1 if
something is wrong (each line says what and where), 2 if it cannot judge (no file, no zip, no openssl, a newer format).

What it cannot know by itself: whether the certificate authority inside is the right one (compare its SHA-256, or give
it with --authority), and whether somebody who holds the server left out the last ballots before the bundle was made
(compare the root with the tally record or a receipt: --root, or with an earlier bundle: --older).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import calendar
import hashlib
import json
import mmap
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
import zlib
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

VALID, INVALID, UNKNOWN = 0, 1, 2
MOST_FILES, MOST_BYTES, LARGEST_INTEGER = 20_000, 512 * 1024 * 1024, 2**53 - 1
MOST_PROBLEMS, CLOCKS_DIFFER = 200, 10  # how many are told; seconds by which the clocks of two servers may differ
TOOLS_WAIT = 60  # seconds for one run of openssl
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
HEX, TAGGED, MEMBER = r"[0-9a-f]{64}", r"sha256:[0-9a-f]{64}", r"M[0-9]{2,4}"
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
INVISIBLE = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]")
CHOICES = ("agree", "disagree", "other")
MADE_ANEW = (
    "manifest.json",
    "HOW-TO-VERIFY.md",
    "tally.pdf",
)  # follow from the rest, so a newer program may set them otherwise
POLL_BUNDLE, RESOLUTION_BUNDLE = "vn.ecabinet.evidence.v1", "vn.ecabinet.resolution-evidence.v1"
SLIP_BUNDLE = "vn.ecabinet.slip-evidence.v1"

# -- words: code → (Vietnamese, English)

STEPS = {
    "archive": ("Tệp nén: tên, kích thước, không có gì thừa", "The archive: names, sizes, nothing odd"),
    "manifest": ("Danh mục tệp và mã băm của từng tệp", "The list of files and the hash of each"),
    "poll": ("Nội dung biểu quyết, danh sách thành viên, quy tắc", "Question, roll and rules of the vote"),
    "certificates": ("Chứng thư của từng thành viên trong danh sách", "The certificate of each member of the roll"),
    "log": ("Nhật ký biểu quyết (cây băm RFC 9162)", "The log of the vote (tree of RFC 9162)"),
    "ballots": ("Nội dung từng phiếu", "What each ballot says"),
    "signatures": ("Chữ ký số trên từng phiếu", "The signature of each ballot"),
    "acts": ("Văn bản xác nhận hoặc hủy biểu quyết", "Acts that confirm or annul the vote"),
    "time_stamps": ("Dấu thời gian của tổ chức độc lập", "Time stamps of a third party"),
    "passkeys": ("Xác nhận bằng khóa truy cập của thiết bị", "Confirmations with a passkey of the device"),
    "revocations": ("Trả lời về thu hồi chứng thư", "Answers about revocation"),
    "result": ("Kết quả, tính lại từ các phiếu", "The result, computed from the ballots again"),
    "keys": ("Hình thức lưu giữ khóa ký (hệ thống khai)", "Where the signing keys are kept, as the system says"),
    "documents": ("Tệp khác: bước tính, biên bản, Nghị quyết", "Other files: computation, record, Resolution"),
    "checkpoint": ("Điểm kiểm tra của nhật ký hệ thống", "The checkpoint of the installation's log"),
    "resolution": ("Nghị quyết: văn bản, chữ ký, con dấu", "The Resolution: text, signature, seal"),
    "basis": ("Phiếu lấy ý kiến làm căn cứ của Nghị quyết", "The opinion slip on which the Resolution stands"),
    "long_term": ("Bản lưu trữ dài hạn của Nghị quyết", "Long-term forms of the Resolution"),
    "slip": ("Nội dung phiếu lấy ý kiến, danh sách thành viên, quy tắc", "Questions, roll and rules of the slip"),
    "slip_log": ("Nhật ký phiếu lấy ý kiến (cây băm RFC 9162)", "The log of the slip (tree of RFC 9162)"),
    "answers": ("Nội dung từng ý kiến trả lời", "What each answer says"),
    "answer_signatures": ("Chữ ký số trên từng ý kiến trả lời", "The signature of each answer"),
    "records": ("Mặc nhiên đồng ý và gia hạn do hệ thống ghi", "Silence and extensions, as the system noted them"),
    "slip_result": ("Kết quả, tính lại từ các ý kiến", "The result, computed from the answers again"),
    "older": ("So với gói chứng cứ cũ hơn", "Compared with the older bundle"),
}
WHERE = {
    "ballot": ("phiếu số {n} ({member})", "ballot {n} ({member})"),
    "answer": ("ý kiến số {n} ({member})", "answer {n} ({member})"),
    "entry": ("mục {n} của nhật ký", "entry {n} of the log"),
    "roll": ("danh sách thành viên, {member}", "roll, {member}"),
    "act": ("văn bản {name}", "act {name}"),
    "file": ("tệp {name}", "file {name}"),
    "field": ("{name}", "{name}"),
    "whole": ("toàn bộ gói", "the bundle as a whole"),
}
SAID = {
    "no_file": ("Không đọc được tệp: {why}", "The file cannot be read: {why}"),
    "not_zip": ("Đây không phải là tệp ZIP", "This is not a zip archive"),
    "no_openssl": ("Máy này không có lệnh openssl", "This machine has no command openssl"),
    "newer_format": (
        "Gói theo định dạng mới hơn ({found}); cần công cụ mới hơn",
        "The bundle has a newer format ({found}); a newer tool is needed",
    ),
    "no_authority": (
        "Không đọc được chứng thư của tổ chức chứng thực: {why}",
        "The authority's certificate cannot be read: {why}",
    ),
    "archive_truncated": (
        "tệp nén bị cắt cụt hoặc có phần thừa ở cuối",
        "the archive is cut short or has something behind its end",
    ),
    "archive_large": ("tệp nén quá lớn hoặc có quá nhiều tệp", "the archive is too large or holds too many files"),
    "archive_bomb": ("khai nhiều dữ liệu hơn thực có", "claims more bytes than there are"),
    "archive_duplicate": ("tên xuất hiện hai lần", "the name occurs twice"),
    "archive_name": ("tên tệp không được phép", "the name is not allowed"),
    "archive_compressed": (
        "tệp bị nén hoặc mã hóa; chỉ chấp nhận tệp lưu nguyên",
        "compressed or encrypted; only stored files are accepted",
    ),
    "archive_symlink": ("không phải là tệp thường (liên kết hoặc thư mục)", "not a plain file (a link or a folder)"),
    "archive_order": ("các tệp không xếp theo thứ tự tên", "the files are not in the order of their names"),
    "archive_layout": ("có dữ liệu thừa hoặc tiêu đề khác quy cách", "has odd bytes or headers of another kind"),
    "archive_crc": ("dữ liệu sai mã kiểm CRC-32", "the data have another CRC-32"),
    "json_text": ("không phải là văn bản UTF-8", "is not UTF-8 text"),
    "json_broken": ("không phải là JSON", "is not JSON"),
    "json_duplicate": ("một khóa xuất hiện hai lần: {key}", "a key occurs twice: {key}"),
    "json_float": ("có số không nguyên: {number}", "holds a number that is not whole: {number}"),
    "json_huge": ("có số nguyên quá lớn: {number}", "holds an integer that is too large: {number}"),
    "json_nfd": ("có chữ không ở dạng Unicode NFC", "holds text that is not in Unicode form NFC"),
    "json_invisible": ("có ký tự điều khiển vô hình", "holds an invisible control character"),
    "json_canonical": ("không ở dạng chuẩn RFC 8785", "is not in the canonical form of RFC 8785"),
    "json_deep": ("lồng quá sâu", "is nested too deeply"),
    "shape": ("trường {field} thiếu, thừa hoặc sai kiểu", "the field {field} is missing, unknown or of another kind"),
    "manifest_missing": ("gói không có manifest.json", "the bundle has no manifest.json"),
    "file_missing": ("có trong danh mục nhưng không có trong gói", "is listed and not in the bundle"),
    "file_extra": ("có trong gói nhưng không có trong danh mục", "is in the bundle and not listed"),
    "file_changed": ("khác kích thước hoặc mã băm ghi trong danh mục", "has another size or hash than the list says"),
    "file_unknown": ("không thuộc gói chứng cứ", "does not belong into an evidence bundle"),
    "file_needed": ("thiếu tệp bắt buộc", "a required file is missing"),
    "poll_hash": ("mã băm của nội dung biểu quyết không khớp", "the hash of the poll definition does not agree"),
    "roll_order": ("số thứ tự hoặc mã thành viên sai", "index or code of the entry is wrong"),
    "roll_heads": ("danh sách có nhiều hơn một người đứng đầu", "the roll has more than one head"),
    "roll_certificate_twice": ("hai thành viên có chung một chứng thư", "two members share one certificate"),
    "quorum_numbers": (
        "số liệu về đủ số thành viên dự họp không đúng quy tắc",
        "the quorum does not follow from its parts",
    ),
    "quorum_missed": ("không đủ số thành viên dự họp để mở biểu quyết", "there was no quorum to open the vote"),
    "rule_impossible": ("tham số của quy tắc không thể có", "the parameters of the rules are impossible"),
    "certificate_missing": ("thiếu chứng thư đã ghim {sha256}", "the pinned certificate {sha256} is missing"),
    "certificate_changed": (
        "nội dung chứng thư khác mã băm trong tên tệp",
        "the certificate has another hash than its name says",
    ),
    "certificate_unreadable": ("không phải là chứng thư X.509", "is not an X.509 certificate"),
    "authority_missing": ("không có chứng thư của tổ chức chứng thực nào", "there is no certificate of an authority"),
    "authority_other": (
        "chứng thư của tổ chức chứng thực đã cho không có trong gói",
        "the given authority is not the one of the bundle",
    ),
    "log_hash": ("mã băm của mục không khớp nội dung", "the hash of the entry does not follow from its content"),
    "log_root": ("gốc của cây băm không khớp các mục", "the root of the tree does not follow from the entries"),
    "log_size": ("số mục không khớp", "the number of entries does not agree"),
    "log_sequence": ("mục sai thứ tự, thiếu mục mở hoặc mục đóng", "out of sequence, or opening or closing is missing"),
    "log_times": ("thời gian chạy ngược", "time runs backwards"),
    "log_opening": (
        "mục mở không ghi đúng nội dung biểu quyết",
        "the opening entry is about another definition or time",
    ),
    "log_closing": ("mục đóng ghi sai số phiếu", "the closing entry counts other ballots"),
    "log_ballot_missing": (
        "nhật ký ghi một phiếu không có trong gói",
        "the log names a ballot that is not in the bundle",
    ),
    "log_ballot_extra": ("phiếu không có trong nhật ký", "the ballot is not in the log"),
    "log_statement": ("nội dung phiếu khác mã băm trong nhật ký", "the ballot has another hash than the log says"),
    "log_cms": ("chữ ký của phiếu khác mã băm trong nhật ký", "the signature has another hash than the log says"),
    "log_member": ("nhật ký ghi phiếu này cho thành viên khác", "the log has this ballot under another member"),
    "root_other": ("gốc của cây băm khác gốc đã biết {known}", "the root of the tree is not the known one, {known}"),
    "ballot_name": (
        "tên tệp không khớp thành viên hoặc thứ tự của phiếu",
        "the name of the file is not that of this ballot",
    ),
    "ballot_poll": ("phiếu của cuộc biểu quyết khác", "the ballot belongs to another poll"),
    "ballot_poll_hash": (
        "phiếu ghi mã băm của nội dung biểu quyết khác",
        "the ballot names the hash of another definition",
    ),
    "ballot_member": ("người bỏ phiếu không có trong danh sách", "nobody on the roll cast this ballot"),
    "ballot_roll_index": ("số thứ tự không khớp mã thành viên", "roll index and member do not agree"),
    "ballot_no_certificate": (
        "thành viên này không có chứng thư trong danh sách",
        "this member has no certificate in the roll",
    ),
    "ballot_reservation": ("tán thành thì không có ý kiến bảo lưu", "who agrees has nothing to reserve"),
    "ballot_nonce": ("số ngẫu nhiên (nonce) trùng với phiếu số {other}", "the nonce is that of ballot {other}"),
    "ballot_seen_size": (
        "điểm nhật ký đã thấy nằm ngoài khoảng cho phép",
        "the checkpoint that was seen lies outside the log so far",
    ),
    "ballot_seen_root": (
        "điểm nhật ký đã thấy không phải phần đầu của nhật ký này",
        "the checkpoint that was seen is no prefix of this log",
    ),
    "ballot_early": ("bỏ phiếu trước khi mở biểu quyết", "cast before the vote was opened"),
    "ballot_late": ("bỏ phiếu sau khi đóng biểu quyết", "cast after the vote was closed"),
    "supersedes": (
        "phiếu thay thế không trỏ đúng phiếu đang có hiệu lực trước đó",
        "it supersedes another ballot than the standing one",
    ),
    "change_forbidden": ("quy tắc không cho thay đổi phiếu", "the rules allow no change of vote"),
    "signature_missing": ("thiếu tệp chữ ký", "the signature is missing"),
    "cms_form": ("chữ ký không đúng quy cách CMS", "the signature is not a CMS of the right form"),
    "cms_signers": ("chữ ký không có đúng một người ký", "the signature does not have exactly one signer"),
    "cms_weak": ("chữ ký dùng hàm băm yếu", "the signature uses a weak hash"),
    "signature_other": (
        "người ký không phải là chủ chứng thư đã ghim",
        "signed by another certificate than the pinned one",
    ),
    "signature_chain": ("chứng thư người ký không được chấp nhận: {why}", "the signer's certificate is refused: {why}"),
    "signature_wrong": ("chữ ký không khớp nội dung", "the signature does not fit the content"),
    "act_result": ("văn bản không phù hợp với kết quả", "the act and the result do not go together"),
    "act_choice": (
        "lựa chọn được xác nhận khác phiếu của người đứng đầu",
        "the choice is not that of the head's ballot",
    ),
    "act_person": (
        "người ký không phải là người đứng đầu trong danh sách",
        "the act is not that of the head of the roll",
    ),
    "act_poll": ("văn bản của cuộc biểu quyết khác", "the act is about another poll"),
    "act_seen": (
        "điểm nhật ký đã thấy không phải phần đầu của nhật ký này",
        "the checkpoint that was seen is no prefix of this log",
    ),
    "evidence_orphan": ("không thuộc phiếu nào", "belongs to no ballot"),
    "time_stamp_wrong": (
        "dấu thời gian không khớp chữ ký của phiếu: {why}",
        "the time stamp does not fit the signature: {why}",
    ),
    "long_term_begins": (
        "bản lưu trữ dài hạn không bắt đầu bằng nguyên văn tệp trước nó",
        "the long-term form does not begin with the file before it",
    ),
    "long_term_stamp": (
        "dấu thời gian của văn bản không khớp hoặc không bao trùm toàn bộ tệp: {why}",
        "a time stamp of the document does not fit or does not cover the file: {why}",
    ),
    "time_stamp_time": ("dấu thời gian ghi giờ trước khi bỏ phiếu", "the time stamp is earlier than the ballot"),
    "passkey_missing": (
        "thiếu xác nhận bằng khóa truy cập mà cuộc biểu quyết đòi hỏi",
        "the vote demands a passkey and there is none",
    ),
    "passkey_form": ("xác nhận bằng khóa truy cập không đúng quy cách", "the passkey's confirmation has another form"),
    "passkey_challenge": ("khóa truy cập xác nhận nội dung khác", "the passkey confirmed something else"),
    "passkey_user": ("khóa truy cập không xác minh người dùng", "the passkey did not verify its user"),
    "passkey_signature": ("chữ ký của khóa truy cập không đúng", "the signature of the passkey is wrong"),
    "revocation_wrong": ("trả lời về thu hồi không đúng: {why}", "the answer about revocation is wrong: {why}"),
    "revoked": ("chứng thư đã bị thu hồi khi ký", "the certificate was revoked when it signed"),
    "key_place": (
        "hình thức lưu giữ khóa khác với điều ghi trong danh sách mà các phiếu đã ký",
        "the place of the key is not the one in the roll that the ballots sign",
    ),
    "key_unlisted": (
        "thiếu hình thức lưu giữ khóa của chứng thư {sha256}",
        "the place of the key of the certificate {sha256} is missing",
    ),
    "key_twice": ("một chứng thư xuất hiện hai lần", "one certificate stands in it twice"),
    "key_nobody": (
        "ghi hình thức lưu giữ khóa của chứng thư không có trong gói",
        "names the key of a certificate that is not in the bundle",
    ),
    "result_missing": ("thiếu result.json", "there is no result.json"),
    "result_counts": (
        "số phiếu là {computed}, gói ghi {stated}",
        "the ballots say {computed}, the bundle says {stated}",
    ),
    "result_outcome": (
        "kết quả tính lại là {computed}, gói ghi {stated}",
        "the outcome is {computed}, the bundle says {stated}",
    ),
    "result_vote": (
        "lựa chọn hoặc dữ kiện của thành viên không khớp phiếu",
        "what is said of this member is not what the ballot says",
    ),
    "result_field": (
        "không khớp với điều các phiếu và nội dung biểu quyết nói",
        "is not what ballots and definition say",
    ),
    "computation": ("bước tính không khớp: {field}", "a step of the computation is wrong: {field}"),
    "tally_pdf": ("biên bản kiểm phiếu không phải là tệp PDF", "the tally record is no PDF"),
    "guide_text": ("hướng dẫn không phải là văn bản UTF-8", "the guide is not UTF-8 text"),
    "resolution_hash": (
        "Nghị quyết hoặc văn bản khác mã băm đã ghi",
        "the Resolution or its text has another hash than is stated",
    ),
    "resolution_recall": ("văn bản thu hồi không thuộc Nghị quyết này", "the recall is of another Resolution"),
    "basis_inside": ("gói chứng cứ của phiếu: {why}", "the bundle of the slip: {why}"),
    "basis_other": (
        "gói chứng cứ bên trong không phải của phiếu đã ghi, hoặc phiếu chưa có kết quả",
        "the bundle inside is not that of the slip that is recorded, or the slip has no result",
    ),
    "basis_decision": (
        "quyết định ký không phù hợp với kết quả lấy ý kiến, với thời điểm đóng phiếu hoặc thời điểm ban hành",
        "the decision to sign does not go with the result, the close of the slip or the day of issue",
    ),
    "basis_text": (
        "văn bản đầu tiên của Nghị quyết không có các điều đã lấy ý kiến",
        "the first text of the Resolution has other articles than were asked about",
    ),
    "resolution_state": (
        "tình trạng đã ghi không phù hợp với văn bản thu hồi hoặc thời điểm hết hiệu lực",
        "the recorded state does not go with the recall or with the time at which it ended",
    ),
    "resolution_signature": (
        "chữ ký trong Nghị quyết không đúng: {why}",
        "a signature of the Resolution is wrong: {why}",
    ),
    "resolution_covered": (
        "chữ ký cuối cùng không phủ toàn bộ tệp",
        "the last signature does not cover the whole file",
    ),
    "resolution_signers": (
        "Nghị quyết không có đúng các chữ ký đã ghi",
        "the Resolution has other signatures than are recorded",
    ),
    "checkpoint_form": ("không đúng định dạng", "has another form"),
    "checkpoint_signature": (
        "chữ ký của nhật ký hệ thống không đúng",
        "the signature of the installation's log is wrong",
    ),
    "checkpoint_key": ("khóa của nhật ký khác khóa đã biết", "the key of the log is not the known one"),
    "checkpoint_witness": (
        "chữ ký của bên làm chứng {name} không đúng",
        "the signature of the witness {name} is wrong",
    ),
    "inclusion_wrong": (
        "cuộc biểu quyết không nằm trong nhật ký hệ thống",
        "the vote is not included in the installation's log",
    ),
    "inclusion_leaf": (
        "mục trong nhật ký hệ thống nói về cuộc biểu quyết khác",
        "the entry of the installation's log is about another vote",
    ),
    "older_invalid": ("gói cũ hơn tự nó không đúng", "the older bundle is not valid itself"),
    "older_poll": ("hai gói không cùng một cuộc biểu quyết", "the bundles are of different votes"),
    "older_missing": ("có trong gói cũ nhưng không còn trong gói mới", "is in the older bundle and not in this one"),
    "older_changed": ("khác với tệp cùng tên trong gói cũ", "is not the file of that name in the older bundle"),
    "older_record": (
        "điều đã ghi trong gói cũ bị ghi khác: {field}",
        "what the older bundle records is recorded otherwise: {field}",
    ),
    "older_log": ("nhật ký mới không nối tiếp nhật ký cũ", "the log does not extend the older one"),
    "slip_hash": ("mã băm của phiếu lấy ý kiến không khớp", "the hash of the slip does not agree"),
    "slip_round": (
        "vòng lấy ý kiến và mã băm của vòng trước không đi cùng nhau",
        "the round and the hash of the round before do not go together",
    ),
    "slip_questions": (
        "nội dung xin ý kiến đánh số sai, có phương án sai hoặc không có đúng một câu quyết định",
        "questions are misnumbered, have wrong options, or not exactly one of them decides",
    ),
    "slip_deadline": (
        "thời hạn trả lời trái với quy tắc của phiếu",
        "the deadline is not one that the rules of the slip allow",
    ),
    "slip_opening": ("mục phát hành không ghi đúng phiếu này", "the entry of the issue is about another slip or time"),
    "slip_late": ("được ghi khi thời hạn trả lời đã hết", "was entered after the deadline"),
    "slip_extension": (
        "gia hạn không bắt đầu từ thời hạn đang có hiệu lực hoặc không dời về sau",
        "the extension does not begin at the standing deadline, or does not move it on",
    ),
    "slip_end": (
        "mục kết thúc ghi sai số ý kiến, lý do hoặc thời điểm",
        "the last entry counts other answers, or has another reason or time than the rules allow",
    ),
    "slip_deemed": (
        "danh sách mặc nhiên đồng ý không theo quy tắc về im lặng của phiếu",
        "those who are deemed to agree do not follow from the rule of silence",
    ),
    "answer_slip": ("ý kiến về phiếu khác", "the answer is for another slip"),
    "answer_member": (
        "người trả lời không có trong danh sách, sai số thứ tự hoặc không có chứng thư",
        "the answer is of nobody on the roll, has another index, or no certificate",
    ),
    "answer_part": (
        "phần trả lời câu {question} không hợp với câu hỏi",
        "what is answered to question {question} does not fit the question",
    ),
    "answer_empty": ("ý kiến không nói gì", "the answer says nothing"),
    "answer_attachments": ("hai tệp đính kèm trùng tên hoặc trùng nội dung", "two attachments have one name or hash"),
    "slip_result_field": (
        "không khớp với điều các ý kiến và phiếu nói",
        "is not what answers and slip say",
    ),
    "unreadable": ("không đọc được: {why}", "cannot be read: {why}"),
}
OUTCOMES = {
    "adopted": ("thông qua", "adopted"), "not_adopted": ("không thông qua", "not adopted"),
    "tie_confirm": ("ngang phiếu, chờ xác nhận", "tie, to be confirmed"), "undecided": ("chưa có quyết định", "undecided"),
}  # fmt: skip
STATES = {
    "promulgated": ("đã ban hành", "promulgated"), "recalled": ("đã thu hồi", "recalled"),
    "replaced": ("đã được thay thế", "replaced"),
}  # fmt: skip
PLACES = {
    "software": ("khóa phía máy chủ", "server-held key"),
    "pkcs11": ("thiết bị ký (PKCS#11)", "signing device (PKCS#11)"),
    "csc": ("ký số từ xa", "remote signature"),
}
NOTES = {
    "files": ("{files} tệp, {bytes} byte", "{files:file|files}, {bytes:byte|bytes}"),
    "about": (
        "“{question}” — mở {opened}, {members} thành viên, quy tắc {rules} ({source})",
        "“{question}”, opened {opened}, {members:member|members}, rules {rules} ({source})",
    ),
    "software": ("chương trình đã dùng: {software}; dự thảo: {document}", "software: {software}; draft: {document}"),
    "authority": (
        "tổ chức chứng thực {subject}, SHA-256 {sha256}: hãy đối chiếu với nguồn tin cậy",
        "authority {subject}, SHA-256 {sha256}: compare it with a source you trust",
    ),
    "authority_given": (
        "tổ chức chứng thực là tổ chức đã cho, SHA-256 {sha256}",
        "the authority is the given one, SHA-256 {sha256}",
    ),
    "root": ("{size} mục, gốc {root}", "{size:entry|entries}, root {root}"),
    "root_known": ("gốc đúng là gốc đã biết", "the root is the known one"),
    "ballots": (
        "{ballots} phiếu, trong đó {superseded} phiếu đã được thay thế",
        "{ballots:ballot|ballots}, {superseded} of them superseded",
    ),
    "signed": ("{signatures} chữ ký đã kiểm bằng {openssl}", "{signatures:signature|signatures}, verified by {openssl}"),
    "none": ("không có trong gói này", "none in this bundle"),
    "number": ("{number} tệp đã kiểm", "{number:file|files} verified"),
    "counted": (
        "tán thành {agree}, không tán thành {disagree}, ý kiến khác {other}, không bỏ phiếu {not_voting} / {members}; cần {needed}: {outcome}",
        "agree {agree}, disagree {disagree}, other {other}, no ballot {not_voting} of {members}; {needed} needed: {outcome}",
    ),
    "annulled": ("biểu quyết đã bị hủy, không có kết quả", "the vote was annulled and has no result"),
    "checkpoint": (
        "{origin}, {size} mục, {witnesses} bên làm chứng",
        "{origin}, {size:entry|entries}, {witnesses:witness|witnesses}",
    ),
    "log_key": (
        "khóa của nhật ký lấy từ chính gói: {key}; hãy đối chiếu",
        "the log's key is taken from the bundle: {key}; compare it",
    ),
    "act": ("{type}, người ký: {person}", "{type}, signed by {person}"),
    "extends": (
        "gói mới chỉ thêm {added} tệp; {kept} tệp cũ giữ nguyên",
        "{added:file is|files are} added, {kept:is|are} the same",
    ),
    "places": ("{number} chứng thư: {place}", "{number:certificate|certificates}: {place}"),
    "places_signed": (
        "đã ghi trong danh sách trước khi bỏ phiếu và được từng phiếu ký kèm; chứng thư không chứng minh điều này",
        "fixed in the roll before the vote and signed with every ballot; no certificate proves it",
    ),
    "places_told": (
        "chỉ là lời khai của hệ thống khi lập gói, không được ký kèm; chứng thư không chứng minh điều này",
        "only what the system said when it made the bundle, signed by nobody; no certificate proves it",
    ),
    "ended": (
        "từ gói cũ đến nay: {before} → {after}, lúc {at}",
        "since the older bundle: {before} → {after}, at {at}",
    ),
    "withdrawn": (
        "{name} không còn trong gói vì Nghị quyết đã bị thu hồi; văn bản thu hồi có chữ ký nêu đúng mã băm của tệp cũ",
        "{name} is left out since the Resolution was recalled; the signed recall names the hash of the older file",
    ),
    "places_grown": (
        "{name} chỉ thêm khóa của người ký sau",
        "{name} only adds the keys of those who signed since",
    ),
    "made_anew": ("{name} được lập lại từ dữ liệu, khác bản cũ", "{name} was made anew from the data and differs"),
    "basis": (
        "Phiếu số {number}: {outcome}; {decided} quyết định ký lúc {at}",
        "Slip {number}: {outcome}; {decided} decided to sign at {at}",
    ),
    "basis_steps": (
        "Gói chứng cứ của phiếu: {steps} bước kiểm tra đều đúng",
        "The bundle of the slip: {steps:examination|examinations}, all of them right",
    ),
    "resolution": ("Nghị quyết {number}, {signatures} chữ ký", "Resolution {number}, {signatures:signature|signatures}"),
    "long_term": ("{forms} bản, {stamps} dấu thời gian của văn bản", "{forms:form|forms}, {stamps:document time stamp|document time stamps}"),
    "slip_about": (
        "Phiếu số {number}, vòng {round}: “{matter}” — phát hành {issued}, hạn {deadline}, {members} thành viên, "
        "quy tắc {rules} ({source})",
        "Slip {number}, round {round}: “{matter}”, issued {issued}, due {deadline}, {members:member|members}, rules {rules} ({source})",
    ),
    "silence_agrees": (
        "quy tắc: không trả lời đúng hạn thì mặc nhiên đồng ý",
        "by the rules, whoever does not answer in time is deemed to agree",
    ),
    "silence_nothing": (
        "quy tắc: không trả lời thì không tính là đồng ý",
        "by the rules, whoever does not answer counts for nothing",
    ),
    "answers": (
        "{answers} ý kiến, trong đó {superseded} ý kiến đã được thay thế",
        "{answers:answer|answers}, {superseded} of them superseded",
    ),
    "slip_deemed_note": (
        "{deemed} thành viên mặc nhiên đồng ý (bản ghi của hệ thống, không phải ý kiến của họ); {extensions} lần gia hạn",
        "{deemed:member is|members are} deemed to agree (a record of the system, no answer of theirs); "
        "{extensions:extension|extensions}",
    ),
    "slip_counted": (
        "đồng ý {agree}, không đồng ý {disagree}, ý kiến khác {other}, mặc nhiên {deemed}, chưa trả lời {missing} / "
        "{members}; tính là tán thành {counted_for}, cần {needed}: {outcome}",
        "agree {agree}, disagree {disagree}, other {other}, deemed {deemed}, missing {missing} of {members}; "
        "{counted_for:counts|count} for it, {needed} needed: {outcome}",
    ),
    "slip_no_consent": (
        "{answered}/{members} thành viên đã trả lời; không có nội dung xin ý kiến đồng ý, không đồng ý",
        "{answered} of {members:member|members} answered; nobody's consent was asked",
    ),
    "recalled": ("phiếu đã bị thu hồi, không có kết quả", "the slip was recalled and has no result"),
    "skipped": ("không kiểm được vì bước trước sai", "not examined, because of what is wrong above"),
}
ENDS = {
    VALID: ("KẾT LUẬN: ĐÚNG. Mọi phép kiểm đều đạt.", "VERDICT: VALID. Everything holds."),
    INVALID: ("KẾT LUẬN: SAI. Có {problems} điểm không đúng.", "VERDICT: NOT VALID. {problems:thing is|things are} wrong."),
    UNKNOWN: ("KẾT LUẬN: CHƯA KẾT LUẬN ĐƯỢC.", "VERDICT: CANNOT BE JUDGED."),
}


class Fact(str):
    """A fact that brings its word along when it is a number: "{files:file|files}" is "1 file" or "2 files"."""

    def __format__(self, words: str) -> str:
        one, _bar, many = words.partition("|")
        return "%s %s" % (self, one if self == "1" else many) if words else str(self)


def say_in(sentences: tuple, language: int, **facts: object) -> str:
    """The sentence of that language with its facts."""
    return sentences[language].format(**{name: Fact(fact) for name, fact in facts.items()})


class Wrong(Exception):
    """Something in the bundle is wrong: a code of SAID, a place of WHERE, and the facts of both sentences.

    A fact may be a (code, facts) of SAID itself, or another of its kind: why something else was refused.
    """

    def __init__(self, code: str, place: str = "whole", **facts: object) -> None:
        super().__init__(code)
        self.code, self.place, self.facts = code, place, facts

    def said(self, language: int) -> str:
        facts = {
            name: fact.said(language) if isinstance(fact, Wrong)
            else say_in(SAID[fact[0]], language, **fact[1]) if isinstance(fact, tuple) else fact
            for name, fact in self.facts.items()
        }
        return one_line(
            "%s: %s" % (say_in(WHERE[self.place], language, **facts), say_in(SAID[self.code], language, **facts))
        )


def one_line(text: str) -> str:
    """What a bundle says of itself, so that it cannot write lines of its own into the account, nor steer a terminal."""
    return INVISIBLE.sub("\ufffd", " ".join(text.split()))


class CannotJudge(Exception):
    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


class Account:
    """The numbered account: steps with notes, and what was found to be wrong."""

    def __init__(self) -> None:
        self.steps: list = []
        self.problems: list = []

    def step(self, code: str, examine, *needs):
        """Run one examination, which yields notes (a code of NOTES, facts) and problems; gives what it returns.

        None when a need is missing or it ended early. Whatever a hostile bundle makes it trip over is a problem.
        """
        notes: list = []
        self.steps.append((code, notes, len(self.problems)))
        if any(need is None for need in needs):
            notes.append(("skipped", {}))
            return None
        try:
            found = examine(*needs)
            while True:
                said = next(found)
                if isinstance(said, Wrong):
                    self.wrong(said)
                else:
                    notes.append(said)
        except StopIteration as done:
            return done.value
        except Wrong as wrong:
            self.wrong(wrong)
        except CannotJudge:
            raise
        except Exception as error:  # the verdict on bytes that break a parser is that they are wrong
            self.wrong(Wrong("unreadable", why="%s: %s" % (type(error).__name__, str(error)[:200])))
        return None

    def wrong(self, problem: Wrong) -> None:
        self.problems.append((self.steps[-1][0], problem))

    def lines(self, language: int):
        for number, (code, notes, _before) in enumerate(self.steps, start=1):
            problems = [problem for step, problem in self.problems if step == code]
            skipped = any(note == "skipped" for note, _facts in notes)
            yield "%2d. [%s] %s" % (
                number,
                "--"
                if skipped and not problems
                else "SAI"
                if problems and language == 0
                else "WRONG"
                if problems
                else "OK",
                STEPS[code][language],
            )
            for note, facts in notes:
                yield "        " + one_line(say_in(NOTES[note], language, **worded(facts, language)))
            for problem in problems[:MOST_PROBLEMS]:
                yield "      ✗ " + problem.said(language)

    def as_json(self, language: int) -> dict:
        return {
            "state": "invalid" if self.problems else "valid",
            "steps": [{"number": number, "code": code, "title": STEPS[code][language],
                       "holds": not any(step == code for step, _problem in self.problems),
                       "notes": [one_line(say_in(NOTES[note], language, **worded(facts, language)))
                                 for note, facts in notes]}
                      for number, (code, notes, _before) in enumerate(self.steps, start=1)],
            "problems": [{"step": step, "code": problem.code, "said": problem.said(language)}
                         for step, problem in self.problems[:MOST_PROBLEMS]],
        }  # fmt: skip


def worded(facts: dict, language: int) -> dict:
    tables = {"outcome": OUTCOMES, "place": PLACES, "before": STATES, "after": STATES}
    return {name: tables[name][value][language] if name in tables else value for name, value in facts.items()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- 1. the archive: exactly the bytes that follow from its files

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_SIZE, CENTRAL_SIZE, PLAIN_FILE, DATE_1980 = 22, 46, 0o100644 << 16, 0x21


def load(path: str):
    """The bytes of the file, in memory as far as they are looked at, and never more than a bundle may have."""
    try:
        with open(path, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            if size and os.path.isfile(path):
                data = mmap.mmap(source.fileno(), min(size, MOST_BYTES + 1), access=mmap.ACCESS_READ)
            else:
                data = source.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CannotJudge("no_file", why=getattr(error, "strerror", None) or str(error)) from error
    if data[:4] != LOCAL and data[-END_SIZE:][:4] != END and END not in data[-70_000:]:
        raise CannotJudge("not_zip")
    return data


def read_archive(data: bytes):
    """Names and contents. The archive must be stored, sorted, dated 1980 and without one byte to spare."""
    if len(data) > MOST_BYTES:
        raise Wrong("archive_large")
    tail = data[-END_SIZE:]
    if len(tail) < END_SIZE or tail[:4] != END:
        raise Wrong("archive_truncated")
    disk, start_disk, here, entries, size, offset, comment = struct.unpack("<4H2LH", tail[4:])
    if entries > MOST_FILES or 0xFFFF in (here, entries):
        raise Wrong("archive_large")
    if disk or start_disk or here != entries or comment or offset + size != len(data) - END_SIZE:
        raise Wrong("archive_truncated")
    listed = []
    at = offset
    for _ in range(entries):
        entry, at = central_entry(data, at)
        listed.append(entry)
    if at != offset + size:
        raise Wrong("archive_layout")
    names = [entry[0] for entry in listed]
    once = set()
    for name in names:
        if name in once:
            raise Wrong("archive_duplicate", "file", name=name)
        once.add(name)
    for entry in listed:
        yield from check_entry(entry)
    if sum(entry[6] for entry in listed) > offset:
        raise Wrong("archive_bomb")
    if names != sorted(names):
        yield Wrong("archive_order")
    files, at = {}, 0
    for entry in listed:
        files[entry[0]], at = stored(data, entry, at)
    if at != offset:
        raise Wrong("archive_layout")
    yield "files", {"files": len(files), "bytes": len(data)}
    return files


def central_entry(data: bytes, at: int):
    if data[at : at + 4] != CENTRAL or at + CENTRAL_SIZE > len(data):
        raise Wrong("archive_truncated")
    fields = struct.unpack("<6H3L5H2L", data[at + 4 : at + CENTRAL_SIZE])
    made, needed, flags, method, clock, date, crc, packed, size, name, extra, comment, disk, inner, outer, offset = (
        fields
    )
    raw = data[at + CENTRAL_SIZE : at + CENTRAL_SIZE + name]
    text = raw.decode("ascii", "backslashreplace")
    odd = (made, needed, clock, date, extra, comment, disk, inner) != (0x0314, 20, 0, DATE_1980, 0, 0, 0, 0)
    return (text, flags, method, outer, crc, packed, size, offset, odd), at + CENTRAL_SIZE + name + extra + comment


def check_entry(entry):
    name, flags, method, outer, _crc, packed, size, _offset, odd = entry
    if not NAME.fullmatch(name):
        yield Wrong("archive_name", "file", name=name)
    if method or flags:
        raise Wrong("archive_compressed", "file", name=name)
    if packed != size:
        raise Wrong("archive_bomb", "file", name=name)
    if outer != PLAIN_FILE:
        yield Wrong("archive_symlink", "file", name=name)
    if odd:
        yield Wrong("archive_layout", "file", name=name)


def stored(data: bytes, entry, at: int):
    """The content of the next file, which must lie where its turn is, behind the header that belongs to it."""
    name, _flags, _method, _outer, crc, packed, size, offset, _odd = entry
    raw = name.encode("ascii")
    header = LOCAL + struct.pack("<5H3L2H", 20, 0, 0, 0, DATE_1980, crc, packed, size, len(raw), 0) + raw
    end = at + len(header) + size
    if offset != at or data[at : at + len(header)] != header or end > len(data):
        raise Wrong("archive_layout", "file", name=name)
    content = data[at + len(header) : end]
    if zlib.crc32(content) != crc:
        raise Wrong("archive_crc", "file", name=name)
    return content, end


# -- strict JSON: one spelling only


def strict(data: bytes, place: str = "file", **facts: object):
    """An object in the canonical spelling of RFC 8785, of text in NFC, whole numbers, booleans and null."""

    def pairs(found):
        names = [name for name, _value in found]
        once = set()
        for name in names:
            if name in once:
                raise Wrong("json_duplicate", place, **{**facts, "key": name[:40]})
            once.add(name)
            if not name.isascii():
                raise Wrong("json_canonical", place, **facts)
        return dict(found)

    def fraction(text):
        raise Wrong("json_float", place, number=text[:40], **facts)

    def whole(text):
        if len(text) > len(str(LARGEST_INTEGER)) + 1 or abs(int(text)) > LARGEST_INTEGER:
            raise Wrong("json_huge", place, number=text[:40], **facts)
        return int(text)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_float=fraction, parse_constant=fraction,
                           parse_int=whole)  # fmt: skip
        check_texts(value, place, facts)
        again = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeError:
        raise Wrong("json_text", place, **facts) from None
    except RecursionError:
        raise Wrong("json_deep", place, **facts) from None
    except ValueError:
        raise Wrong("json_broken", place, **facts) from None
    if not isinstance(value, dict) or again != data:
        raise Wrong("json_canonical", place, **facts)
    return value


def check_texts(value, place: str, facts: dict) -> None:
    if isinstance(value, str):
        if unicodedata.normalize("NFC", value) != value:
            raise Wrong("json_nfd", place, **facts)
        if INVISIBLE.search(value):
            raise Wrong("json_invisible", place, **facts)
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            check_texts(part, place, facts)


def canonical(value) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# -- shapes: a dict has exactly these members, a list has parts of this kind, a text fits a pattern


def check_shape(value, shape, place: str, facts: dict, field: str = "") -> None:
    if not fits(value, shape):
        raise Wrong("shape", place, field=field or "–", **facts)
    if isinstance(shape, dict):
        for name in sorted(set(value) ^ set(shape)):
            raise Wrong("shape", place, field=(field + "." + name).strip("."), **facts)
        for name, inner in shape.items():
            check_shape(value[name], inner, place, facts, (field + "." + name).strip("."))
    elif isinstance(shape, list):
        for index, part in enumerate(value):
            check_shape(part, shape[0], place, facts, "%s[%d]" % (field, index))
    elif isinstance(shape, tuple) and value is not None and isinstance(shape[0], dict):
        check_shape(value, shape[0], place, facts, field)


def fits(value, shape) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict)
    if isinstance(shape, list):
        return isinstance(value, list)
    if isinstance(shape, tuple):  # (shape, None): may be null
        return value is None or fits(value, shape[0])
    if isinstance(shape, frozenset):
        return any(type(value) is type(each) and value == each for each in shape)
    if isinstance(shape, str):
        return isinstance(value, str) and re.fullmatch(shape, value) is not None
    if isinstance(shape, range):
        return type(value) is int and value in shape
    return type(value) is shape


COUNT, POSITIVE, LINE = range(LARGEST_INTEGER + 1), range(1, LARGEST_INTEGER + 1), r"\S(.*\S)?"
FRACTION_PART = range(1, 366)
ANY_LINE, NONCE = r"(\S(.*\S)?)?", r"[A-Za-z0-9_-]{22,43}"
POLL = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.poll.v1",)), "poll_id": POSITIVE,
    "body": {"code": LINE, "name": LINE, "place": LINE}, "meeting": {"id": POSITIVE, "title": LINE, "held_on": r"\d{4}-\d\d-\d\d"},
    "item": {"position": POSITIVE, "title": LINE}, "question": str, "options": list("x"),
    "visibility": frozenset(("named", "named_not_displayed")),
    "rule_set": {"code": LINE, "valid_from": r"\d{4}-\d\d-\d\d", "legal_source": str, "confirmed": bool, "parameters": {
        "quorum_numerator": FRACTION_PART, "quorum_denominator": FRACTION_PART, "majority_numerator": FRACTION_PART,
        "majority_denominator": FRACTION_PART, "tie": frozenset(("head", "fails")), "remote_counts_as_present": bool,
        "vote_change_allowed": bool, "substitute_votes": frozenset((False,)), "papers_working_days": range(366)}},
    "document": ({"title": LINE, "version": POSITIVE, "sha256": HEX, "pages": POSITIVE}, None),
    "quorum": {"members": POSITIVE, "present": COUNT, "in_room": COUNT, "remote": COUNT, "needed": POSITIVE},
    "roll": [{"index": POSITIVE, "member": MEMBER, "name": LINE, "post": LINE, "abbreviation": ANY_LINE, "head": bool,
              "certificate_sha256": (HEX, None)}],
    "opened_at": MOMENT, "opened_by": LINE, "software": LINE,
}  # fmt: skip
POLL["options"] = [frozenset(CHOICES)]
PLACE = frozenset(PLACES)
DEFINITIONS = {
    1: POLL,
    2: {**POLL, "v": frozenset((2,)), "evidence": frozenset(("pin+passkey",))},
    3: {**POLL, "v": frozenset((3,)), "evidence": frozenset(("pin", "pin+passkey")),
        "roll": [{**POLL["roll"][0], "key_place": (PLACE, None)}]},
}  # fmt: skip
SEEN = {"size": POSITIVE, "root": HEX}
BALLOT = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.ballot.v1",)), "type": frozenset(("ballot",)), "poll_id": POSITIVE,
    "poll_hash": TAGGED, "choice": frozenset(CHOICES), "member": MEMBER, "roll_index": POSITIVE,
    "place": frozenset(("in_room", "remote")), "remark": str, "reservation": bool, "supersedes": (TAGGED, None), "seen": SEEN,
    "nonce": NONCE, "server_time": MOMENT,
}  # fmt: skip
ACT = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.act.v1",)), "type": frozenset(("poll_annulment", "tie_confirmation")),
    "poll_id": POSITIVE, "poll_hash": TAGGED, "person": LINE, "post": LINE, "reason": str,
    "choice": (frozenset(("agree", "disagree")), None), "seen": SEEN, "nonce": NONCE, "server_time": MOMENT,
}  # fmt: skip
LEAF = {
    "open": {"v": frozenset((1,)), "seq": COUNT, "kind": str, "poll_hash": TAGGED, "at": MOMENT},
    "ballot": {"v": frozenset((1,)), "seq": COUNT, "kind": str, "statement_sha256": HEX, "cms_sha256": HEX, "member": MEMBER,
               "at": MOMENT},
    "close": {"v": frozenset((1,)), "seq": COUNT, "kind": str, "at": MOMENT, "ballots": COUNT},
}  # fmt: skip


def moment(text: str) -> int:
    """Seconds since 1970 of a time like 2026-11-21T02:00:03Z."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


# -- 2. the manifest

LISTED = [{"name": str, "size": COUNT, "sha256": HEX}]
POLL_FILES = re.compile(
    r"poll\.json|log\.json|result\.json|computation\.json|tally\.pdf|HOW-TO-VERIFY\.md|certificates/[0-9a-f]{64}\.cer"
    r"|ballots/[0-9]{4,5}-M[0-9]{2,4}(\.json|\.p7s|(\.[0-9]{1,2})?\.(tsr|ocsp|crl|passkey\.json))"
    r"|acts/[0-9]{4}-(poll_annulment|tie_confirmation)(\.json|\.p7s|(\.[0-9]{1,2})?\.(tsr|ocsp|crl|passkey\.json))"
    r"|checkpoint\.txt|keys\.json|inclusion\.json|key-places\.json"
    r"|resolution/(text\.json|changes\.json|resolution\.pdf|recall\.json|recall\.p7s)"
)
RESOLUTION_FILES = re.compile(
    r"resolution\.json|resolution\.pdf|recall\.(json|p7s)|HOW-TO-VERIFY\.md|key-places\.json|certificates/[0-9a-f]{64}\.cer"
    r"|versions/[0-9]{4}\.(json|changes\.json)|long-term/[0-9]{4}\.pdf|slip\.zip"
)


SLIP_FILES = re.compile(
    r"slip\.json|log\.json|result\.json|computation\.json|records\.json|HOW-TO-VERIFY\.md|certificates/[0-9a-f]{64}\.cer"
    r"|answers/[0-9]{4,5}-M[0-9]{2,4}(\.json|\.p7s|(\.[0-9]{1,2})?\.(tsr|ocsp|crl|passkey\.json))"
    r"|checkpoint\.txt|keys\.json|inclusion\.json|key-places\.json"
)
BUNDLES = {  # by what the manifest says: the files that belong into it, and what it names
    POLL_BUNDLE: (POLL_FILES, {"poll_id": POSITIVE, "poll_hash": TAGGED}),
    RESOLUTION_BUNDLE: (RESOLUTION_FILES, {"resolution_id": POSITIVE}),
    SLIP_BUNDLE: (SLIP_FILES, {"slip_id": POSITIVE, "slip_hash": TAGGED}),
}


def read_manifest(files: dict):
    """The manifest, after every other file was found to be as it says, and nothing else to be there."""
    if "manifest.json" not in files:
        raise Wrong("manifest_missing")
    manifest = strict(files["manifest.json"], name="manifest.json")
    context = manifest.get("ctx")
    if context in tuple(BUNDLES) and type(manifest.get("format")) is int and manifest["format"] > 1:
        raise CannotJudge("newer_format", found=manifest["format"])
    head = {
        "v": frozenset((1,)),
        "ctx": frozenset(BUNDLES),
        "format": frozenset((1,)),
        "files": LISTED,
    }
    known, subject = BUNDLES[context] if context in tuple(BUNDLES) else BUNDLES[RESOLUTION_BUNDLE]
    check_shape(manifest, {**head, **subject}, "file", {"name": "manifest.json"})
    listed = {entry["name"]: entry for entry in manifest["files"]}
    if [entry["name"] for entry in manifest["files"]] != sorted(listed):
        yield Wrong("archive_duplicate", "file", name="manifest.json")
    for name in sorted(set(listed) | set(files) - {"manifest.json"}):
        if name not in files:
            yield Wrong("file_missing", "file", name=name)
        elif name not in listed:
            yield Wrong("file_extra", "file", name=name)
        elif (listed[name]["size"], listed[name]["sha256"]) != (len(files[name]), sha256(files[name])):
            yield Wrong("file_changed", "file", name=name)
        if not known.fullmatch(name):
            yield Wrong("file_unknown", "file", name=name)
    return manifest


def needed(files: dict, name: str) -> bytes:
    if name not in files:
        raise Wrong("file_needed", "file", name=name)
    return files[name]


# -- 3. what was put to the vote


def read_poll(files: dict, manifest: dict):
    """The poll definition; roll, quorum and rules must be possible in themselves."""
    data = needed(files, "poll.json")
    poll = strict(data, name="poll.json")
    version = poll["v"] if type(poll.get("v")) is int else 1
    if version > max(DEFINITIONS):
        raise CannotJudge("newer_format", found="poll.json, v %d" % version)
    check_shape(poll, DEFINITIONS.get(version, POLL), "file", {"name": "poll.json"})
    poll_hash = "sha256:" + sha256(data)
    if (manifest["poll_id"], manifest["poll_hash"]) != (poll["poll_id"], poll_hash):
        yield Wrong("poll_hash", "file", name="manifest.json")
    certificates = set()
    for index, entry in enumerate(poll["roll"], start=1):
        if (entry["index"], entry["member"]) != (index, "M%02d" % index):
            yield Wrong("roll_order", "roll", member=entry["member"])
        if entry["certificate_sha256"] in certificates:
            yield Wrong("roll_certificate_twice", "roll", member=entry["member"])
        certificates |= {entry["certificate_sha256"]} - {None}
        if version == 3 and (entry["key_place"] is None) != (entry["certificate_sha256"] is None):
            yield Wrong("shape", "roll", member=entry["member"], field="key_place")
    if sum(entry["head"] for entry in poll["roll"]) > 1:
        yield Wrong("roll_heads", "file", name="poll.json")
    yield from check_rules(poll)
    rules, document = poll["rule_set"], poll["document"]
    yield "about", {"question": poll["question"], "opened": poll["opened_at"], "members": len(poll["roll"]),
                    "rules": rules["code"], "source": rules["legal_source"]}  # fmt: skip
    yield "software", {"software": poll["software"], "document": document["sha256"] if document else "–"}
    return dict(poll, hash=poll_hash)


def check_rules(poll: dict):
    rules, stated = poll["rule_set"]["parameters"], poll["quorum"]
    majority = Fraction(rules["majority_numerator"], rules["majority_denominator"])
    least = Fraction(rules["quorum_numerator"], rules["quorum_denominator"])
    if least > 1 or not Fraction(1, 2) <= majority < 1:
        raise Wrong("rule_impossible", "file", name="poll.json")
    members = len(poll["roll"])
    present = stated["in_room"] + (stated["remote"] if rules["remote_counts_as_present"] else 0)
    enough = next(count for count in range(members + 1) if count >= least * members)
    possible = stated["in_room"] + stated["remote"] <= members
    if not possible or (stated["members"], stated["present"], stated["needed"]) != (members, present, enough):
        yield Wrong("quorum_numbers", "file", name="poll.json")
    if present < enough:
        yield Wrong("quorum_missed", "file", name="poll.json")


# -- 4. certificates


def element(data: bytes, at: int = 0):
    """Tag, start and end of the content of one DER element; ValueError where there is none."""
    if at + 2 > len(data):
        raise ValueError("an element of DER is cut short")
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= 4:
            raise ValueError("a length that is not DER")
        size, start = int.from_bytes(data[start : start + octets], "big"), start + octets
    if start + size > len(data):
        raise ValueError("an element of DER is cut short")
    return tag, start, start + size


def inside(data: bytes, start: int, end: int) -> list:
    """(tag, first byte, start of content, end) of every element between two places."""
    found = []
    while start < end:
        tag, content, stop = element(data, start)
        found.append((tag, start, content, stop))
        start = stop
    return found


IS_AUTHORITY = re.compile(rb"\x06\x03\x55\x1d\x13(\x01\x01\xff)?\x04[\x05\x08]\x30[\x03\x06]\x01\x01\xff", re.DOTALL)


class Certificate:
    """What is read of a certificate without judging it: names, serial number, whether it is an authority."""

    def __init__(self, der: bytes) -> None:
        _tag, start, end = element(der)
        if end != len(der):
            raise ValueError("something follows the certificate")
        _tbs, _first, inner, stop = inside(der, start, end)[0]
        fields = inside(der, inner, stop)
        fields = fields[1:] if fields[0][0] == 0xA0 else fields
        self.der, self.sha256 = der, sha256(der)
        self.serial = der[fields[0][2] : fields[0][3]]
        self.issuer, self.subject = (der[fields[place][1] : fields[place][3]] for place in (2, 4))
        self.authority = IS_AUTHORITY.search(der) is not None

    @property
    def pem(self) -> bytes:
        lines = base64.encodebytes(self.der)
        return b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n"

    @property
    def name(self) -> str:
        """The last text of the subject, which is its common name in nearly every certificate."""
        texts = []
        for _tag, _first, start, end in inside(self.subject, *element(self.subject)[1:]):
            _kind, inner, stop = element(self.subject, start)
            value = inside(self.subject, inner, stop)[1]
            texts.append((self.subject[start:end], self.subject[value[2] : value[3]].decode("utf-8", "replace")))
        common = [text for raw, text in texts if b"\x06\x03\x55\x04\x03" in raw]
        return (common or [text for _raw, text in texts] or ["?"])[-1]


class Certificates:
    """All of a bundle: by SHA-256, by issuer and serial number, and the authorities among them."""

    def __init__(self, found: list) -> None:
        self.by_sha = {each.sha256: each for each in found}
        self.by_number = {(each.issuer, each.serial): each for each in found}
        self.authorities = [each for each in found if each.authority]
        self.all_authorities, self.partial = self.authorities, False
        self.others = [each for each in found if not each.authority]


def read_certificates(files: dict, pinned: list, given):
    """Every file of certificates/ under its own hash; `pinned` are (member, sha256) that must be among them."""
    found = []
    for name in sorted(files):
        if name.startswith("certificates/"):
            try:
                certificate = Certificate(files[name])
            except (ValueError, IndexError):
                yield Wrong("certificate_unreadable", "file", name=name)
                continue
            if name != "certificates/%s.cer" % certificate.sha256:
                yield Wrong("certificate_changed", "file", name=name)
            found.append(certificate)
    all_of_them = Certificates(found)
    for member, sha in pinned:
        if sha is not None and sha not in all_of_them.by_sha:
            yield Wrong("certificate_missing", "roll", member=member, sha256=sha)
    if not all_of_them.authorities:
        raise Wrong("authority_missing")
    if given is None:
        for each in all_of_them.authorities:
            yield "authority", {"subject": each.name, "sha256": each.sha256}
    else:
        if given.sha256 not in all_of_them.by_sha:
            yield Wrong("authority_other")
        all_of_them.partial = given.subject != given.issuer  # one below a root is trusted as it stands
        between = [each for each in all_of_them.authorities if each.subject != each.issuer]
        all_of_them.authorities = [given] if all_of_them.partial else [given, *between]
        yield "authority_given", {"sha256": given.sha256}
    return all_of_them


def given_authority(path: str) -> Certificate:
    try:
        with open(path, "rb") as source:
            data = source.read(1 << 20)
        pem = re.search(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", data, re.DOTALL)
        return Certificate(base64.b64decode(pem[1]) if pem else data)
    except (OSError, ValueError, IndexError) as error:
        raise CannotJudge("no_authority", why=str(error)[:200]) from error


# -- openssl, the only judge of signatures


class OpenSSL:
    """Runs of the command in a folder of their own, several at a time, without any configuration of the machine."""

    def __init__(self, folder: str) -> None:
        program = shutil.which("openssl")
        if program is None:
            raise CannotJudge("no_openssl")
        self.program, self.folder = program, folder
        self.written, self.writing = {}, threading.Lock()
        self.environment = {"PATH": os.defpath, "LC_ALL": "C", "OPENSSL_CONF": os.devnull}
        if "LD_LIBRARY_PATH" in os.environ:
            self.environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        self.version = self.run("version")[1].strip()
        number = re.search(r"OpenSSL (\d+)", self.version)
        self.modern = number is not None and int(number[1]) >= 3

    def path(self, name: str, content: bytes) -> str:
        """The file of that name with that content; it is not written again while another run may be reading it."""
        path = os.path.join(self.folder, name.replace("/", "_"))
        with self.writing:
            if self.written.get(path) != sha256(content):
                with open(path, "wb") as target:
                    target.write(content)
                self.written[path] = sha256(content)
        return path

    def run(self, *arguments: str):
        """Exit status, what it said, and the errors without their numbers."""
        try:
            done = subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                  env=self.environment, timeout=TOOLS_WAIT, check=False)  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotJudge("no_openssl") from error
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def each(self, judge, *columns):
        """The answers of many runs, in order."""
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            return list(pool.map(judge, *columns))

    def verifies(self, name: str, pem: bytes, signature: bytes, data: bytes, *, pure: bool = False) -> bool:
        """Whether a plain signature holds: over the SHA-256 of the data, or with `pure` (Ed25519) over the data."""
        key, signed, over = (
            self.path(name + end, each) for end, each in ((".pem", pem), (".sig", signature), (".data", data))
        )
        if pure:
            arguments = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", over, "-sigfile", signed]
        else:
            arguments = ["dgst", "-sha256", "-verify", key, "-signature", signed, over]
        return self.run(*arguments)[0] == 0

    def trust(self, certificates: Certificates, stamps: bool = False) -> list:
        """Options by which only these authorities are trusted, and none of the machine; time stamps have their own."""
        found = certificates.all_authorities if stamps else certificates.authorities
        path = self.path("stamps.pem" if stamps else "authorities.pem", b"".join(each.pem for each in found))
        none = ["-no-CApath"] + (["-no-CAstore"] if self.modern else [])
        return ["-CAfile", path, *none, *(["-partial_chain"] if certificates.partial and not stamps else [])]


DIGESTS = {bytes.fromhex("60864801650304020" + end) for end in "123"}  # SHA-256, SHA-384, SHA-512


def signer_of(cms: bytes):
    """Issuer and serial number of the one signer of a detached CMS, read strictly; Wrong codes for other forms."""
    try:
        tag, start, end = element(cms)
        (_oid, explicit) = inside(cms, start, end)
        signed = element(cms, explicit[2])
        fields = inside(cms, signed[1], signed[2])
        if tag != 0x30 or end != len(cms) or len(inside(cms, fields[2][2], fields[2][3])) != 1:
            return "cms_form", None
        signers = inside(cms, fields[-1][2], fields[-1][3])
        if len(signers) != 1:
            return "cms_signers", None
        parts = inside(cms, signers[0][2], signers[0][3])
        (issuer, serial) = inside(cms, parts[1][2], parts[1][3])
        algorithm = inside(cms, parts[2][2], parts[2][3])[0]
    except (ValueError, IndexError):
        return "cms_form", None
    if cms[algorithm[2] : algorithm[3]] not in DIGESTS:
        return "cms_weak", None
    return None, (cms[issuer[1] : issuer[3]], cms[serial[2] : serial[3]])


class Signatures:
    """Detached signatures over files, each held against the certificate that must have made it."""

    def __init__(self, openssl: OpenSSL, certificates: Certificates) -> None:
        self.openssl, self.trusted = openssl, openssl.trust(certificates)
        self.certificates = certificates
        self.chain = openssl.path("chain.pem", b"".join(each.pem for each in certificates.by_sha.values()))

    def problem(
        self, name: str, content: bytes, cms: bytes, certificate: Certificate, at: int, *, check_time: bool = True
    ):
        """None for a good signature, otherwise the code of SAID and its facts."""
        odd, number = signer_of(cms)
        if odd:
            return odd, {}
        if number != (certificate.issuer, certificate.serial):
            return "signature_other", {}
        path = self.openssl.path
        status, _said, errors = self.openssl.run(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", path(name + ".p7s", cms),
            "-content", path(name + ".content", content), "-purpose", "any", "-nointern",
            "-certfile", path(certificate.sha256 + ".pem", certificate.pem), *self.trusted,
            *(["-attime", str(at)] if check_time else ["-no_check_time"]),
            *(["-cades"] if self.openssl.modern else []), "-out", os.devnull,
        )  # fmt: skip
        if status == 0:
            return None
        if "signer certificate not found" in errors:
            return "signature_other", {}
        refused = re.search(r"Verify error: ?(.+)", errors)
        if refused or "certificate verify error" in errors:
            return "signature_chain", {"why": refused[1].strip() if refused else "?"}
        return "signature_wrong", {}


# -- 5. the log of the vote: the Merkle tree of RFC 9162, from its definition


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def tree_root(hashes: list) -> bytes:
    """Section 2.1.1: the tree is folded level by level; an odd last node goes up as it is."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:
        paired = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0]


def read_log(files: dict, poll: dict, known_root):
    return (yield from read_tree(files, known_root, LEAF, "open", ("close",), lambda all: check_ends(files, poll, all)))


def read_tree(files: dict, known_root, shapes: dict, first: str, ends: tuple, check):
    """Entries with hashes; `first` is the kind of the first entry, `ends` are the kinds with which a log can end."""
    log = strict(needed(files, "log.json"), name="log.json")
    shape = {"v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.log.v1",)), "size": POSITIVE, "root": HEX,
             "leaves": [{"hash": HEX, "payload": dict}]}  # fmt: skip
    if isinstance(log.get("leaves"), list):
        for leaf in log["leaves"]:
            if isinstance(leaf, dict) and isinstance(leaf.get("payload"), dict) and set(leaf) == {"hash", "payload"}:
                continue
            raise Wrong("shape", "file", name="log.json", field="leaves")
    check_shape({**log, "leaves": [{"hash": each["hash"], "payload": None} for each in log.get("leaves", [])]},
                {**shape, "leaves": [{"hash": HEX, "payload": (HEX, None)}]}, "file", {"name": "log.json"})  # fmt: skip
    entries, hashes = [each["payload"] for each in log["leaves"]], []
    for number, leaf in enumerate(log["leaves"]):
        entry = leaf["payload"]
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in shapes:
            raise Wrong("shape", "entry", n=number, field="kind")
        check_shape(entry, shapes[kind], "entry", {"n": number})
        hashes.append(leaf_hash(canonical(entry)))
        if hashes[-1].hex() != leaf["hash"]:
            yield Wrong("log_hash", "entry", n=number)
        if entry["seq"] != number or (kind == first) != (number == 0) or (kind in ends and number + 1 != len(entries)):
            yield Wrong("log_sequence", "entry", n=number)
        if number and entry["at"] < entries[number - 1]["at"]:
            yield Wrong("log_times", "entry", n=number)
    if log["size"] != len(entries):
        yield Wrong("log_size", "file", name="log.json")
    root = tree_root(hashes).hex()
    if log["root"] != root:
        yield Wrong("log_root", "file", name="log.json")
    yield from check(entries)
    if known_root is not None:
        if known_root.lower() != root:
            yield Wrong("root_other", known=known_root)
        else:
            yield "root_known", {}
    yield "root", {"size": len(entries), "root": root}
    return {"entries": entries, "hashes": hashes, "root": root, "size": len(entries)}


def check_ends(files: dict, poll: dict, entries: list):
    """The log opens with the definition; it closes with the number of ballots, unless the vote was annulled before."""
    first, last = entries[0], entries[-1]
    if first.get("poll_hash") != poll["hash"] or first["at"] != poll["opened_at"]:
        yield Wrong("log_opening", "entry", n=0)
    if last["kind"] == "close":
        if last["ballots"] != len(entries) - 2:
            yield Wrong("log_closing", "entry", n=len(entries) - 1)
    elif not any(name.startswith("acts/") and "poll_annulment" in name for name in files):
        yield Wrong("log_sequence", "entry", n=len(entries) - 1)


# -- 6. the ballots


class Ballot:
    kind = "ballot"

    def __init__(self, number: int, name: str, statement: bytes, said: dict, entry) -> None:
        self.number, self.name, self.statement, self.said, self.entry = number, name, statement, said, entry
        self.member, self.sha256 = said["member"], sha256(statement)

    @property
    def place(self) -> dict:
        return {"n": self.number, "member": self.member}


def read_ballots(files: dict, poll: dict, log: dict):
    """Every ballot in the order of the log, each field held against roll, log and the ballots before it."""
    names = sorted(name[:-5] for name in files if re.fullmatch(r"ballots/[0-9]{4,5}-M[0-9]{2,4}\.json", name))
    ballots = []
    for number, name in enumerate(names, start=1):
        about = {"n": number, "member": name.split("-")[-1]}
        said = strict(files[name + ".json"], "ballot", **about)
        check_shape(said, BALLOT, "ballot", about)
        ballots.append(Ballot(number, name, files[name + ".json"], said, None))
        if name != "ballots/%04d-%s" % (number, said["member"]):
            yield Wrong("ballot_name", "ballot", **about)
    yield from match_log(files, ballots, log)
    for ballot in ballots:
        yield from check_ballot(ballot, poll, log)
    yield from check_nonces(ballots)
    yield from check_chain(ballots, poll["rule_set"]["parameters"]["vote_change_allowed"])
    yield from check_orphans(files)
    replaced = sum(ballot.said["supersedes"] is not None for ballot in ballots)
    yield "ballots", {"ballots": len(ballots), "superseded": replaced}
    return ballots


def check_orphans(files: dict):
    """A signature or another proof without the statement that it is about."""
    for name in sorted(files):
        extra = re.fullmatch(
            r"((?:ballots|acts|answers)/[0-9]+-\w+?)(\.[0-9]+)?\.(p7s|tsr|ocsp|crl|passkey\.json)", name
        )
        if extra and extra[1] + ".json" not in files:
            yield Wrong("evidence_orphan", "file", name=name)


def match_log(files: dict, ballots: list, log: dict, kind: str = "ballot"):
    """One entry of the log per ballot and one ballot per entry, in one order, with the hashes of both files."""
    entries = [entry for entry in log["entries"] if entry["kind"] == kind]
    for ballot, entry in zip(ballots, entries):
        ballot.entry = entry
        if entry["statement_sha256"] != ballot.sha256:
            yield Wrong("log_statement", kind, **ballot.place)
        if entry["cms_sha256"] != sha256(files.get(ballot.name + ".p7s", b"")):
            yield Wrong("log_cms", kind, **ballot.place)
        if entry["member"] != ballot.member:
            yield Wrong("log_member", kind, **ballot.place)
    for entry in entries[len(ballots) :]:
        yield Wrong("log_ballot_missing", "entry", n=entry["seq"])
    for ballot in ballots[len(entries) :]:
        yield Wrong("log_ballot_extra", kind, **ballot.place)


def check_ballot(ballot: Ballot, poll: dict, log: dict):
    said, roll = ballot.said, {entry["member"]: entry for entry in poll["roll"]}
    if said["poll_id"] != poll["poll_id"]:
        yield Wrong("ballot_poll", "ballot", **ballot.place)
    if said["poll_hash"] != poll["hash"]:
        yield Wrong("ballot_poll_hash", "ballot", **ballot.place)
    member = roll.get(said["member"])
    if member is None:
        yield Wrong("ballot_member", "ballot", **ballot.place)
    elif member["index"] != said["roll_index"]:
        yield Wrong("ballot_roll_index", "ballot", **ballot.place)
    elif member["certificate_sha256"] is None:
        yield Wrong("ballot_no_certificate", "ballot", **ballot.place)
    if said["reservation"] and said["choice"] == "agree":
        yield Wrong("ballot_reservation", "ballot", **ballot.place)
    yield from check_seen(
        said["seen"], ballot.entry["seq"] if ballot.entry else log["size"], log, "ballot", ballot.place
    )
    cast = moment(said["server_time"])
    if cast < moment(poll["opened_at"]) - CLOCKS_DIFFER:
        yield Wrong("ballot_early", "ballot", **ballot.place)
    end = min(entry["at"] for entry in (ballot.entry or log["entries"][-1], log["entries"][-1]))
    if cast > moment(end) + CLOCKS_DIFFER:
        yield Wrong("ballot_late", "ballot", **ballot.place)


def check_seen(seen: dict, before: int, log: dict, place: str, facts: dict):
    """The signer saw the log when it had `size` entries: at least the opening one, and not the own ballot."""
    code = "act" if place == "act" else "ballot"
    if not 1 <= seen["size"] <= min(before, log["size"]):
        yield Wrong(code + "_seen_size" if code == "ballot" else "act_seen", place, **facts)
    elif tree_root(log["hashes"][: seen["size"]]).hex() != seen["root"]:
        yield Wrong(code + "_seen_root" if code == "ballot" else "act_seen", place, **facts)


def check_nonces(ballots: list):
    first: dict = {}
    for ballot in ballots:
        other = first.setdefault(ballot.said["nonce"], ballot)
        if other is not ballot:
            yield Wrong("ballot_nonce", ballot.kind, other=other.number, **ballot.place)


def check_chain(ballots: list, changes_allowed: bool):
    """Each change names the ballot of the same member that stood before it; a first ballot names none."""
    standing: dict = {}
    for ballot in ballots:
        before = standing.get(ballot.member)
        if ballot.said["supersedes"] != (None if before is None else "sha256:" + before.sha256):
            yield Wrong("supersedes", ballot.kind, **ballot.place)
        if before is not None and not changes_allowed:
            yield Wrong("change_forbidden", ballot.kind, **ballot.place)
        standing[ballot.member] = ballot


# -- 7. signatures of ballots and acts


def check_signatures(files: dict, poll: dict, certificates: Certificates, ballots: list, signatures: Signatures):
    pinned = {entry["member"]: certificates.by_sha.get(entry["certificate_sha256"]) for entry in poll["roll"]}
    wanted = []
    for ballot in ballots:
        if ballot.name + ".p7s" not in files:
            yield Wrong("signature_missing", ballot.kind, **ballot.place)
        elif pinned.get(ballot.member) is not None:
            wanted.append(ballot)

    def judge(ballot):
        at = moment((ballot.entry or {"at": ballot.said["server_time"]})["at"])
        cms = files[ballot.name + ".p7s"]
        return signatures.problem(ballot.name, ballot.statement, cms, pinned[ballot.member], at)

    for ballot, problem in zip(wanted, signatures.openssl.each(judge, wanted)):
        if problem:
            yield Wrong(problem[0], ballot.kind, **problem[1], **ballot.place)
    yield "signed", {"signatures": len(wanted), "openssl": signatures.openssl.version}
    return True


def read_acts(files: dict, poll: dict, log: dict, certificates: Certificates, signatures: Signatures):
    """The acts by type, after each was held against poll, log and the certificate that made it."""
    acts = {}
    for name in sorted(files):
        if not re.fullmatch(r"acts/[0-9]{4}-\w+\.json", name):
            continue
        about = {"name": name}
        act = strict(files[name], "act", **about)
        check_shape(act, ACT, "act", about)
        if (act["poll_id"], act["poll_hash"]) != (poll["poll_id"], poll["hash"]):
            yield Wrong("act_poll", "act", **about)
        if not name.endswith("-%s.json" % act["type"]):
            yield Wrong("file_unknown", "file", **about)
        yield from check_seen(act["seen"], log["size"], log, "act", about)
        head = next((entry for entry in poll["roll"] if entry["head"]), None)
        if act["type"] == "tie_confirmation" and (head is None or act["person"] != head["name"]):
            yield Wrong("act_person", "act", **about)
        cms = files.get(name[:-5] + ".p7s")
        if cms is None:
            yield Wrong("signature_missing", "act", **about)
        else:
            yield from signed_by_someone(name, files[name], cms, moment(act["server_time"]), certificates, signatures)
        yield "act", {"type": act["type"], "person": act["person"]}
        by = certificates.by_number.get(signer_of(cms or b"")[1])
        acts[act["type"]] = dict(act, sha256=sha256(files[name]), name=name, certificate=by and by.sha256)
    if not acts:
        yield "none", {}
    return acts


def signed_by_someone(
    name: str, content: bytes, cms: bytes, at: int, certificates: Certificates, signatures: Signatures
):
    """A signature by whichever certificate of the bundle it names: keys may be replaced between vote and act."""
    odd, number = signer_of(cms)
    certificate = certificates.by_number.get(number)
    if odd or certificate is None:
        yield Wrong(odd or "signature_other", "act", name=name)
        return
    problem = signatures.problem(name, content, cms, certificate, at)
    if problem:
        yield Wrong(problem[0], "act", name=name, **problem[1])


# -- 8. what lies beside ballots and acts: time stamps, passkeys, answers about revocation

TIME_STAMP_INFO = bytes.fromhex("060b2a864886f70d0109100104")  # id-ct-TSTInfo


def beside(files: dict, ending: str, subjects: dict):
    """(name, content, subject) of every file with this ending that belongs to a ballot or an act."""
    for name in sorted(files):
        found = re.fullmatch(r"((?:ballots|acts|answers)/[0-9]+-\w+?)(\.[0-9]+)?\.(%s)" % ending, name)
        if found and found[1] in subjects:
            yield name, files[name], subjects[found[1]]


def check_time_stamps(files: dict, subjects: dict, openssl: OpenSSL, certificates: Certificates):
    """RFC 3161 over the signature: the CMS file as it is, or the value of the signature in it."""
    trusted = openssl.trust(certificates, stamps=True)
    others = openssl.path("others.pem", b"".join(each.pem for each in certificates.by_sha.values()))
    wanted = list(beside(files, "tsr", subjects))

    def judge(stamp):
        name, content, subject = stamp
        try:
            at, token = stamped_at(content), content[element(content)[1]] == 0x06
        except (ValueError, IndexError):
            return Wrong("time_stamp_wrong", "file", name=name, why="RFC 3161")
        cms, why = files.get(subject["name"] + ".p7s", b""), ""
        for over in (cms, signature_value(cms)):
            status, _said, errors = openssl.run(
                "ts", "-verify", "-in", openssl.path(name, content), *(["-token_in"] if token else []),
                "-data", openssl.path(name + ".data", over), "-untrusted", others, "-attime", str(at), *trusted[:2],
            )  # fmt: skip
            if status == 0:
                early = at < subject["at"] - CLOCKS_DIFFER
                return Wrong("time_stamp_time", "file", name=name) if early else None
            reason = re.search(r"Verify error:(.+)|:([^:\n]+):[^:\n]+\.c:", errors)
            why = why or (reason[1] or reason[2] if reason else "?").strip()
        return Wrong("time_stamp_wrong", "file", name=name, why=why)

    yield from (problem for problem in openssl.each(judge, wanted) if problem)
    yield ("number", {"number": len(wanted)}) if wanted else ("none", {})
    return True


def stamped_at(content: bytes) -> int:
    """The time in a token or an answer, in seconds since 1970."""
    at = content.index(TIME_STAMP_INFO) + len(TIME_STAMP_INFO)
    _explicit, octets, _end = element(content, at)
    _string, info, _end = element(content, octets)
    _sequence, start, end = element(content, info)
    for tag, _first, inner, stop in inside(content, start, end):
        if tag == 0x18:
            return calendar.timegm(
                time.strptime(content[inner:stop].decode("ascii").split(".")[0].rstrip("Z"), "%Y%m%d%H%M%S")
            )
    raise ValueError("no time")


def signature_value(cms: bytes) -> bytes:
    try:
        fields = inside(cms, *element(cms, inside(cms, *element(cms)[1:])[1][2])[1:])
        signer = inside(cms, *inside(cms, fields[-1][2], fields[-1][3])[0][2:])
        return next(cms[start:end] for tag, _first, start, end in reversed(signer) if tag == 0x04)
    except (ValueError, IndexError, StopIteration):
        return b""


PASSKEY_TAG = "vn.ecabinet.passkey.ballot.v1"
BASE64URL = r"[A-Za-z0-9_-]{1,8192}"
PASSKEY = dict.fromkeys(
    ("credential_id", "public_key", "client_data_json", "authenticator_data", "signature"), BASE64URL
)
USER_PRESENT, USER_VERIFIED = 1, 4


def check_passkeys(files: dict, subjects: dict, openssl: OpenSSL, poll: dict):
    """WebAuthn: the challenge is the hash of tag and ballot, the user was verified, and the key signed both."""
    wanted = list(beside(files, r"passkey\.json", subjects))
    if poll.get("evidence") == "pin+passkey":
        confirmed = {subject["name"] for _name, _content, subject in wanted}
        for subject in subjects.values():
            if subject["name"].startswith(("ballots/", "answers/")) and subject["name"] not in confirmed:
                yield Wrong("passkey_missing", "file", name=subject["name"] + ".json")

    def judge(passkey):
        name, content, subject = passkey
        try:
            return passkey_problem(openssl, name, strict(content, name=name), files[subject["name"] + ".json"])
        except Wrong as wrong:
            return wrong
        except (ValueError, KeyError, IndexError, AttributeError):
            return Wrong("passkey_form", "file", name=name)

    yield from (problem for problem in openssl.each(judge, wanted) if problem)
    yield ("number", {"number": len(wanted)}) if wanted else ("none", {})
    return True


def passkey_problem(openssl: OpenSSL, name: str, found: dict, statement: bytes):
    check_shape(found, {**PASSKEY, "tag": frozenset((PASSKEY_TAG,))}, "file", {"name": name})
    data, client, signature, key = (
        unbase64url(found[part]) for part in ("authenticator_data", "client_data_json", "signature", "public_key")
    )
    said = json.loads(client.decode("utf-8"))
    asked = hashlib.sha256(PASSKEY_TAG.encode() + b"\x00" + statement).digest()
    if (
        said.get("type") != "webauthn.get"
        or said.get("challenge") != base64.urlsafe_b64encode(asked).rstrip(b"=").decode()
    ):
        return Wrong("passkey_challenge", "file", name=name)
    host = re.sub(r"^\w+://|:[0-9]+$", "", said["origin"]).split(".")
    parties = {hashlib.sha256(".".join(host[place:]).encode()).digest() for place in range(len(host))}
    if data[:32] not in parties or len(data) < 37:
        return Wrong("passkey_form", "file", name=name)
    if data[32] & USER_PRESENT == 0 or data[32] & USER_VERIFIED == 0:
        return Wrong("passkey_user", "file", name=name)
    pem = public_pem(spki_of(key))
    if openssl.verifies(name, pem, signature, data + hashlib.sha256(client).digest(), pure=key_kind(key) == OKP):
        return None
    return Wrong("passkey_signature", "file", name=name)


OKP, EC2, RSA = 1, 2, 3
P256_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")


def key_kind(cose: bytes) -> int:
    return read_cbor(cose, 0)[0][1]


def spki_of(cose: bytes) -> bytes:
    """The public key of WebAuthn (COSE) as openssl reads it: P-256, RSA or Ed25519."""
    key, end = read_cbor(cose, 0)
    if end != len(cose):
        raise ValueError("something follows the key")
    if key[1] == EC2 and key[-1] == 1 and len(key[-2]) == len(key[-3]) == 32:
        return P256_SPKI + key[-2] + key[-3]
    if key[1] == OKP and key[-1] == 6 and len(key[-2]) == 32:
        return ED25519_SPKI + key[-2]
    if key[1] == RSA:
        numbers = b"".join(der(0x02, b"\x00" + key[part]) for part in (-1, -2))
        return der(0x30, bytes.fromhex("300d06092a864886f70d0101010500") + der(0x03, b"\x00" + der(0x30, numbers)))
    raise ValueError("a kind of key that is not known")


def der(tag: int, content: bytes) -> bytes:
    if tag == 0x02:
        content = content.lstrip(b"\x00")
        content = b"\x00" + content if content[:1] >= b"\x80" else content
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (octets if size < 0x80 else bytes([0x80 | len(octets)]) + octets) + content


def read_cbor(data: bytes, at: int):
    """An integer, a byte string, a text or a map of them, and where it ends; ValueError for anything else."""
    kind, small = data[at] >> 5, data[at] & 31
    at += 1
    if small >= 24:
        size = {24: 1, 25: 2, 26: 4}.get(small)
        if size is None:
            raise ValueError("not a key")
        small, at = int.from_bytes(data[at : at + size], "big"), at + size
    if kind in (0, 1):
        return (small if kind == 0 else -1 - small), at
    if kind in (2, 3):
        if at + small > len(data):
            raise ValueError("not a key")
        return data[at : at + small], at + small
    if kind != 5 or small > 16:
        raise ValueError("not a key")
    found = {}
    for _ in range(small):
        name, at = read_cbor(data, at)
        found[name], at = read_cbor(data, at)
    return found, at


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_pem(spki: bytes) -> bytes:
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki) + b"-----END PUBLIC KEY-----\n"


def check_revocations(files: dict, subjects: dict, openssl: OpenSSL, certificates: Certificates):
    """OCSP answers and CRLs: signed by an authority of the bundle, and the signer not revoked when it signed."""
    trusted = openssl.trust(certificates)
    others = openssl.path("others.pem", b"".join(each.pem for each in certificates.by_sha.values()))
    wanted = list(beside(files, "ocsp|crl", subjects))

    def judge(answer):
        name, content, subject = answer
        number = signer_of(files.get(subject["name"] + ".p7s", b""))[1]
        certificate = certificates.by_number.get(number)
        issuer = certificate and next(
            (each for each in certificates.authorities if each.subject == certificate.issuer), None
        )
        if certificate is None or issuer is None:
            return Wrong("revocation_wrong", "file", name=name, why="?")
        judged = revoked_by_ocsp if name.endswith(".ocsp") else revoked_by_crl
        return judged(openssl, name, content, certificate, issuer, subject["at"], [*trusted, others])

    yield from (problem for problem in openssl.each(judge, wanted) if problem)
    yield ("number", {"number": len(wanted)}) if wanted else ("none", {})
    return True


def answered_at(content: bytes) -> list:
    """When an OCSP answer was made (producedAt) and when it was true (thisUpdate), in seconds since 1970."""
    whole = inside(content, *element(content)[1:])
    basic = inside(content, *element(content, whole[1][2])[1:])[1]  # in its wrapping: kind and octets
    answer = inside(content, *element(content, basic[2])[1:])[0]
    parts = inside(content, answer[2], answer[3])
    place = next(number for number, part in enumerate(parts) if part[0] == 0x18)
    single = inside(content, *inside(content, parts[place + 1][2], parts[place + 1][3])[0][2:])
    times = [parts[place], next(part for part in single if part[0] == 0x18)]
    told = [content[start:end].decode("ascii") for _tag, _first, start, end in times]
    return [calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")) for text in told]


def revoked_by_ocsp(openssl, name, content, certificate, issuer, at, trusted):
    """Judged as of the time the answer was made or true, for its signer may be certified for a week only."""
    path, told = openssl.path, None
    try:
        times = answered_at(content)
    except (ValueError, IndexError, StopIteration):
        return Wrong("revocation_wrong", "file", name=name, why="OCSP")
    for made in times:
        for hashed in ("-sha1", "-sha256"):  # by which the answer names the certificate
            status, said, errors = openssl.run(
                "ocsp", "-respin", path(name, content), hashed, "-issuer", path(issuer.sha256 + ".pem", issuer.pem),
                "-cert", path(certificate.sha256 + ".pem", certificate.pem), "-CAfile", trusted[1],
                "-verify_other", trusted[-1], "-no_nonce", "-attime", str(made), "-validity_period", "2000000000",
            )  # fmt: skip
            answer = re.search(r"\.pem: (good|revoked)", said)
            if status == 0 and "Response verify OK" in errors and answer:
                told = (answer[1], re.search(r"Revocation Time: (.+ GMT)", said))
                break
        if told is not None:
            break
    if told is None:
        return Wrong("revocation_wrong", "file", name=name, why="OCSP")
    if told[0] == "revoked" and (told[1] is None or gmt(told[1][1]) <= at):
        return Wrong("revoked", "file", name=name)
    return None


def revoked_by_crl(openssl, name, content, certificate, issuer, at, trusted):
    status, said, errors = openssl.run(
        "crl", "-inform", "DER", "-in", openssl.path(name, content), "-CAfile", trusted[1], "-noout", "-text",
    )  # fmt: skip
    if status or "verify OK" not in errors + said or "verify failure" in errors:
        return Wrong("revocation_wrong", "file", name=name, why="CRL")
    serial = certificate.serial.hex().upper()
    for number, since in re.findall(r"Serial Number: ([0-9A-F]+)\s+Revocation Date: (.+ GMT)", said):
        if number.lstrip("0") == serial.lstrip("0") and gmt(since) <= at:
            return Wrong("revoked", "file", name=name)
    return None


def gmt(text: str) -> int:
    return calendar.timegm(time.strptime(" ".join(text.split()), "%b %d %H:%M:%S %Y GMT"))


# -- 9. the result: counted here, from the ballots, by the rules of the definition

SHOWN_ROLL = ("index", "member", "name", "post", "abbreviation")
REPEATED = (
    "poll_id",
    "body",
    "meeting",
    "item",
    "question",
    "visibility",
    "document",
    "quorum",
    "opened_at",
    "opened_by",
    "software",
)


class Count:
    """Who counts, how many, and what follows. The log is read backwards: the first ballot met of a member stands."""

    def __init__(self, poll: dict, ballots: list, confirmation) -> None:
        rules, roll = poll["rule_set"]["parameters"], poll["roll"]
        self.poll, self.members, self.standing = poll, len(roll), {}
        for ballot in reversed(ballots):
            self.standing.setdefault(ballot.member, ballot)
        said = [self.standing[entry["member"]].said for entry in roll if entry["member"] in self.standing]
        self.said = said
        self.counts = {choice: sum(each["choice"] == choice for each in said) for choice in CHOICES}
        self.counts["not_voting"] = self.members - len(said)
        self.majority = Fraction(rules["majority_numerator"], rules["majority_denominator"])
        self.needed = next(n for n in range(self.members + 2) if n > self.majority * self.members)
        self.head = next((entry for entry in roll if entry["head"]), None)
        held = self.standing.get(self.head["member"]) if self.head else None
        self.head_choice = held.said["choice"] if held else None
        self.equal = self.counts["agree"] == self.counts["disagree"]
        self.counted = self.outcome = self._outcome(rules["tie"])
        self.confirmed = confirmation
        if confirmation is not None and self.counted == "tie_confirm":
            self.outcome = "adopted" if self.head_choice == "agree" else "not_adopted"

    def _outcome(self, tie: str) -> str:
        if Fraction(self.counts["agree"], self.members) > self.majority:
            return "adopted"
        if not self.equal or tie == "fails":
            return "not_adopted"
        return "tie_confirm" if self.head_choice in ("agree", "disagree") else "undecided"

    @property
    def percent(self) -> str:
        tenths = int(Fraction(1000 * self.counts["agree"], self.members) + Fraction(1, 2))
        return "%d.%d" % (tenths // 10, tenths % 10)

    def sentence(self) -> str:
        """The verdict as the minutes word it."""
        body, counts, post = self.poll["body"]["name"], self.counts, self.head["post"] if self.head else None
        share = self.percent[:-2] if self.percent.endswith(".0") else self.percent.replace(".", ",")
        begun = (
            "Kết quả biểu quyết: %d/%d thành viên %s tán thành (đạt %s%% tổng số thành viên); không tán thành: %d; "
            "ý kiến khác: %d; không bỏ phiếu: %d. "
            % (counts["agree"], self.members, body, share, counts["disagree"], counts["other"], counts["not_voting"])
        )
        equal = "Số phiếu tán thành và không tán thành ngang nhau (%d – %d)" % (counts["agree"], counts["disagree"])
        if self.outcome == "undecided":
            why = (
                post + " không bỏ phiếu tán thành hoặc không tán thành"
                if post
                else body + " không có người đứng đầu tại thời điểm biểu quyết"
            )
            return (
                begun + equal + " và " + why + " nên chưa có quyết định. "
                "Nội dung này phải được biểu quyết lại hoặc chuyển sang phiên họp khác."
            )
        if self.counted == "tie_confirm":
            shown = self.poll["visibility"] == "named"
            side = (
                {"agree": " (tán thành)", "disagree": " (không tán thành)"}.get(self.head_choice, "") if shown else ""
            )
            follows = equal + "; thực hiện theo ý kiến mà " + str(post) + " đã biểu quyết" + side
            if self.outcome == "tie_confirm":
                return begun + follows + ". Kết quả chờ " + str(post) + " xác nhận."
            passed = "được thông qua" if self.outcome == "adopted" else "không được thông qua"
            return begun + follows + ", nội dung biểu quyết " + passed + ". " + str(post) + " đã xác nhận kết quả này."
        half = self.majority == Fraction(1, 2) and self.poll["rule_set"]["parameters"]["majority_numerator"] == 1
        rules = self.poll["rule_set"]["parameters"]
        part = "quá nửa" if half else "quá %d/%d" % (rules["majority_numerator"], rules["majority_denominator"])
        needed = "biểu quyết tán thành (cần ít nhất %d thành viên)." % self.needed
        if self.outcome == "adopted":
            return begun + "Nội dung biểu quyết được thông qua do có %s tổng số thành viên %s %s" % (part, body, needed)
        start = equal + "; n" if self.equal else "N"
        return (
            begun
            + start
            + "ội dung biểu quyết không được thông qua do không có %s tổng số thành viên %s %s" % (part, body, needed)
        )

    def result(self, log: dict) -> dict:
        """The whole of result.json."""
        rules = {name: value for name, value in self.poll["rule_set"].items() if name != "parameters"}
        confirmation = None
        if self.confirmed is not None:
            confirmation = {name: self.confirmed[name] for name in ("person", "post", "choice", "server_time")}
            confirmation["statement_sha256"] = self.confirmed["sha256"]
        return {
            "v": 1, "ctx": "vn.ecabinet.result.v1", "poll_hash": self.poll["hash"], "rule_set": rules,
            **{name: self.poll[name] for name in REPEATED}, **self.counts, "members": self.members,
            "percent_of_all": self.percent, "threshold": self.needed,
            "in_room": sum(each["place"] == "in_room" for each in self.said),
            "remote": sum(each["place"] == "remote" for each in self.said),
            "outcome": self.outcome, "head_choice": self.head_choice, "confirmation": confirmation,
            "sentence": self.sentence(), "votes": self._votes(log),
            "not_voted": [{name: entry[name] for name in SHOWN_ROLL} for entry in self.poll["roll"]
                          if entry["member"] not in self.standing],
            "closed_at": log["entries"][-1]["at"], "log": {"size": log["size"], "root": log["root"]},
        }  # fmt: skip

    def _votes(self, log: dict) -> list:
        votes = []
        for entry in self.poll["roll"]:
            ballot = self.standing.get(entry["member"])
            if ballot is None:
                continue
            vote = {name: entry[name] for name in (*SHOWN_ROLL, "certificate_sha256")}
            vote.update(
                {name: ballot.said[name] for name in ("choice", "place", "reservation", "remark", "server_time")}
            )
            seq = ballot.entry["seq"] if ballot.entry else -1
            vote.update({"statement_sha256": ballot.sha256, "leaf_seq": seq, "leaf_hash": log["hashes"][seq].hex()})
            votes.append(vote)
        return votes

    def computation(self) -> dict:
        """The same step by step: the whole of computation.json."""
        rules = self.poll["rule_set"]["parameters"]
        standing = [
            {"member": entry["member"], "ballot": self.standing[entry["member"]].number,
             "choice": self.standing[entry["member"]].said["choice"]}
            for entry in self.poll["roll"] if entry["member"] in self.standing
        ]  # fmt: skip
        quorum = self.poll["quorum"]
        return {
            "v": 1, "ctx": "vn.ecabinet.computation.v1", "poll_hash": self.poll["hash"],
            "rule_set": {name: self.poll["rule_set"][name] for name in ("code", "legal_source")},
            "quorum": {"numerator": rules["quorum_numerator"], "denominator": rules["quorum_denominator"],
                       "members": quorum["members"], "needed": quorum["needed"], "present": quorum["present"]},
            "standing": standing, "counts": {**self.counts, "members": self.members},
            "majority": {"numerator": rules["majority_numerator"], "denominator": rules["majority_denominator"],
                         "needed": self.needed, "reached": self.counts["agree"] >= self.needed},
            "tie": {"equal": self.equal, "rule": rules["tie"], "head": self.head and self.head["member"],
                    "head_choice": self.head_choice},
            "confirmed": self.confirmed is not None, "outcome": self.outcome,
        }  # fmt: skip


def check_result(files: dict, poll: dict, log: dict, ballots: list, acts: dict):
    """The result counted here, held against every field of result.json; an annulled vote has none."""
    if "poll_annulment" in acts:
        for name in ("result.json", "computation.json"):
            if name in files:
                yield Wrong("act_result", "file", name=name)
        yield "annulled", {}
        return {"count": None}
    confirmation = acts.get("tie_confirmation")
    count = Count(poll, ballots, confirmation)
    if confirmation is not None:
        if count.counted != "tie_confirm":
            yield Wrong("act_result", "act", name=confirmation["name"])
        if confirmation["choice"] != count.head_choice:
            yield Wrong("act_choice", "act", name=confirmation["name"])
    if "result.json" not in files:
        raise Wrong("result_missing")
    stated, computed = strict(files["result.json"], name="result.json"), count.result(log)
    yield from differences(stated, computed)
    yield "counted", {**count.counts, "members": count.members, "needed": count.needed, "outcome": count.outcome}
    return {"count": count}


def differences(stated: dict, computed: dict):
    for name in ("agree", "disagree", "other", "not_voting"):
        if stated.get(name) != computed[name] or type(stated[name]) is not int:
            yield Wrong("result_counts", "field", name=name, computed=computed[name], stated=stated.get(name))
    if stated.get("outcome") != computed["outcome"]:
        yield Wrong(
            "result_outcome", "field", name="result.json", computed=computed["outcome"], stated=stated.get("outcome")
        )
    for name in ("votes", "not_voted"):
        theirs = stated.get(name) if isinstance(stated.get(name), list) else []
        said = {each.get("member"): each for each in theirs if isinstance(each, dict)}
        ours = {each["member"]: each for each in computed[name]}
        odd = [member for member in [*ours, *(set(said) - set(ours))] if said.get(member) != ours.get(member)]
        for member in odd or (["–"] if stated.get(name) != computed[name] else []):
            yield Wrong("result_vote", "roll", member=member)
    counted = {"agree", "disagree", "other", "not_voting", "outcome", "votes", "not_voted"}
    for name in sorted((set(stated) | set(computed)) - counted):
        if canonical(stated.get(name, False)) != canonical(computed.get(name, False)):
            yield Wrong("result_field", "field", name="result.json, " + name)


# -- 10. other files of the bundle


def check_documents(files: dict, counted: dict, certificates: Certificates, signatures: Signatures):
    """What is made of the rest for readers, and the Resolution that came of the vote."""
    number, count = 0, counted["count"]
    if "computation.json" in files and count is not None:
        stated, computed = strict(files["computation.json"], name="computation.json"), count.computation()
        for name in sorted(set(stated) | set(computed)):
            if canonical(stated.get(name, 0)) != canonical(computed.get(name, 0)):
                yield Wrong("computation", "file", name="computation.json", field=name)
        number += 1
    if "tally.pdf" in files:
        if not files["tally.pdf"].startswith(b"%PDF-"):
            yield Wrong("tally_pdf", "file", name="tally.pdf")
        number += 1
    if "HOW-TO-VERIFY.md" in files:
        try:
            files["HOW-TO-VERIFY.md"].decode("utf-8")
        except UnicodeError:
            yield Wrong("guide_text", "file", name="HOW-TO-VERIFY.md")
        number += 1
    if "resolution/resolution.pdf" in files:
        yield from check_issued(files, certificates, signatures)
        number += 1
    elif "resolution/recall.json" in files:
        yield from check_recall(files, "resolution/recall", None, certificates, signatures)
        number += 1
    yield ("number", {"number": number}) if number else ("none", {})
    return True


def check_issued(files: dict, certificates: Certificates, signatures: Signatures):
    about = strict(needed(files, "resolution/changes.json"), name="resolution/changes.json")
    strict(needed(files, "resolution/text.json"), name="resolution/text.json")
    pdf = files["resolution/resolution.pdf"]
    for name, hashed in (("text_sha256", "resolution/text.json"), ("file_sha256", "resolution/resolution.pdf")):
        if about.get(name) != sha256(files[hashed]):
            yield Wrong("resolution_hash", "file", name=hashed)
    if "resolution/recall.json" in files:
        yield from check_recall(files, "resolution/recall", pdf, certificates, signatures)
    yield from pdf_signatures("resolution/resolution.pdf", pdf, certificates, signatures)


def check_recall(files: dict, name: str, pdf, certificates: Certificates, signatures: Signatures):
    """The signed recall, which names the document by its hash; `pdf` is None where the document is left out."""
    recall = strict(files[name + ".json"], name=name + ".json")
    check_shape(recall, RECALL, "file", {"name": name + ".json"})
    if pdf is not None and recall["file_sha256"] != sha256(pdf):
        yield Wrong("resolution_recall", "file", name=name + ".json")
    cms, at = needed(files, name + ".p7s"), moment(recall["server_time"])
    yield from signed_by_someone(name, files[name + ".json"], cms, at, with_embedded(cms, certificates), signatures)
    return recall


def pdf_signatures(name: str, pdf: bytes, certificates: Certificates, signatures: Signatures):
    """Each signature over exactly the bytes it covers, the last over the whole file; who they are follows from the CMS.

    What a reader shows of the page is judged by the installation's own check; this is the mathematics alone.
    """
    ranges = [
        tuple(map(int, found)) for found in re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    ]
    made = []
    for start, first, second, rest in sorted(set(ranges), key=lambda each: each[2] + each[3]):
        try:
            cms = bytes.fromhex(pdf[first:second].strip(b"<>").decode("ascii"))
            cms = cms[: element(cms)[2]]
        except (ValueError, IndexError):
            yield Wrong("resolution_signature", "file", name=name, why="/Contents")
            continue
        if start != 0 or second + rest > len(pdf):
            yield Wrong("resolution_signature", "file", name=name, why="/ByteRange")
        odd, number = signer_of(cms)
        certificate = with_embedded(cms, certificates).by_number.get(number)
        if odd or certificate is None:
            yield Wrong("resolution_signature", "file", name=name, why=odd or "?")
            continue
        covered = pdf[:first] + pdf[second : second + rest]
        problem = signatures.problem("%s.%d" % (name, second), covered, cms, certificate, 0, check_time=False)
        if problem:
            yield Wrong("resolution_signature", "file", name=name, why=problem)
        made.append(certificate)
    if not ranges or max(second + rest for _start, _first, second, rest in ranges) != len(pdf):
        yield Wrong("resolution_covered", "file", name=name)
    return made


def with_embedded(cms: bytes, certificates: Certificates) -> Certificates:
    """The certificates of the bundle and those that the CMS brings along; authorities are those of the bundle only."""
    found = list(certificates.by_sha.values())
    try:
        fields = inside(cms, *element(cms, inside(cms, *element(cms)[1:])[1][2])[1:])
        for tag, _first, start, end in fields:
            if tag == 0xA0:
                found += [Certificate(cms[first:stop]) for _tag, first, _content, stop in inside(cms, start, end)]
    except (ValueError, IndexError):
        pass
    both = Certificates(found)
    both.authorities, both.partial = certificates.authorities, certificates.partial
    return both


# -- 11. the checkpoint of the installation's log (C2SP signed note), its witnesses, and our place in it

ED25519, COSIGNATURE = 1, 4


def check_checkpoint(files: dict, poll: dict, log: dict, openssl: OpenSSL, log_key):
    """Signed by the log's key, countersigned by each witness named, and this vote's root included."""
    if "checkpoint.txt" not in files:
        if "inclusion.json" in files:
            yield Wrong("file_needed", "file", name="checkpoint.txt")
        yield "none", {}
        return True
    keys = strict(needed(files, "keys.json"), name="keys.json")
    check_shape(keys, {"log": str, "witnesses": [str]}, "file", {"name": "keys.json"})
    about = {"name": "checkpoint.txt"}
    text, gap, below = files["checkpoint.txt"].decode("utf-8").rpartition("\n\n")
    lines = text.split("\n")
    if not gap or len(lines) < 3 or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) or not below.endswith("\n"):
        raise Wrong("checkpoint_form", "file", **about)
    signed = (text + "\n").encode()
    notes = [re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)", line) for line in below[:-1].split("\n")]
    if not all(notes):
        raise Wrong("checkpoint_form", "file", **about)
    signatures = [(found[1], base64.b64decode(found[2], validate=True)) for found in notes]
    name, kind, _public = parse_key(keys["log"])
    if name != lines[0] or kind != ED25519 or not note_holds(openssl, "log", signatures, keys["log"], signed):
        yield Wrong("checkpoint_signature", "file", **about)
    if log_key is not None and log_key != keys["log"]:
        yield Wrong("checkpoint_key", "file", name="keys.json")
    elif log_key is None:
        yield "log_key", {"key": keys["log"]}
    witnesses = 0
    for number, witness in enumerate(keys["witnesses"]):
        named, _kind, _public = parse_key(witness)
        if any(signer == named and raw[:4] == key_id(witness) for signer, raw in signatures):
            witnesses += 1
            if not note_holds(openssl, "witness%d" % number, signatures, witness, signed):
                yield Wrong("checkpoint_witness", "file", **{"name": named})
    size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
    if "inclusion.json" in files:
        yield from check_inclusion(files, poll, log, size, root)
    yield "checkpoint", {"origin": lines[0], "size": size, "witnesses": witnesses}
    return {"origin": lines[0], "size": size, "root": root}


def parse_key(vkey: str):
    """Name, kind and public key of "name+id+base64"; Wrong unless the id is that of the key."""
    try:
        name, hashed, raw = vkey.split("+", 2)
        key = base64.b64decode(raw, validate=True)
        if len(key) != 33 or hashed != hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex():
            raise ValueError
    except (ValueError, binascii.Error):
        raise Wrong("checkpoint_form", "file", name="keys.json") from None
    return name, key[0], key[1:]


def key_id(vkey: str) -> bytes:
    return bytes.fromhex(vkey.split("+", 2)[1])


def note_holds(openssl: OpenSSL, label: str, signatures: list, vkey: str, signed: bytes) -> bool:
    """Whether the note carries this key's signature, or for a witness its cosignature/v1 with a time before it."""
    name, kind, public = parse_key(vkey)
    for signer, raw in signatures:
        if signer != name or raw[:4] != key_id(vkey):
            continue
        signature, message = raw[4:], signed
        if kind == COSIGNATURE:
            at, signature = int.from_bytes(raw[4:12], "big"), raw[12:]
            message = b"cosignature/v1\ntime %d\n" % at + signed
        return openssl.verifies(label, public_pem(ED25519_SPKI + public), signature, message, pure=True)
    return False


POLL_ROOTS, SLIP_ROOTS = ("poll_closed", "poll_annulled"), ("slip_closed", "slip_recalled")


def check_inclusion(files: dict, poll: dict, log: dict, size: int, root: bytes):
    found = strict(files["inclusion.json"], name="inclusion.json")
    check_shape(found, {"leaf": str, "index": COUNT, "size": COUNT, "proof": [HEX]}, "file", {"name": "inclusion.json"})
    data = base64.b64decode(found["leaf"], validate=True)
    leaf = strict(data, name="inclusion.json")
    subject, kinds = (poll["slip_id"], SLIP_ROOTS) if "slip_id" in poll else (poll["poll_id"], POLL_ROOTS)
    told = (leaf.get("subject_id"), leaf.get("size"), leaf.get("root"))
    if leaf.get("kind") not in kinds or told != (subject, log["size"], log["root"]):
        yield Wrong("inclusion_leaf", "file", name="inclusion.json")
    proof = [bytes.fromhex(each) for each in found["proof"]]
    if found["size"] != size or climbed(found["index"], size, leaf_hash(data), proof) != root:
        yield Wrong("inclusion_wrong", "file", name="inclusion.json")


def climbed(index: int, size: int, leaf: bytes, proof: list):
    """The root that follows from a leaf and its proof (RFC 9162, 2.1.3), or None for a proof of another length."""
    if not 0 <= index < size:
        return None
    if size == 1:
        return None if proof else leaf
    if not proof:
        return None
    left = 1 << ((size - 1).bit_length() - 1)
    below = (
        climbed(index, left, leaf, proof[:-1]) if index < left else climbed(index - left, size - left, leaf, proof[:-1])
    )
    if below is None:
        return None
    pair = below + proof[-1] if index < left else proof[-1] + below
    return hashlib.sha256(b"\x01" + pair).digest()


# -- 12. where keys are kept: no proof, and shown as what it is

KEY_PLACES = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.key-places.v1",)),
    "keys": [{"certificate_sha256": HEX, "place": PLACE}],
}  # fmt: skip


def check_places(files: dict, roll: list, certificates: Certificates, signers: set):
    """What the system says of the place of each key; the roll of a definition of version 3 is signed with the ballots.

    `signers` are the hashes of the certificates that signed something else: the file must tell of all of them.
    """
    signed = {entry["certificate_sha256"]: entry["key_place"] for entry in roll if entry.get("key_place") is not None}
    everybody = signers | {entry["certificate_sha256"] for entry in roll} - {None}
    told = {}
    if "key-places.json" in files:
        about = {"name": "key-places.json"}
        found = strict(files["key-places.json"], **about)
        check_shape(found, KEY_PLACES, "file", about)
        for key in found["keys"]:
            if key["certificate_sha256"] in told:
                yield Wrong("key_twice", "file", **about)
            if key["certificate_sha256"] not in certificates.by_sha:
                yield Wrong("key_nobody", "file", **about)
            told[key["certificate_sha256"]] = key["place"]
        for sha in sorted(everybody):
            if sha not in told:
                yield Wrong("key_unlisted", "file", sha256=sha, **about)
        for entry in roll:
            sha = entry["certificate_sha256"]
            if sha in signed and told.get(sha, signed[sha]) != signed[sha]:
                yield Wrong("key_place", "roll", member=entry["member"])
    yield from say_places(signed, "places_signed")
    yield from say_places({sha: place for sha, place in told.items() if sha not in signed}, "places_told")
    if not signed and not told:
        yield "none", {}
    return True


def say_places(places: dict, how: str):
    for place in PLACES:
        number = sum(found == place for found in places.values())
        if number:
            yield "places", {"number": number, "place": place}
    if places:
        yield how, {}


# -- 13. the bundle of a Resolution

RECALL = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.recall.v1",)), "type": frozenset(("resolution_recall",)),
    "resolution_id": POSITIVE, "number": LINE, "file_sha256": HEX, "subject": LINE, "reason": str, "person": LINE,
    "nonce": NONCE, "server_time": MOMENT,
}  # fmt: skip
STANDS, RECALLED = "promulgated", "recalled"
RESOLUTION = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.resolution.v1",)), "resolution_id": POSITIVE, "subject": LINE,
    "state": frozenset(STATES), "number": LINE, "file_sha256": HEX, "promulgated_at": MOMENT, "ended_at": (MOMENT, None),
    "poll": {"poll_id": POSITIVE, "poll_hash": TAGGED, "bundle_sha256": HEX},
    "register": {"series": LINE, "normative": bool, "year": POSITIVE, "number": POSITIVE, "text": LINE,
                 "issued_on": r"\d{4}-\d\d-\d\d", "cancelled": (str, None)},
    "versions": [{"number": POSITIVE, "sha256": HEX, "changes_sha256": HEX, "needs_reason": bool, "reason": str,
                  "at": MOMENT}],
    "signatures": [{"role": LINE, "name": LINE, "post": LINE, "certificate_sha256": HEX, "at": MOMENT}],
    "verdict": {"state": frozenset(("valid",)), "at": MOMENT}, "software": LINE,
}  # fmt: skip
BASIS, BASIS_KEYS = "slip.zip", ("slip", "decision")
OF_SLIP = {
    **{name: shape for name, shape in RESOLUTION.items() if name != "poll"},
    "slip": {"slip_id": POSITIVE, "slip_hash": TAGGED, "bundle_sha256": HEX},
    "decision": {"way": frozenset(("submit",)), "reason": str, "tie_confirmed": bool, "name": LINE, "post": LINE,
                 "at": MOMENT},
}  # fmt: skip


def record_of(data: bytes) -> dict:
    """The record of a Resolution in one of its two shapes: on a vote, or on a slip."""
    record = strict(data, name="resolution.json")
    check_shape(record, OF_SLIP if "slip" in record else RESOLUTION, "file", {"name": "resolution.json"})
    return record


def check_resolution(files: dict, manifest: dict, certificates: Certificates, signatures: Signatures):
    """The record of a Resolution: hashes of document and texts, its signatures by the recorded certificates."""
    record = record_of(needed(files, "resolution.json"))
    pdf = needed(files, "resolution.pdf")
    if record["resolution_id"] != manifest["resolution_id"] or record["file_sha256"] != sha256(pdf):
        yield Wrong("resolution_hash", "file", name="resolution.pdf")
    for number, version in enumerate(record["versions"], start=1):
        for ending, stated in ((".json", version["sha256"]), (".changes.json", version["changes_sha256"])):
            name = "versions/%04d%s" % (number, ending)
            if version["number"] != number or sha256(needed(files, name)) != stated:
                yield Wrong("resolution_hash", "file", name=name)
            strict(needed(files, name), name=name)
    made = yield from pdf_signatures("resolution.pdf", pdf, certificates, signatures)
    if [each.sha256 for each in made] != [each["certificate_sha256"] for each in record["signatures"]]:
        yield Wrong("resolution_signers", "file", name="resolution.pdf")
    recall = None
    if "recall.json" in files:
        recall = yield from check_recall(files, "recall", pdf, certificates, signatures)
    if not ends_rightly(record, recall):
        yield Wrong("resolution_state", "file", name="resolution.json")
    if record["number"] != record["register"]["text"]:
        yield Wrong("result_field", "field", name="resolution.json, number")
    yield "resolution", {"number": record["number"], "signatures": len(made)}
    return record


def ends_rightly(record: dict, recall) -> bool:
    """A recalled Resolution has its signed recall and no other has one; what ended did so after it came out."""
    state, ended = record["state"], record["ended_at"]
    if (state == STANDS) != (ended is None) or (state == RECALLED) != (recall is not None):
        return False
    if ended is not None and ended < record["promulgated_at"]:
        return False
    if recall is None:
        return True
    same = (recall["resolution_id"], recall["number"]) == (record["resolution_id"], record["number"])
    return same and moment(recall["server_time"]) <= moment(ended) + CLOCKS_DIFFER


# -- 14. the bundle of an opinion slip: answers instead of ballots, and silence that counts by the rules

KINDS, SUPPORTS = ("consent", "pick", "text", "articles"), ("agree", "nothing")
URGENCIES = ("normal", "urgent", "very_urgent", "express")
HANOI = 7 * 3600  # seconds by which Hanoi is ahead of UTC, all the year
SLIP = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.slip.v1",)), "slip_id": POSITIVE, "number": LINE, "round": POSITIVE,
    "previous": (TAGGED, None), "body": {"code": LINE, "name": LINE, "place": LINE}, "matter": LINE,
    "organisation": ({"abbreviation": LINE, "name": LINE}, None), "legal_basis": str, "urgency": frozenset(URGENCIES),
    "questions": [{"index": POSITIVE, "kind": frozenset(KINDS), "text": str, "options": [LINE], "main": bool}],
    "articles": [{"index": POSITIVE, "label": LINE, "title": ANY_LINE}],
    "papers": [{"title": LINE, "version": POSITIVE, "sha256": HEX, "pages": POSITIVE, "draft": bool}],
    "rule_set": {"code": LINE, "valid_from": r"\d{4}-\d\d-\d\d", "legal_source": str, "confirmed": bool, "parameters": {
        "min_working_days": FRACTION_PART, "max_working_days": FRACTION_PART, "ends_at": r"([01]\d|2[0-3]):[0-5]\d",
        "silence": frozenset(SUPPORTS), "majority_numerator": FRACTION_PART, "majority_denominator": FRACTION_PART,
        "tie": frozenset(("head", "fails")), "answer_change_allowed": bool, "reminder_hours": [POSITIVE],
        "most_per_day": POSITIVE}},
    "roll": [{**POLL["roll"][0], "key_place": (PLACE, None)}],
    "issued_at": MOMENT, "issued_by": LINE, "deadline_at": MOMENT, "evidence": frozenset(("pin", "pin+passkey")),
    "software": LINE,
}  # fmt: skip
CHOICE = (frozenset(CHOICES), None)
ANSWER = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.slip-answer.v1",)), "type": frozenset(("slip_answer",)),
    "slip_id": POSITIVE, "slip_hash": TAGGED, "member": MEMBER, "roll_index": POSITIVE,
    "answers": [{"question": POSITIVE, "choice": CHOICE, "option": (POSITIVE, None), "text": str,
                 "articles": [{"article": POSITIVE, "choice": CHOICE, "text": str}]}],
    "reservation": bool, "attachments": [{"name": LINE, "sha256": HEX, "size": POSITIVE}], "supersedes": (TAGGED, None),
    "seen": SEEN, "nonce": NONCE, "server_time": MOMENT,
}  # fmt: skip
_ENTRY = {"v": frozenset((1,)), "seq": COUNT, "kind": str, "at": MOMENT}
SLIP_LEAF = {
    "issued": {**_ENTRY, "slip_hash": TAGGED, "deadline_at": MOMENT},
    "answer": {**_ENTRY, "statement_sha256": HEX, "cms_sha256": HEX, "member": MEMBER},
    "extended": {**_ENTRY, "before": MOMENT, "after": MOMENT, "reason": str},
    "closed": {**_ENTRY, "answers": COUNT, "deemed": [MEMBER], "reason": str},
    "recalled": {**_ENTRY, "answers": COUNT, "reason": str},
}
RECORDS = {
    "v": frozenset((1,)), "ctx": frozenset(("vn.ecabinet.slip-records.v1",)), "slip_hash": TAGGED,
    "deemed": [{"member": MEMBER, "rule_set": LINE, "source": str, "at": MOMENT}],
    "extensions": [{"before": MOMENT, "after": MOMENT, "reason": str, "by": (LINE, None), "at": MOMENT}],
}  # fmt: skip


def read_slip(files: dict, manifest: dict):
    """What was frozen at the issue; questions, roll, rules and deadline must be possible in themselves."""
    data = needed(files, "slip.json")
    slip = strict(data, name="slip.json")
    if type(slip.get("v")) is int and slip["v"] > 1:
        raise CannotJudge("newer_format", found="slip.json, v %d" % slip["v"])
    check_shape(slip, SLIP, "file", {"name": "slip.json"})
    slip_hash = "sha256:" + sha256(data)
    if (manifest["slip_id"], manifest["slip_hash"]) != (slip["slip_id"], slip_hash):
        yield Wrong("slip_hash", "file", name="manifest.json")
    yield from check_asked(slip)
    if (slip["round"] == 1) != (slip["previous"] is None):
        yield Wrong("slip_round", "file", name="slip.json")
    if not possible(slip["questions"], len(slip["articles"])):
        yield Wrong("slip_questions", "file", name="slip.json")
    if [each["index"] for each in slip["articles"]] != list(range(1, len(slip["articles"]) + 1)):
        yield Wrong("slip_questions", "file", name="slip.json")
    if not within_window(slip, slip["deadline_at"]):
        yield Wrong("slip_deadline", "file", name="slip.json")
    rules = slip["rule_set"]
    yield "slip_about", {"number": slip["number"], "round": slip["round"], "matter": slip["matter"],
                         "issued": slip["issued_at"], "deadline": slip["deadline_at"], "members": len(slip["roll"]),
                         "rules": rules["code"], "source": rules["legal_source"]}  # fmt: skip
    yield ("silence_agrees" if rules["parameters"]["silence"] == "agree" else "silence_nothing"), {}
    draft = next((paper["sha256"] for paper in slip["papers"] if paper["draft"]), "–")
    yield "software", {"software": slip["software"], "document": draft}
    return dict(slip, hash=slip_hash)


def check_asked(slip: dict):
    """The roll and the parameters of the rules."""
    held = set()
    for index, entry in enumerate(slip["roll"], start=1):
        if (entry["index"], entry["member"]) != (index, "M%02d" % index):
            yield Wrong("roll_order", "roll", member=entry["member"])
        if entry["certificate_sha256"] in held:
            yield Wrong("roll_certificate_twice", "roll", member=entry["member"])
        held |= {entry["certificate_sha256"]} - {None}
        if (entry["key_place"] is None) != (entry["certificate_sha256"] is None):
            yield Wrong("shape", "roll", member=entry["member"], field="key_place")
    if sum(entry["head"] for entry in slip["roll"]) > 1 or not slip["roll"]:
        yield Wrong("roll_heads", "file", name="slip.json")
    rules = slip["rule_set"]["parameters"]
    majority = Fraction(rules["majority_numerator"], rules["majority_denominator"])
    if not Fraction(1, 2) <= majority < 1 or rules["min_working_days"] > rules["max_working_days"]:
        raise Wrong("rule_impossible", "file", name="slip.json")


def possible(questions: list, articles: int) -> bool:
    """Numbered from 1; options belong to a choice among them; one question of consent decides, if there is any."""
    consents = [question["main"] for question in questions if question["kind"] == "consent"]
    for number, question in enumerate(questions, start=1):
        options = [option.casefold() for option in question["options"]]
        if question["index"] != number or len(set(options)) != len(options):
            return False
        if (question["kind"] == "pick") != (len(options) > 1) or (options and question["kind"] != "pick"):
            return False
        if (question["main"] and question["kind"] != "consent") or (question["kind"] == "articles" and not articles):
            return False
    return bool(questions) and sum(consents) == (1 if consents else 0)


def within_window(slip: dict, deadline: str) -> bool:
    """At the hour of the rules, and not before so many days; which days were working days the bundle does not say."""
    rules, day = slip["rule_set"]["parameters"], 24 * 3600
    local, issued = moment(deadline) + HANOI, moment(slip["issued_at"]) + HANOI
    hour, minute = map(int, rules["ends_at"].split(":"))
    return local % day == hour * 3600 + minute * 60 and local // day - issued // day >= rules["min_working_days"]


def read_slip_log(files: dict, slip: dict, known_root):
    """The tree of the slip; beside what `read_tree` gives, the deadline that stood at its end."""
    return (yield from read_tree(
        files, known_root, SLIP_LEAF, "issued", ("closed", "recalled"), lambda entries: check_course(slip, entries)
    ))  # fmt: skip


def check_course(slip: dict, entries: list):
    """Issued, answered and extended before the deadline that stood then, ended once and for the right reason."""
    first, last = entries[0], entries[-1]
    if (first.get("slip_hash"), first.get("deadline_at"), first["at"]) != (
        slip["hash"], slip["deadline_at"], slip["issued_at"],
    ):  # fmt: skip
        yield Wrong("slip_opening", "entry", n=0)
    deadline = slip["deadline_at"]
    for number, entry in enumerate(entries[1:-1], start=1):
        if entry["at"] >= deadline:
            yield Wrong("slip_late", "entry", n=number)
        if entry["kind"] == "extended":
            if entry["before"] != deadline or entry["after"] <= deadline or not entry["reason"].strip():
                yield Wrong("slip_extension", "entry", n=number)
            if not within_window(slip, entry["after"]):
                yield Wrong("slip_deadline", "entry", n=number)
            deadline = entry["after"]
    if last["kind"] not in ("closed", "recalled"):
        raise Wrong("log_sequence", "entry", n=len(entries) - 1)
    early = last["at"] < deadline
    reasoned = bool(last["reason"].strip())
    counts = last["answers"] == sum(entry["kind"] == "answer" for entry in entries)
    if not counts or reasoned != early or (last["kind"] == "recalled" and not early):
        yield Wrong("slip_end", "entry", n=len(entries) - 1)


def standing_deadline(slip: dict, log: dict) -> str:
    moved = [entry["after"] for entry in log["entries"] if entry["kind"] == "extended"]
    return moved[-1] if moved else slip["deadline_at"]


class Answer(Ballot):
    kind = "answer"


def read_answers(files: dict, slip: dict, log: dict):
    """Every answer in the order of the log, each field held against slip, log and the answers before it."""
    names = sorted(name[:-5] for name in files if re.fullmatch(r"answers/[0-9]{4,5}-M[0-9]{2,4}\.json", name))
    answers = []
    for number, name in enumerate(names, start=1):
        about = {"n": number, "member": name.split("-")[-1]}
        said = strict(files[name + ".json"], "answer", **about)
        check_shape(said, ANSWER, "answer", about)
        answers.append(Answer(number, name, files[name + ".json"], said, None))
        if name != "answers/%04d-%s" % (number, said["member"]):
            yield Wrong("ballot_name", "answer", **about)
    yield from match_log(files, answers, log, "answer")
    for answer in answers:
        yield from check_answer(answer, slip, log)
    yield from check_nonces(answers)
    yield from check_chain(answers, slip["rule_set"]["parameters"]["answer_change_allowed"])
    yield from check_orphans(files)
    replaced = sum(answer.said["supersedes"] is not None for answer in answers)
    yield "answers", {"answers": len(answers), "superseded": replaced}
    return answers


def check_answer(answer: Answer, slip: dict, log: dict):
    said, roll = answer.said, {entry["member"]: entry for entry in slip["roll"]}
    if (said["slip_id"], said["slip_hash"]) != (slip["slip_id"], slip["hash"]):
        yield Wrong("answer_slip", "answer", **answer.place)
    member = roll.get(said["member"])
    if member is None or member["index"] != said["roll_index"] or member["certificate_sha256"] is None:
        yield Wrong("answer_member", "answer", **answer.place)
    yield from check_parts(answer, slip)
    before = answer.entry["seq"] if answer.entry else log["size"]
    yield from check_seen(said["seen"], before, log, "answer", answer.place)
    given = moment(said["server_time"])
    if given < moment(slip["issued_at"]) - CLOCKS_DIFFER:
        yield Wrong("ballot_early", "answer", **answer.place)
    if given > moment((answer.entry or log["entries"][-1])["at"]) + CLOCKS_DIFFER:
        yield Wrong("ballot_late", "answer", **answer.place)


def check_parts(answer: Answer, slip: dict):
    """One part for each question in order, of its kind; the question that decides is answered."""
    said, questions = answer.said, slip["questions"]
    if [part["question"] for part in said["answers"]] != [question["index"] for question in questions]:
        yield Wrong("answer_part", "answer", question="–", **answer.place)
        return
    for part, question in zip(said["answers"], questions):
        if not part_fits(part, question, len(slip["articles"])):
            yield Wrong("answer_part", "answer", question=question["index"], **answer.place)
    chosen = [part["choice"] for part, question in zip(said["answers"], questions) if question["main"]]
    if said["reservation"] and chosen not in (["disagree"], ["other"]):
        yield Wrong("ballot_reservation", "answer", **answer.place)
    if not said["attachments"] and not any(
        part["choice"] or part["option"] or part["text"] or part["articles"] for part in said["answers"]
    ):
        yield Wrong("answer_empty", "answer", **answer.place)
    for name in ("name", "sha256"):
        if len({each[name] for each in said["attachments"]}) != len(said["attachments"]):
            yield Wrong("answer_attachments", "answer", **answer.place)


def part_fits(part: dict, question: dict, articles: int) -> bool:
    kind, numbers = question["kind"], [each["article"] for each in part["articles"]]
    if part["choice"] is not None and kind != "consent":
        return False
    if part["option"] is not None and (kind != "pick" or part["option"] > len(question["options"])):
        return False
    if numbers and (kind != "articles" or numbers != sorted(set(numbers)) or numbers[-1] > articles):
        return False
    return all(each["choice"] or each["text"] for each in part["articles"]) and not (
        question["main"] and part["choice"] is None
    )


def silent(slip: dict, answers: list) -> list:
    """The entries of the roll that nobody answered for, in its order."""
    heard = {answer.member for answer in answers}
    return [entry for entry in slip["roll"] if entry["member"] not in heard]


def check_records(files: dict, slip: dict, log: dict, answers: list):
    """Who is deemed to agree follows from the rule of silence alone; extensions are those of the log."""
    last = log["entries"][-1]
    counts = last["kind"] == "closed" and slip["rule_set"]["parameters"]["silence"] == "agree"
    deemed = [entry["member"] for entry in silent(slip, answers)] if counts else []
    if last.get("deemed", []) != deemed:
        yield Wrong("slip_deemed", "entry", n=log["size"] - 1)
    about = {"name": "records.json"}
    noted = strict(needed(files, "records.json"), **about)
    check_shape(noted, RECORDS, "file", about)
    if noted["slip_hash"] != slip["hash"]:
        yield Wrong("slip_hash", "file", **about)
    if [each["member"] for each in noted["deemed"]] != deemed:
        yield Wrong("slip_deemed", "file", **about)
    rules, due = slip["rule_set"], standing_deadline(slip, log)
    for each in noted["deemed"]:
        sourced = (each["rule_set"], each["source"]) == (rules["code"], rules["legal_source"])
        if not sourced or not due <= each["at"] <= last["at"]:
            yield Wrong("slip_deemed", "roll", member=each["member"])
    entered = [entry for entry in log["entries"] if entry["kind"] == "extended"]
    same = ("before", "after", "reason")
    if [[each[name] for name in same] for each in noted["extensions"]] != [
        [entry[name] for name in same] for entry in entered
    ] or any(each["at"] > entry["at"] for each, entry in zip(noted["extensions"], entered)):
        yield Wrong("slip_extension", "file", **about)
    yield "slip_deemed_note", {"deemed": len(deemed), "extensions": len(entered)}
    return True


SLIP_REPEATED = (
    "slip_id", "number", "round", "previous", "body", "matter", "organisation", "urgency", "evidence", "issued_at",
    "issued_by", "software",
)  # fmt: skip


class SlipCount:
    """What the answers say, question by question. The log is read backwards: the first answer met of a member stands."""

    def __init__(self, slip: dict, answers: list) -> None:
        self.slip, self.rules, self.members = slip, slip["rule_set"]["parameters"], len(slip["roll"])
        self.standing: dict = {}
        for answer in reversed(answers):
            self.standing.setdefault(answer.member, answer)
        self.silent = silent(slip, answers)
        self.deemed = len(self.silent) if self.rules["silence"] == "agree" else 0
        self.majority = Fraction(self.rules["majority_numerator"], self.rules["majority_denominator"])
        self.needed = next(n for n in range(self.members + 2) if n > self.majority * self.members)
        self.head = next((entry for entry in slip["roll"] if entry["head"]), None)
        self.questions = [self.question(question) for question in slip["questions"]]
        self.main = next((each for each in self.questions if each["main"]), None)
        self.outcome = self.main and self.main["outcome"]

    def question(self, question: dict) -> dict:
        place, kind = question["index"] - 1, question["kind"]
        parts = {member: answer.said["answers"][place] for member, answer in self.standing.items()}
        found = {"index": question["index"], "kind": kind, "main": question["main"]}
        if kind == "consent":
            return {**found, **self.consent({member: part["choice"] for member, part in parts.items()})}
        if kind == "pick":
            picked = [part["option"] for part in parts.values() if part["option"] is not None]
            options = [{"option": number, "text": text, "count": picked.count(number)}
                       for number, text in enumerate(question["options"], start=1)]  # fmt: skip
            return {**found, "options": options, "deemed": 0, "missing": self.members - len(picked)}
        spoken = sum(1 for part in parts.values() if part["text"] or part["articles"])
        found.update(spoken=spoken, deemed=0, missing=self.members - spoken)
        if kind == "articles":
            marks = [mark for part in parts.values() for mark in part["articles"]]
            found["articles"] = [
                {
                    "article": each["index"],
                    **self.columns([m["choice"] for m in marks if m["article"] == each["index"]]),
                }
                for each in self.slip["articles"]
            ]
        return found

    def columns(self, choices: list) -> dict:
        """Cast, deemed and missing apart; together they are all members."""
        cast = {choice: sum(each == choice for each in choices) for choice in CHOICES}
        return {**cast, "deemed": self.deemed, "missing": self.members - self.deemed - sum(cast.values())}

    def consent(self, choices: dict) -> dict:
        """Silence counts for the motion where the rules say so, and never breaks a tie."""
        columns = self.columns(list(choices.values()))
        support = columns["agree"] + columns["deemed"]
        led = choices.get(self.head["member"]) if self.head else None
        by_head = False
        if Fraction(support, self.members) > self.majority:
            outcome = "adopted"
        elif support != columns["disagree"] or self.rules["tie"] == "fails":
            outcome = "not_adopted"
        elif led in ("agree", "disagree"):
            outcome, by_head = ("adopted" if led == "agree" else "not_adopted"), True
        else:
            outcome = "undecided"
        return {
            **columns, "counted_for": support, "percent_of_all": self.percent(support), "threshold": self.needed,
            "head_choice": led, "outcome": outcome, "by_head": by_head,
        }  # fmt: skip

    def percent(self, number: int) -> str:
        tenths = int(Fraction(1000 * number, self.members) + Fraction(1, 2))
        return "%d.%d" % (tenths // 10, tenths % 10)

    def sentence(self) -> str:
        """The outcome as the report words it."""
        body, main, answered = self.slip["body"]["name"], self.main, len(self.standing)
        if main is None:
            return (
                "Kết quả lấy ý kiến: %d/%d thành viên %s đã trả lời; chưa trả lời: %d. Phiếu không có nội dung xin ý kiến "
                "đồng ý, không đồng ý." % (answered, self.members, body, self.members - answered)
            )
        share = main["percent_of_all"]
        share = share[:-2] if share.endswith(".0") else share.replace(".", ",")
        silently = " (trong đó mặc nhiên đồng ý: %d)" % main["deemed"] if main["deemed"] else ""
        begun = (
            "Kết quả lấy ý kiến: tán thành %d/%d thành viên %s%s, đạt %s%% tổng số thành viên; không đồng ý: %d; ý kiến khác: "
            "%d; chưa trả lời: %d. " % (main["counted_for"], self.members, body, silently, share, main["disagree"],
                                        main["other"], main["missing"])
        )  # fmt: skip
        rules = self.slip["rule_set"]
        return begun + self.verdict(body, main) + " Áp dụng bộ quy tắc %s: %s." % (rules["code"], rules["legal_source"])

    def verdict(self, body: str, main: dict) -> str:
        equal = "Số ý kiến tán thành và không đồng ý ngang nhau (%d – %d)" % (main["counted_for"], main["disagree"])
        post = self.head["post"] if self.head else None
        if main["by_head"]:
            return "%s; thực hiện theo ý kiến mà %s đã trả lời (%s), nội dung lấy ý kiến %s." % (
                equal, post, {"agree": "đồng ý", "disagree": "không đồng ý"}[main["head_choice"]],
                "được thông qua" if main["outcome"] == "adopted" else "không được thông qua",
            )  # fmt: skip
        if main["outcome"] == "undecided":
            why = (
                post + " không trả lời đồng ý hoặc không đồng ý"
                if post
                else body + " không có người đứng đầu tại thời điểm lấy ý kiến"
            )
            return equal + " và " + why + " nên chưa có quyết định."
        half = (self.rules["majority_numerator"], self.rules["majority_denominator"]) == (1, 2)
        part = (
            "quá nửa" if half else "quá %d/%d" % (self.rules["majority_numerator"], self.rules["majority_denominator"])
        )
        more = "%s tổng số thành viên %s tán thành (cần ít nhất %d thành viên)." % (part, body, self.needed)
        passed = "được thông qua do có " if main["outcome"] == "adopted" else "không được thông qua do không có "
        return "Nội dung lấy ý kiến " + passed + more

    def result(self, log: dict) -> dict:
        """The whole of result.json."""
        slip, last = self.slip, log["entries"][-1]
        shown = [{name: entry[name] for name in SHOWN_ROLL} for entry in self.silent]
        ways = {None: [], "adopted": ["submit"]}.get(self.outcome, ["submit", "session", "return"])
        return {
            "v": 1, "ctx": "vn.ecabinet.slip-result.v1", "slip_hash": slip["hash"],
            **{name: slip[name] for name in SLIP_REPEATED},
            "rule_set": {name: value for name, value in slip["rule_set"].items() if name != "parameters"},
            "silence": self.rules["silence"], "deadline_at": standing_deadline(slip, log),
            "extensions": [{name: entry[name] for name in ("before", "after", "reason", "at")}
                           for entry in log["entries"] if entry["kind"] == "extended"],
            "closed_at": last["at"], "early": last["reason"], "members": self.members, "answered": len(self.standing),
            "deemed": shown if self.deemed else [], "missing": [] if self.deemed else shown,
            "questions": self.questions, "main": self.main and self.main["index"], "outcome": self.outcome, "ways": ways,
            "sentence": self.sentence(), "answers": self.answers(log),
            "log": {"size": log["size"], "root": log["root"]},
        }  # fmt: skip

    def answers(self, log: dict) -> list:
        told = []
        for entry in self.slip["roll"]:
            answer = self.standing.get(entry["member"])
            if answer is None:
                continue
            seq = answer.entry["seq"] if answer.entry else -1
            row = {name: entry[name] for name in (*SHOWN_ROLL, "certificate_sha256")}
            row.update({name: answer.said[name] for name in ("answers", "reservation", "attachments", "server_time")})
            row.update({"statement_sha256": answer.sha256, "leaf_seq": seq, "leaf_hash": log["hashes"][seq].hex()})
            told.append(row)
        return told

    def computation(self) -> dict:
        """The same step by step: the whole of computation.json."""
        quiet, rules = [entry["member"] for entry in self.silent], self.slip["rule_set"]
        return {
            "v": 1, "ctx": "vn.ecabinet.slip-computation.v1", "slip_hash": self.slip["hash"],
            "rule_set": {name: rules[name] for name in ("code", "legal_source")}, "silence": self.rules["silence"],
            "members": self.members,
            "standing": [{"member": entry["member"], "answer": self.standing[entry["member"]].number}
                         for entry in self.slip["roll"] if entry["member"] in self.standing],
            "deemed": quiet if self.deemed else [], "missing": [] if self.deemed else quiet,
            "questions": [bare_numbers(each) for each in self.questions], "outcome": self.outcome,
        }  # fmt: skip


def bare_numbers(question: dict) -> dict:
    found = {name: value for name, value in question.items() if name not in ("kind", "percent_of_all")}
    if "options" in found:
        found["options"] = [{"option": each["option"], "count": each["count"]} for each in found["options"]]
    return found


def check_slip_result(files: dict, slip: dict, log: dict, answers: list):
    """The result counted here, held against every field of result.json; a slip that was recalled has none."""
    if log["entries"][-1]["kind"] == "recalled":
        for name in ("result.json", "computation.json"):
            if name in files:
                yield Wrong("act_result", "file", name=name)
        yield "recalled", {}
        return {"count": None}
    if "result.json" not in files:
        raise Wrong("result_missing")
    count = SlipCount(slip, answers)
    stated, computed = strict(files["result.json"], name="result.json"), count.result(log)
    if stated.get("outcome") != count.outcome:
        yield Wrong("result_outcome", "field", name="result.json",
                    computed=OUTCOMES.get(count.outcome, ("–",))[0], stated=stated.get("outcome"))  # fmt: skip
    for name in ("answers", "deemed", "missing"):
        theirs = stated.get(name) if isinstance(stated.get(name), list) else []
        said = {each.get("member"): each for each in theirs if isinstance(each, dict)}
        ours = {each["member"]: each for each in computed[name]}
        odd = [member for member in [*ours, *(set(said) - set(ours))] if said.get(member) != ours.get(member)]
        for member in odd:
            yield Wrong("result_vote", "roll", member=member)
    for name in sorted(set(stated) | set(computed)):
        if canonical(stated.get(name, 0)) != canonical(computed.get(name, 0)):
            yield Wrong("slip_result_field", "field", name="result.json, " + name)
    if count.main is None:
        yield "slip_no_consent", {"answered": len(count.standing), "members": count.members}
    else:
        told = {name: count.main[name] for name in (*CHOICES, "deemed", "missing", "counted_for", "outcome")}
        yield "slip_counted", {**told, "members": count.members, "needed": count.needed}
    return {"count": count}


# -- 15. an older bundle

GROWING = ("log.json", "checkpoint.txt", "inclusion.json", "keys.json")


def check_older(older: bytes, files: dict, manifest: dict, log):
    """The older bundle is whole, is of the same subject, and everything in it is in this one, byte for byte."""
    account = Account()
    old = account.step("archive", read_archive, older)
    about = account.step("manifest", read_manifest, old)
    if account.problems or about is None:
        yield account.problems[0][1]
        raise Wrong("older_invalid")
    same = ("ctx", "poll_id", "poll_hash", "resolution_id", "slip_id", "slip_hash")
    if [about.get(name) for name in same] != [manifest.get(name) for name in same]:
        raise Wrong("older_poll")
    annulled = any("poll_annulment" in name for name in files) and not any("poll_annulment" in name for name in old)
    for name in sorted(set(old) - {"manifest.json"}):
        if files.get(name) == old[name]:
            continue
        taken_back = annulled and name in ("result.json", "computation.json", "tally.pdf")
        if (name in MADE_ANEW and name in files) or taken_back:
            yield "made_anew", {"name": name}
        elif name == "resolution.json" and name in files:
            yield from check_older_record(old[name], files[name])
        elif name == "key-places.json" and name in files and kept_places(old[name]) <= kept_places(files[name]):
            yield "places_grown", {"name": name}
        elif name == BASIS and name in files:
            inside, within, known = opened(files[name])
            yield from check_older(old[name], inside, within, known)
        elif name in WITHDRAWN and withdrawn(old, files):
            yield "withdrawn", {"name": name}
        elif name not in files:
            yield Wrong("older_missing", "file", name=name)
        elif name not in GROWING:
            yield Wrong("older_changed", "file", name=name)
    if log is not None and "log.json" in old:
        earlier = strict(old["log.json"], name="log.json")
        size = earlier.get("size")
        if (
            type(size) is not int
            or not 0 < size <= log["size"]
            or tree_root(log["hashes"][:size]).hex() != earlier.get("root")
        ):
            yield Wrong("older_log", "file", name="log.json")
    if "checkpoint.txt" in old and "checkpoint.txt" in files:
        was, now = (each["checkpoint.txt"].decode("utf-8").split("\n") for each in (old, files))
        if was[0] != now[0] or int(was[1]) > int(now[1]) or (was[1] == now[1] and was[2] != now[2]):
            yield Wrong("older_changed", "file", name="checkpoint.txt")
    kept = sum(files.get(name) == content for name, content in old.items())
    yield "extends", {"added": len(set(files) - set(old)), "kept": kept}
    return True


def opened(data: bytes) -> tuple:
    """Files, manifest and log of a bundle that is examined elsewhere; None for what cannot be read."""
    account = Account()
    files = account.step("archive", read_archive, data)
    manifest = account.step("manifest", read_manifest, files)
    slip = account.step("slip", read_slip, files, manifest)
    log = account.step("slip_log", lambda found, about: read_slip_log(found, about, None), files, slip)
    if manifest is None or log is None:
        raise Wrong("basis_other", "file", name=BASIS)
    return files, manifest, log


WITHDRAWN = ("resolution/text.json", "resolution/changes.json", "resolution/resolution.pdf")


def withdrawn(old: dict, files: dict) -> bool:
    """Whether the document was recalled meanwhile: then only auditors get it. The recall itself is verified above."""
    if any(name in files for name in WITHDRAWN) or "resolution/recall.json" not in files:
        return False
    recall = strict(files["resolution/recall.json"], name="resolution/recall.json")
    return recall.get("file_sha256") == sha256(old.get("resolution/resolution.pdf", b""))


def kept_places(data: bytes) -> set:
    """What key-places.json says, line by line: whoever signs something later only adds to it."""
    found = strict(data, name="key-places.json")
    check_shape(found, KEY_PLACES, "file", {"name": "key-places.json"})
    return {(key["certificate_sha256"], key["place"]) for key in found["keys"]}


def check_older_record(older: bytes, newer: bytes):
    """The record of a Resolution tells the same; it may only have come to its end, and its vote's bundle have grown."""
    was, now = record_of(older), record_of(newer)
    for record in (was, now):
        del record["software"], (record.get("slip") or record["poll"])["bundle_sha256"]
    if was["state"] == STANDS and now["state"] != STANDS:
        yield "ended", {"before": was["state"], "after": now["state"], "at": now["ended_at"]}
        was.update(state=now["state"], ended_at=now["ended_at"])
    for field in sorted({*was, *now}):
        if canonical(was.get(field)) != canonical(now.get(field)):
            yield Wrong("older_record", "file", name="resolution.json", field=field)


# -- the whole account


def examine(data: bytes, older=None, authority=None, root=None, log_key=None) -> Account:
    """Every examination of one bundle, in order; what needs an earlier one that failed is left out and said so."""
    account = Account()
    with tempfile.TemporaryDirectory(prefix="verify-evidence-") as folder:
        openssl = OpenSSL(folder)
        files = account.step("archive", read_archive, data)
        manifest = account.step("manifest", read_manifest, files)
        if manifest is not None and manifest["ctx"] == RESOLUTION_BUNDLE:
            examine_resolution(account, openssl, files, manifest, (authority, root, log_key))
            log = None
        elif manifest is not None and manifest["ctx"] == SLIP_BUNDLE:
            log = examine_slip(account, openssl, files, manifest, authority, root, log_key)
        else:
            log = examine_poll(account, openssl, files, manifest, authority, root, log_key)
        if older is not None:
            account.step("older", lambda new, about: check_older(older, new, about, log), files, manifest)
    return account


def examine_poll(account: Account, openssl: OpenSSL, files, manifest, authority, root, log_key):
    poll = account.step("poll", read_poll, files, manifest)
    pinned = None if poll is None else [(entry["member"], entry["certificate_sha256"]) for entry in poll["roll"]]
    certificates = account.step(
        "certificates", lambda found, wanted: read_certificates(found, wanted, authority), files, pinned
    )
    signatures = None if certificates is None else Signatures(openssl, certificates)
    log = account.step("log", lambda found, about: read_log(found, about, root), files, poll)
    ballots = account.step("ballots", read_ballots, files, poll, log)
    account.step("signatures", check_signatures, files, poll, certificates, ballots, signatures)
    acts = account.step("acts", read_acts, files, poll, log, certificates, signatures)
    subjects = None
    if ballots is not None and acts is not None:
        subjects = {each.name: {"name": each.name, "at": moment(each.said["server_time"])} for each in ballots}
        subjects.update(
            {act["name"][:-5]: {"name": act["name"][:-5], "at": moment(act["server_time"])} for act in acts.values()}
        )
    account.step("time_stamps", check_time_stamps, files, subjects, openssl, certificates)
    account.step("passkeys", check_passkeys, files, subjects, openssl, poll)
    account.step("revocations", check_revocations, files, subjects, openssl, certificates)
    signers = None if acts is None else {act["certificate"] for act in acts.values()} - {None}
    account.step("keys", check_places, files, None if poll is None else poll["roll"], certificates, signers)
    counted = account.step("result", check_result, files, poll, log, ballots, acts)
    account.step("documents", check_documents, files, counted, certificates, signatures)
    account.step("checkpoint", lambda *needs: check_checkpoint(*needs, openssl, log_key), files, poll, log)
    return log


def examine_slip(account: Account, openssl: OpenSSL, files, manifest, authority, root, log_key):
    slip = account.step("slip", read_slip, files, manifest)
    pinned = None if slip is None else [(entry["member"], entry["certificate_sha256"]) for entry in slip["roll"]]
    certificates = account.step(
        "certificates", lambda found, wanted: read_certificates(found, wanted, authority), files, pinned
    )
    signatures = None if certificates is None else Signatures(openssl, certificates)
    log = account.step("slip_log", lambda found, about: read_slip_log(found, about, root), files, slip)
    answers = account.step("answers", read_answers, files, slip, log)
    account.step("answer_signatures", check_signatures, files, slip, certificates, answers, signatures)
    subjects = None
    if answers is not None:
        subjects = {each.name: {"name": each.name, "at": moment(each.said["server_time"])} for each in answers}
    account.step("time_stamps", check_time_stamps, files, subjects, openssl, certificates)
    account.step("passkeys", check_passkeys, files, subjects, openssl, slip)
    account.step("revocations", check_revocations, files, subjects, openssl, certificates)
    account.step("keys", check_places, files, None if slip is None else slip["roll"], certificates, set())
    account.step("records", check_records, files, slip, log, answers)
    counted = account.step("slip_result", check_slip_result, files, slip, log, answers)
    account.step("documents", check_documents, files, counted, certificates, signatures)
    account.step("checkpoint", lambda *needs: check_checkpoint(*needs, openssl, log_key), files, slip, log)
    return log


def examine_resolution(account: Account, openssl: OpenSSL, files: dict, manifest: dict, known: tuple) -> None:
    """`known` is what the reader brings along: an authority, the root and the key of the log, or None for each."""
    certificates = account.step("certificates", lambda found: read_certificates(found, [], known[0]), files)
    signatures = None if certificates is None else Signatures(openssl, certificates)
    record = account.step("resolution", check_resolution, files, manifest, certificates, signatures)
    signers = None if record is None else {each["certificate_sha256"] for each in record["signatures"]}
    account.step("basis", check_basis, files, record, known)
    account.step("keys", check_places, files, [], certificates, signers)
    account.step("long_term", check_long_term, files, openssl, certificates)


def check_basis(files: dict, record: dict, known: tuple):
    """The slip on which a Resolution stands: its bundle inside holds by itself, and the decision goes with its result.

    A Resolution that stands on a vote names the bundle of the vote by its hash and has none inside.
    """
    if "slip" not in record:
        if BASIS in files:
            yield Wrong("file_unknown", "file", name=BASIS)
        yield "none", {}
        return True
    data = needed(files, BASIS)
    if sha256(data) != record["slip"]["bundle_sha256"]:
        yield Wrong("resolution_hash", "file", name=BASIS)
    if kind_of(data) != SLIP_BUNDLE:
        raise Wrong("basis_other", "file", name=BASIS)
    account = examine(data, None, *known)
    for _step, problem in account.problems:
        yield Wrong("basis_inside", "file", name=BASIS, why=problem)
    if account.problems:
        return None
    inside, manifest, _log = opened(data)
    if (manifest["slip_id"], manifest["slip_hash"]) != (record["slip"]["slip_id"], record["slip"]["slip_hash"]):
        raise Wrong("basis_other", "file", name=BASIS)
    slip, result = strict(inside["slip.json"]), strict(needed(inside, "result.json"))
    decision, first = record["decision"], strict(needed(files, "versions/0001.json"))
    explained = result["outcome"] == "adopted" or decision["reason"].strip()
    times = [moment(each) for each in (result["closed_at"], decision["at"], record["promulgated_at"])]
    if result["outcome"] is None or not explained or times != sorted(times):
        yield Wrong("basis_decision", "file", name="resolution.json")
    if [each["title"] for each in slip["articles"]] != [each["heading"][:500] for each in first["articles"]]:
        yield Wrong("basis_text", "file", name="versions/0001.json")
    yield "basis_steps", {"steps": len(account.steps)}
    decided = "%s %s" % (decision["post"], decision["name"])
    facts = {"number": slip["number"], "outcome": result["outcome"], "decided": decided, "at": decision["at"]}
    yield "basis", facts
    return True


def kind_of(data: bytes):
    """What a bundle says it is, so that nothing is opened inside of something that was inside; None when unreadable."""
    account = Account()
    manifest = account.step("manifest", read_manifest, account.step("archive", read_archive, data))
    return manifest["ctx"] if manifest else None


def check_long_term(files: dict, openssl: OpenSSL, certificates: Certificates):
    """Each form continues the one before it, the first one the Resolution; its time stamps cover everything before them.

    What a reader shows of the page is judged by the installation's own check; this is the mathematics alone.
    """
    names = sorted(name for name in files if name.startswith("long-term/"))
    before, stamps = files.get("resolution.pdf", b""), 0
    if not names:
        yield "none", {}
        return True
    for number, name in enumerate(names, start=1):
        pdf = files[name]
        if name != "long-term/%04d.pdf" % number or not pdf.startswith(before) or len(pdf) == len(before):
            yield Wrong("long_term_begins", "file", name=name)
            return None
        why, stamps = document_stamps(name, pdf, len(files["resolution.pdf"]), openssl, certificates)
        if why:
            yield Wrong("long_term_stamp", "file", name=name, why=why)
        before = pdf
    yield "long_term", {"forms": len(names), "stamps": stamps}
    return True


def document_stamps(name: str, pdf: bytes, sealed: int, openssl: OpenSSL, certificates: Certificates) -> tuple:
    """What is wrong with the time stamps behind the sealed document, and how many there are."""
    trusted = openssl.trust(certificates, stamps=True)
    others = openssl.path("others.pem", b"".join(each.pem for each in certificates.by_sha.values()))
    found = re.finditer(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
    ranges = [tuple(map(int, each.groups())) for each in found if each.start() >= sealed]
    if ranges and ranges[-1][1] + ranges[-1][2] != len(pdf):
        return "/ByteRange", len(ranges)
    for first, second, rest in ranges:
        try:
            token = bytes.fromhex(pdf[first + 1 : second - 1].decode("ascii"))
            token = token[: element(token)[2]]
            at = stamped_at(token)
        except (ValueError, IndexError):
            return "RFC 3161", len(ranges)
        status, _said, errors = openssl.run(
            "ts", "-verify", "-in", openssl.path("%s.%d.tst" % (name, first), token), "-token_in",
            "-data", openssl.path("%s.%d.data" % (name, first), pdf[:first] + pdf[second : second + rest]),
            "-untrusted", others, "-attime", str(at), *trusted[:2],
        )  # fmt: skip
        if status:
            reason = re.search(r"Verify error:(.+)|:([^:\n]+):[^:\n]+\.c:", errors)
            return (reason[1] or reason[2] if reason else "?").strip(), len(ranges)
    return "", len(ranges)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra gói chứng cứ / Verify an evidence bundle")
    parser.add_argument("file", metavar="FILE.zip")
    parser.add_argument("--language", choices=("vi", "en"), default="vi")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--older", metavar="OLD.zip", help="an earlier bundle that this one must only extend")
    parser.add_argument("--authority", metavar="FILE", help="certificate of the authority you trust, PEM or DER")
    parser.add_argument("--root", metavar="HEX", help="the root that a tally record or a receipt shows")
    parser.add_argument("--log-key", metavar="VKEY", help="the key of the installation's log that you know")
    options = parser.parse_args(arguments)
    language = ("vi", "en").index(options.language)
    try:
        authority = given_authority(options.authority) if options.authority else None
        older = load(options.older) if options.older else None
        account = examine(load(options.file), older, authority, options.root, options.log_key)
    except CannotJudge as reason:
        said = say_in(SAID[reason.code], language, **reason.facts)
        told = {"state": "unknown", "steps": [], "problems": [{"step": "archive", "code": reason.code, "said": said}]}
        say(json.dumps(told, ensure_ascii=False, indent=2) if options.json else said + "\n" + ENDS[UNKNOWN][language])
        return UNKNOWN
    status = INVALID if account.problems else VALID
    if options.json:
        say(json.dumps(account.as_json(language), ensure_ascii=False, indent=2))
    else:
        end = say_in(ENDS[status], language, problems=len(account.problems))
        say("\n".join([*account.lines(language), end]))
    return status


def say(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


if __name__ == "__main__":
    sys.exit(main())
