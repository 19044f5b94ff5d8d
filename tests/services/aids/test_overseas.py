"""Overseas, our rules do not cover every aid: such an aid is neither promised nor refused."""

from typing import Any

import pytest

from services.aids import results
from services.aids.household.from_json import read
from services.aids.reasons import overseas
from services.aids.results import Result
from tests.services.aids import people

pytestmark = pytest.mark.slow


def found(insee: str) -> dict[str, Result]:
    document: dict[str, Any] = people.family()
    document["housing"]["insee"] = insee
    return {one.code: one for one in results.compute(read(document)).results}


@pytest.mark.parametrize("insee", ["97105", "97209", "97302", "97411"])
@pytest.mark.parametrize("code", ["aide_logement", "af", "cf", "logement_social"])
def test_in_the_four_departments_an_aid_with_rules_of_its_own_gets_no_amount(insee, code):
    aid = found(insee)[code]
    assert (aid.status, aid.amount, aid.high, aid.explanation.figures) == ("unknown", 0, 0, [])
    [reason] = aid.explanation.reasons
    assert "ne couvrent pas" in reason.text and str(aid.benefit.given_by) in reason.text


def test_in_the_four_departments_the_other_aids_keep_their_amount():
    here, there = found("69123"), found("97411")
    for code in ("rsa", "prime_activite", "ars"):
        assert there[code].status == here[code].status != "unknown"


@pytest.mark.parametrize("insee", ["97502", "97611", "97701", "97801", "98818", "98735"])
def test_elsewhere_overseas_no_aid_is_promised_or_refused(insee):
    assert {aid.status for aid in found(insee).values()} == {"unknown"}


def test_on_the_mainland_and_in_corsica_every_aid_is_covered():
    for insee in ("69123", "2A004", "94080", "91228"):
        assert not any(
            "ne couvrent pas" in reason.text for aid in found(insee).values() for reason in aid.explanation.reasons
        )


@pytest.mark.parametrize(
    ("insee", "name", "office"),
    [
        ("97411", "CPAM ou MSA", "la caisse générale de sécurité sociale (CGSS)"),
        ("97411", "l’Assurance maladie", "la caisse générale de sécurité sociale (CGSS)"),
        ("97611", "CAF ou MSA", "la caisse de sécurité sociale de Mayotte"),
        ("97611", "France Travail", "France Travail"),
        ("69123", "CPAM ou MSA", "CPAM ou MSA"),
    ],
)
def test_an_office_is_named_as_the_place_has_it(insee, name, office):
    assert overseas.name_office(name, insee) == office


def test_in_mayotte_an_aid_without_rules_names_the_office_there():
    [reason] = found("97611")["rsa"].explanation.reasons
    assert "sécurité sociale de Mayotte" in reason.text
