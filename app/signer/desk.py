"""What the signer does with a request that is in order: the tries are counted, the unlocks queue, a key signs."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from app.gateways.signing import (
    Authority,
    KeyUnavailable,
    OwnPublisher,
    PinHeld,
    PinRefused,
    Signer,
    SignerBusy,
    SigningError,
    WrongPin,
    wire,
)
from app.gateways.signing.places import SOFTWARE, provider_of
from app.signer.authorisations import Authorisations
from app.signer.gate import Gate
from app.signer.heads import Heads
from app.signer.tries import Tries

log = logging.getLogger("ecabinet.signer")

OUTSIDE_AT_ONCE = 32  # signatures that wait for a device, a provider or its owner, and for no core of this machine
CLOCKS_APART = dt.timedelta(minutes=5)
OF_LOG = ("log_key", "sign_checkpoint")
Answer = dict[str, Any]


class Desk:
    """Answers requests one by one, from many threads at once; what it logs never holds a PIN.

    `heads` has the key of the log, where this signer keeps it.
    `any_time` lets a demo sign in its invented past; otherwise a signing time or the beginning of a certificate that
    is not now is refused, whatever the web server says.
    """

    def __init__(
        self, signer: Signer, authority: Authority, tries: Tries, gate: Gate | None = None, any_time: bool = False,
        heads: Heads | None = None,
    ) -> None:  # fmt: skip
        self._heads = heads
        self._signer, self._authority, self._tries, self._any_time = signer, authority, tries, any_time
        self._gate, self._authorisations = gate or Gate(), Authorisations()
        self._publisher = OwnPublisher(authority)
        self._outside = Gate(at_once=OUTSIDE_AT_ONCE)
        self._require = getattr(signer, "require", signer.certificate)

    def answer(self, message: Mapping[str, Any], caller: str) -> Answer:
        """What goes back to a caller (who, for the log)."""
        began = time.monotonic()
        act, about = "?", ""
        try:
            asked = wire.read_request(message)
            act, about = asked.act, _named(asked)
            if asked.authorisation is not None:
                self._authorisations.use(asked.authorisation)
            answer = self._do(asked)
            said = "done"
        except wire.Odd as odd:
            answer = refusal("refused", said := odd.reason)
        except SigningError as refused:
            answer = refusal(said := refused.code, _detail(refused))
        except Exception as error:  # a fault of ours is no reason to stop signing for others
            answer = refusal(KeyUnavailable.code, said := type(error).__name__)
            log.error("%s for %s failed: %s", act, caller, said)
        level = logging.INFO if "error" not in answer else logging.WARNING
        log.log(level, "%s%s for %s: %s (%d ms)", act, about, caller, said, 1000 * (time.monotonic() - began))
        return answer

    def _do(self, asked: wire.Request) -> Answer:
        given: Mapping[str, Any] = asked.values
        if "now" in given and not self._any_time and abs(dt.datetime.now(dt.UTC) - given["now"]) > CLOCKS_APART:
            raise wire.Odd("clock")
        match asked.act:
            case "certificate":
                return _told(certificate=self._signer.certificate(given["key_ref"]))
            case "destroy":
                self._signer.destroy(given["key_ref"])
                self._tries.forgive(given["key_ref"])
                return _told()
            case "enrol":
                with self._gate:
                    enrolled = self._signer.enrol(**given)
                return {**_told(certificate=enrolled.certificate_der), "key_ref": enrolled.key_ref}
            case "sign_digest":
                return _told(cms=self._unlock(given["key_ref"], lambda: self._signer.sign_digest(**given)))
            case "sign_document":
                return _told(cms=self._unlock(given["key_ref"], lambda: self._signer.sign_document(**given)))
            case _:
                return (self._of_log if asked.act in OF_LOG else self._publish)(asked.act, given)

    def _of_log(self, act: str, given: Mapping[str, Any]) -> Answer:
        """No PIN: what stands against a head that is untrue is the witness, and the log of this process."""
        if self._heads is None:
            raise KeyUnavailable
        if act == "log_key":
            return {"v": wire.VERSION, "key": self._heads.public(given["name"])}
        return _told(signature=self._heads.sign(**given))

    def _publish(self, act: str, given: Mapping[str, Any]) -> Answer:
        """What the authority says of itself and its certificates; it is public to whoever may ask here at all."""
        if act == "about":
            return {"v": wire.VERSION, "chain": [part.hex() for part in self._authority.chain()]}
        if act == "list":
            return _told(content=self._publisher.revocation_list(given["authority"]))
        if act == "ocsp":
            return _told(content=self._publisher.answer(given["request"]))
        if given["since"] > dt.datetime.now(dt.UTC) + CLOCKS_APART:
            raise wire.Odd("clock")
        self._publisher.take_back(given["serial"], given["since"])
        return _told()

    def _unlock(self, key_ref: str, sign: Callable[[], bytes]) -> bytes:
        """What the key signs; only a right PIN takes the try back."""
        self._require(key_ref)  # there is such a key: nobody fills the folder with counts of others
        gate = self._gate if provider_of(key_ref) == SOFTWARE else self._outside
        with gate, self._tries.looking(key_ref):
            try:
                cms = sign()
            except WrongPin:
                raise
            except BaseException:
                self._tries.give_back(key_ref)
                raise
            self._tries.forgive(key_ref)
        return cms


def refusal(error: str, detail: str = "") -> Answer:
    """An answer that says no."""
    return {"v": wire.VERSION, "error": error, "detail": detail}


def busy() -> Answer:
    return refusal(SignerBusy.code)


def _told(**parts: bytes) -> Answer:
    return {"v": wire.VERSION, **{name: part.hex() for name, part in parts.items()}}


def _detail(refused: SigningError) -> str:
    if isinstance(refused, PinHeld):
        return refused.until.isoformat()
    return str(refused.reason) if isinstance(refused, PinRefused) else ""


def _named(asked: wire.Request) -> str:
    """What the log says of a request: which key and which digest, or which head, never a PIN."""
    given = asked.values
    parts = [("key", given.get("key_ref")), ("sha256", given.get("digest", b"").hex()), ("size", given.get("size")),
             ("root", given.get("root", b"").hex())]  # fmt: skip
    return "".join(f" {name}={value!r}" for name, value in parts if value)
