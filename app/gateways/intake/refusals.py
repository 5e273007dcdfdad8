"""Decides what a person is told about an upload that is not accepted: one sentence for each code."""

from typing import Any

from flask_babel import lazy_gettext as _

SENTENCES: dict[str, Any] = {
    "empty": _("The file is empty."),
    "not_pdf": _("The file is not a PDF. Its content decides, not its name."),
    "corrupt": _("The PDF is damaged or incomplete. Export it again and upload it once more."),
    "encrypted": _("The PDF is protected by a password. Upload a copy without protection."),
    "too_large": _("The file is larger than %(megabytes)s MB."),
    "too_many_pages": _("The PDF has more than %(pages)s pages."),
    "active_content": _("The PDF contains scripts, attachments or commands. Print it to a plain PDF and upload that."),
    "secrecy_stamp": _(
        "The paper carries the stamp %(level)s. Secret papers are not kept in this system; the file was wiped. "
        "Enter a placeholder and hand the paper out in print."
    ),
    "timed_out": _("Reading the PDF took too long. Split it or export it again."),
    "too_heavy": _("Reading the PDF needs more memory than allowed. Split it or export it again."),
}
STATUS = {"too_large": 413}


class UploadRefused(Exception):
    """The file is not accepted: `code`, `http_status`, and the sentence as str(); `details` fill its gaps."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code, self.details = code, details
        self.http_status = STATUS.get(code, 422)
        self.message = SENTENCES[code]

    def __str__(self) -> str:
        return str(self.message) % self.details
