"""Which ways out of the application this installation has."""

from dataclasses import dataclass

from app.gateways.mail import Mailer
from app.gateways.push import Pusher
from app.gateways.sms import Gateway


@dataclass(frozen=True)
class Channels:
    """The gateways that are configured; None is a channel that nothing is sent on."""

    mail: Mailer | None = None
    sms: Gateway | None = None
    push: Pusher | None = None

    def names(self) -> frozenset[str]:
        return frozenset(name for name in ("mail", "sms", "push") if getattr(self, name) is not None)


_chosen: list[Channels] = []


def use(chosen: Channels) -> None:
    """The application says once, at its start, where messages go."""
    _chosen[:] = [chosen]


def channels() -> Channels:
    """The chosen ways out; none at all when the application chose none."""
    return _chosen[0] if _chosen else Channels()
