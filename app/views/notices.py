"""The own notices: what has happened, what of it has been read, and the number at the bell."""

from typing import Any

from flask import Flask, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import format_datetime
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Notice, Topic, Urgency
from app.views import notices_log, notices_push, notices_settings
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.notice_words import address, text
from app.workflows import notices
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word


class NoticeView(BaseView):
    """A person's own notices and nobody else's."""

    route_base = "/notices"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        actor, topic = current_actor(), _wanted(request.args.get("topic", ""))
        waiting, read = (
            cards(actor, notices.LATEST, topic, unread=True),
            cards(actor, notices.LATEST, topic, unread=False),
        )
        return render_template(
            "ec/notices.html", waiting=waiting, read=read, topic=topic, topics=_topics(actor),
            unread=notices.unread(actor),
        )  # fmt: skip

    @expose("/count")
    @signed_in
    def count(self) -> Response:
        """What the bell asks for."""
        return jsonify(unread=notices.unread(current_actor()))

    @expose("/read", methods=["POST"])
    @signed_in
    def read(self) -> Response:
        notices.mark_read(current_actor(), now())
        return redirect(url_for("NoticeView.list"), 303)

    @expose("/<int:notice_id>/read", methods=["POST"])
    @signed_in
    def read_one(self, notice_id: int) -> Response:
        """Note one as read and go where it points, or stay on the list."""
        notice = notices.mark_one_read(current_actor(), notice_id, now())
        stays = "stay" in request.form
        return redirect(url_for("NoticeView.list") if stays else _leads_to(notice), 303)


def cards(
    actor: Actor, most: int = notices.LATEST, topic: Topic | None = None, unread: bool | None = None
) -> list[dict[str, Any]]:
    """The newest notices as pages show them: all, or those of one topic, read or not."""
    rows = select(Notice).where(visible(actor, Notice))
    if topic is not None:
        rows = rows.where(Notice.kind.in_(_kinds(topic)))
    if unread is not None:
        rows = rows.where(Notice.read_at.is_(None) if unread else Notice.read_at.is_not(None))
    return [
        _card(row) for row in db.session.scalars(rows.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(most))
    ]


def _card(notice: Notice) -> dict[str, Any]:
    kind = notices.kinds[notice.kind]
    return {
        "id": notice.id, "title": kind.template(notice.details), "text": text(notice.details),
        "at": notice.created_at, "at_label": format_datetime(notice.created_at, "HH:mm dd/MM/yyyy"),
        "url": _leads_to(notice), "read": notice.read_at is not None, "icon": kind.icon,
        "stamp": word(Urgency.EXPRESS) if notice.urgent else "", "topic": word(kind.topic),
    }  # fmt: skip


def _leads_to(notice: Notice) -> str:
    return address(notice.kind, notice.details, notice.meeting_id)


def _wanted(said: str) -> Topic | None:
    """The topic in the address; anything else is all of them."""
    return next((topic for topic in Topic if topic.value == said), None)


def _kinds(topic: Topic) -> set[str]:
    return {name for name, kind in notices.kinds.items() if kind.topic is topic}


def _topics(actor: Actor) -> list[dict[str, Any]]:
    """The topics that this person has notices of, with how many wait to be read."""
    rows = (
        select(Notice.kind, func.count(), func.count(Notice.read_at))
        .where(visible(actor, Notice))
        .group_by(Notice.kind)
    )
    counts: dict[Topic, list[int]] = {}
    for kind, total, read in db.session.execute(rows):
        counts.setdefault(notices.kinds[kind].topic, []).append(total - read)
    return [
        {"code": topic.value, "label": word(topic), "unread": sum(counts[topic])} for topic in Topic if topic in counts
    ]


def register(app: Flask, appbuilder: AppBuilder) -> None:
    for room in (notices_settings, notices_push, notices_log):
        room.register(app, appbuilder)
    appbuilder.add_view_no_menu(NoticeView)
