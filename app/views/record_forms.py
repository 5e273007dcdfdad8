"""Forms generated from the columns of a table: one field per column, with the words that were declared for it."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import request
from flask_appbuilder.forms import DynamicForm
from flask_babel import get_translations
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from sqlalchemy import Boolean, Date, DateTime, Enum, Integer, Text
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import FileField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.fields.core import UnboundField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation

from app.models import FOREVER
from app.views.record_fields import (
    NEEDED,
    NOT_WHOLE,
    TOO_LONG,
    Area,
    Box,
    ChoiceField,
    DayField,
    MomentField,
    TickField,
    WholeField,
    codes_of,
)
from app.views.record_rows import LARGEST, column_of


class _Translations:
    """WTForms has no Vietnamese: its own sentences come from our catalogue, and WTForms itself fills them in."""

    def gettext(self, text: str) -> str:
        return str(get_translations().ugettext(text))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return str(get_translations().ungettext(one, many, number))


def speak_vietnamese() -> None:
    """Let every form take WTForms' own sentences from the application's catalogue."""
    FlaskForm.Meta.get_translations = lambda _self, _form: _Translations()


class RecordForm(DynamicForm):
    """A generated form; refusals that belong to no field are shown above it."""

    class Meta:
        def wrap_formdata(self, form: "RecordForm", formdata: Any) -> Any:
            """A posted form, and files only where a file is asked for: a text field never meets anything but text."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            if request.method != "POST":
                return None
            asked = {name for name, field in form._fields.items() if isinstance(field, FileField)}
            files = MultiDict((name, sent) for name, sent in request.files.items(multi=True) if name in asked)
            return CombinedMultiDict((files, request.form)) if files or request.form else None

    refused_with: int | None = None  # the status of the refusal

    def values(self) -> dict[str, Any]:
        """What the act gets: every field by name."""
        return {name: field.data for name, field in self._fields.items() if name != "csrf_token"}

    def refuse(self, field: str | None, sentence: str) -> None:
        """Show a refusal at its field, or above the form."""
        if field in self._fields and field is not None:
            self._fields[field].errors = [*self._fields[field].errors, sentence]
        else:
            self.form_errors.append(sentence)


def form_of(
    model: Any, columns: Iterable[str], labels: dict[str, Any], helps: dict[str, Any], extra: dict[str, UnboundField]
) -> type[RecordForm]:
    """A form with one field per column; `extra` holds fields that are no column or need another control."""
    fields = {
        name: extra[name] if name in extra else _field(model, name, labels.get(name, ""), helps.get(name, ""))
        for name in columns
    }
    return type("RecordForm", (RecordForm,), fields)


def search_form_of(model: Any, columns: Iterable[str], labels: dict[str, Any]) -> type[RecordForm]:
    """The controls of the conditions: choices for codes, text for everything else."""
    return type("SearchForm", (RecordForm,), {name: _search_field(model, name, labels[name]) for name in columns})


def _field(model: Any, name: str, label: Any, description: Any) -> UnboundField:
    column = model.__table__.columns[name]
    kind, make = _control(column)
    must = not column.nullable and column.default is None and kind is not TickField
    validators: list[Any] = [InputRequired(NEEDED) if must else _optional(kind)]
    if length := getattr(column.type, "length", None):
        validators += [] if isinstance(column.type, Enum) else [Length(max=length, message=TOO_LONG)]
    if kind is WholeField:
        validators.append(NumberRange(max=LARGEST, message=NOT_WHOLE))
    more: dict[str, Any] = {"default": column.default.arg} if _plain_default(column) else {}
    return make(label, validators, description=description, **more)


def _optional(kind: type[Field]) -> Any:
    """An empty field is fine, but what could not be read is not."""

    def check(_form: Any, field: Any) -> None:
        if not field.errors and not (field.raw_data and str(field.raw_data[0]).strip()):
            raise StopValidation

    return Optional() if kind in (StringField, TextAreaField) else check


def _plain_default(column: Any) -> bool:
    return column.default is not None and column.default.is_scalar and column.default.arg != FOREVER


def _control(column: Any) -> tuple[type[Field], Callable[..., Any]]:
    if isinstance(column.type, Enum):
        return ChoiceField, partial(ChoiceField, choices=codes_of(column.type.enum_class))
    for sql, kind in _CONTROLS:
        if isinstance(column.type, sql) or isinstance(getattr(column.type, "impl", None), sql):
            return getattr(kind, "func", kind), kind
    return StringField, partial(StringField, widget=Box())


_CONTROLS: tuple[tuple[Any, Any], ...] = (
    (Boolean, TickField), (Date, DayField), (DateTime, MomentField), (Integer, WholeField),
    (Text, partial(TextAreaField, widget=Area())),
)  # fmt: skip


def _search_field(model: Any, name: str, label: Any) -> UnboundField:
    column = column_of(model, name)
    if column is not None and isinstance(column.type, Enum):
        return ChoiceField(label, choices=codes_of(column.type.enum_class))
    if column is not None and isinstance(column.type, Boolean):
        return ChoiceField(label, choices=[("1", _("Yes")), ("0", _("No"))])
    kind = None if column is None else getattr(column.type, "impl", column.type)
    if isinstance(kind, Date | DateTime):
        return StringField(label, widget=Box("day"))
    return StringField(label, widget=Box())
