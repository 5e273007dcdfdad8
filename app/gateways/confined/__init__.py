"""Reading of files that strangers made: in a process of its own, with little memory, little time and no way out."""

from app.gateways.confined.outside import ask

__all__ = ["ask"]
