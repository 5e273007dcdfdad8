"""Decides how a checkpoint of the log is printed: short code, root and the code for cameras, or that there is none."""

from dataclasses import dataclass

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m
from app.gateways.paper.qr import QrCode


@dataclass(frozen=True)
class Mark:
    """A checkpoint as it is printed: short code, entries, root in hex, time as in signed data, text of the QR code.

    `witnesses` are those who have cosigned it, each by name and time (as in signed data).
    """

    code: str
    size: int
    root: str
    at: str
    text: str
    witnesses: tuple[tuple[str, str], ...] = ()


def marked(mark: Mark | None, about: str) -> list[Flowable]:
    """The first checkpoint over something, `about` in words, or that there is none yet: it may be printed before it."""
    if mark is None:
        return [
            blocks.paragraph(
                f"Mốc nhật ký chung: khi lập bản in này chưa có mốc nào bao gồm {about}; bản in sau khi có mốc "
                "sẽ ghi mã của mốc."
            )
        ]
    when = dates.clock(dates.moment(mark.at))
    return [
        blocks.paragraph(
            f"Mốc nhật ký chung đầu tiên bao gồm {about}: mã {mark.code}, sau {mark.size} mục nhật ký, ký lúc "
            f"{when} (giờ Hà Nội). Giá trị gốc của nhật ký chung và mã QR của mốc:"
        ),
        blocks.text(mark.root, m.HASH, "center", gap=2),
        QrCode(mark.text),
        *(
            blocks.paragraph(
                f"Nhân chứng {name} đã ký xác nhận mốc này lúc {dates.clock(dates.moment(at))} (giờ Hà Nội)."
            )
            for name, at in mark.witnesses
        ),
    ]
