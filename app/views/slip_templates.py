"""Templates of slips: kept from a draft, taken away; a new slip begins from one on the page of the empty form."""

from flask import Flask, flash, redirect, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import form_text
from app.workflows import slip_templates

LONGEST = 10 * slip_templates.LONGEST_NAME


class SlipTemplateView(BaseView):
    """Who may is judged by app/workflows/slip_templates.py."""

    route_base = "/slips"
    default_view = "keep"

    @expose("/<int:slip_id>/template", methods=["POST"])
    @signed_in
    def keep(self, slip_id: int) -> Response:
        kept = slip_templates.keep_template(current_actor(), slip_id, form_text("name", LONGEST), now())
        flash(_("The template “%(name)s” is kept; new slips can begin from it.", name=kept.name), "success")
        return redirect(url_for("SlipComposeView.edit", slip_id=slip_id), 303)

    @expose("/templates/<int:template_id>/remove", methods=["POST"])
    @signed_in
    def remove(self, template_id: int) -> Response:
        slip_templates.remove_template(current_actor(), template_id, now())
        flash(_("The template is removed."), "success")
        return redirect(url_for("SlipComposeView.blank"), 303)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipTemplateView)
