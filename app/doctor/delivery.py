"""Mail, SMS and push: switched on completely, or switched off."""

import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, note, ok
from app.gateways.mail import Mailer
from app.installation import unsound_channels

SECONDS = 3.0
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def mail() -> Iterator[Finding]:
    """The mail server."""
    url, sender = current_app.config["SMTP_URL"], current_app.config["MAIL_FROM"]
    if not url:
        yield note(
            "mail", _("No mail server (ECABINET_SMTP): digests and reminders are shown in the application only.")
        )
        return
    try:
        server = Mailer(url, sender)
    except (ValueError, OSError) as problem:
        yield error("mail", _("ECABINET_SMTP or ECABINET_MAIL_FROM is not sound: %(problem)s.", problem=str(problem)))
        return
    if server.tls == "none" and server.host not in HERE:
        yield error("mail", _("Mail travels without TLS; write tls=starttls or tls=implicit."))
    elif not _listens(server.host, server.port):
        yield error("mail", _("The mail server does not answer."))
    else:
        yield ok("mail", _("The mail server takes connections."))


def sms() -> Iterator[Finding]:
    """The gateway of short messages."""
    url, token = current_app.config["SMS_URL"], current_app.config["SMS_TOKEN"]
    parts = urlsplit(url)
    if not url and not token:
        yield note("sms", _("No SMS is sent (ECABINET_SMS_URL)."))
    elif not url or not token:
        yield error("sms", _("ECABINET_SMS_URL and ECABINET_SMS_TOKEN belong together; one of them is missing."))
    elif parts.scheme != "https" and parts.hostname not in HERE:
        yield error("sms", _("ECABINET_SMS_URL does not begin with https; its token travels in the clear."))
    elif problem := unsound_channels(current_app).get("sms"):
        yield error("sms", _("ECABINET_SMS_URL or ECABINET_SMS_TOKEN is not sound: %(problem)s.", problem=problem))
    else:
        yield ok("sms", _("SMS are handed to %(host)s.", host=parts.hostname))


def push() -> Iterator[Finding]:
    """The key of web push."""
    key, subject = current_app.config["VAPID_KEY"], current_app.config["VAPID_SUBJECT"]
    if not key and not subject:
        yield note("push", _("No push message is sent (ECABINET_VAPID_KEY)."))
    elif not key or not subject.startswith(("mailto:", "https:")):
        said = _("ECABINET_VAPID_KEY and ECABINET_VAPID_SUBJECT (mailto:… or https:…) belong together.")
        yield error("push", said)
    elif not os.access(key, os.R_OK):
        yield error("push", _("ECABINET_VAPID_KEY names a file that cannot be read: %(path)s.", path=key))
    elif problem := unsound_channels(current_app).get("push"):
        yield error("push", _("ECABINET_VAPID_KEY is not sound: %(problem)s.", problem=problem))
    else:
        yield ok("push", _("Push messages are signed with our key."))


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError:
        return False
    return True


CHECKS = (mail, sms, push)
