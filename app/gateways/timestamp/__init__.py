"""Who confirms when a signature was made: time stamps of RFC 3161, asked for here and judged here."""

from app.gateways.timestamp.authority import NAME, DemoAuthority, demo_authority, demo_stamper
from app.gateways.timestamp.client import Asked, OverHttp, Stamper
from app.gateways.timestamp.errors import SENTENCES, StampFault, StampRefused
from app.gateways.timestamp.interface import stamper, trusted, use
from app.gateways.timestamp.token import TimeStamp, certificates_in, check_token, time_of

__all__ = [
    "NAME",
    "SENTENCES",
    "Asked",
    "DemoAuthority",
    "OverHttp",
    "StampFault",
    "StampRefused",
    "Stamper",
    "TimeStamp",
    "certificates_in",
    "check_token",
    "demo_authority",
    "demo_stamper",
    "stamper",
    "time_of",
    "trusted",
    "use",
]
