"""The interview refuses impossible numbers and asks again about unusual ones, as the vault does."""

import pytest

from services.aids.facts import answers
from services.aids.facts.answers import Way
from services.aids.forms import AnswerForm


def asked(**typed):
    return AnswerForm(typed, way=Way(answers.AMOUNT), field_id="logement.domicile#/loyer", label="Loyer", hint="")


@pytest.mark.parametrize("typed", ["1e400", "999999999", "-5", "NaN", "douze"])
def test_an_impossible_number_is_refused(typed):
    form = asked(answer=typed, answer_sure=typed)
    assert not form.is_valid() and len(form.errors["answer"]) == 1


def test_an_unusual_number_is_confirmed():
    assert not asked(answer="9 000").is_valid()
    assert asked(answer="9 000", answer_sure="9000.00").is_valid()
    assert "c’est bien cela" in str(asked(answer="9 000").errors["answer"][0])
