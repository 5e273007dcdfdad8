"""How handing a message to somebody else's server can fail, and what may be done then; mail, SMS and push share it."""

import re

SAID = 200  # characters kept of what a server says: it may say anything, at any length


class HandoverFailed(Exception):
    """The message is not known to be accepted. Subclasses say whether it may be tried again."""


class Unreachable(HandoverFailed):
    """No answer: network, name, certificate, time. It may be tried again unless `maybe_accepted`.

    `maybe_accepted` is True when the whole message was sent and only the answer is missing: the server may have it.
    """

    def __init__(self, why: object, *, maybe_accepted: bool = False) -> None:
        self.why = one_line(why)
        self.maybe_accepted = maybe_accepted
        super().__init__(self.why)


class NotAdmitted(Unreachable):
    """The server answers and does not let this installation in: login, token, sender. No recipient is to blame."""


class Refused(HandoverFailed):
    """The server has read the message, or its address, and says no.

    `permanent`: trying the same again is useless. `bounced`: the recipient's address itself is wrong or gone.
    `code` is the server's number (SMTP or HTTP; 0 when nothing was sent at all), `said` its words on one line,
    `retry_after` the seconds it asks to wait for, when it asks.
    """

    def __init__(
        self, permanent: bool, code: int, said: object, *, bounced: bool = False, retry_after: int | None = None
    ) -> None:
        self.permanent, self.code, self.said = permanent, code, one_line(said)
        self.bounced, self.retry_after = bounced, retry_after
        super().__init__(f"{code} {self.said}")


def one_line(said: object) -> str:
    """What a server or the operating system says, fit for a table and a log line."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:SAID]
