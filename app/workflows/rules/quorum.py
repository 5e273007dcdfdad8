"""How many members make a meeting: who counts as present, and how many are needed."""

from dataclasses import dataclass

from app.workflows.rules.rulesets import RuleParameters


@dataclass(frozen=True)
class Presence:
    """Members of the body who attend; substitutes and guests are never among them (rule:R6, rule:R7)."""

    members: int
    in_room: int
    remote: int

    def __post_init__(self) -> None:
        if self.members < 1 or self.in_room < 0 or self.remote < 0:
            raise ValueError("a body has members, and presence is never negative")
        if self.in_room + self.remote > self.members:
            raise ValueError("more members present than the body has")

    def present(self, parameters: RuleParameters) -> int:
        """In the room, and remotely connected and confirmed where the rule set counts them (rule:R3)."""
        return self.in_room + (self.remote if parameters.remote_counts_as_present else 0)


def quorum(members: int, parameters: RuleParameters) -> int:
    """The least number of members present, a fraction of ALL members rounded up (rule:R3).

    Ít nhất hai phần ba tổng số thành viên: 27 members need 18. ValueError for a body without members.
    """
    if members < 1:
        raise ValueError("a body has members")
    return -(-members * parameters.quorum_numerator // parameters.quorum_denominator)


def quorum_reached(presence: Presence, parameters: RuleParameters) -> bool:
    """Whether the meeting or the poll may be opened (rule:R3); nobody can override it."""
    return presence.present(parameters) >= quorum(presence.members, parameters)
