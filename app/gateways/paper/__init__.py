"""Official documents as PDF, in the layout of Decree 30/2020/NĐ-CP."""

from app.gateways.paper.checks import Finding, check_layout
from app.gateways.paper.fields import DAY, MONTH, NUMBER, SEAL, SIGNATURE, YEAR
from app.gateways.paper.pages import page_count, page_image, page_texts
from app.gateways.paper.resolution import ResolutionSheet, resolution
from app.gateways.paper.tally import Contradiction, tally_record

__all__ = [
    "DAY",
    "MONTH",
    "NUMBER",
    "SEAL",
    "SIGNATURE",
    "YEAR",
    "Contradiction",
    "Finding",
    "ResolutionSheet",
    "check_layout",
    "page_count",
    "page_image",
    "page_texts",
    "resolution",
    "tally_record",
]
