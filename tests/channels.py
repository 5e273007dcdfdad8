"""Ways out of the application that end on this machine: a real mail server, SMS gateway and push service."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select, update

from app.extensions import db
from app.gateways import channels
from app.gateways.mail import Mailer
from app.gateways.push import Pusher, generate_vapid_key
from app.gateways.sms import Gateway
from app.models import Channel, ContactAddress, Delivery, DeliveryState, Person, PushSubscription
from app.tasks import deliveries as tasks
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.gateways.test_mail import SENDER, Postbox, server
from tests.gateways.test_push import Browser, Endpoint
from tests.gateways.test_sms import Example, listening


class Outside:
    """What arrived where; `mail.at_rcpt` and `mail.at_data` say how the mail server answers next."""

    def __init__(self) -> None:
        self.mail, self.push = Postbox(), Endpoint()
        self.sms = type("Gateway", (Example,), {"accepted": {}})
        self.browser = Browser()

@contextmanager
def outside() -> Iterator[Outside]:
    """All three channels, configured and listening."""
    there = Outside()
    with server(there.mail) as mail, listening(there.sms) as sms, there.push.open() as push:
        there.endpoint = push
        channels.use(channels.Channels(
            Mailer(f"smtp://127.0.0.1:{mail}?tls=none", SENDER, connect=20, answer=20),
            Gateway(f"http://127.0.0.1:{sms}/messages", there.sms.token, connect=20, answer=20),
            Pusher(generate_vapid_key(), "mailto:cntt@vpcp.example", loopback=True),
        ))  # fmt: skip
        try:
            yield there
        finally:
            tasks.hang_up()
            channels.use(channels.Channels())

def reachable(person_id: int, number: int = 0, mail: str = "") -> None:
    """A confirmed mail address and telephone number."""
    with own_transaction() as session:
        addresses = {Channel.MAIL: mail or f"tv{person_id}@chinhphu.example"}
        addresses[Channel.SMS] = f"+8491234{person_id + number:04}"
        for channel, address in addresses.items():
            session.add(ContactAddress(
                body_id=1, person_id=person_id, channel=channel, address=address, added_at=NOW, confirmed_at=NOW
            ))  # fmt: skip

def subscribed(person_id: int, browser: Browser, endpoint: str) -> None:
    """A browser that listens."""
    there = browser.at(endpoint)
    with own_transaction() as session:
        session.add(PushSubscription(
            body_id=1, person_id=person_id, endpoint=there.endpoint, endpoint_sha256="a" * 64, p256dh=there.p256dh,
            auth=there.auth, created_at=NOW,
        ))  # fmt: skip

def close_account(person_id: int) -> None:
    """The person cannot sign in any more."""
    with own_transaction() as session:
        account = select(Person.user_id).where(Person.id == person_id).scalar_subquery()
        session.execute(update(User).where(User.id == account).values(active=False))

def states() -> dict[str, DeliveryState]:
    """Deliveries of notices by channel and person."""
    db.session.rollback()
    rows = db.session.query(Delivery).filter(Delivery.notice_id.is_not(None))
    return {f"{each.channel}:{each.person_id}": each.state for each in rows}
