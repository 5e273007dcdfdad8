"""What the replayed cases have in common: how a session comes to its vote, who votes what, and how it ends."""

from app.demo.resolving import Course
from app.demo.stage import HEAD, Stage

REMOTE = ("tv03", "tv09", "tv17", "tv20")


def hold(stage: Stage, remote: tuple[str, ...] = REMOTE, absent: tuple[str, ...] = ()) -> int:
    """Convene, check in, open session, item and vote; the id of the poll."""
    stage.convene()
    stage.answer(remote, dict.fromkeys(absent))
    here = [handle for handle in stage.members if handle not in (*remote, *absent)]
    stage.check_in(here, remote)
    stage.open_session()
    return stage.open_vote()


def finish(stage: Stage, poll_id: int) -> int:
    """Publish the result, bring out the Resolution of an adopted vote, end the session; the id of the poll."""
    stage.publish(poll_id)
    if stage.adopted(poll_id):
        Course(stage, poll_id).draft().present().sign().issue()
    stage.end_session()
    return poll_id


def votes(stage: Stage, agree: int, disagree: int, head: str = "agree") -> dict[str, str]:
    """So many agree and disagree, the head as given, everybody else has another opinion."""
    left = {"agree": agree - (head == "agree"), "disagree": disagree - (head == "disagree")}
    others = [choice for choice, number in left.items() for _ in range(number)]
    others += ["other"] * (len(stage.members) - 1 - len(others))
    return {HEAD: head, **dict(zip(stage.members[1:], others, strict=True))}
