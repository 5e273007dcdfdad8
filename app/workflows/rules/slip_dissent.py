"""Who did not agree to what a slip asks, and what they keep (bảo lưu): taken from the result of a slip."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Remark:
    """What a member wrote to one question or article; `choice` is None where nothing was marked."""

    question: int
    article: int | None
    choice: str | None
    text: str


@dataclass(frozen=True)
class Dissent:
    """A member who disagreed, was of another opinion, or wrote something (rule:R15); `choice` is to what decides."""

    member: str
    name: str
    post: str
    choice: str | None
    remarks: tuple[Remark, ...]
    reservation: bool
    attachments: tuple[str, ...]

    @property
    def against(self) -> bool:
        return self.choice in ("disagree", "other")


def dissents(result: Mapping[str, Any]) -> tuple[Dissent, ...]:
    """Everybody whose answer says more than a bare agreement: first who disagrees, then other opinions, then remarks.

    `result` is the parsed result of a closed slip. Those who are deemed to agree wrote nothing and are not here.
    """
    order = {"disagree": 0, "other": 1}
    found = [_dissent(answer, result["main"]) for answer in result["answers"]]
    telling = [each for each in found if each.against or each.remarks or each.reservation or each.attachments]
    return tuple(sorted(telling, key=lambda each: order.get(each.choice or "", 2)))


def _dissent(answer: Mapping[str, Any], main: int | None) -> Dissent:
    parts = answer["answers"]
    return Dissent(
        member=answer["member"], name=answer["name"], post=answer["post"],
        choice=parts[main - 1]["choice"] if main else None, remarks=tuple(_remarks(parts)),
        reservation=bool(answer["reservation"]), attachments=tuple(one["name"] for one in answer["attachments"]),
    )  # fmt: skip


def _remarks(parts: list[Mapping[str, Any]]) -> Iterator[Remark]:
    for part in parts:
        if part["text"]:
            yield Remark(part["question"], None, part["choice"], part["text"])
        for article in part["articles"]:
            if article["text"] or article["choice"] in ("disagree", "other"):
                yield Remark(part["question"], article["article"], article["choice"], article["text"])
