"""A restore proves the long-term forms as well: what they begin with, who signed, who stamped, at which level."""

import pytest

from app.backup import proving
from app.backup.errors import Broken
from app.extensions import db
from app.gateways import storage
from app.models import PreservedFile
from tests.resolving import Resolving
from tests.superuser import as_superuser
from tests.workflows.test_preservation import HOUR, MINUTE, OUT_AT, forms, tsa, world  # noqa: F401 - fixtures

YEARS = 5 * 365 * 24 * HOUR


@pytest.fixture
def renewed(app, world):  # noqa: F811
    """A promulgated Resolution with a long-term form and its renewal."""
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    world.work(forms(scene)[0].due_at + HOUR)
    assert [form.level.value for form in forms(scene)] == ["B-LTA", "B-LTA"]
    db.session.rollback()
    return scene


def prove(at):
    proved = {}
    proving.prove({}, at, lambda what, number, total: proved.update({what: (number, total)}))
    return proved


def test_every_form_is_proved_now_and_long_after_its_stamp_has_ended(renewed, world):  # noqa: F811
    for at in (world.now, world.now + YEARS):
        proved = prove(at)
        assert (proved["Resolutions"], proved["long-term forms"]) == ((2, 2), (2, 2))


def promulgated(scene):
    return scene.resolution.signatures[-1].file.sha256


def stored(content):
    return storage.store().put(content, 1 << 24).sha256


FORGED = {
    # what the second form is replaced by, what its row says then, and what is said of it
    "the promulgated file": (lambda scene, one, two: promulgated(scene), {}, "does not begin"),
    "the first form again": (lambda scene, one, two: one, {}, "does not begin"),
    "another beginning": (lambda scene, one, two: stored(b"%PDF-1.5" + storage.read(two)[8:]), {}, "does not begin"),
    "more behind the stamp": (lambda scene, one, two: stored(storage.read(two) + b"\n"), {}, "not validly signed"),
    "twice": (lambda scene, one, two: stored(storage.read(two) * 2), {}, "not validly signed"),
    "no validation data": (
        lambda scene, one, two: stored(storage.read(one) + storage.read(two)[len(storage.read(one)) + 9 :]), {},
        "not validly signed",
    ),
    "another level": (
        lambda scene, one, two: two, {"level": "B-LT", "stamped_at": None, "stamp_ends": None}, "is B-LTA and not B-LT",
    ),
    "a gap in the numbers": (lambda scene, one, two: two, {"number": 3}, "does not begin"),
}  # fmt: skip


def test_every_forged_form_is_found_by_a_restore(renewed, world, request):  # noqa: F811
    first, second = forms(renewed)
    made = {name: make(renewed, first.sha256, second.sha256) for name, (make, _row, _said) in FORGED.items()}
    db.session.rollback()
    with as_superuser(request):
        for name, (_make, row, said) in FORGED.items():
            change(second.id, vars(second) | row | {"sha256": made[name]})
            with pytest.raises(Broken, match=f"preserved_file {second.id}: .*{said}"):
                prove(world.now)
        change(second.id, vars(second))
        assert prove(world.now)["long-term forms"] == (2, 2)


def change(form_id, values):
    db.session.rollback()
    db.session.execute(db.update(PreservedFile).where(PreservedFile.id == form_id).values(**values))
    db.session.commit()
