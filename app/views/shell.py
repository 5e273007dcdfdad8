"""What surrounds every page: who is signed in, where one can go, which language, when the screen locks."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_appbuilder import AppBuilder
from flask_babel import get_locale, pgettext
from flask_babel import gettext as _
from flask_login import current_user

from app.version import SOFTWARE
from app.views.actor import current_actor, now
from app.views.addresses import here
from app.views.living import living, passkey_offer
from app.views.waits import waiting_slip_ids, waiting_tasks
from app.workflows import notices
from app.workflows.engine.rights import APPROVERS, GRANTS, HEAD, NOBODY, RECEIVING, Actor, Right
from app.workflows.engine.visibility import STAFF
from app.workflows.login import IDLE
from app.workflows.slip_advice import helps_members

RECORDS = "/records"
WANTED = {"SlipNew": Right.SLIP_DRAFT}  # entries of the menu that want a right beside the role
READERS = STAFF | RECEIVING  # whoever may ever see a Resolution: of the body, or sent to the own organisation
SLIPS = GRANTS[Right.SLIP_ANSWER] | GRANTS[Right.SLIP_BOARD]  # whoever answers slips, or sees how they go on
MOST_IN_LONG_WORDS = 8  # entries of the bar
ICONS = {
    "Meetings": "calendar-days", "Government": "landmark", "Oversight": "shield-check", "Security": "settings",
    "Registers": "stamp", "Keys": "key-round",
    "Slips": "message-square-text",
}  # fmt: skip


def register(app: Flask, _appbuilder: AppBuilder) -> None:
    """Hand the surroundings to every template."""
    app.context_processor(surroundings)


def surroundings() -> dict[str, Any]:
    """`shell` and `demo` as templates/ec/base.html wants them; on an error page of nobody the plain parts alone."""
    return {"demo": current_app.config["DEMO"], "shell": {**_frame(), **_of_the_person()}}


def _frame() -> dict[str, Any]:
    locale = str(get_locale() or "vi")
    languages = current_app.config["LANGUAGES"]
    return {
        "version": SOFTWARE, "locale": locale, "home_url": "/", "here": here(),
        "login_url": url_for("SignInView.login"), "logout_url": url_for("SignInView.logout"),
        "lock_url": url_for("SignInView.lock"), "unlock_url": url_for("SignInView.unlock"),
        "awake_url": url_for("SignInView.awake"), "idle_seconds": int(IDLE.total_seconds()), "own_menu": True,
        "languages": [
            {"code": code, "name": language["name"], "url": url_for("SignInView.language", code=code),
             "current": code == locale}
            for code, language in languages.items()
        ],
    }  # fmt: skip


def _of_the_person() -> dict[str, Any]:
    if not current_user.is_authenticated:
        return {"user": None, "nav": []}
    actor = current_actor()
    user = {
        "name": actor.name if actor is not NOBODY else current_user.username, "post": actor.post,
        "username": current_user.username, "abbreviation": _initials(actor.name), "links": _own_links(),
    }  # fmt: skip
    return {"user": user, "nav": _nav(actor), "unlock_passkey": passkey_offer(living())}


def _initials(name: str) -> str:
    """The last two words of a Vietnamese name stand for the person: Trần Bách Tùng is BT."""
    return "".join(word[0] for word in name.split()[-2:]).upper()


def _own_links() -> list[dict[str, str]]:
    return [
        {"label": _("My digests"), "url": url_for("DigestView.list"), "icon": "inbox"},
        {"label": _("My calendar elsewhere"), "url": url_for("DeadlineCalendarView.feed"), "icon": "calendar-check"},
        {"label": _("My signing key"), "url": url_for("KeyView.own"), "icon": "key-round"},
        {"label": _("My passkeys"), "url": url_for("PasskeyView.own"), "icon": "shield-check"},
        {"label": _("Change the password"), "url": url_for("PasswordView.own"), "icon": "lock"},
    ]


def _nav(actor: Actor) -> list[dict[str, Any]]:
    """The pages everybody has, then the record screens of the person's role."""
    entries = [
        {"key": "home", "label": _("Start"), "icon": "house", "url": "/",
         "count": _badge(lambda: len(waiting_tasks()))},
        {"key": "meetings", "label": pgettext("menu", "Meetings"), "icon": "calendar-days", "url": "/meetings/"},
    ]  # fmt: skip
    groups = [_group(actor, group) for group in current_app.extensions["appbuilder"].menu.get_data()]
    if actor.holds(SLIPS) or _badge(lambda: helps_members(actor, now())):
        entries += _slips(actor, groups)
    if actor.holds(READERS):
        label = pgettext("menu", "Resolutions")
        entries.append({"key": "resolutions", "label": label, "icon": "file-check", "url": "/resolutions/"})
    if actor.holds(frozenset({HEAD})):
        entries.append({"key": "absences", "label": _("Absences"), "icon": "user-x", "url": "/absences/"})
    entries += _calendar(groups)
    if actor.holds(GRANTS[Right.REPORT_READ]):
        entries += _report(groups)
    if actor.holds(APPROVERS) and not any(group["key"] == "fab-Slips" for group in groups):
        label = pgettext("menu", "Slips to approve")
        entries.append({"key": "fab-Slips", "label": label, "icon": "stamp", "url": "/slips/approvals"})
    if actor.holds(GRANTS[Right.AUDIT_READ]):
        chain = {"label": pgettext("menu", "Check of the chain"), "url": "/chain/"}
        for group in groups:
            group["children"] += [chain] if group["key"] == "fab-Oversight" else []
    unread = _badge(lambda: notices.unread(actor))
    entries.append({"key": "notices", "label": _("Notices"), "icon": "bell", "url": "/notices/", "count": unread})
    return _fitting(entries + groups)


def _fitting(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whoever has many pages reads short words in the bar, so that it stays one line on a tablet."""
    if len(entries) <= MOST_IN_LONG_WORDS:
        return entries
    return [entry | {"label": entry.get("short", entry["label"])} for entry in entries]


def _slips(actor: Actor, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The list of slips with its number: among the record screens of whoever prepares slips and answers none.

    Whoever does both finds them under two words, and the bar stays one line.
    """
    label, address = pgettext("menu", "Opinion slips"), "/slips/"
    preparing = next((group for group in groups if group["key"] == "fab-Slips"), None)
    if preparing and not actor.holds(GRANTS[Right.SLIP_ANSWER]):
        preparing["children"].append({"label": _("Issued slips"), "url": address})
        return []
    short = pgettext("menu", "Slips")
    if preparing:
        label, short = pgettext("menu", "Slips to answer"), pgettext("menu", "To answer")
        next(each for each in groups if each["key"] == "fab-Meetings")["short"] = pgettext("menu", "Preparation")
    waiting = _badge(lambda: len(waiting_slip_ids()))
    return [{"key": "slips", "label": label, "short": short, "icon": "message-square-text",
             "url": address, "count": waiting}]  # fmt: skip


def _calendar(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calendar of what is due: for whoever prepares meetings among the record screens, which fill the bar."""
    calendar = {"label": _("Calendar of deadlines"), "short": pgettext("menu", "Calendar"), "url": "/calendar/"}
    if preparing := next((group for group in groups if group["key"] == "fab-Meetings"), None):
        preparing["children"].insert(0, calendar)
        return []
    return [{"key": "calendar", "icon": "calendar-clock", **calendar}]


def _report(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reports: among the record screens of whoever prepares meetings, for others an entry of its own."""
    report = {"label": pgettext("menu", "Weekly report"), "url": "/reports/weekly/"}
    slips = {"label": pgettext("menu", "Time to answer slips"), "url": "/reports/slips/"}
    if preparing := next((group for group in groups if group["key"] == "fab-Meetings"), None):
        preparing["children"] += [report, slips]
        return []
    return [{"key": "reports", "icon": "chart-column", "url": None, "label": pgettext("menu", "Reports"),
             "children": [report, slips]}]  # fmt: skip


def _badge(count: Callable[[], int]) -> int:
    """How much waits for this person. Record pages do without it; their queries are counted.

    The page of a failure does without it too: the transaction that failed may answer nothing more.
    """
    return 0 if "failed" in g or request.path.startswith(RECORDS) else count()


def _group(actor: Actor, group: dict[str, Any]) -> dict[str, Any]:
    pages = [page for page in group.get("childs") or [] if page != "-" and page.get("url")]
    children = [{"label": page["label"], "url": page["url"]} for page in pages if _is_for(actor, page["name"])]
    icon = ICONS.get(group["name"], "files")
    return {
        "key": f"fab-{group['name']}", "label": group["label"], "icon": icon, "url": group.get("url"),
        "children": children,
    }  # fmt: skip


def _is_for(actor: Actor, entry: str) -> bool:
    return entry not in WANTED or actor.holds(GRANTS[WANTED[entry]])
