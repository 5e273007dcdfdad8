"""A lifecycle is a table of moves; a move is admitted (right, state, guards), then applied."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.workflows.engine.errors import WrongState
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word


@dataclass(frozen=True)
class Move:
    """One row of a lifecycle: name, from, to, who may, only if."""

    name: str
    sources: frozenset[StrEnum]
    target: StrEnum
    right: Right
    guards: tuple[Callable[..., None], ...] = ()

    def apply(self, subject: Any, **fields: object) -> None:
        """Set the state and its companion columns together, so no CHECK sees half a move."""
        subject.state = self.target
        for name, value in fields.items():
            setattr(subject, name, value)


class Lifecycle:
    """The moves of one kind of subject, by name."""

    def __init__(self, states: type[StrEnum], *moves: Move) -> None:
        self.states = states
        self.moves = {move.name: move for move in moves}

    def admit(self, name: str, subject: Any, actor: Actor) -> Move:
        """Return the move, or refuse with the reason."""
        move = self.moves[name]
        actor.require(move.right, subject)
        if subject.state not in move.sources:
            raise WrongState(subject, move=name, state=word(subject.state))
        for guard in move.guards:
            guard(subject)
        return move
