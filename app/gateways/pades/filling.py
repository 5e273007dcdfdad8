"""How a read-only text field is filled in: its value, and its appearance in the embedded font of the form."""
import re
from collections.abc import Mapping
from functools import cache, partial

from app.gateways.pades.increment import Increment
from app.gateways.pades.letters import Letters, read_letters
from app.gateways.pades.reading import Document, Field
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.syntax import read_numbers, read_string, write_number, write_text
from app.gateways.paper.fields import drop

_STYLE = re.compile(rb"(/\S+)\s+(\d+(?:\.\d+)?)\s+Tf\b")
_SHARES = {b"0": 0.0, b"1": 0.5, b"2": 1.0}  # /Q: left, centred, right


def fill_fields(increment: Increment, document: Document, fields: Mapping[str, Field], fill: Mapping[str, str]) -> None:
    """Refuses a field that is not there, is no text field or holds a value already, and letters the font lacks."""
    if not fill:
        return
    form = document.dictionary(document.form().get(b"/DR", b"<<>>"))
    fonts = document.dictionary(form.get(b"/Font", b"<<>>"))
    read = cache(partial(read_letters, document))  # number and date share two fonts
    for name, text in fill.items():
        field = fields.get(name)
        if field is None or field.entries.get(b"/FT") != b"/Tx":
            raise PadesRefused("no_text_field", field=name)
        if read_string(field.entries.get(b"/V", b"()")):
            raise PadesRefused("already_filled", field=name)
        style = _STYLE.search(read_string(field.entries.get(b"/DA", b"()")))
        if style is None or style[1] not in fonts:
            raise PadesRefused("font_not_embedded")
        font = fonts[style[1]]
        content = _set(text, read(font), style, field)
        appearance = increment.add_form(field.entries[b"/Rect"], b"/Font << %b %b >>" % (style[1], font), content)
        filled = field.entries | {b"/V": write_text(text), b"/AP": b"<< /N %b >>" % appearance}
        increment.replace(field.number, filled)


def _set(text: str, letters: Letters, style: re.Match[bytes], field: Field) -> bytes:
    """The text on one line, set as `paper.fields` prescribes; cut off it would be another text, so it must fit."""
    left, _bottom, right, _top = read_numbers(field.entries[b"/Rect"])
    size = float(style[2])
    codes = letters.encode(text)
    spare = right - left - letters.width(text) * size / 1000
    if spare < 0:
        raise PadesRefused("no_room", text=text)
    place = (write_number(spare * _SHARES[field.entries.get(b"/Q", b"0")]), write_number(drop(size)))
    return b"/Tx BMC q BT %b %b %b Td %b Tj ET Q EMC" % (style.string.strip(), *place, codes)
