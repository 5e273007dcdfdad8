"""The public page, the command and the pages of the application say the same of the same bytes."""

import json
import os
import re
from hashlib import sha256

import pytest
from flask import Flask, current_app
from flask_babel import force_locale
from sqlalchemy import delete, update

from app import commands_verify
from app.extensions import db
from app.gateways import pades, signing, storage, timestamp
from app.models import Certificate, CertificateRevocation, ResolutionFile, SignedStatement
from app.views import resolution_verdict
from app.workflows import verification
from tests.gateways import (  # each of the hostile modules adds to VARIANTS
    honest_corpus,
    hostile_changes,
    hostile_files,
    hostile_renewals,
    hostile_signers,
    hostile_stamps,
    preserve_cases,
)
from tests.gateways.hostile_stamps import GOOD_T
from tests.gateways.signed_corpus import AT, EXPECTED, GOOD, TRUSTED, VARIANTS, Variant
from tests.gateways.verdict_matrix import PRESERVED, class_of
from tests.resolving import Resolving
from tests.superuser import as_superuser
from tests.views.test_resolution_signing import vi
from tests.views.test_verification import band, send, words

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
FIRST = {class_of(variant): variant for variant in reversed(VARIANTS)}  # of each class the first one
HOSTILE = VARIANTS if FULL else list(FIRST.values())
STAMPED = {module.__name__ for module in (hostile_renewals, hostile_stamps)}  # made of the document with time stamps
UNSTAMPED = {module.__name__ for module in (hostile_changes, hostile_files, hostile_signers)}
HONEST = range(0, honest_corpus.COUNT, 1 if FULL else 54)
BANDS = {"ok": "valid", "bad": "invalid", "warn": "undetermined"}
LATER = preserve_cases.LATER["at"]
LARGE = 20 << 20


def first_part(final: bytes) -> bytes:
    """The document as its first signature left it."""
    found = re.search(rb"/ByteRange\s*\[\s*\d+\s+\d+\s+(\d+)\s+(\d+)", final)
    return final[: sum(map(int, found.groups()))]


class Register:
    """A promulgated Resolution whose rows become those of other documents, by the hand of the database's owner."""

    def __init__(self, app: Flask, scene: Resolving, clock) -> None:
        self.app, self.scene, self.clock = app, scene, clock

    def holds(self, final: bytes, expected, trusted, revoked=()) -> "Register":
        """From now on the register has this document, and its pins."""
        seen = pades.verdict(final, expected, trusted, self.clock.now).signers
        rows = {row.role.value: row for row in self.scene.resolution.signatures}
        for pin, signer, pdf in zip(expected, seen, (first_part(final), final), strict=True):
            der = pin.certificates if isinstance(pin.certificates, bytes) else pin.certificates[0]
            row, serial = rows[pin.role], signing.certificate_facts(der).serial
            self._set(Certificate, row.statement.certificate_id, der=der, serial=serial, sha256=sha256(der).hexdigest())
            self._set(SignedStatement, row.statement_id, sha256=signer.covered_sha256, signed_at=signer.time)
            kept = storage.store().put(pdf, LARGE)
            self._set(ResolutionFile, row.file_id, sha256=kept.sha256, size=kept.size)
            db.session.execute(delete(CertificateRevocation))
            since = dict(revoked).get(serial)
            if since:
                told = CertificateRevocation(certificate_id=row.statement.certificate_id, at=since, reason="x")
                db.session.add(told)
        db.session.commit()
        return self

    @staticmethod
    def _set(table, number: int, **values) -> None:
        db.session.execute(update(table).where(table.id == number).values(**values))
        db.session.expire_all()

    def said(self, pdf: bytes) -> tuple[str, list[str]]:
        """What everybody says of these bytes: the state and the codes of its reasons. They must not differ."""
        page = send(self.app.test_client(), "/xac-minh/", pdf, environ_base={"REMOTE_ADDR": _somebody()})
        told = current_app.test_cli_runner().invoke(args=["verify", "-", "--json"], input=pdf)
        found = json.loads(told.output)
        codes = [reason["code"] for reason in found["reasons"]]
        assert (BANDS[band(page)], told.exit_code) == (found["state"], commands_verify.EXIT_CODES[found["state"]])
        assert all(reason["message"] in words(page) for reason in found["reasons"])
        assert self._inside(pdf) == (found["state"], codes)
        return found["state"], codes

    def _inside(self, pdf: bytes) -> tuple[str, list[str]]:
        """The same file read by the application for itself, against what its records expect of it."""
        _verdict, document = verification.recognise(pdf, self.clock.now)
        about = document or verification.promulgated(verification.with_file(sha256(pdf).hexdigest()))
        pins = (verification.expected_of(about), verification.revocations_of(about)) if about else ((), {})
        found = pades.verdict(pdf, pins[0], signing.trusted(), self.clock.now, pins[1])
        return found.state, [reason.code for reason in found.reasons]


ASKED = iter(range(1 << 16))


def _somebody() -> str:
    """Another network each time: nobody may send very many files."""
    high, low = divmod(next(ASKED), 256)
    return f"10.1.{high}.{low}"


@pytest.fixture
def register(app, clock, monkeypatch, request):
    scene = Resolving().up_to("promulgated")
    signing.trust_also((*TRUSTED, *honest_corpus.TRUSTED))
    timestamp.use(None, (*preserve_cases.LATER["stampers"], *honest_corpus.STAMPERS))
    monkeypatch.setattr(commands_verify, "_now", lambda: clock.now)
    with as_superuser(request):
        yield Register(app, scene, clock)
    timestamp.use(None)
    signing.trust_also(())


def test_every_hostile_file_is_in_the_table():
    assert {_of(variant) for variant in VARIANTS} == STAMPED | UNSTAMPED


def test_hostile_files_are_judged_alike_and_are_never_valid(register, clock):
    said = {}
    for base, made_of, clock.now in ((GOOD, UNSTAMPED, AT), (GOOD_T, STAMPED, LATER)):
        register.holds(base, EXPECTED, TRUSTED)
        said |= {(each.name, each.pdf == base): register.said(each.pdf) for each in HOSTILE if _of(each) in made_of}
    assert len({name for name, _good in said}) == len({each.name for each in HOSTILE})
    # the good file itself is hostile elsewhere by what it is held against
    assert [name for (name, good), (state, _codes) in said.items() if (state == "valid") != good] == []


def _of(variant: Variant) -> str:
    return variant.make.__module__


def test_long_term_forms_are_valid_for_everybody(register, clock):
    clock.now = LATER
    for base in (GOOD, GOOD_T):
        register.holds(base, EXPECTED, TRUSTED)
        forms = {name: pdf for name, pdf in PRESERVED.items() if pdf.startswith(base)}
        forms = forms if FULL else dict([forms.popitem()])
        assert {name: register.said(pdf) for name, pdf in forms.items()} == dict.fromkeys(forms, ("valid", []))


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    with honest_corpus.keys(tmp_path_factory.mktemp("keys")) as keys:
        yield keys


def test_honest_documents_are_valid_for_everybody(register, clock, held):
    for number in HONEST:
        honest = honest_corpus.make(number, held)
        clock.now = honest.at
        register.holds(honest.pdf, honest.expected, honest_corpus.TRUSTED, honest.revoked)
        assert (number, register.said(honest.pdf)) == (number, ("valid", []))


# -- from the signature to the promulgation


def test_at_each_stage_everybody_says_the_same(app, clock, monkeypatch):
    """Nobody outside learns that there is a document before it is promulgated; one without a seal never was one."""
    scene, told = Resolving().up_to("presented"), {}
    clock.now = scene.later(3600)
    monkeypatch.setattr(commands_verify, "_now", lambda: clock.now)
    register, files = Register(app, scene, clock), {}
    for step in ("signed", "numbered", "sealed", "promulgated"):
        getattr(scene, step)()
        files = {one.role.value: storage.read(one.file.sha256) for one in scene.resolution.signatures}
        told[step] = register.said([*files.values()][-1])
    assert told == {
        "signed": ("invalid", ["seal_missing", "no_pins"]), "numbered": ("invalid", ["seal_missing", "no_pins"]),
        "sealed": ("undetermined", ["no_pins"]), "promulgated": ("valid", []),
    }  # fmt: skip
    assert register.said(files["signature"]) == ("invalid", ["seal_missing"]), "now it is known whose it is"


def test_the_page_of_a_resolution_says_what_it_lacks(app, clock):
    scene, said = Resolving().up_to("drafted"), []
    for step in ("presented", "signed", "numbered", "sealed", "promulgated"):
        getattr(scene, step)()
        with force_locale("vi"):
            shown = resolution_verdict.signatures(scene.resolution, scene.later(3600))
        said.append(shown and shown["label"])
    assert said == [None, *[vi("%(n)s valid, not sealed yet", n=1)] * 2, vi("%(n)s valid, not promulgated yet", n=2),
                    vi("%(n)s valid", n=2)]  # fmt: skip
