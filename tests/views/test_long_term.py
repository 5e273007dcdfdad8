"""The long-term form on the page of a Resolution: its keepers see it, take it away, and read what it waits for."""

import pytest

from app.gateways import storage
from app.gateways.timestamp import StampFault
from app.views import resolutions as views
from app.workflows import preserved_files
from tests.resolving import Resolving
from tests.stamping import tsa  # noqa: F401 - a fixture
from tests.workflows.test_preservation import MINUTE, OUT_AT, world  # noqa: F401 - a fixture


def page(app, who: str, scene: Resolving) -> str:
    return app.test_client().enter_as(who).get(f"/resolutions/{scene.resolution_id}").text


@pytest.fixture
def scene(app, world, monkeypatch) -> Resolving:  # noqa: F811
    monkeypatch.setattr(views, "now", lambda: OUT_AT + 2 * MINUTE)
    return Resolving().up_to("promulgated")


@pytest.mark.parametrize("who", ["records", "auditor"])
def test_its_keepers_find_it_and_take_it_away(app, scene, world, who):  # noqa: F811
    address = f"/resolutions/{scene.resolution_id}/long-term.pdf"
    before = page(app, who, scene)
    assert "Chưa có." in before
    assert "Đang chờ các tổ chức chứng thực trả lời" in before
    assert address not in before
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    shown = page(app, who, scene)
    form = preserved_files.newest(scene.resolution_id)
    for said in ("PAdES B-LTA, có dấu thời gian của văn bản", "Test TSA", form.sha256, "Gia hạn tiếp theo", address):
        assert said in shown
    answer = app.test_client().enter_as(who).get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.data == storage.read(preserved_files.newest(scene.resolution_id).sha256)
    assert "luu-tru-nghi-quyet-01-NQ-CP.pdf" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("who", ["head", "a", "clerk", "admin"])
def test_others_do_not(app, scene, world, who):  # noqa: F811
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert "long-term.pdf" not in page(app, who, scene)
    client = app.test_client().enter_as(who)
    assert client.get(f"/resolutions/{scene.resolution_id}/long-term.pdf").status_code == 404


def test_without_a_stamp_it_says_so(app, scene, world):  # noqa: F811
    world.tsa.fault = StampFault.DOWN
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    shown = page(app, "records", scene)
    assert "PAdES B-LT, chưa có dấu thời gian của văn bản" in shown
    assert "Đang chờ dấu thời gian của văn bản." in shown
    assert "Gia hạn tiếp theo" not in shown


def test_of_a_recalled_resolution_it_is_for_auditors(app, scene, world):  # noqa: F811
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    scene.recalled()
    address = f"/resolutions/{scene.resolution_id}/long-term.pdf"
    assert [app.test_client().enter_as(who).get(address).status_code for who in ("records", "auditor")] == [404, 200]
