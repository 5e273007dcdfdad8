"""The words for the checks of a Resolution's text, one sentence for each, for pages and refusals."""

from typing import Any

from flask_babel import lazy_gettext as _

CHECKS: dict[str, Any] = {
    "subject_present": _("There is a summary of the content."),
    "subject_stop": _("The summary ends without a mark."),
    "subject_case": _("The summary begins with a capital and is not written in capitals."),
    "bases_present": _("At least one legal basis is named."),
    "base_opening": _("Each basis begins as prescribed."),
    "formula_last": _("The sentence about the vote stands after all bases, once."),
    "formula_exact": _("The sentence about the vote has the prescribed words."),
    "articles_present": _("There is at least one article."),
    "articles_filled": _("No article is empty."),
    "words_present": _("No line consists of signs alone."),
    "references": _("Every reference inside the Resolution leads to a place that exists."),
    "recipients_present": _("Recipients are named."),
    "recipients_once": _("No recipient is named twice."),
    "recipients_archive": _("The line of the archive does not stand among the recipients."),
    "archive_present": _("The records office (VT) keeps a copy."),
    "letters": _("All letters are in the standard form, none is invisible."),
    "placeholders": _("Nothing is left open or unfinished."),
    "symbol_form": _("The symbol has the prescribed form."),
    "signer_named": _("The full name of the signer is known."),
    "authority_named": _("Authority and post of the signer are known."),
    "subject_opening": _("The summary usually begins with “Về”."),
    "lone_clause": _("An article with a single numbered clause needs no number."),
    "lone_point": _("A clause with a single lettered point needs no letter."),
    "sentence_end": _("Each paragraph ends with a mark."),
    "in_force": _("The Resolution says when it takes effect."),
}


def check_word(code: str) -> Any:
    """What one check demands, as a sentence, lazily translated."""
    return CHECKS[code]
