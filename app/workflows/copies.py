"""Copies of a Resolution (bản in): who may read or take away its printed form, and its pages as pictures."""

from functools import lru_cache

from flask_babel import lazy_gettext as _

from app.gateways import paper, storage
from app.models import Resolution, ResolutionFile, ResolutionState
from app.workflows import preserved_files, resolutions
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import AUDITOR, RECORDS, Actor
from app.workflows.engine.transaction import end_reading
from app.workflows.engine.visibility import seen

FROZEN = frozenset({ResolutionState.RECALLED, ResolutionState.ABANDONED})
WIDTH = 1400  # pixels: sharp on a tablet, and small enough to be sent to a whole room at once
KEPT = 48  # pictures in memory, each about 200 kB: the pages that a room turns at the same time


class CopyFrozen(WorkflowError):
    code = "copy_frozen"
    http_status = 403
    message = _("This Resolution was recalled or given up. Its file is open to auditors only.")


class NoCopy(NotFound):
    code = "no_copy"
    message = _("There is no printed form of this Resolution yet.")


class NoLongTermForm(NotFound):
    code = "no_long_term_form"
    message = _("There is no long-term form of this Resolution that is open to you.")


def may_open(actor: Actor, resolution: Resolution) -> bool:
    """Whether there is a printed form, and this person may look at it."""
    frozen = resolution.state in FROZEN and not actor.holds(frozenset({AUDITOR}), resolution.body_id)
    return not frozen and resolutions.current_file(resolution) is not None


def copy_of(actor: Actor, resolution_id: int) -> tuple[Resolution, ResolutionFile]:
    """The latest printed form; NotFound for whoever may not see it, CopyFrozen after its recall."""
    resolution = seen(actor, Resolution, resolution_id)
    file = resolutions.current_file(resolution)
    if file is None:
        raise NoCopy(resolution)
    if not may_open(actor, resolution):
        raise CopyFrozen(resolution)
    return resolution, file


def open_copy(actor: Actor, resolution_id: int) -> tuple[Resolution, ResolutionFile, bytes]:
    """The same with its bytes; storage.Altered when they are not those that were signed or sealed."""
    resolution, file = copy_of(actor, resolution_id)
    return resolution, file, storage.read(file.sha256)


def may_keep(actor: Actor, resolution: Resolution) -> bool:
    """Whether this person looks after long-term forms: the records office and auditors, of a recalled one auditors."""
    keepers = frozenset({AUDITOR}) if resolution.state in FROZEN else frozenset({AUDITOR, RECORDS})
    return actor.holds(keepers, resolution.body_id)


def open_long_term(actor: Actor, resolution_id: int) -> tuple[Resolution, bytes]:
    """The newest long-term form with its bytes; NotFound where there is none, or it is not for this person."""
    resolution = seen(actor, Resolution, resolution_id)
    form = preserved_files.newest(resolution_id)
    if form is None or not may_keep(actor, resolution):
        raise NoLongTermForm(resolution)
    sha256 = form.sha256
    return resolution, storage.read(sha256)


def page_of(actor: Actor, resolution_id: int, page: int) -> ResolutionFile:
    """The printed form that has this page (from 1), when this person may look at it."""
    resolution, file = copy_of(actor, resolution_id)
    if not 1 <= page <= file.pages:
        raise NoCopy(resolution)
    return file


def picture(sha256: str, page: int) -> bytes:
    """A page as PNG; drawn once while many look at it, and with no transaction open."""
    end_reading()
    return _drawn(sha256, page)


@lru_cache(maxsize=KEPT)
def _drawn(sha256: str, page: int) -> bytes:
    return paper.page_image(storage.read(sha256), page, WIDTH)
