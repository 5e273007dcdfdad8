"""From the invitation to the quorum: answers, papers read, a substitute, and everybody checked in."""

import re

from playwright.sync_api import Locator, expect

from tests.stories.person import PHONE, TABLET, Person
from tests.stories.session import AFAR, ALSO_AFAR, AT_PHONE, AT_TABLET, AWAY, HEAD, TITLE, Session


def answer_the_invitation(session: Session) -> None:
    read_and_confirm(session)
    from_afar(session)
    send_a_substitute(session)


def read_and_confirm(session: Session) -> None:
    """On the phone: what waits for me, the paper inside the page, and yes, in the room."""
    member = session.come(AT_PHONE, PHONE)
    waiting = member.at(".ec-task", has_text=TITLE)
    expect(waiting).to_be_visible()
    waiting.click()
    expect(member.at(".ec-secret")).to_contain_text("MẬT")
    member.at(".ec-item").first.locator(".ec-paper").first.click()
    expect(member.at("#page-1 canvas")).to_be_visible()
    expect(member.at("#page-1 .textLayer")).to_contain_text("TỜ TRÌNH")
    member.at("#page-next").click()
    expect(member.at("#page-no")).to_have_value("2")
    expect(member.at("#page-2 canvas")).to_be_in_viewport()
    assert drawn(member.at("#page-2 canvas"))
    member.go(session.address)
    reply(member, "in_room")


def drawn(canvas: Locator) -> bool:
    """Whether there is ink on it."""
    return canvas.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.some((value, index) => index % 4 === 0 && value < 100 && data[index + 3] > 0);
        }"""
    )


def from_afar(session: Session) -> None:
    member = session.come(AFAR, PHONE)
    member.go(session.address)
    expect(member.at('a[href^="https://hop.ecabinet.example/"]')).to_be_visible()
    reply(member, "remote")


def send_a_substitute(session: Session) -> None:
    """A member cannot come and names a deputy of the own ministry; the Prime Minister grants it on his tablet."""
    member = session.come(AWAY, PHONE)
    member.go(session.address)
    member.at(".ec-option", has=member.at("input[value=absent]")).click()
    choices = member.at("#substitute_id option")
    expect(choices.filter(has_text="Bộ Y tế")).to_have_count(0)
    member.at("#substitute_id").select_option(label=choices.filter(has_text="Khoa học").first.inner_text())
    with member.refused(422):  # no reason was given
        member.at(".ec-reply button[type=submit]").click()
        expect(member.at("#reason")).to_have_attribute("aria-invalid", "true")
    expect(member.at("#substitute_id")).not_to_have_value("")
    member.at("#reason").fill("Dự hội nghị bộ trưởng về khoa học tại nước ngoài")
    member.at(".ec-reply button[type=submit]").click()
    expect(member.at("#att-h + .ec-chip")).to_contain_text("Vắng mặt")
    head = session.come(HEAD, TABLET)
    head.at(".ec-task", has_text=TITLE).filter(has_text="vắng mặt").click()
    request = head.at("form:has(button[value=approve])").filter(has_text="Lý do quyết định").first
    request.locator("button[value=approve]").click()
    expect(head.at(".ec-flash")).to_contain_text("đồng ý", ignore_case=True)


def reply(member: Person, code: str) -> None:
    member.at(".ec-option", has=member.at(f"input[value={code}]")).click()
    member.at(".ec-reply button[type=submit]").click()
    expect(member.at(f".ec-reply input[value={code}]")).to_be_checked()


def come_together(session: Session) -> None:
    """The quorum turns green on the chair's desk by itself as people check in; before, nothing can be opened."""
    head = session.head
    head.go(f"{session.address}/cockpit")
    expect(head.at("#next-move[data-move=open_meeting]")).to_be_disabled()
    expect(head.at(".ec-quorum .ec-chip")).to_have_class(re.compile("ec-chip--warn"))
    session.come(AT_TABLET, TABLET)
    for name, presence in ((AT_TABLET, "in_room"), (AT_PHONE, "in_room"), (AFAR, "remote")):
        member = session.people[name]
        member.go(session.address)
        member.at(f'button[name="presence"][value="{presence}"]').click()
        expect(member.at(".ec-line .ec-good")).to_be_visible()
    session.call_the_others()
    for name, caller in session.callers.items():
        caller.check_in(session.meeting_id, "remote" if name in ALSO_AFAR else "in_room")
    expect(head.at(".ec-quorum b")).to_have_text("26/27")
    expect(head.at(".ec-quorum .ec-chip")).to_have_class(re.compile("ec-chip--ok"))
    session.tap("open_meeting")
