"""Which rows a record page reads: visible ones only, the conditions that were declared, one page, a bounded count."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NoReturn

from flask_appbuilder.models.filters import BaseFilter, BaseFilterConverter, Filters
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, DateTime, Enum, String, and_, false, func, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.strategy_options import _AbstractLoad
from werkzeug.datastructures import MultiDict

from app.views.actor import current_actor
from app.views.record_words import value_of
from app.workflows.engine.visibility import visible
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.names import fold

COUNTED = 1000
LARGEST = 2**31 - 1  # what an integer column of both databases holds
LAST_PAGE = 10_000
PAGE_SIZES = (25, 50, 100)
MOST_WORDS, LONGEST_VALUE = 8, 200
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CONDITION = re.compile(r"_flt_([0-9])_([\w.]{1,64})")
DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class Visible(BaseFilter):
    """Only rows the actor may see: the same criterion as everywhere else."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(visible(current_actor(), self.model))


class Condition(BaseFilter):
    """A condition somebody chose on the page; a value that cannot be read finds nothing."""

    def criterion(self, column: Any, value: str) -> ColumnElement[bool]:
        raise TypeError(f"{type(self).__name__} is only a base")

    def apply(self, query: Any, value: str) -> Any:
        return query.filter(self.criterion(getattr(self.model, self.column_name), value))


class Contains(Condition):
    """Every word occurs: without marks and case where the table keeps a folded twin of the column."""

    name = _("Contains")

    def apply(self, query: Any, value: str) -> Any:
        words = value.split()[:MOST_WORDS]
        return query.filter(and_(*(_contains(self.model, self.column_name, word) for word in words)))


class Is(Condition):
    name = _("is")

    def criterion(self, column: Any, value: str) -> ColumnElement[bool]:
        kind: Any = object if _has_time(column) else column.type.python_type
        if issubclass(kind, StrEnum):
            return column == kind(value) if value in set(kind) else false()
        if kind is bool:
            return column.is_(value == "1") if value in {"0", "1"} else false()
        if kind is int:
            number = whole(value)
            return column == number if number is not None else false()
        return self.on_day(column, value)

    def on_day(self, column: Any, value: str) -> ColumnElement[bool]:
        day = read_day(value)
        if day is None:
            return false()
        if _has_time(column):
            return and_(column >= _midnight(day), column < _midnight(day, after=1))
        return column == day


class Related(Condition):
    """The same of a related row ("relation.column")."""

    def apply(self, query: Any, value: str) -> Any:
        *path, name = self.column_name.split(".")
        relations, model = [], self.model
        for step in path:
            relations.append(getattr(model, step))
            model = relations[-1].property.mapper.class_
        found = self.criterion(getattr(model, name), value)
        for relation in reversed(relations):
            found = relation.has(found)
        return query.filter(found)


class RelatedIs(Related, Is):
    """A code, number or day of a related row."""


class From(Is):
    name = _("from")

    def on_day(self, column: Any, value: str) -> ColumnElement[bool]:
        day = read_day(value)
        if day is None:
            return false()
        return column >= (_midnight(day) if _has_time(column) else day)


class Until(Is):
    name = _("until")

    def on_day(self, column: Any, value: str) -> ColumnElement[bool]:
        day = read_day(value)
        if day is None:
            return false()
        if _has_time(column):
            return column < _midnight(day, after=1)
        return column <= day


class RelatedUntil(Related, Until):
    """Until a day of a related row."""


class RecordFilterConverter(BaseFilterConverter):
    """The conditions there are for each kind of column; "relation.column" is text, code or day of the related row."""

    conversion_table = (
        ("is_enum", [Is]),
        ("is_boolean", [Is]),
        ("is_integer", [Is]),
        ("is_datetime", [Is, From, Until]),
        ("is_date", [Is, From, Until]),
        ("is_text", [Contains]),
        ("is_string", [Contains]),
    )

    def convert(self, col_name: str) -> list[BaseFilter]:
        if "." in col_name:
            column = column_of(self.datamodel.obj, col_name)
            spoken = column is None or (isinstance(column.type, String) and not isinstance(column.type, Enum))
            ends = column is not None and _has_time(column)
            related = [Contains] if spoken else [RelatedIs, RelatedUntil] if ends else [RelatedIs]
            return [each(col_name, self.datamodel) for each in related]
        kinds = (filters for kind, filters in self.conversion_table if getattr(self.datamodel, kind)(col_name))
        return [each(col_name, self.datamodel) for each in next(kinds, [])]


class RecordFilters(Filters):
    """Conditions on the declared search columns; a hidden column has none, so nobody can guess at it."""

    def _get_filters(self, cols: list[str]) -> dict[str, list[BaseFilter]]:
        found = {name: self.filter_converter(self.datamodel).convert(name) for name in self.search_columns}
        return {name: filters for name, filters in found.items() if filters}

    def get_joined_filters(self, filters: Filters) -> Filters:
        joined = RecordFilters(self.filter_converter, self.datamodel)
        joined.filters, joined.values = self.filters + filters.filters, self.values + filters.values
        return joined


class BoundedCount(int):
    """How many rows there are; above the bound it only says "more"."""

    def __str__(self) -> str:
        return f"{COUNTED}+" if self > COUNTED else int.__repr__(self)


class RecordInterface(SQLAInterface):
    """Reads what is visible; every writing method refuses: there is no way past the acts."""

    filter_converter_class = RecordFilterConverter

    def __init__(self, obj: type[Any], joined: tuple[str, ...] = (), orders: dict[str, str] | None = None) -> None:
        """`joined`: relations (dotted) shown in lists, read with the rows. `orders`: column → column it sorts by."""
        super().__init__(obj)
        self.loads = tuple(self._load(path) for path in joined)
        self.orders = orders or {}

    def _load(self, path: str) -> _AbstractLoad:
        first, *rest = path.split(".")
        option, model = joinedload(getattr(self.obj, first)), self.get_related_model(first)
        for name in rest:
            option, model = option.joinedload(getattr(model, name)), model.__mapper__.relationships[name].mapper.class_
        return option

    def get_filters(self, search_columns: Any = None, search_filters: Any = None) -> Filters:
        return RecordFilters(self.filter_converter_class, self, search_columns=search_columns)

    def get(self, id: Any, filters: Filters | None = None, *_args: Any, **_kwargs: Any) -> Any:
        """One row that the filters let through, or None."""
        if whole(str(id)) is None:
            return None
        query = self.session.query(self.obj).filter(self.get_pk() == int(id))
        query = filters.apply_all(query) if filters else query
        return next(iter(self.rows_of(query.options(*self.loads))), None)

    def query(
        self,
        filters: Filters | None = None,
        order_column: str = "",
        order_direction: str = "",
        page: int | None = None,
        page_size: int | None = None,
        *_args: Any,
        **_kwargs: Any,
    ) -> tuple[int, list[Any]]:
        """Two statements: COUNTED + 1 keys at most are counted, then one page comes with its joined relations."""
        found = self.session.query(self.obj)
        found = filters.apply_all(found) if filters else found
        counted = found.with_entities(self.get_pk()).limit(COUNTED + 1).subquery()
        count = self.session.scalar(select(func.count()).select_from(counted)) or 0
        key = self.get_pk()
        order = getattr(self.obj, self.orders.get(order_column, order_column)) if order_column else key
        ordered = (order.desc(), key.desc()) if order_direction == "desc" else (order.asc(), key.asc())
        size = page_size or PAGE_SIZES[0]
        rows = found.options(*self.loads).order_by(*ordered).offset((page or 0) * size).limit(size)
        return BoundedCount(count), self.rows_of(rows)

    def rows_of(self, query: Any) -> list[Any]:
        """The rows of a page, or the one that is shown; a screen may count something in the same statement."""
        rows: list[Any] = query.all()
        return rows

    @staticmethod
    def _get_attr_value(item: Any, col: str) -> Any:
        return value_of(item, col)  # as it is: the formatters say it in words

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise RuntimeError("rows are changed by acts only")

    add = edit = delete = delete_all = _refuse


def column_of(model: Any, path: str) -> Any:
    """The column behind a dotted path; None when its end is no column."""
    *relations, name = path.split(".")
    for relation in relations:
        model = getattr(model, relation).property.mapper.class_
    return model.__table__.columns.get(name)


def read_conditions(args: MultiDict[str, str], filters: Filters) -> Filters:
    """Add what the address asks for; a column or condition that was not declared is as if it were not there."""
    for column, index, value in _conditions(args):
        if index < len(filters.get_search_filters().get(column, [])):
            filters.add_filter_index(column, index, value)
    return filters


def read_order(args: MultiDict[str, str], view: str, columns: Iterable[str]) -> tuple[str, str]:
    """Column and direction for a view; ("", "") unless both are possible."""
    order, direction = args.get(f"_oc_{view}", ""), args.get(f"_od_{view}", "")
    return (order, direction) if order in columns and direction in {"asc", "desc"} else ("", "")


def read_page(args: MultiDict[str, str], view: str) -> tuple[int, int]:
    """Page and page size for a view; the first page and 25 rows for anything odd."""
    size = whole(args.get(f"psize_{view}", ""))
    page = whole(args.get(f"page_{view}", "")) or 0
    return min(page, LAST_PAGE), size if size in PAGE_SIZES else PAGE_SIZES[0]


def read_day(text: str) -> dt.date | None:
    """dd/mm/yyyy or yyyy-mm-dd; None for anything else."""
    try:
        if found := DAY.fullmatch(text.strip()):
            return dt.date(int(found[3]), int(found[2]), int(found[1]))
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None


def whole(text: str) -> int | None:
    """A number that an integer column can hold, not negative; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST))):
        return None
    return int(text) if int(text) <= LARGEST else None


def _conditions(args: MultiDict[str, str]) -> Iterator[tuple[str, int, str]]:
    for argument, given in args.items():
        value = CONTROL.sub("", given).strip()[:LONGEST_VALUE]
        if value and (found := CONDITION.fullmatch(argument)):
            yield found[2], int(found[1]), value


def _contains(model: Any, path: str, word: str) -> ColumnElement[bool]:
    first, _dot, rest = path.partition(".")
    if rest:
        relation = getattr(model, first)
        return or_(relation.has(_contains(relation.property.mapper.class_, rest, word)))
    twin = {"full_name": "name_fold", "matter": "title_fold"}.get(path, f"{path}_fold")
    if hasattr(model, twin):
        return or_(getattr(model, twin).contains(fold(word), autoescape=True))
    return or_(getattr(model, path).icontains(word, autoescape=True))


def _has_time(column: Any) -> bool:
    return isinstance(getattr(column.type, "impl", column.type), DateTime)


def _midnight(day: dt.date, after: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=HANOI) + dt.timedelta(days=after)
