"""What a letter looks like on its way: headers nobody can add to, plain text and HTML, files."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

WIRE = SMTP.clone(cte_type="7bit")  # not every server on the way takes eight bits
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
LONGEST_ADDRESS = 254
MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
LONGEST_ID = 200


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter; `kind` is its media type."""

    name: str
    content: bytes
    kind: str = "application/pdf"


@dataclass(frozen=True)
class Message:
    """One letter to one person. `message_id` (`<…@…>`) is the caller's: the same letter keeps it when tried again.

    `html` may be empty; `name` is the recipient's, as shown before the address.
    """

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    attachments: tuple[Attachment, ...] = ()
    name: str = ""


def is_address(text: str) -> bool:
    """One plain mail address (ASCII), and nothing around it."""
    return bool(ADDRESS.fullmatch(text)) and len(text) <= LONGEST_ADDRESS and not re.search(r"^\.|\.\.|\.@", text)


def sender(text: str) -> Address:
    """`Name <address>` or an address alone; ValueError when it is neither."""
    name, address = parseaddr(text)
    if not text.isprintable() or not is_address(address):
        raise ValueError("the sender of mail is an address, or a name with an address in angle brackets")
    return Address(one_line(name), addr_spec=address)


def composed(message: Message, origin: Address) -> bytes:
    """The bytes of a letter; ValueError for a recipient or a Message-ID that is none."""
    if not MESSAGE_ID.fullmatch(message.message_id) or len(message.message_id) > LONGEST_ID:
        raise ValueError(f"a Message-ID is <left@right>, of at most {LONGEST_ID} characters")
    if not is_address(message.to):
        raise ValueError("the recipient of a letter is a mail address")
    letter = EmailMessage(WIRE)
    letter["From"] = origin
    letter["To"] = Address(one_line(message.name), addr_spec=message.to)
    letter["Subject"] = one_line(message.subject)
    letter["Date"] = format_datetime(dt.datetime.now(dt.UTC))
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers
    letter.set_content(message.text)
    if message.html:
        letter.add_alternative(message.html, subtype="html")
    for one in message.attachments:
        main, _slash, sub = one.kind.partition("/")
        letter.add_attachment(one.content, maintype=main, subtype=sub, filename=one_line(one.name))
    # as it is: the library would fold a long one, and nobody would find it under its name any more
    return f"Message-ID: {message.message_id}\r\n".encode("ascii") + letter.as_bytes()


def one_line(text: str) -> str:
    """Composed letters on one line, whatever was typed: no control sign, no line end."""
    return " ".join(unicodedata.normalize("NFC", "".join(sign if sign.isprintable() else " " for sign in text)).split())
