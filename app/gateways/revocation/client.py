"""Asks the configured places about a certificate, one after the other, until one gives an answer that can be used."""
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509

from app.gateways import posting, signing
from app.gateways.handover import Unreachable
from app.gateways.revocation import lists, online
from app.gateways.revocation.answers import Answer, Standing, Unfit
from app.gateways.revocation.places import Place, Places

LARGEST = 4 * 1024 * 1024  # bytes of a list; an OCSP answer has about 1 KiB
ASKS, ANSWERS, LISTS = "application/ocsp-request", "application/ocsp-response", "application/pkix-crl"
OK = 200


@dataclass(frozen=True)
class Client:
    """`places` by issuer; `own` answers OCSP requests about certificates of `own_issuer` (DER) without any network,
    `own_list` gives the list of `own_root`, which speaks of the issuer itself.

    No redirect is followed, nothing is asked of an address that is not among the places; `post` holds times and sizes.
    Never called inside a database transaction, and by background work only.
    """

    places: Places = field(default_factory=dict)
    own_issuer: Callable[[], bytes] | None = None
    own: Callable[[bytes], bytes] | None = None
    own_root: Callable[[], bytes] | None = None
    own_list: Callable[[], bytes] | None = None
    post: posting.Post = field(default_factory=lambda: posting.Post(posting.anywhere, largest=LARGEST))

    def can_ask(self, issuer_der: bytes) -> bool:
        """Whether there is anybody to ask about the certificates of this issuer."""
        return bool(self._places_of(issuer_der))

    def ask(self, certificate_der: bytes, issuer_der: bytes, now: dt.datetime) -> Answer:
        """Good or revoked from the first place that says so; unknown when one does not know it and none knows more."""
        certificate, issuer = map(x509.load_der_x509_certificate, (certificate_der, issuer_der))
        problems: list[str] = []
        unknown: Answer | None = None
        for place in self._places_of(issuer_der):
            try:
                answer = self._asked(place, certificate, issuer, now)
            except Unfit as unfit:
                problems.append(f"{place.kind}: {unfit.code}")
                continue
            if answer.standing is not Standing.UNKNOWN:
                return answer
            unknown = unknown or answer
        return unknown or Answer(Standing.UNREACHABLE, problems=tuple(problems))

    def _places_of(self, issuer_der: bytes) -> Sequence[Place]:
        if self.own_issuer is not None and self.own_issuer() == issuer_der:
            return (Place("ocsp", ""),)
        if self.own_root is not None and self.own_root() == issuer_der:
            return (Place("crl", ""),)
        return self.places.get(sha256(issuer_der).hexdigest(), ())

    def _asked(self, place: Place, certificate: x509.Certificate, issuer: x509.Certificate, now: dt.datetime) -> Answer:
        if place.kind == "crl":
            return lists.judged(self._fetched(place.url, b""), certificate, issuer, now)
        request, nonce = online.question(certificate, issuer)
        return online.judged(self._fetched(place.url, request), certificate, issuer, now, nonce)

    def _fetched(self, url: str, request: bytes) -> bytes:
        try:
            if not url and request and self.own is not None:
                return self.own(request)
            if not url and self.own_list is not None:
                return self.own_list()
            if request:
                answer = self.post(url, request, {"Content-Type": ASKS, "Accept": ANSWERS})
            else:
                answer = self.post(url, b"", {"Accept": LISTS}, "GET")
        except Unreachable as problem:
            raise Unfit(f"unreachable ({problem})") from problem
        except signing.KeyUnavailable as away:
            raise Unfit("authority_away") from away
        if answer.status != OK:
            raise Unfit(f"http {answer.status}")
        return answer.body


_chosen: list[Client] = []


def use(client: Client) -> None:
    """The application says once, at its start, who is asked where."""
    _chosen[:] = [client]


def can_ask(issuer_der: bytes) -> bool:
    """Whether the chosen client knows whom to ask about certificates of this issuer."""
    return bool(_chosen) and _chosen[0].can_ask(issuer_der)


def ask(certificate_der: bytes, issuer_der: bytes, now: dt.datetime) -> Answer:
    """What the chosen client finds out; unreachable when none was chosen."""
    return _chosen[0].ask(certificate_der, issuer_der, now) if _chosen else Answer(Standing.UNREACHABLE)
