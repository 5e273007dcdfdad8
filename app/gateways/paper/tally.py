"""Decides what the tally record (biên bản kiểm phiếu) says: only what the frozen poll and its signed result say."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build
from app.gateways.paper.marks import Mark, marked
from app.gateways.paper.tally_annex import CHOICES, NAMED, NO_BALLOT, PLACES, annex

COUNTED = ("Ý kiến", "Số thành viên trên tổng số", "Tỷ lệ trên tổng số thành viên")
OUTCOMES = {
    "adopted": "THÔNG QUA",
    "not_adopted": "KHÔNG THÔNG QUA",
    "tie_confirm": "SỐ PHIẾU NGANG NHAU – CHỜ XÁC NHẬN",
    "undecided": "CHƯA QUYẾT ĐỊNH",
}
ODD_STAMPS = {
    "awaited": "đang chờ dấu thời gian",
    "early": "có dấu thời gian trước khi mở biểu quyết",
    "late": "có dấu thời gian sau khi đóng biểu quyết quá giới hạn cho phép",
    "broken": "có dấu thời gian không kiểm tra được",
}
THIS_VOTE = "biểu quyết này"
OPENING_AND_CLOSING = 2  # entries of the log that are no ballots


class Contradiction(ValueError):
    """The definition, the result and the log do not say the same: no record can be drawn up."""


KEPT = {"software": "khóa phía máy chủ", "pkcs11": "thiết bị ký (PKCS#11)", "csc": "ký số từ xa"}


def tally_record(
    definition: dict[str, Any],
    result: dict[str, Any],
    log: dict[str, Any],
    demo: bool,
    stamps: dict[str, int] | None = None,
    kept: Mapping[str, int] | None = None,
    mark: Mark | None = None,
) -> bytes:
    """The PDF of the record, byte for byte the same for the same data.

    `definition`, `result` and `log` are the objects of poll.json, result.json and log.json in the evidence bundle.
    `stamps` counts the time stamps of all ballots: ballots, stamped, awaited, none, broken, early, late.
    `kept` says where the keys of the ballots live: software, pkcs11, csc, and of how many; without it nothing is said.
    `mark` is the checkpoint of the installation's log that covers the vote, None as long as there is none.
    Raises Contradiction when they disagree, so that a wrong figure never reaches paper.
    """
    _agree_with_each_other(definition, result, log)
    closed = dates.moment(result["closed_at"])
    body = definition["body"]["name"]
    return build(
        [
            Head(body.upper(), _place_date(definition, closed)),
            Title("BIÊN BẢN KIỂM PHIẾU", f"Về việc biểu quyết {_inside(definition['item']['title'])}"),
            *_when_and_what(definition, result),
            *_rule(definition),
            *_attendance(definition),
            *_counts(result),
            *_remarks(definition, result),
            *_evidence(definition, result, (*_keys(kept or {}), *_time_stamps(stamps), *marked(mark, THIS_VOTE))),
            blocks.closing((), [(("THƯ KÝ PHIÊN HỌP",), ""), (("CHỦ TỌA PHIÊN HỌP",), "")]),
            *annex(definition, result),
        ],
        title=f"Biên bản kiểm phiếu: {definition['question']}",
        issuer=body,
        made_at=closed,
        demo=demo,
    )


def _agree_with_each_other(definition: dict[str, Any], result: dict[str, Any], log: dict[str, Any]) -> None:
    votes = result["votes"]
    counted = Counter(vote["choice"] for vote in votes if "choice" in vote)
    roll = [entry["member"] for entry in definition["roll"]]
    shown = [entry["member"] for entry in (*votes, *result["not_voted"])]
    checks = {
        "poll_id": definition["poll_id"] == result["poll_id"],
        "members": len(roll) == result["members"],
        "roll": sorted(shown) == sorted(roll),
        "not_voting": len(result["not_voted"]) == result["not_voting"],
        "votes": result["agree"] + result["disagree"] + result["other"] == len(votes),
        "choices": not counted or all(counted[choice] == result[choice] for choice in CHOICES),
        "places": all(sum(vote["place"] == place for vote in votes) == result[place] for place in PLACES),
        "log": all(log[key] == result["log"][key] for key in ("size", "root")),
        "log size": log["size"] >= len(votes) + OPENING_AND_CLOSING,
    }
    if wrong := [name for name, right in checks.items() if not right]:
        raise Contradiction(", ".join(wrong))


def _place_date(definition: dict[str, Any], closed: dt.datetime) -> str:
    place = definition["meeting"].get("place") or definition["body"].get("place")
    day = dates.long_date(closed)
    return f"{place}, {day}" if place else day[0].upper() + day[1:]


def _when_and_what(definition: dict[str, Any], result: dict[str, Any]) -> list[Flowable]:
    meeting, item, document = definition["meeting"], definition["item"], definition["document"]
    opened, closed = dates.moment(definition["opened_at"]), dates.moment(result["closed_at"])
    held = dt.date.fromisoformat(meeting["held_on"])
    told: list[Flowable] = [
        blocks.heading("1. Thời gian, nội dung biểu quyết"),
        blocks.paragraph(f"Tên phiên họp: {meeting['title']}. Ngày họp: {dates.short_date(held)}."),
        blocks.paragraph(
            f"Mở biểu quyết: {dates.clock(opened)}; đóng biểu quyết: {dates.clock(closed)} (giờ Hà Nội). "
            f"Người mở biểu quyết: {_opener(definition)}."
        ),
        blocks.paragraph(f"Nội dung số {item['position']} trong chương trình: {item['title']}."),
        blocks.paragraph(f"Vấn đề biểu quyết: “{definition['question']}”"),
    ]
    if document is None:
        return [*told, blocks.paragraph("Biểu quyết không kèm theo văn bản.")]
    return [
        *told,
        blocks.paragraph(
            f"Văn bản biểu quyết: {document['title']}, phiên bản {document['version']}, {document['pages']} trang. "
            "Mã băm SHA-256 của văn bản:"
        ),
        _hash(document["sha256"]),
    ]


def _inside(title: str) -> str:
    """A title in the middle of a sentence: "dự thảo Nghị quyết …"; the names of other documents keep their capital."""
    return title[:1].lower() + title[1:] if title.startswith("Dự thảo ") else title


def _opener(definition: dict[str, Any]) -> str:
    """A member of the roll by name and post; anybody else as the definition names them."""
    for entry in definition["roll"]:
        if entry["member"] == definition["opened_by"]:
            return f"{entry['name']}, {entry['post']}"
    return str(definition["opened_by"])


def _rule(definition: dict[str, Any]) -> list[Flowable]:
    rules = definition["rule_set"]
    since = dates.short_date(dt.date.fromisoformat(rules["valid_from"]))
    standing = (
        "" if rules["confirmed"] else " Quy tắc này đang áp dụng theo giả định, chờ cơ quan có thẩm quyền xác nhận."
    )
    manner = (
        "Biểu quyết ghi tên, kết quả của từng thành viên được nêu tại Phụ lục."
        if definition["visibility"] == NAMED
        else "Biểu quyết ghi tên nhưng không hiển thị ý kiến của từng thành viên (không phải là bỏ phiếu kín)."
    )
    return [
        blocks.heading("2. Quy tắc và căn cứ pháp lý"),
        blocks.paragraph(f"Bộ quy tắc {rules['code']}, áp dụng từ ngày {since}.{standing}"),
        blocks.paragraph(f"Căn cứ: {rules['legal_source']}."),
        blocks.paragraph(manner),
    ]


def _attendance(definition: dict[str, Any]) -> list[Flowable]:
    quorum, body = definition["quorum"], definition["body"]["name"]
    reached = "Đủ" if quorum["present"] >= quorum["needed"] else "Không đủ"
    return [
        blocks.heading("3. Thành phần khi mở biểu quyết"),
        blocks.paragraph(
            f"Tổng số thành viên {body}: {quorum['members']}. Có mặt: {quorum['present']}, trong đó tại phòng họp: "
            f"{quorum['in_room']}, trực tuyến: {quorum['remote']}. Số thành viên tối thiểu phải có mặt: "
            f"{quorum['needed']}. {reached} số thành viên theo quy định."
        ),
    ]


def _counts(result: dict[str, Any]) -> list[Flowable]:
    told = [blocks.heading("4. Kết quả kiểm phiếu"), *counted(result)]
    if act := result["confirmation"]:
        when = dates.clock(dates.moment(act["server_time"]))
        told.append(
            blocks.paragraph(f"{act['person']}, {act['post']}, đã ký xác nhận kết quả lúc {when} (giờ Hà Nội).")
        )
    return told


def counted(result: dict[str, Any]) -> list[Flowable]:
    """The table of answers with their share of all members, who voted, and the sentence of the outcome."""
    members = result["members"]
    rows = [
        (words, f"{result[choice]}/{members}", f"{dates.share(result[choice], members)}%")
        for choice, words in CHOICES.items()
    ]
    rows[0] = (*rows[0][:2], f"{dates.decimal(result['percent_of_all'])}%")  # the figure that the result itself states
    silent = result["not_voting"]
    rows.append((NO_BALLOT, f"{silent}/{members}", f"{dates.share(silent, members)}%"))
    return [
        blocks.table(COUNTED, rows, (2.8, 2.5, 2.7), (1, 2)),
        blocks.paragraph(
            f"Số thành viên đã bỏ phiếu: {len(result['votes'])}, trong đó tại phòng họp: {result['in_room']}, "
            f"từ xa: {result['remote']}. Số phiếu tán thành tối thiểu để thông qua: "
            f"{result['threshold']}/{members}."
        ),
        blocks.paragraph(result["sentence"], lead=f"Kết luận: {OUTCOMES[result['outcome']]}."),
    ]


def _remarks(definition: dict[str, Any], result: dict[str, Any]) -> list[Flowable]:
    if definition["visibility"] != NAMED:
        return []
    said = [vote for vote in result["votes"] if vote["remark"] or vote["reservation"]]
    told: list[Flowable] = [blocks.heading("5. Ý kiến kèm theo phiếu và ý kiến bảo lưu")]
    if not said:
        return [*told, blocks.paragraph("Không có.")]
    for vote in said:
        kept = " (bảo lưu ý kiến)" if vote["reservation"] else ""
        told.append(blocks.paragraph(f"{vote['name']}, {vote['post']}{kept}: {vote['remark'] or 'không ghi nội dung'}"))
    return told


def _evidence(definition: dict[str, Any], result: dict[str, Any], told: tuple[Flowable, ...]) -> list[Flowable]:
    number = 6 if definition["visibility"] == NAMED else 5
    size = result["log"]["size"]
    cast = size - OPENING_AND_CLOSING
    changed = cast - len(result["votes"])
    again = f" (trong đó {changed} lượt được thay bằng lượt sau của cùng thành viên)" if changed else ""
    return [
        blocks.heading(f"{number}. Chứng cứ điện tử"),
        blocks.paragraph(
            f"Mã biểu quyết: {definition['poll_id']}. Phần mềm: {definition['software']}. Mã băm SHA-256 của nội dung "
            "biểu quyết đã khóa khi mở (câu hỏi, danh sách thành viên, quy tắc, văn bản):"
        ),
        _hash(result["poll_hash"].removeprefix("sha256:")),
        blocks.paragraph(
            f"Nhật ký biểu quyết có {size} mục: mở biểu quyết, {cast} lượt bỏ phiếu{again} và đóng biểu quyết. Giá trị "
            "gốc của cây băm:"
        ),
        _hash(result["log"]["root"].removeprefix("sha256:")),
        *told,
        blocks.paragraph(
            "Cách kiểm tra: trong gói chứng cứ của biểu quyết này, mỗi phiếu là một tệp kèm chữ ký số rời (CMS) và "
            "chứng thư của thành viên. Kiểm tra chữ ký của từng phiếu bằng OpenSSL, tính lại mã băm của nội dung biểu "
            "quyết, dựng lại cây băm từ nhật ký rồi so sánh với các giá trị trên; đếm lại số phiếu phải cho đúng kết "
            f"quả tại mục 4{blocks.END}"
        ),
    ]


def _time_stamps(stamps: dict[str, int] | None) -> list[Flowable]:
    """How many ballots have one, and under a lead of its own whatever is not as it should be."""
    if stamps is None:
        return []
    told: list[Flowable] = [
        blocks.paragraph(
            f"Dấu thời gian: {stamps['stamped']}/{stamps['ballots']} lượt bỏ phiếu có dấu thời gian kiểm tra được."
            + (f" {stamps['none']} lượt không có dấu thời gian, thời gian là giờ máy chủ." if stamps["none"] else "")
        )
    ]
    odd = [f"{stamps[kind]} lượt {words}" for kind, words in ODD_STAMPS.items() if stamps[kind]]
    return [*told, blocks.paragraph(f"{'; '.join(odd)}.", lead="Bất thường:")] if odd else told


def _keys(kept: Mapping[str, int]) -> list[Flowable]:
    """Where the keys live, so that nobody takes one kind for another."""
    parts = [f"{KEPT[provider]}: {count} lượt bỏ phiếu" for provider, count in kept.items() if count]
    return [blocks.paragraph(f"Hình thức lưu giữ khóa ký: {'; '.join(parts)}.")] if parts else []


def _hash(value: str) -> Flowable:
    return blocks.text(value, m.HASH, "center", gap=2)
