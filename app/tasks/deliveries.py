"""Messages leave here: one parcel, one channel, and afterwards exactly what is known of it is written down."""

import datetime as dt
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from app.extensions import db
from app.gateways.channels import channels
from app.gateways.handover import HandoverFailed, Refused, Unreachable
from app.gateways.mail import Message, Session
from app.gateways.push import Gone, Subscription
from app.gateways.sms import shortened
from app.models import Channel, ContactAddress
from app.tasks import letters, progress
from app.tasks.execution import Later, current
from app.views.notice_words import address, text
from app.workflows import contacts, deliveries
from app.workflows.deliveries import Parcel
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.notices import kinds

log = logging.getLogger(__name__)

GIVE_UP = "deliveries.give_up"
SLOW = 10.0  # seconds up to the text of a letter, of the thirty that its job is leased for
KEPT_OPEN = 10.0  # seconds that a connection to the mail server waits for the next letter
SHORTEST_REST, LONGEST_REST = 5, 1800  # seconds between two tries
LANGUAGE = "vi"
_mine = threading.local()


def send(job: dict[str, Any]) -> None:
    """Hand one delivery over.

    Running twice is harmless, one after the other and side by side: what was handed over is over, a mail's text leaves
    one worker only and is not sent again when it may have arrived, and the other channels know a message by its key.
    """
    found = deliveries.take(SYSTEM, job["delivery_id"], _now())
    if isinstance(found, dt.datetime):
        raise Later(found, "quiet hours")
    if found is not None:
        _hand_over(found)


def _hand_over(parcel: Parcel) -> None:
    try:
        with force_locale(LANGUAGE):
            provider_id = HAND_OVER[parcel.channel](parcel)
    except deliveries.Overtaken:
        log.warning("delivery %s was overtaken at try %s; nothing left from here", parcel.delivery_id, parcel.attempts)
    except Unreachable as away:
        if away.maybe_accepted and parcel.channel is Channel.MAIL:
            deliveries.uncertain(SYSTEM, parcel, away.why, _now())
        else:
            _wait(parcel, away.why, None)
    except Gone as gone:
        deliveries.refused(SYSTEM, parcel, str(gone), True, _now())
    except Refused as no:
        if not no.permanent:
            _wait(parcel, str(no), no.retry_after)
            return
        deliveries.refused(SYSTEM, parcel, str(no), no.bounced, _now())
    except HandoverFailed as odd:
        deliveries.refused(SYSTEM, parcel, str(odd), False, _now())
    else:
        deliveries.handed_over(SYSTEM, parcel, provider_id, _now())


def give_up(job: dict[str, Any]) -> None:
    """Say of what nothing would send any more that it was not sent. Running twice is harmless: it is looked up anew."""
    forsaken = deliveries.forsaken(job["body_id"])
    end_reading()
    for delivery_id in forsaken:
        deliveries.give_up(SYSTEM, delivery_id, _now())


def forsaken_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once a minute at most, when a job has failed for good or was called off with a delivery that waits for it."""
    if deliveries.forsaken(body_id):
        yield f"{now:%Y%m%dT%H%M}", {"body_id": body_id}


def send_code(job: dict[str, Any]) -> None:
    """Send a code that confirms an address. Running twice is harmless: of two codes the last one counts."""
    contact = db.session.get_one(ContactAddress, job["contact_id"])
    channel, to, name = contact.channel, contact.address, contact.person.full_name
    if contact.removed_at or (contact.confirmed_at and not contact.bounced_at):
        return
    end_reading()
    code = contacts.new_code(SYSTEM, job["contact_id"], _now())
    with force_locale(LANGUAGE):
        said = _("%(code)s confirms this address in e-Cabinet, for 15 minutes. Tell it to nobody.", code=code)
        if channel is Channel.SMS:
            _configured("sms").send(to, said, f"code-{job['contact_id']}-{code}")
            return
        letter = letters.notice_letter(said, "", "/notices/settings", name, _base())
        identity = f"<code-{job['contact_id']}-{code}@{_host()}>"
        _letters().send(Message(to, letter.subject, letter.text, letter.html, identity, name=name), lambda: None)


def _mail(parcel: Parcel) -> str:
    letter = _letter(parcel)
    identity = f"<{parcel.key.replace(':', '-')}@{_host()}>"
    message = Message(parcel.address, letter.subject, letter.text, letter.html, identity, name=parcel.name)
    _letters().send(message, lambda: _about_to_leave(parcel))
    return identity


def _about_to_leave(parcel: Parcel) -> None:
    """The server took its time? Then so may the rest: the job stays ours meanwhile, or it is not ours already."""
    job = current.get()
    if job and time.monotonic() - job.begun > SLOW:
        progress.report(0, 0)
    deliveries.sending(SYSTEM, parcel, _now())


def _sms(parcel: Parcel) -> str:
    """Only what kind of news there is: what it says stays in the application."""
    said = f"e-Cabinet: {_headline(parcel)}. {_('Open the application to read it.')}"
    provider: str = _configured("sms").send(parcel.address, shortened(said), parcel.key)
    return provider


def _push(parcel: Parcel) -> str:
    """The same for the push services, which are strangers' as well."""
    endpoint, p256dh, auth = parcel.push or ("", "", "")
    told = {"title": "e-Cabinet", "body": _headline(parcel), "url": _path(parcel), "tag": parcel.key}
    payload = json.dumps(told, ensure_ascii=False).encode()
    browser, topic = Subscription(endpoint, p256dh, auth), f"d{parcel.delivery_id}"
    _configured("push").send(browser, payload, topic, urgent=parcel.urgent)
    return ""


HAND_OVER = {Channel.MAIL: _mail, Channel.SMS: _sms, Channel.PUSH: _push}


def _letter(parcel: Parcel) -> letters.Letter:
    if parcel.digest:
        return letters.digest_letter(parcel.digest[1], parcel.digest[0], _base())
    _id, _kind, told = parcel.notice or (0, "", {})
    return letters.notice_letter(_headline(parcel), text(told), _path(parcel), parcel.name, _base())


def _headline(parcel: Parcel) -> str:
    if parcel.notice:
        _id, kind, told = parcel.notice
        return kinds[kind].template(told)
    return _("Your digest is ready")


def _path(parcel: Parcel) -> str:
    if parcel.digest:
        return f"/digests/{parcel.digest[0]}"
    _id, kind, told = parcel.notice or (0, "", {})
    return address(kind, told, told.get("meeting_id"))


def _wait(parcel: Parcel, why: str, seconds: int | None) -> None:
    """Try again later, a little later each time; after a day it is given up."""
    if deliveries.not_yet(SYSTEM, parcel, why, _now()):
        rest = min(max(seconds or 0, SHORTEST_REST * 2 ** min(parcel.attempts, 9)), LONGEST_REST)
        raise Later(_now() + dt.timedelta(seconds=rest), why)


def _letters() -> Session:
    """This thread's connection to the mail server; one that was idle for long is opened anew."""
    mailer = _configured("mail")
    last: tuple[float, Session] | None = getattr(_mine, "session", None)
    if last and (last[1].mailer is not mailer or time.monotonic() - last[0] > KEPT_OPEN):
        last[1].close()
        last = None
    session: Session = last[1] if last else Session(mailer)
    _mine.session = (time.monotonic(), session)
    return session


def hang_up() -> None:
    """Take leave of the mail server, as far as this thread speaks with it."""
    if last := getattr(_mine, "session", None):
        last[1].close()
        del _mine.session


def _configured(name: str) -> Any:
    gateway = getattr(channels(), name)
    if gateway is None:
        raise Unreachable("this channel is not configured any more")
    return gateway


def _base() -> str:
    base: str = current_app.config["PUBLIC_URL"]
    return base.rstrip("/")


def _host() -> str:
    return _base().partition("://")[2].partition("/")[0].partition(":")[0]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
