"""The register of outgoing documents, the seal and the specimen signatures, on their record screens."""

import html
import re
from io import BytesIO

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.extensions import db
from app.gateways import pades
from app.models import AuditEntry, KeyState, Refusal, SealKey, SignaturePicture
from app.workflows import issuing, promulgation, seals
from tests.cabinet import PIN
from tests.resolving import Resolving

REGISTER = "/records/outgoing/"
SEAL = pades.seal_picture("Chính phủ")
SPECIMEN = pades.signature_picture("Lê Thị Hai")


def upload(browser, path: str, picture: bytes | None, **form: str):
    if picture is not None:
        form["picture"] = FileStorage(BytesIO(picture), filename="dau.png", content_type="image/png")
    boundary, body = encode_multipart(form)
    return browser.client.post(path, data=body, content_type=f'multipart/form-data; boundary="{boundary}"')


def error_at(page, field: str) -> str:
    found = re.search(rf'id="{field}-error">(.*?)</div>', page.text, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""


def rows(page) -> list[str]:
    """The numbers of the register, in the order of the page."""
    return re.findall(r'<td data-label="[^"]*"><b[^>]*>(\d+(?:/20\d\d)?/NQ-CP)</b></td>', page.text)


def words(page) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def another(**form) -> Resolving:
    scene = Resolving().voted().drafted(**form).presented()
    return scene.signed(nonce=f"sign-{scene.resolution_id}").numbered()


# -- the register -----------------------------------------------------------------------------------------------------


@pytest.fixture
def issued(app) -> Resolving:
    return Resolving().up_to("promulgated")


def test_every_number_stands_in_the_register_the_latest_first(app, at, issued):
    another()
    another(normative=True)
    page = at("records").get(REGISTER)
    assert rows(page) == ["01/2026/NQ-CP", "02/NQ-CP", "01/NQ-CP"]


def test_a_row_says_what_a_register_must_say(app, at, issued):
    promulgation.acknowledge(issued.who["b"], issued.resolution_id, issued.later(70))
    page = at("records").get(REGISTER)
    assert len(re.findall(r"<th scope", page.text)) >= 11
    said = words(page)
    assert issued.resolution.subject in said
    for fact in ("01/NQ-CP", "30/07/2026", "Trần Văn Một", "8", "2/8"):  # the minister confirms for the ministry too
        assert fact in said


def test_a_cancelled_number_stays_with_its_reason(app, at, issued):
    stopped = another()
    issuing.stop_resolution(stopped.who["head"], stopped.resolution_id, "Dừng để rà soát lại", stopped.later(60))
    page = at("records").get(REGISTER)
    assert rows(page) == ["02/NQ-CP", "01/NQ-CP"]
    assert "Dừng để rà soát lại" in words(page)
    assert page.text.count("ec-chip--bad") == 1
    assert rows(another() and at("records").get(REGISTER))[0] == "03/NQ-CP"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("_flt_0_series.year=2026", ["02/2026/NQ-CP", "01/2026/NQ-CP", "01/NQ-CP"]), ("_flt_0_series.year=2025", []),
        ("_flt_0_series.normative=0", ["01/NQ-CP"]), ("_flt_0_resolution.state=promulgated", ["01/NQ-CP"]),
        ("_flt_0_resolution.state=numbered", ["02/2026/NQ-CP", "01/2026/NQ-CP"]), ("_flt_0_resolution.state=x", []),
        ("_flt_0_text=2026", ["02/2026/NQ-CP", "01/2026/NQ-CP"]),
        ("_flt_0_resolution.subject=giai+phap", ["02/2026/NQ-CP", "01/2026/NQ-CP", "01/NQ-CP"]),
        ("_flt_0_resolution.subject=khong+co", []), ("_flt_1_issued_on=31/07/2026", []),
        ("_flt_0_series.year=abc", []), ("_flt_0_resolution.signer.full_name=tran+mot&_flt_0_series.normative=1",
                                         ["02/2026/NQ-CP", "01/2026/NQ-CP"]),
    ],
)  # fmt: skip
def test_the_register_is_searched_by_year_series_state_and_words(app, at, issued, query, found):
    for _ in range(2):
        another(normative=True)
    assert rows(at("records").get(f"{REGISTER}?{query}")) == found


def test_a_row_leads_to_the_document_and_to_the_next_step(app, at, issued):
    waiting = another()
    first, second = at("records").get(f"{REGISTER}1"), at("records").get(f"{REGISTER}2")
    assert f"/resolutions/{issued.resolution_id}" in first.text
    assert f"/resolutions/{issued.resolution_id}/issue" not in first.text
    assert f"/resolutions/{waiting.resolution_id}/issue" in second.text
    assert f"/resolutions/{waiting.resolution_id}/issue" not in at("auditor").get(f"{REGISTER}2").text


def test_nobody_writes_in_the_register(app, at, issued):
    for verb in ("add", "1/edit", "1/delete"):
        assert at("records").post(f"{REGISTER}{verb}").status_code == 404


# -- the seal ---------------------------------------------------------------------------------------------------------

FORM = {"body_id": "1", "pin": PIN, "pin_again": PIN}


def test_the_records_office_registers_a_seal_and_sees_it(app, at):
    saved = upload(at("records"), "/records/seals/add", SEAL, **FORM)
    seal = db.session.query(SealKey).one()
    assert (saved.status_code, saved.location) == (302, f"/records/seals/{seal.id}")
    page = at("records").get(saved.location)
    assert seal.certificate.serial in page.text
    picture = at("auditor").get(f"/records/seals/{seal.id}/picture.png")
    assert (picture.mimetype, picture.data[:4]) == ("image/png", b"\x89PNG")
    assert picture.headers["Cache-Control"] == "no-store"
    assert db.session.query(AuditEntry).filter_by(fact="SealEnrolled").count() == 1


def test_a_new_seal_replaces_the_one_before(app, at):
    for _ in range(2):
        upload(at("records"), "/records/seals/add", SEAL, **FORM)
    states = [seal.state for seal in db.session.query(SealKey).order_by(SealKey.id)]
    assert states == [KeyState.REPLACED, KeyState.ACTIVE]


def png(size: tuple[int, int] = (200, 200), colour: tuple[int, ...] = (0, 0, 0, 0)) -> bytes:
    target = BytesIO()
    Image.new("RGBA", size, colour).save(target, "PNG")
    return target.getvalue()


BAD = {
    "text": b"no picture", "an empty file": b"", "a photograph": png(colour=(255, 255, 255, 255)),
    "nothing drawn": png(), "too small": png((10, 10)), "too wide": png((3000, 100)),
    "half a file": SEAL[: len(SEAL) // 2],
    "too large": SEAL + bytes(600 * 1024), "a page": b"<svg onload='x'></svg>",
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("path", ["/records/seals/add", "/records/signature-pictures/add"])
def test_a_bad_picture_is_refused_at_its_field(app, at, kind, path):
    form = FORM if "seals" in path else {"person_id": str(Resolving().who["head"].person_id)}
    page = upload(at("records"), path, BAD[kind], **form)
    assert page.status_code == 422
    assert error_at(page, "picture")
    assert (db.session.query(SealKey).count(), db.session.query(SignaturePicture).count()) == (0, 0)
    assert PIN not in page.text
    assert db.session.query(Refusal).count() == 1


def test_no_picture_at_all_is_said_at_the_field(app, at):
    page = upload(at("records"), "/records/seals/add", None, **FORM)
    assert (page.status_code, bool(error_at(page, "picture"))) == (422, True)


@pytest.mark.parametrize(
    ("field", "pins"),
    [("pin_again", ("240619", "240618")), ("pin", ("123456", "123456")), ("pin", ("1", "1")), ("pin", ("", "")),
     ("pin", ("24061\x00", "24061\x00"))],
)  # fmt: skip
def test_a_pin_that_cannot_be_used_is_said_at_its_field_and_not_shown_again(app, at, field, pins):
    page = upload(at("records"), "/records/seals/add", SEAL, body_id="1", pin=pins[0], pin_again=pins[1])
    assert page.status_code == 422
    assert error_at(page, field)
    assert not re.search(r'name="pin(_again)?"[^>]*value="[^"]', page.text)
    assert db.session.query(SealKey).count() == 0


def test_a_suspended_seal_seals_nothing_and_has_no_step_any_more(app, at):
    Resolving().equipped()
    page = at("records").get("/records/seals/1")
    assert "/records/seals/1/suspend" in page.text
    assert at("records").post("/records/seals/1/suspend").status_code == 302
    assert "/records/seals/1/suspend" not in at("records").get("/records/seals/1").text
    assert seals.standing_seal(1) is None
    assert at("records").client.post("/records/seals/1/suspend", json={}).status_code == 409


@pytest.mark.parametrize("name", ["clerk", "auditor", "head", "admin"])
def test_only_the_records_office_keeps_the_seal(app, at, name):
    Resolving().equipped()
    assert upload(at(name), "/records/seals/add", SEAL, **FORM).status_code == 403
    assert at(name).client.post("/records/seals/1/suspend", json={}).status_code == 403
    assert db.session.query(SealKey).one().state is KeyState.ACTIVE


def test_a_seal_of_another_body_is_refused(app, at):
    page = upload(at("records"), "/records/seals/add", SEAL, body_id="2", pin=PIN, pin_again=PIN)
    assert page.status_code in {404, 422}
    assert db.session.query(SealKey).count() == 0


# -- specimen signatures ----------------------------------------------------------------------------------------------


def test_the_latest_specimen_of_a_person_counts_and_the_earlier_ones_stay(app, at):
    person = Resolving().who["deputy"].person_id
    for picture in (SPECIMEN, pades.signature_picture("Lê Hai")):
        saved = upload(at("records"), "/records/signature-pictures/add", picture, person_id=str(person))
        assert saved.status_code == 302
    kept = db.session.query(SignaturePicture).order_by(SignaturePicture.id).all()
    assert len(kept) == 2
    assert seals.picture_of(person) == kept[-1].png
    page = at("records").get("/records/signature-pictures/")
    assert page.text.count("/records/signature-pictures/1/picture.png") == 1
    assert at("records").get("/records/signature-pictures/2/picture.png").data == kept[-1].png


def test_what_a_picture_file_carries_beside_its_pixels_is_not_kept(app, at):
    person = Resolving().who["deputy"].person_id
    chunk = b"tEXtComment\x00" + b"nguoi ve"
    hidden = SPECIMEN[:-12] + _chunk(chunk) + SPECIMEN[-12:]
    upload(at("records"), "/records/signature-pictures/add", hidden, person_id=str(person))
    assert b"nguoi ve" not in db.session.query(SignaturePicture).one().png


def _chunk(content: bytes) -> bytes:
    import zlib

    return (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
