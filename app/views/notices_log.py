"""What was sent to a person outside the application, in words that claim no more than is known."""

from typing import Any

from flask import Flask, render_template
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Channel, Delivery, DeliveryState, Urgency
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.notices_settings import SIGNS
from app.workflows import notices
from app.workflows.engine.words import word
from app.workflows.worth_sending import said_of

LATEST = 100
KINDS = {
    DeliveryState.QUEUED: "info", DeliveryState.SENDING: "info", DeliveryState.HANDED_OVER: "ok",
    DeliveryState.FAILED: "bad", DeliveryState.BOUNCED: "bad", DeliveryState.UNCERTAIN: "warn",
    DeliveryState.DROPPED: "",
}  # fmt: skip
TAKEN_BY = {
    Channel.MAIL: lazy_gettext("Handed over to the mail server"),
    Channel.SMS: lazy_gettext("Handed over to the SMS provider"),
    Channel.PUSH: lazy_gettext("Handed over to the push service"),
}


class DeliveryLogView(BaseView):
    """A person's own deliveries and nobody else's; not even an administrator's view of others."""

    route_base = "/notices/deliveries"
    default_view = "page"

    @expose("/")
    @signed_in
    def page(self) -> str:
        mine = select(Delivery).where(Delivery.person_id == (current_actor().person_id or 0))
        mine = mine.options(joinedload(Delivery.notice), joinedload(Delivery.digest))
        mine = mine.options(joinedload(Delivery.contact), joinedload(Delivery.subscription))
        rows = db.session.scalars(mine.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(LATEST))
        return render_template("ec/notices_deliveries.html", deliveries=[_row(row) for row in rows])


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "title": _title(delivery), "icon": SIGNS[delivery.channel], "channel": word(delivery.channel),
        "to": _to(delivery), "state": _state(delivery), "kind": KINDS[delivery.state],
        "stamp": word(Urgency.EXPRESS) if delivery.urgent else "",
        "at": delivery.ended_at or delivery.created_at,
        "note": _note(delivery),
    }  # fmt: skip


def _title(delivery: Delivery) -> str:
    if delivery.notice is not None:
        return notices.kinds[delivery.notice.kind].template(delivery.notice.details)
    return str(word(delivery.digest.kind)) if delivery.digest else ""


def _to(delivery: Delivery) -> str:
    if delivery.contact is not None:
        return delivery.contact.address
    return (delivery.subscription.device if delivery.subscription else "") or _("a device of yours")


def _state(delivery: Delivery) -> str:
    taken = delivery.state is DeliveryState.HANDED_OVER
    return str(TAKEN_BY[delivery.channel] if taken else word(delivery.state))


def _note(delivery: Delivery) -> str:
    """What more there is to know: how long it waits, why it is not known, how often it was tried."""
    if delivery.state is DeliveryState.QUEUED and delivery.not_before > now():
        return _(
            "not before %(at)s, because of your quiet hours", at=format_datetime(delivery.not_before, "HH:mm dd/MM")
        )
    if delivery.state is DeliveryState.QUEUED and delivery.attempts:
        return _("tried %(n)s times; it is tried again", n=delivery.attempts)
    if delivery.state is DeliveryState.UNCERTAIN:
        return _("the connection broke after everything was sent; it is not sent twice")
    return str(said_of(delivery.last_error) or "")  # what servers say is for administrators


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(DeliveryLogView)
