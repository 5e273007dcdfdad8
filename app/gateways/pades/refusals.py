"""Decides what a person is told when a document cannot be signed or sealed: one sentence for each code."""
from typing import Any

from flask_babel import lazy_gettext as _

SENTENCES: dict[str, Any] = {
    "odd_pdf": _("The PDF was not made by this system or is damaged; it cannot be signed."),
    "encrypted": _("The PDF is encrypted; it cannot be signed."),
    "no_field": _("The document has no signature field “%(field)s”."),
    "already_signed": _("The document already carries this signature."),
    "not_signed_yet": _("The document must be signed before the seal is applied."),
    "not_sealed_yet": _("The document must be sealed before it is preserved for the long term."),
    "no_text_field": _("The document has no field “%(field)s” to fill in."),
    "already_filled": _("The field “%(field)s” is already filled in."),
    "missing_letter": _("The font of the document has no letter for “%(letters)s”."),
    "no_room": _("There is no room for “%(text)s” in its field."),
    "font_not_embedded": _("The font of the field is not embedded in the document."),
    "foreign_cms": _("The signature was not made for this document."),
    "cms_too_large": _("The signature is larger than the room reserved for it (%(bytes)s bytes)."),
    "picture_not_png": _("The picture is not a PNG file."),
    "picture_damaged": _("The picture is damaged and cannot be read."),
    "picture_too_large": _("The picture file is larger than %(kilobytes)s KB."),
    "picture_dimensions": _("The picture must be %(least)s to %(most)s pixels wide and high."),
    "picture_animated": _("The picture moves; a signature or a seal must be a still picture."),
    "picture_opaque": _("The background of the picture must be transparent."),
    "picture_blank": _("The picture is empty."),
}


class PadesRefused(Exception):
    """The document or picture is not accepted: `code`, and the sentence as str(); `details` fill its gaps."""

    http_status = 422

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code, self.details = code, details
        self.message = SENTENCES[code]

    def __str__(self) -> str:
        return str(self.message) % self.details
