"""Form fields generated from the columns of a table: Vietnamese words, Hanoi times, related rows fetched on demand."""

import datetime as dt
import re
from enum import StrEnum
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _
from markupsafe import Markup
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, DateField, FileField, IntegerField, StringField
from wtforms.fields import Field
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import TextArea, TextInput

from app.extensions import db
from app.models import FOREVER, Body
from app.views.actor import current_actor
from app.views.record_rows import read_day, whole
from app.views.record_words import moment
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.rules.calendar import HANOI

NEEDED = _("Please fill in this field.")
NOT_A_CHOICE = _("Please choose from the list.")
NOT_A_DATE = _("Write the date as day/month/year, for example 05/08/2026.")
NOT_A_MOMENT = _("Write day and time as 05/08/2026 08:00 (Hanoi time).")
NOT_WHOLE = _("Write a whole number.")
TOO_LONG = _("At most %(max)d characters.")
MOMENT = re.compile(r"(\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d{2}-\d{2})[ T,]+(\d{1,2})[:hg](\d{2})")
LAST_HOUR, LAST_MINUTE = 23, 59


class Box(TextInput):
    """A text box in the look of the record pages; `date` ("day" or "moment") gives it a calendar."""

    def __init__(self, date: str = "", keyboard: str = "") -> None:
        super().__init__()
        self.marks = {"class": "form-control is-short" if date or keyboard else "form-control", "autocomplete": "off"}
        self.marks |= {"data-date": date} if date else {}
        self.marks |= {"inputmode": keyboard} if keyboard else {}

    def __call__(self, field: Any, **kwargs: Any) -> Any:
        return super().__call__(field, **{**self.marks, **kwargs})


class Area(TextArea):
    """A text area of some lines."""

    def __call__(self, field: Any, **kwargs: Any) -> Any:
        return super().__call__(field, **{"class": "form-control", "rows": 4, **kwargs})


class DayField(DateField):
    """A Hanoi date, dd/mm/yyyy; empty means "not given"."""

    widget = Box("day")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.strftime("%d/%m/%Y") if self.data and self.data != FOREVER else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = read_day(valuelist[0])
            if self.data is None:
                raise ValueError(NOT_A_DATE)


class MomentField(StringField):
    """Day and time in Hanoi, dd/mm/yyyy HH:MM; the data is aware."""

    widget = Box("moment")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return moment(self.data) if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = read_moment(valuelist[0])
            if self.data is None:
                raise ValueError(NOT_A_MOMENT)


def read_moment(text: str) -> dt.datetime | None:
    """dd/mm/yyyy HH:MM (or yyyy-mm-ddTHH:MM) in Hanoi as an aware time; None for anything else."""
    found = MOMENT.fullmatch(text.strip())
    day = read_day(found[1]) if found else None
    if found is None or day is None or int(found[2]) > LAST_HOUR or int(found[3]) > LAST_MINUTE:
        return None
    return dt.datetime.combine(day, dt.time(int(found[2]), int(found[3])), tzinfo=HANOI)


class WholeField(IntegerField):
    """A whole number that both databases can hold."""

    widget = Box(keyboard="numeric")

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = whole(valuelist[0].strip())
            if self.data is None:
                raise ValueError(NOT_WHOLE)


class ChoiceField(Field):
    """One of a few codes, shown by their words; an empty first line where nothing is chosen or need be."""

    def __init__(self, label: Any = None, validators: Any = None, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.choices: list[tuple[Any, Any]] = list(choices)

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = self._code(valuelist[0]) or None

    def offer(self, choices: list[tuple[Any, Any]]) -> None:
        """Say what there is to choose, once it is known; what was sent is read again."""
        self.choices = choices
        self.data = self._code(self.data)

    def _code(self, sent: Any) -> Any:
        return next((code for code, _label in self.choices if str(code) == str(sent)), sent)

    def pre_validate(self, form: Any) -> None:
        if self.data is not None and self.data not in [code for code, _label in self.choices]:
            raise ValidationError(NOT_A_CHOICE)

    def __call__(self, **kwargs: Any) -> Any:
        lines = [(code, label) for code, label in self.choices]
        if not self.flags.required or self.data is None:
            lines.insert(0, ("", ""))
        option = Markup('<option value="{}"{}>{}</option>')
        options = (option.format(code, Markup(" selected") if code == (self.data or "") else "", label)
                   for code, label in lines)  # fmt: skip
        marks = {"class": "form-control", "id": self.id, "name": self.name, **kwargs}
        return Markup("<select{}>{}</select>").format(_marks(marks), Markup("").join(options))


def _marks(attributes: dict[str, Any]) -> Markup:
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in attributes.items())


class BodyField(ChoiceField):
    """A body in which the actor holds an office; whoever has only one need not choose."""

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators or [InputRequired(NEEDED)], choices=_bodies(), **kwargs)

    @property
    def sole(self) -> int | None:
        return self.choices[0][0] if len(self.choices) == 1 else None

    def process_data(self, value: Any) -> None:
        self.data = value or self.sole

    def __call__(self, **kwargs: Any) -> Any:
        if self.sole is None:
            return super().__call__(**kwargs)
        hidden = Markup('<input type="hidden" id="{}" name="{}" value="{}"><p class="form-control-static">{}</p>')
        return hidden.format(self.id, self.name, self.sole, self.choices[0][1])


def _bodies() -> list[tuple[int, str]]:
    rows = db.session.query(Body).filter(Body.id.in_(current_actor().body_ids)).order_by(Body.id)
    return [(body.id, body.name) for body in rows]


class ManyField(Field):
    """Several of a few rows, as check boxes; the data is a tuple of ids."""

    def __init__(self, label: Any = None, validators: Any = None, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.choices = list(choices)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = tuple(number for number in map(whole, valuelist) if number is not None)

    def offer(self, choices: list[tuple[int, Any]]) -> None:
        """Say what there is to choose; anything else that was sent is dropped."""
        self.choices = choices
        known = {number for number, _label in choices}
        self.data = tuple(number for number in self.data or () if number in known)

    def __call__(self, **kwargs: Any) -> Any:
        box = Markup('<label class="ec-check"><input type="checkbox" name="{}" value="{}"{}>{}</label>')
        chosen = set(self.data or ())
        boxes = (box.format(self.name, code, Markup(" checked") if code in chosen else "", said)
                 for code, said in self.choices)  # fmt: skip
        return Markup('<div id="{}" class="rec-many">{}</div>').format(self.id, Markup("").join(boxes))


class TickField(BooleanField):
    """Yes or no; its box can be pressed all around it, as large as a finger."""

    def __call__(self, **kwargs: Any) -> Any:
        return Markup('<label class="rec-tick">{}</label>').format(super().__call__(**kwargs))


class PickField(Field):
    """A related row chosen from what the address `/records/picks/<kind>` answers; the data is its id."""

    def __init__(self, kind: str, model: Any, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.kind, self.model = kind, model
        self.row: Any = None

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            self.data = whole(valuelist[0].strip())
            if self.found is None:
                self.data = None
                raise ValueError(NOT_A_CHOICE)

    @property
    def found(self) -> Any:
        """The chosen row, if the actor may see it."""
        if self.row is None and isinstance(self.data, int):
            self.row = db.session.query(self.model).filter(
                self.model.id == self.data, visible(current_actor(), self.model)
            ).one_or_none()  # fmt: skip
        return self.row

    def __call__(self, **kwargs: Any) -> Any:
        shown, row = Markup(""), self.found
        if row is not None:
            shown = Markup(' value="{}" data-text="{}"').format(row.id, row)
        marks = {
            "type": "text", "id": self.id, "name": self.name, "class": "form-control my_select2_ajax",
            "endpoint": url_for("PickView.pick", kind=self.kind), **kwargs,
        }  # fmt: skip
        if self.flags.required:
            marks["required"] = ""
        return Markup("<input{}{}>").format(_marks(marks), shown)


class ParentField(PickField):
    """The row that a new row belongs to: given by the address, shown, not chosen."""

    def __init__(self, model: Any, label: Any = None, **kwargs: Any) -> None:
        super().__init__("", model, label, [InputRequired(NEEDED)], **kwargs)

    def __call__(self, **kwargs: Any) -> Any:
        hidden = Markup('<input type="hidden" id="{}" name="{}" value="{}">')
        shown = Markup('<p class="form-control-static">{}</p>').format(self.found or "")
        return hidden.format(self.id, self.name, self.data or "") + shown


class UploadField(FileField):
    """A file to upload; text under its name, an empty choice and a second file are no file."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        files = [sent for sent in valuelist if isinstance(sent, FileStorage) and sent.filename]
        self.data: FileStorage | None = files[0] if files else None
        self.raw_data = files[:1]

    def __call__(self, **kwargs: Any) -> Any:
        return super().__call__(**{"class": "form-control rec-file", "accept": "application/pdf,.pdf", **kwargs})


def codes_of(kind: Any, without: frozenset[StrEnum] = frozenset()) -> list[tuple[StrEnum, Any]]:
    return [(code, word(code)) for code in kind if code not in without]


def needed() -> InputRequired:
    return InputRequired(NEEDED)
