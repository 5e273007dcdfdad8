"""Whoever comes first does the work of all who came meanwhile; what goes wrong together is done alone."""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(eq=False)
class _Waiting(Generic[Item, Outcome]):
    """One caller: woken with an outcome, told to lead, or told (neither) to go alone."""

    item: Item
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    outcome: Outcome | None = None


class Together(Generic[Key, Item, Outcome]):
    """Folds what threads ask for at the same time, by key, into one piece of work after another.

    `work(key, take)` calls `take` once, as late as it can, and gives one outcome for each item taken, in their order;
    None for an item that must go alone. Work that raises with several items taken has done nothing: each of its items
    is then worked on alone, by its own thread, and what is wrong with one is raised to nobody else. At most `most`
    items are taken at once.
    """

    def __init__(self, work: Callable[[Key, Callable[[], list[Item]]], Sequence[Outcome | None]], most: int) -> None:
        self._work, self._most = work, most
        self._lock = threading.Lock()
        self._lanes: dict[Key, list[_Waiting[Item, Outcome]]] = {}  # a lane exists as long as somebody leads it

    def __call__(self, key: Key, item: Item) -> Outcome:
        """The outcome of this item, whoever worked on it; raises what its own work raised."""
        mine: _Waiting[Item, Outcome] = _Waiting(item)
        with self._lock:
            lane = self._lanes.get(key)
            mine.leads = lane is None
            self._lanes.setdefault(key, []).append(mine)
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self._lead(key, mine)
        return self._alone(key, item) if mine.outcome is None else mine.outcome

    def _lead(self, key: Key, mine: _Waiting[Item, Outcome]) -> None:
        taken: list[_Waiting[Item, Outcome]] = []

        def take() -> list[Item]:
            with self._lock:
                lane = self._lanes[key]
                taken.extend(lane[: self._most])  # the leader is the first of them
                del lane[: self._most]
            return [each.item for each in taken]

        try:
            for each, outcome in zip(taken, self._work(key, take), strict=True):
                each.outcome = outcome
        except Exception:
            if len(taken) <= 1:
                raise
        finally:
            self._hand_over(key, mine)
            for each in taken:
                each.woken.set()

    def _hand_over(self, key: Key, mine: _Waiting[Item, Outcome]) -> None:
        """The next in the lane leads it, or nobody is left and it goes."""
        with self._lock:
            lane = self._lanes[key]
            if mine in lane:  # the work failed before anything was taken
                lane.remove(mine)
            if not lane:
                del self._lanes[key]
                return
            following = lane[0]
            following.leads = True
        following.woken.set()

    def _alone(self, key: Key, item: Item) -> Outcome:
        (outcome,) = self._work(key, lambda: [item])
        if outcome is None:
            raise RuntimeError("an item that is alone has an outcome")
        return outcome
