"""Whether a certificate was revoked, asked where the configuration says; the answer is checked and can be kept."""
from app.gateways.revocation.answers import Answer, Standing, kind_of
from app.gateways.revocation.client import Client, ask, can_ask, use
from app.gateways.revocation.kept import kept
from app.gateways.revocation.places import Place, Places, places_beside, read_places

__all__ = [
    "Answer", "Client", "Place", "Places", "Standing", "ask", "can_ask", "kept", "kind_of", "places_beside",
    "read_places", "use",
]  # fmt: skip
