"""What a ballot is refused with, from its preparation to its count."""

from flask_babel import lazy_gettext as _

from app.workflows.engine.errors import BadValue, WorkflowError


class PollNotOpen(WorkflowError):
    code = "poll_not_open"
    message = _("Voting is not open.")


class PollClosedAlready(WorkflowError):
    code = "poll_closed"
    http_status = 410
    message = _("Voting was closed before your ballot arrived. It was not counted.")


class BadSignature(WorkflowError):
    code = "bad_signature"
    http_status = 422
    message = _("%(reason)s")


class AnotherBallotStands(WorkflowError):
    code = "another_ballot_stands"
    message = _("Another ballot of yours was counted in the meantime.")


class NoChange(WorkflowError):
    code = "no_change_of_vote"
    message = _("You have voted; the rule set of this vote allows no change.")


class NoCertificate(WorkflowError):
    code = "no_certificate"
    http_status = 403
    message = _("You had no valid certificate when this vote was opened, so no ballot can be signed.")


class NothingToReserve(BadValue):
    code, field = "nothing_to_reserve", "reservation"
    message = _("Only a vote that does not agree can reserve an opinion.")


class RemarkUnclean(BadValue):
    code, field = "remark_unclean", "remark"
    message = _("The remark is too long or contains invisible control characters.")


class BadNonce(BadValue):
    code, field = "bad_nonce", "nonce"
    message = _("The device sent an unusable ballot number. Reload the page.")
