"""Decides what the report on a slip (phiếu báo cáo kết quả lấy ý kiến) says: only what its sealed result says."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build

ANSWERS = {"agree": "Đồng ý", "disagree": "Không đồng ý", "other": "Ý kiến khác"}
COUNTED = ("Ý kiến", "Số thành viên trên tổng số", "Tỷ lệ trên tổng số thành viên")
ARTICLES = ("Điều", "Đồng ý", "Không đồng ý", "Ý kiến khác", "Mặc nhiên", "Chưa trả lời")
OPTIONS = ("Phương án", "Số thành viên")
RECIPIENTS = ("Như trên", "Lưu: VT")
OUTCOMES = {"adopted": "ĐẠT QUÁ BÁN", "not_adopted": "KHÔNG ĐẠT QUÁ BÁN", "undecided": "CHƯA CÓ QUYẾT ĐỊNH"}
WAYS = (
    "Ký ban hành trên cơ sở kết quả lấy ý kiến",
    "Đưa ra thảo luận, quyết định tại phiên họp",
    "Trả lại cơ quan chủ trì hoàn thiện, ấn định ngày trình lại",
)


@dataclass(frozen=True)
class Objection:
    """A member who did not simply agree; `said` are lines such as "Câu 2: …", all in Vietnamese."""

    name: str
    post: str
    choice: str | None
    reserved: bool
    said: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftFile:
    """The draft that was mended after the opinions were explained, as it is kept."""

    title: str
    version: int
    pages: int
    sha256: str


@dataclass(frozen=True)
class SlipSheet:
    """What stands beside definition and result; `office` reports, for whose head `signer_post` are the lines.

    Without an office the body reports itself. `superior` stands above the office where it is no body of its own.
    `rows` of opinions in words, and when the table that explains them was submitted (ISO 8601); `draft` None where
    nothing was mended.
    """

    objections: tuple[Objection, ...] = ()
    head_post: str = "Thủ tướng Chính phủ"
    office: str = ""
    superior: str = ""
    signer_post: tuple[str, ...] = ("NGƯỜI BÁO CÁO",)
    demo: bool = False
    rows: int = 0
    explained_at: str | None = None
    draft: DraftFile | None = None


def slip_report(definition: Mapping[str, Any], result: Mapping[str, Any], sheet: SlipSheet) -> bytes:
    """The PDF of the report, byte for byte the same for the same data.

    `definition` and `result` are the parsed definition and result of a closed slip. ValueError when they are not of one
    slip, so that no figure of another one reaches paper.
    """
    if (definition["slip_id"], len(definition["roll"])) != (result["slip_id"], result["members"]):
        raise ValueError("definition and result are not of one slip")
    body = definition["body"]["name"]
    issuer = sheet.office or body
    made_at = max(dates.moment(at) for at in (result["closed_at"], sheet.explained_at) if at)
    return build(
        [
            Head(issuer.upper(), _place_date(definition, made_at), superior=sheet.superior.upper()),
            Title("PHIẾU BÁO CÁO", f"Kết quả lấy ý kiến Thành viên {body} về {_inside(definition['matter'])}"),
            *blocks.addressees([sheet.head_post]),
            *_asked(definition, result),
            *_rule(definition, result),
            *_counts(definition, result),
            *_objections(sheet.objections),
            *_draft(definition, sheet),
            *_ways(definition, result),
            *_proof(result),
            blocks.closing(RECIPIENTS, [(sheet.signer_post, "")]),
        ],
        title=f"Báo cáo kết quả lấy ý kiến: {definition['matter']}",
        issuer=issuer,
        made_at=made_at,
        demo=sheet.demo,
    )


def _place_date(definition: Mapping[str, Any], at: dt.datetime) -> str:
    place, day = definition["body"]["place"], dates.long_date(at)
    return f"{place}, {day}" if place else day[0].upper() + day[1:]


def _inside(title: str) -> str:
    return title[:1].lower() + title[1:] if title.startswith("Dự thảo ") else title


def _asked(definition: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Flowable]:
    issued, deadline = dates.moment(definition["issued_at"]), dates.moment(result["deadline_at"])
    lead = definition["organisation"]
    yield blocks.heading("1. Nội dung lấy ý kiến")
    yield blocks.paragraph(
        f"Phiếu lấy ý kiến số {definition['number']}"
        + (f", vòng {definition['round']}" if definition["round"] > 1 else "")
        + (f"; cơ quan chủ trì: {lead['name']}" if lead else "")
        + f"; phát hành lúc {dates.clock(issued)}; thời hạn trả lời: {dates.clock(deadline)} (giờ Hà Nội)."
    )
    for moved in result["extensions"]:
        before, after = dates.clock(dates.moment(moved["before"])), dates.clock(dates.moment(moved["after"]))
        yield blocks.paragraph(f"Đã gia hạn từ {before} đến {after}. Lý do: {moved['reason']}")
    if result["early"]:
        yield blocks.paragraph(f"Đóng trước thời hạn khi mọi thành viên đã trả lời. Lý do: {result['early']}")
    for question in definition["questions"]:
        yield blocks.paragraph(f"Câu {question['index']}: {question['text']}")


def _rule(definition: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Flowable]:
    rules = definition["rule_set"]
    since = dates.short_date(dt.date.fromisoformat(rules["valid_from"]))
    assumed = "" if rules["confirmed"] else " Quy tắc này áp dụng theo giả định, chờ cơ quan có thẩm quyền xác nhận."
    silence = (
        "Thành viên không trả lời trong thời hạn được tính là mặc nhiên đồng ý và được ghi riêng."
        if result["silence"] == "agree"
        else "Thành viên không trả lời trong thời hạn không được tính là đồng ý."
    )
    yield blocks.heading("2. Quy tắc và căn cứ pháp lý")
    yield blocks.paragraph(f"Bộ quy tắc {rules['code']}, áp dụng từ ngày {since}.{assumed}")
    yield blocks.paragraph(f"Căn cứ: {rules['legal_source']}.")
    yield blocks.paragraph(silence)


def _counts(definition: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Flowable]:
    members = result["members"]
    yield blocks.heading("3. Kết quả")
    yield blocks.paragraph(
        f"Tổng số thành viên: {members}. Đã trả lời: {result['answered']}; mặc nhiên đồng ý: {len(result['deemed'])}; "
        f"chưa trả lời, không tính: {len(result['missing'])}."
    )
    for question in result["questions"]:
        mark = " (nội dung quyết định)" if question["main"] and len(result["questions"]) > 1 else ""
        if len(result["questions"]) > 1:
            yield blocks.heading(f"Câu {question['index']}{mark}")
        yield from _table(definition, question, members)
    outcome = OUTCOMES.get(result["outcome"] or "")
    yield blocks.paragraph(result["sentence"], lead=f"Kết luận: {outcome}." if outcome else "Kết luận:")
    for words, silent in (("Mặc nhiên đồng ý", result["deemed"]), ("Chưa trả lời", result["missing"])):
        if silent:
            yield blocks.paragraph(f"{words}: {'; '.join(each['post'] for each in silent)}.")


def _table(definition: Mapping[str, Any], question: Mapping[str, Any], members: int) -> Iterator[Flowable]:
    if question["kind"] == "consent":
        counted = {words: question[code] for code, words in ANSWERS.items()}
        counted |= {"Mặc nhiên đồng ý": question["deemed"], "Chưa trả lời": question["missing"]}
        rows = [(words, f"{n}/{members}", f"{dates.share(n, members)}%") for words, n in counted.items()]
        yield blocks.table(COUNTED, rows, (2.8, 2.5, 2.7), (1, 2))
        yield blocks.paragraph(
            f"Tính tán thành: {question['counted_for']}/{members} = {dates.decimal(question['percent_of_all'])}% "
            f"tổng số thành viên; cần ít nhất {question['threshold']}/{members}."
        )
    elif question["kind"] == "pick":
        chosen = [(each["text"], f"{each['count']}/{members}") for each in question["options"]]
        chosen.append(("Không chọn", f"{question['missing']}/{members}"))
        yield blocks.table(OPTIONS, chosen, (5.5, 2.5), (1,))
    elif question["kind"] == "articles":
        labels = {article["index"]: article["label"] for article in definition["articles"]}
        codes = (*ANSWERS, "deemed", "missing")
        by_article = [(labels[each["article"]], *(str(each[code]) for code in codes)) for each in question["articles"]]
        yield blocks.table(ARTICLES, by_article, (1.5, 1.2, 1.4, 1.3, 1.3, 1.3), (1, 2, 3, 4, 5))
    else:
        yield blocks.paragraph(f"Có {question['spoken']}/{members} thành viên ghi ý kiến.")


def _objections(objections: Sequence[Objection]) -> Iterator[Flowable]:
    yield blocks.heading("4. Ý kiến không đồng ý, ý kiến khác và ý kiến bảo lưu")
    if not objections:
        yield blocks.paragraph("Không có.")
    for each in objections:
        marks = [ANSWERS.get(each.choice or "", ""), "bảo lưu ý kiến" if each.reserved else ""]
        marked = ", ".join(mark for mark in marks if mark)
        said = f"({marked})." if marked else ""
        yield blocks.paragraph(said, lead=f"{each.name}, {each.post}{'' if said else '.'}")
        for line in each.said:
            yield blocks.paragraph(line)
        if each.files:
            yield blocks.paragraph(f"Tài liệu kèm theo: {'; '.join(each.files)}.")


def _draft(definition: Mapping[str, Any], sheet: SlipSheet) -> Iterator[Flowable]:
    yield blocks.heading("5. Tiếp thu, giải trình và dự thảo trình ký")
    if sheet.explained_at and sheet.rows:
        sent = dates.clock(dates.moment(sheet.explained_at))
        told = f"Bảng tiếp thu, giải trình {sheet.rows} nhóm ý kiến đã gửi lúc {sent}."
    elif sheet.rows:
        told = f"Có {sheet.rows} nhóm ý kiến bằng lời; bảng tiếp thu, giải trình chưa hoàn thành nên chưa trình ký."
    else:
        told = "Không có ý kiến bằng lời phải tiếp thu, giải trình."
    yield blocks.paragraph(told)
    if (mended := sheet.draft) is not None:
        yield blocks.paragraph(
            f"Dự thảo đã tiếp thu: {mended.title}, phiên bản {mended.version}, {mended.pages} trang. Mã băm SHA-256:"
        )
        yield blocks.text(mended.sha256, m.HASH, "center", gap=2)
    draft = next((paper for paper in definition["papers"] if paper["draft"]), None)
    if draft is None:
        yield blocks.paragraph("Phiếu không kèm theo dự thảo Nghị quyết.")
        return
    yield blocks.paragraph(
        f"Dự thảo đã gửi lấy ý kiến: {draft['title']}, phiên bản {draft['version']}, {draft['pages']} trang."
        " Mã băm SHA-256:"
    )
    yield blocks.text(draft["sha256"], m.HASH, "center", gap=2)


def _ways(definition: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Flowable]:
    yield blocks.heading("6. Phương án xử lý")
    if result["outcome"] is None:
        yield blocks.paragraph("Phiếu không có nội dung xin ý kiến đồng ý; báo cáo để biết.")
        return
    yield blocks.paragraph("Kính trình xem xét, quyết định một trong các phương án:")
    for place, way in enumerate(WAYS):
        yield blocks.paragraph(f"{blocks.letter(place)}) {way}{'.' if way == WAYS[-1] else ';'}")
    if definition["urgency"] != "normal":
        yield blocks.paragraph(
            f"Nội dung cấp bách: nếu ký ban hành thì báo cáo {definition['body']['name']} tại phiên họp gần nhất."
        )


def _proof(result: Mapping[str, Any]) -> Iterator[Flowable]:
    yield blocks.heading("7. Chứng cứ điện tử")
    yield blocks.paragraph(f"Phần mềm: {result['software']}. Mã băm SHA-256 của nội dung phiếu đã khóa khi phát hành:")
    yield blocks.text(result["slip_hash"].removeprefix("sha256:"), m.HASH, "center", gap=2)
    yield blocks.paragraph(f"Nhật ký của phiếu có {result['log']['size']} mục. Giá trị gốc của cây băm:")
    yield blocks.text(result["log"]["root"].removeprefix("sha256:"), m.HASH, "center", gap=2)
    yield blocks.paragraph(f"Mỗi ý kiến trả lời là một văn bản được ký số riêng và kiểm tra lại được{blocks.END}")
