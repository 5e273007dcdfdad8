"""A Resolution to print, and how its pages are measured without the code that made them."""

import datetime as dt
import re
import subprocess
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from pypdf import PdfReader

from app.gateways import paper
from app.gateways.paper import ResolutionSheet

AT = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
MM = 72 / 25.4
ADDRESS = "https://hop.example.vn/xac-minh/AbCdEfGhIjKlMnOpQrStUv"
SENTENCE = (
    "Bộ Tài chính chủ trì, phối hợp với các bộ, cơ quan, địa phương rà soát, hoàn thiện quy định; bảo đảm công khai, "
    "minh bạch, đúng tiến độ và chịu trách nhiệm trước Chính phủ về kết quả thực hiện."
)
SHEET = ResolutionSheet(made_at=AT, signer_name="Nguyễn Giả Định", qr=ADDRESS, text_sha256="5a" * 32, demo=True)


def clause(text=SENTENCE, points=()):
    return {"text": text, "points": list(points)}


def article(heading="Nội dung", *clauses, intro=""):
    return {"heading": heading, "intro": intro, "clauses": list(clauses)}


def text_of(**changes):
    """Three articles on two pages, with points and one annex; `changes` replace parts of it."""
    points = ["Rà soát quy định;", "Hoàn thiện cơ chế;", "Công bố kết quả;", "Đôn đốc thực hiện;", "Báo cáo kết quả."]
    return {
        "v": 1,
        "ctx": "vn.ecabinet.resolution_text.v1",
        "kind": "resolution",
        "subject": "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa",
        "bases": [
            "Căn cứ Luật Tổ chức Chính phủ số 63/2025/QH15",
            "Căn cứ Nghị định số 191/2026/NĐ-CP ban hành Quy chế làm việc của Chính phủ",
            "Theo đề nghị của Bộ trưởng Bộ Tài chính tại Tờ trình số 412/TTr-BTC ngày 24 tháng 7 năm 2026",
        ],
        "formula": "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ",
        "articles": [
            article("Mục tiêu", intro=SENTENCE),
            article("Nhiệm vụ và giải pháp", clause(points=points), *(clause() for _ in range(5))),
            article("", intro="Nghị quyết này có hiệu lực từ ngày ký ban hành. " + SENTENCE),
        ],
        "annexes": [{"title": "Danh mục nhiệm vụ", "paragraphs": [SENTENCE] * 30}],
        "recipients": ["Ban Bí thư Trung ương Đảng", "Thủ tướng, các Phó Thủ tướng Chính phủ", "Văn phòng Quốc hội"],
        "archive": "VT, KTTH (2)",
        **changes,
    }


def printed(sheet=SHEET, **changes):
    return paper.resolution(text_of(**changes), sheet)


@dataclass(frozen=True)
class Seen:
    """A line as pdftotext finds it; millimetres from the left and upper edges of the page."""

    page: int
    text: str
    left: float
    right: float
    top: float


def lines(pdf):
    """The lines of all pages in the order of their places."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paper.pdf"
        path.write_bytes(pdf)
        told = subprocess.run(["pdftotext", "-bbox-layout", path, "-"], check=True, capture_output=True).stdout
    tree = ElementTree.fromstring(re.sub(rb'<!DOCTYPE[^>]*>| xmlns="[^"]*"', b"", told))  # noqa: S314 - our own words
    found = []
    for number, page in enumerate(tree.iter("page"), start=1):
        for line in page.iter("line"):
            box = {edge: float(line.get(edge)) for edge in ("xMin", "xMax", "yMin", "yMax")}
            words = " ".join(word.text for word in line.iter("word"))
            found.append(Seen(number, words, box["xMin"] / MM, box["xMax"] / MM, box["yMin"] / MM))
    return sorted(found, key=lambda line: (line.page, round(line.top, 1), line.left))


def line(pdf, begins):
    """The only line that begins so."""
    (found,) = [line for line in lines(pdf) if line.text.startswith(begins)]
    return found


def words(pdf):
    """All the text on one line."""
    return " ".join(line.text for line in lines(pdf))


def letters(pdf):
    """(words, face, size) of each piece of text, as pypdf reads the content."""
    found = []

    def visit(text, _cm, _tm, font, size):
        if text.strip():
            found.append((text.strip(), font["/BaseFont"].partition("+")[2], float(size)))

    for page in PdfReader(BytesIO(pdf)).pages:
        page.extract_text(visitor_text=visit)
    return found


def letters_of(pdf, begins):
    """(face, size) of the first piece that begins so."""
    return next((face, size) for text, face, size in letters(pdf) if text.startswith(begins))


def fields(pdf):
    """name → (page, box in millimetres from the lower left corner, entries) of each form field."""
    found = {}
    for number, page in enumerate(PdfReader(BytesIO(pdf)).pages, start=1):
        for reference in page.get("/Annots", ()):
            entries = reference.get_object()
            found[entries["/T"]] = (number, [float(edge) / MM for edge in entries["/Rect"]], entries)
    return found
