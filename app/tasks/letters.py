"""Letters of notices and digests: subject, plain text, HTML."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def notice_letter(headline: str, about: str, path: str, name: str, base_url: str) -> Letter:
    """One fact: its sentence, what it is about, where to go on; called within a language."""
    return Letter(headline, f"{headline}\n{about}\n{base_url}{path}\n", "")


def digest_letter(content: dict[str, Any], digest_id: int, base_url: str) -> Letter:
    """A digest as kept (DigestContent.as_dict); called within a language."""
    return Letter("e-Cabinet", f"{base_url}/digests/{digest_id}\n", "")
