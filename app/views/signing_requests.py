"""What a script sends when something is signed: its number, a PIN, perhaps the answer of a passkey."""

import re

from app.gateways.signing import PinFault, PinRefused
from app.gateways.signing.places import SOFTWARE
from app.views.parsing import BadField, Sent
from app.views.pin_fields import OUTSIDE_PIN, own_provider
from app.workflows import ballots
from app.workflows.passkey_assertions import Answer

NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
PIN, OUTSIDE = re.compile(r"[0-9]{6}"), re.compile(OUTSIDE_PIN)
LONGEST_ANSWER = 4096  # letters of one part
PARTS_OF_ANSWER = ("id", "client_data", "authenticator_data", "signature")


class BadPin(BadField):
    code = "pin_form"
    message = PinRefused.sentences[PinFault.FORM]


class BadNonce(BadField):
    code = "bad_nonce"
    message = ballots.BadNonce.message


def nonce_of(sent: Sent) -> str:
    """The number under which the same request may be sent again; BadNonce for another form."""
    nonce = sent.text("nonce", 64)
    if not NONCE.fullmatch(nonce):
        raise BadNonce("nonce")
    return nonce


def pin_of(sent: Sent, provider: str | None = None) -> str:
    """Six digits, or what a device or provider may take where the key lives there: the own one unless told otherwise.

    No PIN has another form, so that nothing is tried and no try is charged for one.
    """
    pin = sent.text("pin", 64)
    if PIN.fullmatch(pin) or (OUTSIDE.fullmatch(pin) and (provider or own_provider()) != SOFTWARE):
        return pin
    raise BadPin("pin")


def answer_of(sent: Sent) -> Answer | None:
    """What the browser's authenticator answered about these bytes, if it was asked."""
    told = sent.record("passkey", *PARTS_OF_ANSWER)
    return None if told is None else passkey_answer(told)


def passkey_answer(told: Sent) -> Answer:
    """The parts of an authenticator's answer."""
    return Answer(*(told.base64url(name, LONGEST_ANSWER) for name in PARTS_OF_ANSWER))
