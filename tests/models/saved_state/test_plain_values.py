"""What passes for a number in the file of a model."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from backpain_risk.models.saved_state.plain_values import Finite, Number, Probability
from backpain_risk.models.saved_state.whole_file import KINDS, check_file

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("text", ["inf", "-inf", "nan"])
def test_what_json_has_no_number_for_is_written_as_text(text):
    assert str(TypeAdapter(Number).validate_python(text)) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Number, "1.5"), (Number, True), (Finite, "inf"), (Probability, 1.0), (Finite, 10**400)],
)
def test_anything_else_is_no_number(kind, value):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_a_file_of_an_unknown_kind_is_refused_in_one_sentence():
    content = {"notice": "", "package_version": "1", "model": {"kind": "OtherModel"}}
    with pytest.raises(ValueError, match=r"m.json must hold a whole model; model: .*OtherModel"):
        check_file(content, "m.json")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_can_be_saved_is_described(kind):
    """Else a model would be written that nobody can read."""
    content = {"notice": "", "package_version": "1", "model": {"kind": kind}}
    with pytest.raises(ValueError, match="must hold a whole model") as refused:
        check_file(content, "m.json")
    assert "expected tags" not in str(refused.value)
