"""Decides how the annex of the tally record lists the members: each with the answer, or only who voted."""

from collections.abc import Sequence
from typing import Any

from reportlab.platypus import Flowable, PageBreak

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m

CHOICES = {"agree": "Tán thành", "disagree": "Không tán thành", "other": "Ý kiến khác (phiếu trắng)"}
PLACES = {"in_room": "Phòng họp", "remote": "Từ xa"}
NO_BALLOT = "Không bỏ phiếu"
NAMED = "named"
SHORT_HASH = 12  # hex digits of a leaf in the annex; the whole value is in the evidence bundle


def annex(definition: dict[str, Any], result: dict[str, Any]) -> list[Flowable]:
    """The whole roll on pages of its own; members without a ballot are listed as such, never left out."""
    named = definition["visibility"] == NAMED
    votes = {vote["member"]: vote for vote in result["votes"]}
    roll = sorted(definition["roll"], key=lambda entry: entry["index"])
    head, widths, middle = NAMED_COLUMNS if named else PLAIN_COLUMNS
    line = _named_row if named else _plain_row
    return [
        PageBreak(),
        blocks.centred("PHỤ LỤC"),
        blocks.centred(f"Danh sách thành viên {definition['body']['name']} tham gia biểu quyết", gap=0),
        blocks.text(
            f"(Kèm theo Biên bản kiểm phiếu {dates.long_date(dates.moment(result['closed_at']))})", m.BASES, "center"
        ),
        blocks.table(head, [line(entry, votes.get(entry["member"])) for entry in roll], widths, middle),
    ]


NAMED_COLUMNS: tuple[Sequence[str], Sequence[float], Sequence[int]] = (
    ("TT", "Họ và tên", "Chức vụ", "Ý kiến", "Nơi biểu quyết", "Bảo lưu", "Mã nhật ký"),
    (0.88, 3.4, 4.2, 2.25, 2.25, 1.0, 2.8),
    (0, 3, 4, 5, 6),
)
PLAIN_COLUMNS: tuple[Sequence[str], Sequence[float], Sequence[int]] = (
    ("TT", "Họ và tên", "Chức vụ", "Bỏ phiếu", "Nơi biểu quyết"),
    (1, 4, 6, 2.6, 2.4),
    (0, 3, 4),
)


def _named_row(entry: dict[str, Any], vote: dict[str, Any] | None) -> tuple[str, ...]:
    who = (str(entry["index"]), entry["name"], entry["post"])
    if vote is None:
        return (*who, NO_BALLOT, "", "", "")
    leaf = vote["leaf_hash"].removeprefix("sha256:")[:SHORT_HASH]
    return (*who, CHOICES[vote["choice"]], PLACES[vote["place"]], "Có" if vote["reservation"] else "", leaf)


def _plain_row(entry: dict[str, Any], vote: dict[str, Any] | None) -> tuple[str, ...]:
    who = (str(entry["index"]), entry["name"], entry["post"])
    return (*who, "Đã bỏ phiếu", PLACES[vote["place"]]) if vote else (*who, NO_BALLOT, "")
