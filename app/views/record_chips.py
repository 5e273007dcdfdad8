"""Chips above a list of records: one click shows the rows that somebody has to see to, and each says how many."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from flask import request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext
from sqlalchemy import ColumnElement, func, select

from app.extensions import db
from app.views.actor import current_actor, now
from app.views.record_rows import read_conditions
from app.views.records import Answer, RecordView
from app.workflows.engine.visibility import visible

ONLY = "only"  # in the address: the name of a chip
Selection = tuple[Any, Callable[[dt.datetime], ColumnElement[bool]]]  # label, which rows at that moment


class Selected(BaseFilter):
    """The rows of a chip; its value is their criterion."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(value)


class ChippedView(RecordView):
    """A list with chips; whichever other conditions are in force, they hold beside the chip."""

    selections: ClassVar[dict[str, Selection]] = {}
    list_template = "records/chips.html"

    @expose("/")
    @has_access
    def list(self) -> Answer:
        at, filters = now(), read_conditions(request.args, self.datamodel.get_filters(self.search_columns))
        chosen = request.args.get(ONLY, "")
        if chosen in self.selections:
            filters.add_filter("id", Selected, self.selections[chosen][1](at))
        widgets = self._rows(filters)
        widgets["search"] = self.search_widget(
            route_base=self.route_base, form=self.search_form.refresh(), include_cols=self.search_columns,
            exclude_cols=[], filters=filters,
        )  # fmt: skip
        if chosen in self.selections:
            widgets["list"].template_args["nothing_left"] = gettext("None of this kind")
        self.update_redirect()
        return self.page(self.list_template, self.list_title, widgets, chips=self._chips(chosen, at))

    def _chips(self, chosen: str, at: dt.datetime) -> Sequence[dict[str, Any]]:
        """All, then each selection with the number of its rows; one statement."""
        here, key = url_for(f"{self.endpoint}.list"), self.datamodel.get_pk()
        own = visible(current_actor(), self.datamodel.obj)
        counts = (
            select(func.count(key)).where(own, rows(at)).scalar_subquery() for _label, rows in self.selections.values()
        )
        numbers = db.session.execute(select(*counts)).one()
        every = {"label": gettext("All"), "url": here, "current": chosen not in self.selections, "count": None}
        return [every] + [
            {"label": label, "url": url_for(f"{self.endpoint}.list", only=name), "current": name == chosen,
             "count": number}
            for (name, (label, _rows)), number in zip(self.selections.items(), numbers, strict=True)
        ]  # fmt: skip
