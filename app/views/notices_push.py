"""Push messages to this browser: the script that shows them, and whether the browser wants any."""

import re
from pathlib import Path
from typing import Any

from flask import Flask, current_app, flash, jsonify, redirect, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import PushSubscription
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import json_object
from app.workflows import push
from app.workflows.engine.errors import NotFound
from app.workflows.engine.visibility import nothing

LONGEST = 1000  # characters of an endpoint
SYSTEMS = ("iPad", "iPhone", "Android", "Windows", "Macintosh", "CrOS", "Linux")  # the first that is named
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))


class PushView(BaseView):
    """The own browsers and nobody else's."""

    route_base = ""
    default_view = "worker"

    @expose("/sw.js")
    def worker(self) -> Response:
        """The same script for everybody; its place makes it see the whole site."""
        script = Path(current_app.static_folder or "", "ec", "js", "sw.js").read_bytes()
        return Response(script, mimetype="text/javascript", headers={"Service-Worker-Allowed": "/"})

    @expose("/notices/push", methods=["POST"])
    @signed_in
    def subscribe(self) -> Response:
        sent = json_object("endpoint", "p256dh", "auth")
        keys = sent.text("p256dh", 120), sent.text("auth", 40)
        push.subscribe(current_actor(), sent.text("endpoint", LONGEST), *keys, device=device(), now=now())
        return jsonify(subscribed=True)

    @expose("/notices/push", methods=["DELETE"])
    @signed_in
    def unsubscribe(self) -> Response:
        push.unsubscribe(current_actor(), json_object("endpoint").text("endpoint", LONGEST), now())
        return jsonify(subscribed=False)

    @expose("/notices/push/<int:subscription_id>/remove", methods=["POST"])
    @signed_in
    def remove(self, subscription_id: int) -> Any:
        """Another browser, which need not be at hand."""
        actor = current_actor()
        mine = push.browsers_of(actor.person_id or 0)
        found = next((one.endpoint for one in mine if one.id == subscription_id), None)
        if found is None:
            raise NotFound(nothing(actor, PushSubscription, subscription_id))
        push.unsubscribe(actor, found, now())
        flash(_("No more push messages go to that device."), "success")
        return redirect(url_for("NoticeSettingsView.page") + "#push", 303)


def device() -> str:
    """What the person knows the browser by: Chrome, Android."""
    said = request.headers.get("User-Agent", "")
    system = (
        next((name for name in SYSTEMS if name in said), "").replace("Macintosh", "Mac").replace("CrOS", "ChromeOS")
    )
    browser = next((name for mark, name in BROWSERS if re.search(rf"\b{mark}\w*/", said)), "")
    return ", ".join(part for part in (browser, system) if part)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(PushView)
