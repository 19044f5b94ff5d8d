"""The names on a paper: a couple is two people, and a family name alone names nobody."""

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import override

from vault.types.names import first_name, is_named, is_stand_in


@pytest.mark.parametrize(
    "text",
    [
        "DUPONT JEAN",
        "M. Jean Dupont",
        "M DUPONT JEAN ET MME MARTIN LEA",
        "Mme MARTIN Léa ou M. DUPONT Jean",
        "DUPOND JEAN",
        "Dupont Jean Paul",
    ],
)
def test_a_person_is_found_whichever_way_their_name_is_written(text: str) -> None:
    assert is_named(text, ["Dupont"], ["Jean"])


@pytest.mark.parametrize("text", ["M DUPONT PAUL ET MME MARTIN JEAN", "DUPONT", "M. et Mme DUPONT", "MARTIN JEAN", ""])
def test_names_of_two_people_are_never_combined(text: str) -> None:
    assert not is_named(text, ["Dupont"], ["Jean"])


def test_the_name_in_use_matches_and_an_unknown_given_name_is_ignored() -> None:
    assert is_named("MARTIN LEA", ["Dupont", "Martin"], ["Léa"])
    assert is_named("DUPONT JEAN", ["Dupont"], [""])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_words_of_the_questions_stand_for_first_names_and_name_nobody(language: str) -> None:
    with override(language):
        written = [_("Moi"), _("Mon conjoint"), _("Enfant %(rank)s") % {"rank": 2}]
    assert all(is_stand_in(text) and first_name(text) == text for text in written)
    assert not is_stand_in("Nadia Maëlle") and first_name("Nadia Maëlle") == "Nadia"
