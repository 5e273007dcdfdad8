"""What is wrong with a time-stamping authority or its stamp, each with a plain sentence of its own."""

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _


class StampFault(StrEnum):
    DOWN = "down"
    SLOW = "slow"
    REDIRECTED = "redirected"
    HTTP = "http"
    NO_REPLY = "no_reply"
    TOO_LARGE = "too_large"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    WRONG_IMPRINT = "wrong_imprint"
    WRONG_NONCE = "wrong_nonce"
    WRONG_POLICY = "wrong_policy"
    WRONG_KEY = "wrong_key"
    WRONG_CERTIFICATE = "wrong_certificate"
    WRONG_USAGE = "wrong_usage"
    WEAK_ALGORITHM = "weak_algorithm"
    UNKNOWN_AUTHORITY = "unknown_authority"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CLOCK = "clock"


OF_TOKENS = frozenset({  # what a stamp itself can be refused for, however it came
    StampFault.TOO_LARGE, StampFault.MALFORMED, StampFault.WRONG_IMPRINT, StampFault.WRONG_KEY,
    StampFault.WRONG_CERTIFICATE, StampFault.WRONG_USAGE, StampFault.WEAK_ALGORITHM, StampFault.UNKNOWN_AUTHORITY,
    StampFault.EXPIRED, StampFault.REVOKED,
})  # fmt: skip
SENTENCES: dict[StampFault, Any] = {
    StampFault.DOWN: _("The time-stamping authority cannot be reached."),
    StampFault.SLOW: _("The time-stamping authority did not answer in time."),
    StampFault.REDIRECTED: _("The time-stamping authority sends elsewhere; redirects are not followed."),
    StampFault.HTTP: _("The time-stamping authority answers with an error."),
    StampFault.NO_REPLY: _("What came back from the time-stamping authority is no time-stamp reply."),
    StampFault.TOO_LARGE: _("The time stamp, or the answer that brought it, is too large."),
    StampFault.REJECTED: _("The time-stamping authority refused the request."),
    StampFault.MALFORMED: _("The time stamp does not have the prescribed structure."),
    StampFault.WRONG_IMPRINT: _("The time stamp was made for other data."),
    StampFault.WRONG_NONCE: _("The time stamp answers another request."),
    StampFault.WRONG_POLICY: _("The time stamp was made under another policy than the agreed one."),
    StampFault.WRONG_KEY: _("The signature of the time stamp is not correct."),
    StampFault.WRONG_CERTIFICATE: _("The time stamp does not name the certificate that it was signed with."),
    StampFault.WRONG_USAGE: _("The certificate of the time stamp may not be used for time stamping."),
    StampFault.WEAK_ALGORITHM: _("The time stamp uses an algorithm that is not secure or not accepted."),
    StampFault.UNKNOWN_AUTHORITY: _("The time stamp is not from a recognised time-stamping authority."),
    StampFault.EXPIRED: _("The certificate of the time-stamping authority was not valid at the time of the stamp."),
    StampFault.REVOKED: _("The certificate of the time-stamping authority was revoked."),
    StampFault.CLOCK: _("The clock of the time-stamping authority and the clock of this server differ too much."),
}


class StampRefused(Exception):
    """No stamp, or none that is believed; `reason` is for machines, `message` the translated sentence."""

    def __init__(self, reason: StampFault, said: str = "") -> None:
        super().__init__(reason, said)
        self.reason, self.message, self.said = reason, SENTENCES[reason], said

    def __str__(self) -> str:
        return f"{self.message} ({self.said})" if self.said else str(self.message)
