"""Which witnesses this installation has."""

from collections.abc import Iterable

from app.gateways.witness.client import Witness

_chosen: list[Witness] = []


def parse(text: str) -> tuple[Witness, ...]:
    """Address and key of each witness, one after the other with spaces between them; ValueError for what is none."""
    words = text.split()
    if len(words) % 2:
        raise ValueError("each witness is given as its address and its key")
    found = tuple(Witness(url, vkey) for url, vkey in zip(words[::2], words[1::2], strict=True))
    if len({witness.name for witness in found}) != len(found):
        raise ValueError("two witnesses have one name")
    return found


def use(witnesses: Iterable[Witness]) -> None:
    """The application says once, at its start, who is asked."""
    _chosen[:] = witnesses


def witnesses() -> tuple[Witness, ...]:
    """The pinned witnesses; none at all in a demo."""
    return tuple(_chosen)
