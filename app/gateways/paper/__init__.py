"""Official documents as PDF, in the layout of Decree 30/2020/NĐ-CP."""

from app.gateways.paper.agenda import AgendaLine, AgendaSheet, agenda
from app.gateways.paper.checks import Finding, check_layout
from app.gateways.paper.digest import DigestSheet, Entry, Part, digest
from app.gateways.paper.fields import DAY, MONTH, NUMBER, SEAL, SIGNATURE, YEAR
from app.gateways.paper.marks import Mark
from app.gateways.paper.minutes import Attendee, Break, Matter, MinutesSheet, Proved, Vote, minutes
from app.gateways.paper.opinions import Form, OpinionPart, OpinionSheet, opinions
from app.gateways.paper.pages import page_count, page_image, page_texts
from app.gateways.paper.resolution import ResolutionSheet, resolution
from app.gateways.paper.slip_report import ANSWERS, DraftFile, Objection, SlipSheet, slip_report
from app.gateways.paper.tally import Contradiction, tally_record
from app.gateways.paper.weekly import WeeklySheet, WeeklyTable, weekly

__all__ = [
    "ANSWERS",
    "DAY",
    "MONTH",
    "NUMBER",
    "SEAL",
    "SIGNATURE",
    "YEAR",
    "AgendaLine",
    "AgendaSheet",
    "Attendee",
    "Break",
    "Contradiction",
    "DigestSheet",
    "DraftFile",
    "Entry",
    "Finding",
    "Form",
    "Mark",
    "Matter",
    "MinutesSheet",
    "Objection",
    "OpinionPart",
    "OpinionSheet",
    "Part",
    "Proved",
    "ResolutionSheet",
    "SlipSheet",
    "Vote",
    "WeeklySheet",
    "WeeklyTable",
    "agenda",
    "check_layout",
    "digest",
    "minutes",
    "opinions",
    "page_count",
    "page_image",
    "page_texts",
    "resolution",
    "slip_report",
    "tally_record",
    "weekly",
]
