"""A procedure that asks what the law denies is refused, with the article."""

from typing import Any

import pytest

from services.procedures import denied, rules, shipping
from services.procedures.actions import procedures as actions
from services.versions.actions import versions
from tests.services.procedures.written import NURSERY, RENTAL, asking, document, paper
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db

CRPA = "code des relations entre le public et l’administration"
QUITTANCE = {"period": {"type": "age", "months": 3}}
#: Who receives the paper learns the answer.
IF_WOMAN = {"type": "value", "field": "identite.pivot#/gender", "in": ["female"], "question": "Êtes-vous une femme ?"}


def said(item: dict[str, Any]) -> list[str]:
    assert rules.problems(item) == []
    return [one.sentence.replace("\u00a0", " ") for one in denied.refusals(item, paper_kinds.by_code())]


REFUSED: list[tuple[dict[str, Any], str]] = [
    (asking("identite.pivot#/gender"), "RGPD, article 5"),
    (asking("identite.pivot#/gender"), "C-394/23"),
    (asking("foyer.situation#/nationalite"), "RGPD, article 5"),
    (asking("foyer.situation#/enceinte"), "RGPD, article 9"),
    (asking("handicap.decision#/taux_incapacite"), "RGPD, article 9"),
    (asking(papers=[paper("carnet_vaccination")]), "RGPD, article 9"),
    (asking(papers=[paper("cni", condition=IF_WOMAN)]), "C-394/23"),
    (asking(papers=[paper("avis_impot")]), "L113-12 et L114-8"),
    (asking(papers=[paper("avis_impot", condition={"type": "wages"})]), "L113-12 et L114-8"),
    (asking(papers=[paper("facture_energie", **QUITTANCE)]), "R113-8"),
    (asking(papers=[paper("acte_naissance")]), "R113-5"),
    (asking(papers=[paper("livret_famille", **QUITTANCE)]), "R113-7"),
    (asking(papers=[paper("cheque_energie")]), "personne ne peut l’exiger"),
    (document(papers=[paper("bulletin_salaire", required=False)]), "article L131-13"),
    (document(papers=[paper("attestation_employeur")]), "article L131-13"),
    (document(sections=[{"title": "Travail", "fields": ["emploi.revenu#/mois"]}]), "article L131-13"),
    (document(RENTAL, papers=[paper("releve_bancaire", required=False)]), "2015-1437"),
    (document(RENTAL, papers=[paper("carte_vitale")]), "2015-1437"),
    (document(RENTAL, papers=[paper("cni", alternatives=["releve_bancaire"])]), "2015-1437"),
    (
        document(RENTAL, guarantors={"most": 1, "papers": [paper("cni", alternatives=["releve_bancaire"])]}),
        "2015-1437",
    ),
    (document(RENTAL, guarantors={"most": 1, "papers": [paper("releve_bancaire")]}), "2015-1437"),
    (document(guarantors={"most": 1, "papers": [paper("cni")]}), "garant"),
]


def test_what_the_law_denies_is_refused_with_its_article():
    for item, article in REFUSED:
        found = said(item)
        assert any(article in sentence for sentence in found), (article, found)


ALLOWED: list[dict[str, Any]] = [
    asking("identite.pivot#/gender", bases={"identite.pivot#/gender": "Code du sport, article L1"}),
    asking(papers=[paper("carnet_vaccination", basis="Code de la santé publique, article L3111-2")]),
    asking(papers=[paper("cni", condition=IF_WOMAN, basis="Code du sport, article L1")]),
    asking(papers=[paper("avis_impot", condition={"type": "unread"})]),
    asking(papers=[paper("avis_impot", required=False)]),
    asking(papers=[paper("facture_energie", alternatives=["attestation_honneur"])]),
    asking(papers=[paper("facture_energie", basis="Décret qui l’exige")]),
    asking(papers=[paper("acte_naissance", alternatives=["livret_famille"])]),
    document(NURSERY),
    document(RENTAL, papers=[paper("avis_impot"), paper("facture_eau", required=False)][:1]),
]


def test_what_a_text_allows_or_what_is_only_useful_is_not_refused():
    assert [said(item) for item in ALLOWED] == [[]] * len(ALLOWED)


def test_a_text_does_not_lift_what_no_text_can():
    """The canteen, a landlord's closed list, what another administration has."""
    assert said(document(papers=[paper("bulletin_salaire", basis="Règlement intérieur")]))
    assert said(document(RENTAL, papers=[paper("releve_bancaire", basis="Règlement intérieur")]))
    assert said(asking(papers=[paper("avis_impot", basis="Règlement intérieur")]))
    assert said(asking(papers=[paper("facture_energie", basis="   ")])), "an empty text is none"
    assert said(asking("identite.pivot#/gender", bases={"identite.pivot#/gender": "   "}))


def test_a_denied_procedure_is_neither_proposed_nor_published(author, second):
    draft = actions.begin(by=author, item=asking("identite.pivot#/gender"))
    with pytest.raises(versions.Faulty, match="C-394/23"):
        versions.try_out(row=draft, by=author)
    lawful = versions.try_out(row=actions.begin(by=author, item=asking()), by=author)
    type(lawful).objects.filter(pk=lawful.pk).update(rules=draft.rules)
    lawful.refresh_from_db()
    with pytest.raises(versions.Faulty, match="C-394/23"):
        versions.publish(row=lawful, by=second)


def test_what_comes_with_the_portal_is_lawful_and_whole():
    for item in shipping.shipped():
        assert (rules.problems(item), rules.to_write(item), said(item)) == ([], [], []), item["code"]
    assert len(shipping.load()) == 3 == len(shipping.load())
