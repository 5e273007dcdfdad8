"""What is typed into a slip: refused in clear words, with what would be right; nothing is lost."""

import pytest

from app.workflows.engine.errors import Detached
from app.workflows.engine.text import BadText
from app.workflows.opinion_texts import HiddenText, LegacyText, TooLong, opinion
from tests.rules.old_encodings import to_tcvn3, to_vni

SLIP = Detached("slip", 1, None, 1)
SAID = "Nhất trí với dự thảo; đề nghị bổ sung Điều 5.\nGiữ nguyên khoản 2."


def test_ordinary_text_is_taken_as_it_is(app):
    assert opinion(SLIP, f" {SAID}\r\n", "remark") == SAID
    assert opinion(SLIP, None, "remark") == ""
    with pytest.raises(BadText):
        opinion(SLIP, " ", "remark", wanted=True)


def test_a_hidden_character_is_refused_with_its_place_and_the_text_without_it_is_offered(app):
    """rule:R61"""
    with pytest.raises(HiddenText, match="U\\+202E") as refused:
        opinion(SLIP, SAID.replace("khoản", "\u202ekhoản"), "remark")
    assert (refused.value.field, refused.value.http_status, refused.value.offered) == ("remark", 422, SAID)
    assert refused.value.details | {"sign": ""} == {"line": 2, "column": 12, "sign": ""}


@pytest.mark.parametrize(("typed", "name"), [(to_tcvn3(SAID), "TCVN3"), (to_vni(SAID), "VNI")])
def test_an_old_encoding_is_recognised_and_the_conversion_offered(app, typed, name):
    """rule:R63"""
    with pytest.raises(LegacyText, match=name) as refused:
        opinion(SLIP, typed, "remark")
    assert refused.value.offered == SAID
    assert opinion(SLIP, refused.value.offered, "remark") == SAID


def test_who_means_it_sends_it_again(app):
    assert opinion(SLIP, to_vni(SAID), "remark", ask=False) == to_vni(SAID)


def test_a_text_of_a_megabyte_is_refused_with_its_length(app):
    with pytest.raises(TooLong, match="1000000") as refused:
        opinion(SLIP, "a" * 1_000_000, "remark")
    assert len(refused.value.offered) == 10_000


def test_half_a_character_is_refused(app):
    with pytest.raises((BadText, HiddenText)):
        opinion(SLIP, "a\udfffb", "remark")
