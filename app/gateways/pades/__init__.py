"""Signatures and seals inside PDF documents (PAdES): made here, and judged here."""
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.reserve import Reservation, complete, reserve

__all__ = ["PadesRefused", "Reservation", "complete", "reserve"]
