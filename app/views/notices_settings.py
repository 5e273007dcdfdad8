"""Where a person wants to be told of what, when he is left in peace, and at which addresses he is reached."""

import datetime as dt
from typing import Any

from flask import Flask, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from app.gateways.channels import channels
from app.models import Channel, ContactAddress, Topic
from app.views.actor import current_actor, now
from app.views.guards import signed_in, wants_json
from app.views.parsing import BadField, form_code, form_text
from app.workflows import contacts, preferences, push
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.words import word

SIGNS = {Channel.MAIL: "mail", Channel.SMS: "message-square-text", Channel.PUSH: "smartphone"}
HELP = {
    Topic.MEETING: lazy_gettext("Invitations, new times, cancelled sessions, absences"),
    Topic.REMINDER: lazy_gettext("What still waits for your answer before its deadline"),
    Topic.VOTE: lazy_gettext("Published and annulled votes"),
    Topic.SLIP: lazy_gettext("Slips that wait for your opinion, later deadlines, recalls, results"),
    Topic.RESOLUTION: lazy_gettext("To be signed, sealed, promulgated, recalled"),
    Topic.DIGEST: lazy_gettext("What the day or a session brings, all in one"),
    Topic.SECURITY: lazy_gettext("Password, devices, signing key; mail cannot be switched off"),
}
HALF_HOURS = [dt.time(hour, minute) for hour in range(24) for minute in (0, 30)]


class NoticeSettingsView(BaseView):
    """Everybody chooses for himself alone."""

    route_base = "/notices/settings"
    default_view = "page"

    @expose("/")
    @signed_in
    def page(self) -> str:
        return _page()

    @expose("/choice", methods=["POST"])
    @signed_in
    def choice(self) -> Response:
        """One switch; a script stays on the page, a form comes back to it."""
        topic, channel = form_code("topic", Topic), form_code("channel", Channel)
        wanted = request.form.get("wanted") == "1"
        preferences.choose(current_actor(), topic, channel, wanted, now())
        return jsonify(wanted=wanted) if wants_json() else _back(_("Saved."), "topics")

    @expose("/quiet", methods=["POST"])
    @signed_in
    def quiet(self) -> Response:
        kept = request.form.get("kept") == "1"
        preferences.set_quiet_hours(current_actor(), kept, _time("begins"), _time("ends"), now())
        return _back(_("Your quiet hours are saved."), "quiet")

    @expose("/addresses", methods=["POST"])
    @signed_in
    def add(self) -> Any:
        typed, channel = form_text("address", 300), form_code("channel", Channel)
        try:
            contact = contacts.add_contact(current_actor(), channel, typed, now())
        except WorkflowError as refusal:
            return _page(refusal, typed=typed, channel=channel), refusal.http_status
        said = _("A code is on its way to %(address)s.", address=contact.address)
        return _back(said if contact.confirmed_at is None else _("Saved."), "addresses")

    @expose("/addresses/<int:contact_id>/confirm", methods=["POST"])
    @signed_in
    def confirm(self, contact_id: int) -> Any:
        code = "".join(form_text("code", 40).split())
        if contacts.confirm_contact(current_actor(), contact_id, code, now()):
            return _back(_("The address is confirmed. Notices may be sent there."), "addresses")
        refusal = contacts.WrongCode(_own(contact_id))
        return _page(refusal, contact_id=contact_id), refusal.http_status

    @expose("/addresses/<int:contact_id>/code", methods=["POST"])
    @signed_in
    def code(self, contact_id: int) -> Response:
        contacts.ask_for_code(current_actor(), contact_id, now())
        return _back(_("Another code is on its way."), "addresses")

    @expose("/addresses/<int:contact_id>/remove", methods=["POST"])
    @signed_in
    def remove(self, contact_id: int) -> Response:
        contacts.remove_contact(current_actor(), contact_id, now())
        return _back(_("The address is removed. Nothing is sent there any more."), "addresses")


def _back(said: str, part: str) -> Response:
    flash(said, "success")
    return redirect(url_for("NoticeSettingsView.page") + f"#{part}", 303)


def _time(name: str) -> dt.time:
    try:
        return dt.datetime.strptime(form_text(name, 5), "%H:%M").time()  # noqa: DTZ007  a time of any day
    except ValueError as odd:
        raise BadField(name) from odd


def _own(contact_id: int) -> ContactAddress:
    mine = contacts.contacts_of(current_actor().person_id or 0)
    return next(one for one in mine if one.id == contact_id)


def _page(refusal: WorkflowError | None = None, **typed: Any) -> str:
    person_id = current_actor().person_id or 0
    offered = [channel for channel in Channel if channel.value in channels().names()]
    mine, browsers = contacts.contacts_of(person_id), push.browsers_of(person_id)
    quiet = preferences.quiet_hours([person_id])[person_id]
    pusher = channels().push
    return render_template(
        "ec/notices_settings.html", channels=[_channel(one, mine, bool(browsers)) for one in offered],
        not_set_up=[word(channel) for channel in Channel if channel not in offered],
        topics=_topics(person_id, offered), quiet=quiet, hours=sorted({*HALF_HOURS, quiet.begins, quiet.ends}),
        addresses=[_address(one) for one in mine if one.channel in offered], browsers=browsers,
        addable=[(one.value, word(one)) for one in offered if one is not Channel.PUSH],
        push_key=pusher.public_key if pusher else "", problem=refusal, typed=typed,
    )  # fmt: skip


def _channel(channel: Channel, mine: list[ContactAddress], browsers: bool) -> dict[str, Any]:
    """A column of switches; `missing` says that there is nowhere to send to yet."""
    usable = any(one.channel is channel and one.confirmed_at and not one.bounced_at for one in mine)
    reached = browsers if channel is Channel.PUSH else usable
    return {"code": channel.value, "label": word(channel), "icon": SIGNS[channel], "missing": not reached}


def _topics(person_id: int, offered: list[Channel]) -> list[dict[str, Any]]:
    chosen = preferences.choices(person_id)
    return [
        {"code": topic.value, "label": word(topic), "help": HELP[topic],
         "cells": [{"code": channel.value, "label": word(channel), "icon": SIGNS[channel],
                    "wanted": chosen[topic, channel], "fixed": (topic, channel) in preferences.FIXED}
                   for channel in offered]}
        for topic in Topic
    ]  # fmt: skip


def _address(contact: ContactAddress) -> dict[str, Any]:
    state = "bounced" if contact.bounced_at else "confirmed" if contact.confirmed_at else "waiting"
    return {"id": contact.id, "address": contact.address, "label": word(contact.channel), "state": state,
            "icon": SIGNS[contact.channel], "said": contact.bounce_said if contact.bounced_at else ""}  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(NoticeSettingsView)
