"""How a read-only text field is filled in: its value, and its appearance in the embedded font of the form."""
import re
from collections.abc import Mapping

from app.gateways.pades.increment import Increment
from app.gateways.pades.letters import read_letters
from app.gateways.pades.reading import Document, Field
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.syntax import (
    read_numbers,
    read_string,
    write_number,
    write_text,
)
from app.gateways.paper.fields import drop

_APPEARANCE = re.compile(rb"(/\S+)\s+(\d+(?:\.\d+)?)\s+Tf\b")
_SHARES = {b"0": 0.0, b"1": 0.5, b"2": 1.0}  # /Q: left, centred, right


def fill_fields(increment: Increment, document: Document, fields: Mapping[str, Field], fill: Mapping[str, str]) -> None:
    """Refuses a field that is not there, is no text field or holds a value already, and letters the font lacks."""
    if not fill:
        return
    form = document.form()
    for name, text in fill.items():
        field = fields.get(name)
        if field is None or field.entries.get(b"/FT") != b"/Tx":
            raise PadesRefused("no_text_field", field=name)
        if read_string(field.entries.get(b"/V", b"()")):
            raise PadesRefused("already_filled", field=name)
        appearance = _appearance(increment, document, form, field.entries, text)
        filled = field.entries | {b"/V": write_text(text), b"/AP": b"<< /N %b >>" % appearance}
        increment.replace(field.number, filled)


def _appearance(
    increment: Increment, document: Document, form: dict[bytes, bytes], entries: dict[bytes, bytes], text: str
) -> bytes:
    """The text on one line, set as `paper.fields` prescribes; a reference to the form object."""
    left, bottom, right, top = read_numbers(entries[b"/Rect"])
    style = read_string(entries.get(b"/DA") or form.get(b"/DA", b"()"))
    chosen = _APPEARANCE.search(style)
    if chosen is None:
        raise PadesRefused("odd_pdf")
    fonts = document.dictionary(document.dictionary(form.get(b"/DR", b"<<>>")).get(b"/Font", b"<<>>"))
    font = fonts.get(chosen[1])
    if font is None:
        raise PadesRefused("font_not_embedded")
    letters, size = read_letters(document, font), float(chosen[2])
    spare = right - left - letters.width(text) * size / 1000
    x = max(0.0, spare * _SHARES[entries.get(b"/Q", form.get(b"/Q", b"0"))])
    content = b"/Tx BMC q BT %b %b %b Td %b Tj ET Q EMC" % (
        style.strip(), write_number(x), write_number(drop(size)), letters.encode(text),
    )  # fmt: skip
    box = b"[0 0 %b %b]" % (write_number(right - left), write_number(top - bottom))
    resources = b"<< /Font << %b %b >> >>" % (chosen[1], font)
    return increment.add_stream(
        {b"/Type": b"/XObject", b"/Subtype": b"/Form", b"/BBox": box, b"/Resources": resources}, content
    )
