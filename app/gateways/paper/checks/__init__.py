"""Decides whether a Resolution is laid out as Decree 30/2020/NĐ-CP prescribes, measured on the PDF itself."""

from dataclasses import dataclass

from app.gateways.paper.checks import body_rules, closing_rules, head_rules, page_rules
from app.gateways.paper.checks.parts import Parts
from app.gateways.paper.checks.reading import read
from app.gateways.paper.checks.rules import Rule, Words

RULES: tuple[Rule, ...] = (*page_rules.RULES, *head_rules.RULES, *body_rules.RULES, *closing_rules.RULES)
NUMBERS = {rule.code: number for number, rule in enumerate(RULES, start=1)}
TITLES: dict[str, Words] = {rule.code: rule.title for rule in RULES}


@dataclass(frozen=True)
class Finding:
    """What one rule says about a document; `found` and `wanted` are translated when they are shown."""

    code: str
    ok: bool
    found: Words
    wanted: Words

    @property
    def number(self) -> int:
        return NUMBERS[self.code]

    @property
    def title(self) -> Words:
        return TITLES[self.code]


def check_layout(pdf: bytes) -> list[Finding]:
    """One finding for each rule, in their order; raises pypdfium2.PdfiumError for what is no PDF."""
    seen = Parts(read(pdf))
    return [Finding(rule.code, *rule.check(seen), rule.wanted) for rule in RULES]


__all__ = ["NUMBERS", "RULES", "TITLES", "Finding", "check_layout"]
