"""The calendar of what is due, as month, week and list; what a new deadline would mean; the own calendar elsewhere."""

import datetime as dt
from typing import Any

from flask import Flask, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.version import SOFTWARE
from app.views.actor import current_actor, now
from app.views.deadline_calendar_page import advice_of, calendar_page, feed_page, plain_advice
from app.views.digests import PAPER_LANGUAGE
from app.views.guards import signed_in
from app.views.papers import INERT
from app.views.pki import Pace
from app.views.sign_in import address
from app.workflows import calendar_feeds
from app.workflows.engine.rights import Actor
from app.workflows.public_tries import network_of
from app.workflows.rules import ical

Answer = Any
pace = Pace()


class DeadlineCalendarView(BaseView):
    """What is seen is decided by app/workflows/deadline_calendar.py."""

    route_base = "/calendar"
    default_view = "page"

    @expose("/")
    @signed_in
    def page(self) -> str:
        """`view`: month, week, list; `day`: any day of it; `mine`: own matters alone; `days`: a deadline to try."""
        return render_template("ec/calendar.html", **calendar_page(current_actor(), request.args, now()))

    @expose("/advice")
    @signed_in
    def advice(self) -> Response:
        """What a deadline in so many working days (`days`) would mean, as JSON for the form of a slip."""
        return jsonify(plain_advice(advice_of(current_actor(), request.args, now())))

    @expose("/feed")
    @signed_in
    def feed(self) -> str:
        return render_template("ec/calendar_feed.html", **feed_page(current_actor()))

    @expose("/feed/make", methods=["POST"])
    @signed_in
    def make(self) -> Answer:
        """The new address is in this answer and never again."""
        actor = current_actor()
        token = calendar_feeds.make_feed(actor, now())
        url = f"{_public()}{url_for('CalendarFeedView.file', secret=token)}"
        answer = current_app.make_response(render_template("ec/calendar_feed.html", **feed_page(actor, url)))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/feed/revoke", methods=["POST"])
    @signed_in
    def revoke(self) -> Response:
        if calendar_feeds.revoke_feed(current_actor(), now()):
            flash(_("The address is revoked; it opens nothing any more."), "success")
        return redirect(url_for("DeadlineCalendarView.feed"))


class CalendarFeedView(BaseView):
    """For programs: without session or cookie, the secret in the address says whose calendar it is."""

    route_base = "/calendar/feed"

    @expose("/<string:secret>.ics")
    @talisman(content_security_policy=INERT)
    def file(self, secret: str) -> Response:
        """A secret that opens nothing does not exist; nothing is told of the difference."""
        if not pace.admits(network_of(address())):
            abort(429)
        at = now()
        reader = calendar_feeds.reader_of(secret, at)
        if reader is None:
            abort(404)
        with force_locale(PAPER_LANGUAGE):  # a program has chosen no language, and no session is begun to keep one
            answer = current_app.response_class(_calendar(reader, at), content_type=ical.TYPE)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer


def _calendar(reader: Actor, at: dt.datetime) -> bytes:
    name = f"e-Cabinet: {reader.name}"
    return ical.calendar(name, calendar_feeds.own_events(reader, _public(), at), SOFTWARE)


def _public() -> str:
    return str(current_app.config["PUBLIC_URL"]).rstrip("/")


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(DeadlineCalendarView)
    appbuilder.add_view_no_menu(CalendarFeedView)
