"""Record screen of what left the application, for the administrator: whether it was taken, never what it says."""

import re
from typing import Any

from flask import Flask, flash, redirect
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.models import Channel, Delivery, DeliveryState
from app.views.actor import current_actor, now
from app.views.record_rows import RecordInterface
from app.views.record_words import NOTHING
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_accounts import ADMINISTRATION
from app.workflows import deliveries
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.worth_sending import said_of, topics

MAIL_ADDRESS = re.compile(r"[^\s<>@\"']+@[A-Za-z0-9.-]+")
NUMBER = re.compile(r"\+?\d{8,15}")
AGAIN = frozenset({DeliveryState.FAILED, DeliveryState.UNCERTAIN})


class Sent(RecordInterface):
    """Deliveries with where they went to, as far as an administrator needs to know it, and their topic alone."""

    def rows_of(self, query: Any) -> list[Any]:
        return [_entry(row) for row in super().rows_of(query)]


def _entry(row: Delivery) -> Delivery:
    shown: Any = row
    shown.place = masked(row.contact.address) if row.contact else row.subscription.device if row.subscription else ""
    shown.about = topics.get(row.notice.kind) if row.notice else row.digest.kind if row.digest else None
    return row


def masked(text: str) -> str:
    """The addresses and numbers in a text made unrecognisable to all but their owner: a•••@bo.vn, +84•••678."""
    text = MAIL_ADDRESS.sub(lambda found: f"{found[0][0]}•••@{found[0].partition('@')[2]}", text)
    return NUMBER.sub(lambda found: f"{found[0][:3]}•••{found[0][-3:]}", text)


class DeliveryRecords(RecordView):
    """What was handed to other servers; what failed can be sent again."""

    route_base = "/records/deliveries"
    datamodel = Sent(Delivery, joined=("person", "contact", "subscription", "notice", "digest"))
    list_title, show_title = _("Messages sent"), _("Message sent")
    list_columns = ["id", "person.full_name", "channel", "about", "state", "created_at", "attempts"]
    show_columns = ["id", "person.full_name", "channel", "place", "about", "urgent", "state", "created_at",
                    "not_before", "sending_at", "ended_at", "attempts", "provider_id", "last_error"]  # fmt: skip
    search_columns = ["person.full_name", "channel", "state", "created_at"]
    order_columns = ["id", "state", "created_at", "ended_at", "attempts"]
    chips = ("state",)
    title_column = "person.full_name"
    words = {
        "about": lambda code: word(code) if code else NOTHING,
        "last_error": lambda said: said_of(said) or masked(said) or NOTHING,
    }
    label_columns = {
        "id": _("Number"), "person.full_name": _("To whom"), "channel": _("Way"), "place": _("Address"),
        "about": _("Kind of notice"), "urgent": _("Through quiet hours"), "state": _("State"),
        "created_at": _("Written at"),
        "not_before": _("Not before"), "sending_at": _("Began to leave at"), "ended_at": _("Ended at"),
        "attempts": _("Tries"), "provider_id": _("Number at the provider"), "last_error": _("Last error"),
    }  # fmt: skip
    method_permission_name = {"retry": "retry"}

    def steps(self, row: Delivery, actor: Actor) -> Steps:
        if row.state not in AGAIN or not actor.may(Right.JOB_MANAGE, row):
            return []
        twice = _("Nobody knows whether it arrived: it may come twice. Send it again?")
        sure = twice if row.state is DeliveryState.UNCERTAIN and row.channel is Channel.MAIL else ""
        return [Step(_("Send again"), f"{self.route_base}/{row.id}/retry", confirm=sure, icon="undo")]

    @expose("/<int:pk>/retry", methods=["POST"])
    @has_access
    def retry(self, pk: int) -> Answer:
        deliveries.retry_delivery(current_actor(), pk, now=now())
        flash(gettext("The message is sent again."), "success")
        return redirect(self.show_url(pk))


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(DeliveryRecords, "DeliveryRecords", label=_("Messages sent"), category=ADMINISTRATION)
