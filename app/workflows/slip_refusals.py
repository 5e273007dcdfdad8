"""What an answer to a slip is refused with, from its draft to its count."""

from flask_babel import lazy_gettext as _

from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.passkey_assertions import PasskeyMissing, PasskeyNeeded


class SlipNotOpen(WorkflowError):
    code = "slip_not_open"
    message = _("This slip has not been issued yet.")


class SlipOver(WorkflowError):
    code = "slip_over"
    http_status = 410
    message = _("The time to answer this slip is over. Your answer was not counted; what you typed is kept.")


class SlipRecalledAlready(WorkflowError):
    code = "slip_recalled"
    http_status = 410
    message = _("This slip was recalled (%(reason)s). Your answer was not counted; what you typed is kept.")


class RoundOver(WorkflowError):
    code = "round_over"
    http_status = 410
    message = _("A new round has begun: answer slip %(number)s instead. This answer was not counted.")


class AnotherAnswerStands(WorkflowError):
    code = "another_answer_stands"
    message = _("Another answer of yours was counted in the meantime.")


class NoChangeOfAnswer(WorkflowError):
    code = "no_change_of_answer"
    message = _("You have answered; the rule set of this slip allows no change.")


class NoCertificateOfSlip(WorkflowError):
    code = "no_certificate_of_slip"
    http_status = 403
    message = _("You had no valid certificate when this slip was issued, so no answer can be signed.")


class BadAnswerSignature(WorkflowError):
    code = "bad_answer_signature"
    http_status = 422
    message = _("%(reason)s")


class BadAnswer(BadValue):
    """Names what is wrong for programs in `problem`; the sentence is for people."""

    code, field = "bad_answer", "answers"
    message = _("Answer every question in its own way, with clean text of at most 10,000 letters each.")


class HiddenSigns(BadValue):
    code, field = "hidden_signs", "answers"
    message = _("A text holds a sign that is not shown (line %(line)s, place %(column)s). Take it out and sign again.")


class NothingToReserveInSlip(BadValue):
    code, field = "nothing_to_reserve_in_slip", "reservation"
    message = _("Only an answer that does not agree can reserve an opinion.")


class UnknownAttachment(BadValue):
    code, field = "unknown_attachment", "attachments"
    message = _("One of the attached files is not there any more. Attach it again.")


class TooManyAttachments(BadValue):
    code, field = "too_many_attachments", "attachments"
    message = _("An answer carries at most 10 files.")


class TooManyUploads(BadValue):
    code, field = "too_many_uploads", "file"
    message = _("You have sent %(most)s different files to this slip already; no more can be sent.")


class DraftConflict(WorkflowError):
    """`details` carry the draft that stands: `content`, `version` and `device`."""

    code = "draft_conflict"
    message = _("This draft was saved from another device meanwhile. Both texts are kept: choose one.")


class DraftTooLong(BadValue):
    code, field = "draft_too_long", "content"
    message = _("The draft is longer than a slip can take. It was not saved; what was saved before is kept.")


class SlipPasskeyMissing(PasskeyMissing):
    code = "slip_passkey_missing"
    message = _("This slip asks for a passkey beside the PIN, and you have none in use. Add one under “My passkeys”.")


class SlipPasskeyNeeded(PasskeyNeeded):
    code = "slip_passkey_needed"
    message = _("This slip asks for a passkey beside the PIN. The answer came without one and was not counted.")
