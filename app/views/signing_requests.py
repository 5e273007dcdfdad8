"""What a script sends when something is signed: the device's number for the request, and a PIN of six digits."""

from app.views.parsing import Sent
from app.views.polls import NONCE, PIN, BadNonce, BadPin


def nonce_of(sent: Sent) -> str:
    """The number under which the same request may be sent again; BadNonce for another form."""
    nonce = sent.text("nonce", 64)
    if not NONCE.fullmatch(nonce):
        raise BadNonce("nonce")
    return nonce


def pin_of(sent: Sent) -> str:
    """Six digits; no PIN has another form, so that nothing is tried and no try is charged for one."""
    pin = sent.text("pin", 64)
    if not PIN.fullmatch(pin):
        raise BadPin("pin")
    return pin
