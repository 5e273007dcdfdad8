"""The chair's desk: one page, one JSON of what is so, and the acts by which a meeting is run."""

import datetime as dt

from flask import Flask, flash, g, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import AgendaItem, Presence
from app.views.actor import current_actor, now
from app.views.addresses import same_site_referrer
from app.views.cockpit_page import cockpit_page, unable
from app.views.guards import signed_in, wants_json
from app.views.parsing import BadField
from app.workflows import agenda, attendance, live, meetings, polls, witnessing
from app.workflows.engine.transaction import plain
from app.workflows.engine.visibility import seen
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.calendar import HANOI

LONGEST = 4000  # characters of one value; the acts judge the text itself
LARGEST_ID = 2**31 - 1
HOW_TIMES_ARE_WRITTEN = ("%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M")  # the browser's own field, and by hand


class CockpitView(BaseView):
    """Rights, states and quorum are judged by the acts of app.workflows."""

    route_base = ""
    default_view = "desk"

    @expose("/meetings/<int:meeting_id>/cockpit")
    @signed_in
    def desk(self, meeting_id: int) -> str:
        return render_template("ec/cockpit.html", **cockpit_page(current_actor(), meeting_id, now()))

    @expose("/meetings/<int:meeting_id>/snapshot")
    @signed_in
    def snapshot(self, meeting_id: int) -> Response:
        return _snapshot(meeting_id)

    @expose("/meetings/<int:meeting_id>/open", methods=["POST"])
    @signed_in
    def open(self, meeting_id: int) -> Response:
        meetings.open_meeting(current_actor(), meeting_id, now())
        return _done(meeting_id, _("The meeting is open."))

    @expose("/meetings/<int:meeting_id>/adjourn", methods=["POST"])
    @signed_in
    def adjourn(self, meeting_id: int) -> Response:
        meetings.adjourn_meeting(current_actor(), meeting_id, _text("reason"), now())
        return _done(meeting_id, _("The meeting is adjourned."))

    @expose("/meetings/<int:meeting_id>/resume", methods=["POST"])
    @signed_in
    def resume(self, meeting_id: int) -> Response:
        meetings.resume_meeting(current_actor(), meeting_id, now())
        return _done(meeting_id, _("The meeting goes on."))

    @expose("/meetings/<int:meeting_id>/end", methods=["POST"])
    @signed_in
    def end(self, meeting_id: int) -> Response:
        meetings.end_meeting(current_actor(), meeting_id, now())
        return _done(meeting_id, _("The meeting has ended."))

    @expose("/meetings/<int:meeting_id>/postpone", methods=["POST"])
    @signed_in
    def postpone(self, meeting_id: int) -> Response:
        meetings.postpone_meeting(current_actor(), meeting_id, _text("reason"), now())
        return _done(meeting_id, _("The meeting is postponed; everybody invited is told."))

    @expose("/meetings/<int:meeting_id>/reschedule", methods=["POST"])
    @signed_in
    def reschedule(self, meeting_id: int) -> Response:
        meetings.reschedule_meeting(current_actor(), meeting_id, _time("starts_at"), now())
        return _done(meeting_id, _("The meeting is called for the new time; everybody is asked again."))

    @expose("/meetings/<int:meeting_id>/cancel", methods=["POST"])
    @signed_in
    def cancel(self, meeting_id: int) -> Response:
        meetings.cancel_meeting(current_actor(), meeting_id, _text("reason"), now())
        return _done(meeting_id, _("The meeting is cancelled; everybody invited is told."))

    @expose("/meetings/<int:meeting_id>/chair", methods=["POST"])
    @signed_in
    def chair(self, meeting_id: int) -> Response:
        """Hand the chair on, for the meeting or for one of its items."""
        item_id = _number("item_id") if _text("item_id") else None
        meetings.hand_chair(current_actor(), meeting_id, _number("person_id"), now(), item_id=item_id)
        return _done(meeting_id, _("The chair is handed over."))

    @expose("/meetings/<int:meeting_id>/seats/<int:person_id>/presence", methods=["POST"])
    @signed_in
    def presence(self, meeting_id: int, person_id: int) -> Response:
        where = _text("presence")
        if where not in set(Presence):
            raise BadField("presence")
        attendance.record_presence(current_actor(), meeting_id, person_id, Presence(where), now())
        return _done(meeting_id)

    @expose("/items/<int:item_id>/open", methods=["POST"])
    @signed_in
    def open_item(self, item_id: int) -> Response:
        return _done(agenda.open_item(current_actor(), item_id, now()).meeting_id)

    @expose("/items/<int:item_id>/close", methods=["POST"])
    @signed_in
    def close_item(self, item_id: int) -> Response:
        return _done(agenda.close_item(current_actor(), item_id, now()).meeting_id)

    @expose("/items/<int:item_id>/vote", methods=["POST"])
    @signed_in
    def vote(self, item_id: int) -> Response:
        """At once; the clock closes the vote where a closing time was written."""
        closes_at = _time("closes_at") if _text("closes_at") else None
        witnessing.refresh(seen(current_actor(), AgendaItem, item_id).body_id, now())
        poll = polls.put_to_vote(current_actor(), item_id, now(), closes_at, _about_passkeys())
        cannot = unable(poll.meeting, now(), True, closes_at)
        said = _("Members who cannot sign: %(people)s", people="; ".join(cannot)) if cannot else ""
        return _done(poll.meeting_id, " ".join(filter(None, (_("The vote is open."), said))))

    @expose("/polls/<int:poll_id>/close", methods=["POST"])
    @signed_in
    def close_poll(self, poll_id: int) -> Response:
        return _done(polls.close_poll(current_actor(), poll_id, now()).meeting_id, _("The vote is closed."))

    @expose("/polls/<int:poll_id>/publish", methods=["POST"])
    @signed_in
    def publish(self, poll_id: int) -> Response:
        return _done(polls.publish_poll(current_actor(), poll_id, now()).meeting_id, _("The result is published."))


def _snapshot(meeting_id: int) -> Response:
    """What is so now, for the asking person; never kept by anybody on the way."""
    answer = jsonify(plain(live.snapshot(current_actor(), meeting_id, now())))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _done(meeting_id: int, said: str = "") -> Response:
    """After an act: the fresh snapshot for the desk's script, the page again for a plain form."""
    g.pop("actor", None)  # the act may have moved somebody to another seat
    if wants_json():
        return _snapshot(meeting_id)
    if said:
        flash(said, "success")
    page = url_for("MeetingView.page", meeting_id=meeting_id)
    stay = same_site_referrer() == page or not live.snapshot(current_actor(), meeting_id, now())["desk"]
    return redirect(page if stay else url_for("CockpitView.desk", meeting_id=meeting_id), 303)


def _text(name: str) -> str:
    """A value of the form, or of the script's JSON; empty when it was not sent."""
    sent = request.get_json() if request.is_json else request.form
    value = sent.get(name, "") if hasattr(sent, "get") else None
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or len(text) > LONGEST:
        raise BadField(name)
    return text


def _about_passkeys() -> AboutPasskeys | None:
    decided = _text("passkeys")
    if decided and decided not in set(AboutPasskeys):
        raise BadField("passkeys")
    return AboutPasskeys(decided) if decided else None


def _number(name: str) -> int:
    text = _text(name)
    if not (text.isascii() and text.isdecimal()) or int(text[:11]) > LARGEST_ID:
        raise BadField(name)
    return int(text)


def _time(name: str) -> dt.datetime:
    """A time on a Hanoi clock."""
    for written in HOW_TIMES_ARE_WRITTEN:
        try:
            return dt.datetime.strptime(_text(name).strip(), written).replace(tzinfo=HANOI)
        except ValueError:
            continue
    raise BadField(name)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(CockpitView)
