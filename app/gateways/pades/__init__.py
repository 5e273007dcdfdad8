"""Signatures and seals inside PDF documents (PAdES): made here, and judged here."""
from app.gateways.pades.examine import Limits, examine
from app.gateways.pades.indications import INDICATIONS, NOT_NAMED, sub_indication
from app.gateways.pades.pictures import accept_picture, seal_picture, signature_picture
from app.gateways.pades.preserve import ValidationData, add_validation_data, reserve_stamp
from app.gateways.pades.preserved import B_LT, B_LTA, StampSeen
from app.gateways.pades.reader.outline import Page, Place
from app.gateways.pades.reasons import LEVELS, ROLES, STATES, Reason
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.reserve import ROOM, Reservation, complete, reserve
from app.gateways.pades.verdict import Expected, SignerSeen, Verdict, unread, verdict

__all__ = [
    "B_LT",
    "B_LTA",
    "INDICATIONS",
    "LEVELS",
    "NOT_NAMED",
    "ROLES",
    "ROOM",
    "STATES",
    "Expected",
    "Limits",
    "PadesRefused",
    "Page",
    "Place",
    "Reason",
    "Reservation",
    "SignerSeen",
    "StampSeen",
    "ValidationData",
    "Verdict",
    "accept_picture",
    "add_validation_data",
    "complete",
    "examine",
    "reserve",
    "reserve_stamp",
    "seal_picture",
    "signature_picture",
    "sub_indication",
    "unread",
    "verdict",
]
