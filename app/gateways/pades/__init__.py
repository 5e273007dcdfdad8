"""Signatures and seals inside PDF documents (PAdES): made here, and judged here."""
from app.gateways.pades.pictures import accept_picture, seal_picture, signature_picture
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.reserve import Reservation, complete, reserve

__all__ = [
    "PadesRefused",
    "Reservation",
    "accept_picture",
    "complete",
    "reserve",
    "seal_picture",
    "signature_picture",
]
