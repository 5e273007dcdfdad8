"""Signatures and seals inside PDF documents (PAdES): made here, and judged here."""
from app.gateways.pades.examine import Limits, examine
from app.gateways.pades.pictures import accept_picture, seal_picture, signature_picture
from app.gateways.pades.reasons import STATES, Reason
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.reserve import ROOM, Reservation, complete, reserve
from app.gateways.pades.verdict import Expected, SignerSeen, Verdict, unread, verdict

__all__ = [
    "ROOM",
    "STATES",
    "Expected",
    "Limits",
    "PadesRefused",
    "Reason",
    "Reservation",
    "SignerSeen",
    "Verdict",
    "accept_picture",
    "complete",
    "examine",
    "reserve",
    "seal_picture",
    "signature_picture",
    "unread",
    "verdict",
]
