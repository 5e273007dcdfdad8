"""The matrix in the docs says what the programs say today, of a sample or under ECABINET_TEST_FULL of every file."""

import os

import pytest

from tests.gateways import honest_corpus, verdict_matrix
from tests.gateways.signed_corpus import VARIANTS
from tests.gateways.verdict_matrix import CLASSES, COMMAND, LEVELS, PRESERVED, YES, class_of, summary, written

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
FIRST = {class_of(variant): variant for variant in reversed(VARIANTS)}  # of each class the first one
SAMPLE = VARIANTS if FULL else list(FIRST.values())
AGAIN = f"docs/verification-matrix.md is not what the programs say; write it again: {COMMAND}"


def test_every_file_of_the_corpus_has_its_row():
    rows = written()
    assert list(rows) == ["", *CLASSES]
    for name in CLASSES:
        told = [said.name for said in rows[name]]
        assert told == [variant.name for variant in VARIANTS if class_of(variant) == name], AGAIN
        assert told
    assert [said.name for said in rows[""]] == [*(level.name for level in LEVELS), *PRESERVED]


@pytest.mark.parametrize("variant", SAMPLE, ids=lambda variant: variant.name)
def test_a_hostile_file_is_judged_as_the_matrix_says(variant, tmp_path):
    said = verdict_matrix.hostile(variant, tmp_path)
    assert said in written()[class_of(variant)], AGAIN
    assert said.state != "valid"


def test_the_honest_levels_are_valid_for_everybody(tmp_path):
    (tmp_path / "keys").mkdir()
    with honest_corpus.keys(tmp_path / "keys") as held:
        for level in LEVELS if FULL else LEVELS[2:5]:
            said = verdict_matrix.honest(level, held, tmp_path)
            assert said in written()[""], AGAIN
            assert {said.state, said.pdfsig, said.cms, said.pyhanko} == {YES}
            assert said.ts == (verdict_matrix.SILENT if level.name.startswith("B-B,") else YES)


@pytest.mark.parametrize("name", PRESERVED)
def test_the_long_term_forms_are_valid_for_everybody(tmp_path, name):
    said = verdict_matrix.preserved(name, tmp_path)
    assert said in written()[""], AGAIN
    assert {said.state, said.pdfsig, said.cms, said.ts, said.pyhanko} == {YES}


def test_the_counts_of_the_page_are_those_of_its_rows():
    text = verdict_matrix.DOCUMENT.read_text(encoding="utf-8").splitlines()
    for name, said in written().items():
        assert summary(name or "Honest documents", said) in text
