"""The generated record screens: rows one may see, forms whose every change is a registered act, words declared."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.widgets import ShowWidget
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.views.actor import current_actor, now
from app.views.record_fields import ParentField
from app.views.record_forms import RecordForm, form_of, search_form_of
from app.views.record_rows import (
    LARGEST,
    Is,
    RecordInterface,
    Visible,
    read_conditions,
    read_order,
    read_page,
    whole,
)
from app.views.record_words import chip, said
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import nothing

WRITING = ("add", "edit", "delete")
CLASH, UNPROCESSABLE = 409, 422
Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Step:
    """A button on the page of a row: an act (POST) or a way to another page (`href`)."""

    label: Any
    url: str
    href: bool = False
    look: str = "default"  # default | primary | act (legal effect, red)
    icon: str = ""
    confirm: Any = ""  # the question before an act that cannot be taken back
    ask: tuple[tuple[str, Any, str], ...] = field(default=())  # inputs of a small form: name, label, "line" | "text"


Steps = list[Step]
Views = list["RecordView"]


class RecordMargin(ShowWidget):
    """The facts of a row beside something that matters more."""

    template = "records/facts.html"


class RecordShow(ShowWidget):
    """The facts of a row and the steps that can be taken now."""

    template = "records/show_widget.html"


class RecordView(ModelView):
    """Lists and shows the visible rows of a table; what FAB would write goes to the act registered for it."""

    datamodel: RecordInterface
    acts: ClassVar[dict[str, Callable[..., Any]]] = {}
    parents: ClassVar[dict[str, str]] = {}  # name of a table → the column that belongs to it
    chips: ClassVar[tuple[str, ...]] = ()  # state columns shown as labels
    words: ClassVar[dict[str, Callable[[Any], Any]]] = {}  # columns that need words of their own
    further_filters: ClassVar[list[Any]] = []
    title_column: ClassVar[str] = ""  # the column of a list that leads to the row
    closed: ClassVar[Any] = ""  # why it is, told to those to whom it is closed
    show_widget = RecordShow
    list_columns: ClassVar[Any] = ()
    base_order = ("id", "desc")
    search_columns: ClassVar[Any] = None
    order_columns: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "datamodel" not in cls.__dict__:
            return
        assert isinstance(cls.datamodel, RecordInterface), cls  # noqa: S101 - a screen with FAB's own commits never starts
        assert cls.search_columns, f"{cls.__name__}: FAB would search every column, hidden ones too"  # noqa: S101
        assert cls.order_columns is not None, f"{cls.__name__}: FAB would order by every column"  # noqa: S101
        closed = {"download", "action", "action_post"} | {name for name in WRITING if name not in cls.acts}
        cls.exclude_route_methods = closed | (set() if cls.show_columns else {"show"})

    def _gen_labels_columns(self, list_columns: list[str]) -> None:
        """Labels are declared; none is made from a column's name."""

    def _init_properties(self) -> None:
        self.base_filters = [["id", Visible, None], *self.further_filters]
        super()._init_properties()
        for name in ("order_columns", "add_columns", "edit_columns", "show_columns"):
            setattr(self, name, list(getattr(type(self), name) or ()))
        usual = {name: chip if name in self.chips else said for name in (*self.list_columns, *self.show_columns)}
        self.formatters_columns = usual | self.words

    def _init_forms(self) -> None:
        model, labels, helps = self.datamodel.obj, self.label_columns, self.description_columns
        self.search_form = search_form_of(model, self.search_columns, labels)
        self.add_form = form_of(model, self.add_columns, labels, helps, self.add_form_extra_fields)
        self.edit_form = form_of(model, self.edit_columns, labels, helps, self.edit_form_extra_fields)

    # -- pages ---------------------------------------------------------------------------------------------------

    @expose("/")
    @has_access
    def list(self) -> Answer:
        filters = read_conditions(request.args, self.datamodel.get_filters(self.search_columns))
        widgets = self._rows(filters)
        form = self.search_form.refresh()
        widgets["search"] = self.search_widget(
            route_base=self.route_base, form=form, include_cols=self.search_columns, exclude_cols=[], filters=filters
        )
        self.update_redirect()
        return self.page(self.list_template, self.list_title, widgets)

    @expose("/<int:pk>")
    @has_access
    def show(self, pk: int) -> Answer:
        row = self.row(pk)
        views = self.related_to(row)
        widgets = {"show": self._facts(row), "related_views": [self._related(row, view) for view in views]}
        self.update_redirect()
        return self.page(self.show_template, self.title_of(row), widgets, pk=pk, related_views=views)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Answer:
        form = self.add_form(data=self.given())
        self._need_parents(form)
        self.prepare(form, None)
        if request.method == "POST" and form.validate():
            made = self.done("add", form)
            if made is not None:
                return self.saved(made)
        elif request.method == "GET":
            self.update_redirect()
        widgets = self._get_add_widget(form=form)
        return self.page(self.add_template, self.add_title, widgets), self._status(form)

    @expose("/<int:pk>/edit", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: int) -> Answer:
        row = self.row(pk)
        form = self.edit_form(obj=row, data=self.initial(row))
        self.prepare(form, row)
        if request.method == "POST" and form.validate():
            made = self.done("edit", form, pk)
            if made is not None:
                return self.saved(made)
        elif request.method == "GET":
            self.update_redirect()
        widgets = self._get_edit_widget(form=form)
        return self.page(self.edit_template, self.edit_title, widgets), self._status(form)

    @expose("/<int:pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: int) -> Answer:
        row = self.row(pk)
        back = self.parent_url(row)
        self.acts["delete"](current_actor(), row.id, now=now())
        flash(_("Removed."), "success")
        return redirect(back)

    # -- what a screen may change --------------------------------------------------------------------------------

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        """The act's arguments; every field by its name."""
        return form.values()

    def prepare(self, form: RecordForm, row: Any) -> None:
        """Fill choices that depend on the row or on who asks."""

    def may_add(self, actor: Actor) -> bool:
        """Whether the list leads to the form of a new row, where the role opens it to more people than the act does."""
        return True

    def steps(self, row: Any, actor: Actor) -> Steps:
        """What can be done with the row now."""
        return []

    def title_of(self, row: Any) -> Any:
        """What stands above the facts of the row."""
        return self.show_title

    def related_to(self, row: Any) -> "Views":
        """The screens whose rows are shown below this row."""
        return self._related_views

    def initial(self, row: Any) -> dict[str, Any]:
        """Values of the edit form that are no columns of the row."""
        return {}

    def saved(self, made: Any) -> Answer:
        """The answer to a form that was saved."""
        return redirect(self.landing(made))

    def landing(self, made: Any) -> str:
        """Where one is after a form was saved: the page of the row, else the list."""
        row_id = getattr(made, "id", None)
        return self.show_url(row_id) if row_id and self.show_columns else url_for(f"{self.endpoint}.list")

    def parent_url(self, row: Any) -> str:
        """Where one is after a row was removed."""
        return url_for(f"{self.endpoint}.list")

    # -- how it is done ------------------------------------------------------------------------------------------

    def page(self, template: str, title: Any, widgets: dict[str, Any], **more: Any) -> str:
        html: str = self.render_template(template, title=title, widgets=widgets, **more)
        return html

    def row(self, pk: int) -> Any:
        """The row, if this actor may see it; NotFound otherwise."""
        found = self.datamodel.get(pk, self._base_filters)
        if found is None:
            raise NotFound(nothing(current_actor(), self.datamodel.obj, min(pk, LARGEST)))
        return found

    def show_url(self, pk: int) -> str:
        return url_for(f"{self.endpoint}.show", pk=pk)

    def given(self) -> dict[str, Any]:
        """What the address already says about a new row: `_flt_0_<column>=<number>`, as FAB's lists write it."""
        found = {name: whole(request.args.get(f"_flt_0_{name}", "")) for name in self.add_columns}
        return {name: value for name, value in found.items() if value is not None}

    def done(self, act: str, form: RecordForm, *ids: int) -> Any:
        """Run the registered act; a refusal is shown at its field and what was typed stays."""
        try:
            made = self.acts[act](current_actor(), *ids, now=now(), **self.values(form, ids[0] if ids else None))
        except NotFound:
            raise
        except WorkflowError as refusal:
            form.refuse(refusal.field, str(refusal))
            form.refused_with = refusal.http_status
        except IntegrityError:
            form.refuse(None, _("Somebody else has just saved something that clashes with this. Please look again."))
            form.refused_with = CLASH
        else:
            flash(_("Saved."), "success")
            return made if made is not None else True
        return None

    def _need_parents(self, form: RecordForm) -> None:
        for parent in form:
            if isinstance(parent, ParentField) and parent.found is None:
                raise NotFound(nothing(current_actor(), parent.model, 0))

    def _status(self, form: RecordForm) -> int:
        return 200 if request.method == "GET" else form.refused_with or UNPROCESSABLE

    def _rows(self, filters: Any) -> dict[str, Any]:
        name = type(self).__name__
        order, direction = read_order(request.args, name, self.order_columns)
        page, size = read_page(request.args, name)
        return self._get_list_widget(
            filters=filters, order_column=order, order_direction=direction, page=page, page_size=size
        )

    def _get_list_widget(self, filters: Any, **asked: Any) -> dict[str, Any]:
        column, direction = (asked["order_column"], asked["order_direction"])
        if not column:
            column, direction = self.base_order
        page, size = asked["page"], asked["page_size"]
        wanted = filters.get_joined_filters(self._base_filters)
        count, rows = self.datamodel.query(wanted, column, direction, page, size)
        cells = [self._cells(row) for row in rows]
        return {
            "list": self.list_widget(
                label_columns=self.label_columns, include_columns=self.list_columns, value_columns=cells,
                order_columns=self.order_columns, formatters_columns=self.formatters_columns, page=page,
                page_size=size, count=count, pks=[row.id for row in rows], actions={}, filters=filters,
                modelview_name=type(self).__name__, may_add=self._leads_to_a_form(filters),
            )
        }  # fmt: skip

    def _leads_to_a_form(self, filters: Any) -> bool:
        """Not where a new row belongs to another one, and the list does not say to which."""
        given = {condition.column_name for condition in filters.filters}
        parents = {name for name, field in self.add_form_extra_fields.items() if field.field_class is ParentField}
        return parents <= given and self.may_add(current_actor())

    def _cells(self, row: Any) -> dict[str, Any]:
        cells = dict(next(self.datamodel.get_values([row], self.list_columns)))
        if self.title_column and self.show_columns:
            words = self.formatters_columns[self.title_column](cells[self.title_column])
            cells[self.title_column] = Markup('<a class="rec-title" href="{}">{}</a>').format(
                self.show_url(row.id), words
            )
        return cells

    def _facts(self, row: Any) -> RecordShow:
        return self.show_widget(
            pk=row.id, label_columns=self.label_columns, include_columns=self.show_columns,
            value_columns=self.datamodel.get_values_item(row, self.show_columns),
            formatters_columns=self.formatters_columns, actions={}, fieldsets=self.show_fieldsets,
            modelview_name=type(self).__name__, steps=self.steps(row, current_actor()),
        )  # fmt: skip

    def _related(self, row: Any, view: "RecordView") -> Any:
        """The rows of another screen that belong to this row, with its own order and page."""
        filters = view.datamodel.get_filters([])
        filters.add_filter_related_view(view.parents[type(row).__name__], Is, str(row.id))
        return view._rows(filters)["list"]


def may(actor: Actor, row: Any, lifecycle: Any, move: str) -> bool:
    """Whether the lifecycle has this move from here and the actor holds its right; guards answer when it is tried."""
    found = lifecycle.moves[move]
    return row.state in found.sources and actor.may(found.right, row)

