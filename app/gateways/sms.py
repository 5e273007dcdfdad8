"""Hands one short message to an SMS gateway by the contract of docs/sms-gateway.md."""

import json
import re
import ssl
import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

from app.gateways import posting
from app.gateways.handover import NotAdmitted, Refused, Unreachable

__all__ = ["Gateway", "NotAPhone", "NotAdmitted", "Refused", "Unreachable", "parts", "phone", "shortened"]

MOST_PARTS = 6  # of one message; a longer text belongs into a letter
NETWORKS = "35789"  # first digits of mobile numbers in Viet Nam, after the 0
LOCAL = re.compile(rf"(?:\+84|0084|84|0)([{NETWORKS}]\d{{8}})")
ABROAD = re.compile(r"\+(?!84)[1-9]\d{7,14}")
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = frozenset("^{}\\[~]|€\f")  # two places each in the alphabet of the network
KEY = re.compile(r"[\x21-\x7e]{1,128}")
ACCEPTED, KNOWN, TOO_MANY, SERVERS_FAULT = {200, 201, 202}, 409, 429, 500
OUR_FAULT = {401, 403}
LATER = {408, 425, TOO_MANY}
LONGEST_ID = 128


class NotAPhone(ValueError):
    """No number that a short message can be sent to."""


def phone(typed: str) -> str:
    """A mobile number as E.164: `+84912345678` for all its spellings; numbers abroad need their `+`. NotAPhone."""
    bare = re.sub(r"[\s.()\-\u2013]", "", unicodedata.normalize("NFKC", typed))
    if not bare.isascii():
        raise NotAPhone
    if local := LOCAL.fullmatch(bare):
        return f"+84{local[1]}"
    if ABROAD.fullmatch(bare):
        return bare
    raise NotAPhone


def parts(text: str) -> int:
    """How many messages of the network a text takes: 70 signs or 67 each when there are several, with Vietnamese
    letters; 160 or 153 when it is written without them. A sign of two places is never torn."""
    text = unicodedata.normalize("NFC", text)
    if set(text) <= BASIC | TWICE:
        return _packed([1 + (sign in TWICE) for sign in text], 160, 153)
    return _packed([len(sign.encode("utf-16-le")) // 2 for sign in text], 70, 67)


def _packed(places: list[int], alone: int, each: int) -> int:
    if sum(places) <= alone:
        return 1
    count, free = 1, each
    for wide in places:
        if wide > free:
            count, free = count + 1, each
        free -= wide
    return count


def shortened(text: str, most: int = 3) -> str:
    """The text, or as many of its first words as fit into so many parts, and an ellipsis."""
    text = unicodedata.normalize("NFC", text).strip()
    if parts(text) <= most:
        return text
    words = text.split(" ")
    while len(words) > 1 and parts(" ".join(words) + "…") > most:
        words.pop()
    kept = " ".join(words)
    while parts(kept + "…") > most:
        kept = kept[:-1]
    return kept + "…"


class Gateway:
    """An SMS gateway: `https://host/path`, plain http only on this machine. ValueError when it is not that.

    `sender` is the name shown, when the provider wants one; `authority` a PEM file, when the gateway's certificate
    comes from an authority of its own. `connect` and `answer` are seconds.
    """

    def __init__(
        self,
        url: str,
        token: str,
        sender: str = "",
        *,
        authority: Path | str | None = None,
        connect: float = posting.CONNECT,
        answer: float = posting.ANSWER,
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("https", "http") or not address.hostname or address.username or address.fragment:
            raise ValueError("the SMS gateway is given as https://host/path")
        if not KEY.fullmatch(token or "-"):
            raise ValueError("the token of the SMS gateway is one word of ASCII")
        self.url, self.token, self.sender = url, token, sender
        allowed = posting.anywhere if address.scheme == "https" else posting.is_loopback
        trust = ssl.create_default_context(cafile=authority) if authority else None
        self.post = posting.Post(allowed, trust, connect, answer)

    def send(self, to: str, text: str, key: str) -> str:
        """The provider's id of the message; the same key again is the same message and is not sent twice.

        Refused says whether it is for good; NotAdmitted that the token is not accepted; Unreachable may always be
        tried again with the same key. ValueError for a key that is none.
        """
        if not KEY.fullmatch(key):
            raise ValueError("the key of a message is one word of ASCII, of at most 128 characters")
        answer = self.post(self.url, self._body(to, text, key), self._headers(key))
        if answer.status in ACCEPTED or answer.status == KNOWN:
            return _identity(answer)
        said = _reason(answer)
        if answer.status in OUR_FAULT:
            raise NotAdmitted(f"{answer.status} {said}")
        if answer.status in LATER or answer.status >= SERVERS_FAULT:
            raise Refused(False, answer.status, said, retry_after=answer.retry_after)
        if answer.status // 100 != 4:  # noqa: PLR2004  a redirect, or no answer of this contract
            raise Unreachable(f"{answer.status} is no answer of an SMS gateway")
        raise Refused(True, answer.status, said, bounced=_error(answer) == "unknown_number")

    def _body(self, to: str, text: str, key: str) -> bytes:
        try:
            number = phone(to)
        except NotAPhone as error:
            raise Refused(True, 0, "not a mobile number", bounced=True) from error
        text = unicodedata.normalize("NFC", text).strip()
        if not text or parts(text) > MOST_PARTS:
            raise Refused(True, 0, f"a short message has 1 to {MOST_PARTS} parts")
        body = {"to": number, "text": text, "key": key} | ({"from": self.sender} if self.sender else {})
        return json.dumps(body, ensure_ascii=False).encode()

    def _headers(self, key: str) -> dict[str, str]:
        wanted = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
        admitted = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return wanted | admitted | {"Idempotency-Key": key}


def _identity(answer: posting.Answer) -> str:
    """The provider's id; without one nobody can say later what became of the message."""
    said = _object(answer).get("id")
    if isinstance(said, str | int) and not isinstance(said, bool) and 0 < len(str(said)) <= LONGEST_ID:
        return str(said)
    raise Unreachable("the SMS gateway accepted without saying an id", maybe_accepted=True)


def _error(answer: posting.Answer) -> str:
    return str(_object(answer).get("error", ""))


def _reason(answer: posting.Answer) -> str:
    said = _object(answer)
    return str(said.get("message") or said.get("error") or f"HTTP {answer.status}")


def _object(answer: posting.Answer) -> dict[str, object]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
