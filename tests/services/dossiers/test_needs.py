"""A dossier's requirements against the vault: present, missing, expired, to confirm, not concerned, or a question."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from services.aids import catalogue
from services.aids.catalogue import Period
from services.dossiers.actions import dossiers as actions
from services.dossiers.content import conditions
from services.dossiers.content.freshness import ANY, freshness
from services.dossiers.content.needs import Wanted, needs
from services.dossiers.content.situation import FIELDS, Situation
from services.dossiers.enums import Choice, NeedState
from services.procedures.rules import Section
from services.procedures.rules import of_aid as rules_of
from tests.accounts.factories import ResidentFactory, signed_in
from tests.services.dossiers.made import add_paper, fill, months_ago, start
from tests.vault.made import HOME, HOUSEHOLD, add
from vault import types
from vault.records import gate
from vault.records.enums import Outcome, PaperState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


def lines(resident, *aids, **choices):
    dossier = start(resident, *aids)
    return {need.key: need for need in actions.read_needs(dossier)}


def need(resident, key, *aids):
    return lines(resident, *(aids or ("rsa",)))[key]


RIB, CNI, PAYSLIP = "paper:rib:applicant", "paper:cni:applicant", "paper:bulletin_salaire:household"


def test_empty_vault_misses_only_the_needs_of_everyone(resident):
    values = {key: line.state for key, line in lines(resident, "rsa").items() if key.startswith("values:")}
    assert values == {
        "values:identite.pivot": NeedState.MISSING,
        "values:identite.contact": NeedState.MISSING,
        "values:foyer.composition": NeedState.MISSING,
        "values:logement.domicile": NeedState.MISSING,
        "values:fiscal.avis_ir": NeedState.MISSING,
    }


@pytest.mark.usefixtures("autumn_2026")
def test_values_of_the_vault_are_taken_without_a_question(resident):
    fill(resident)
    found = lines(resident, "rsa")
    assert found["values:fiscal.avis_ir"].state == NeedState.PRESENT
    assert found["values:foyer.composition"].state == NeedState.PRESENT


def asking(resident, *fields):
    """Return the one line of a procedure that asks for these fields."""
    rules = replace(rules_of(catalogue.get("rsa")), sections=(Section("", fields),), papers=())
    values = gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=[*FIELDS, *fields])
    found = needs(aids=[rules], situation=Situation(values, resident.pk), papers=[], kinds={}, choices={})
    return found[0]


def test_a_home_without_its_street_and_a_school_without_its_code_are_not_complete(resident):
    add(resident, "logement.domicile", {"adresse": {"commune": "Villebrume", "cog": "00042"}})
    line = need(resident, "values:logement.domicile")
    assert (line.state, line.settled, line.lacking) == (NeedState.MISSING, False, ("logement.domicile#/adresse",))
    assert "Il manque" in line.hint and "Adresse" in line.hint and line.joined, "what is known goes all the same"
    answer = signed_in(resident).get(reverse("dossiers:dossier", args=[start(resident, "rsa").pk]), follow=True)
    assert "Il manque" in answer.content.decode()
    add(resident, "logement.domicile", HOME)
    assert need(resident, "values:logement.domicile").state == NeedState.PRESENT
    first = timezone.localdate().year - (timezone.localdate().month < 8)
    school = {"annee_scolaire": f"{first}-{first + 1}", "est_scolarise": True}
    add(resident, "scolarite.eleve", school, person=uuid4(), role="child")
    assert asking(resident, "scolarite.eleve#/uai").lacking == ("scolarite.eleve#/uai",)
    listed = asking(resident, "scolarite.eleve#/annee_scolaire", "scolarite.eleve#/est_scolarise")
    assert listed.state == NeedState.PRESENT, "what the procedure does not list is not compulsory"


YESTERDAY = date(2026, 11, 24)
STATES: list[tuple[str, dict[str, Any], NeedState]] = [
    (PaperState.KEPT, {}, NeedState.PRESENT),
    (PaperState.TO_CONFIRM, {}, NeedState.TO_CONFIRM),
    (PaperState.QUARANTINED, {}, NeedState.CHECKING),
    (PaperState.CHECKING, {}, NeedState.CHECKING),
    (PaperState.REFUSED, {}, NeedState.MISSING),
    (PaperState.KEPT, {"expires_on": YESTERDAY}, NeedState.EXPIRED),
    (PaperState.KEPT, {"expires_on": YESTERDAY + timedelta(days=1)}, NeedState.PRESENT),
]


@pytest.mark.usefixtures("autumn_2026")
def test_a_paper_counts_by_its_state_and_its_end():
    for state, columns, expected in STATES:
        someone = ResidentFactory()
        add_paper(someone, "cni", state=state, **columns)
        assert need(someone, CNI).state == expected, (state, columns)


def test_a_substitute_counts_and_the_paper_asked_for_comes_first(resident):
    passport = add_paper(resident, "passeport")
    assert need(resident, CNI).papers == (passport.pk,)
    card = add_paper(resident, "cni")
    assert need(resident, CNI).papers == (card.pk,)


def test_papers_of_other_residents_are_ignored(resident, stranger):
    add_paper(stranger, "cni")
    assert need(resident, CNI).state == NeedState.MISSING


def test_three_payslips_are_three_and_recent(resident):
    add(resident, "foyer.situation", {"activite": "actif"})
    for age in (0, 1):
        add_paper(resident, "bulletin_salaire", issued_on=months_ago(age))
    line = need(resident, PAYSLIP)
    assert (line.state, len(line.papers)) == (NeedState.MISSING, 2)
    assert "1" in line.hint
    add_paper(resident, "bulletin_salaire", issued_on=months_ago(9))
    assert need(resident, PAYSLIP).state == NeedState.MISSING
    add_paper(resident, "bulletin_salaire", issued_on=months_ago(2))
    assert need(resident, PAYSLIP).state == NeedState.PRESENT


def test_paper_without_a_date_is_accepted_with_a_warning(resident):
    add(resident, "logement.domicile", {**HOME, "statut_occupation": "loge_gratuitement"})
    add_paper(resident, "attestation_hebergement")
    line = need(resident, "paper:attestation_hebergement:host")
    assert line.state == NeedState.PRESENT
    assert "date" in line.hint


PERMIT, HOST = "paper:titre_sejour:applicant", "paper:attestation_hebergement:host"
FAMILY, CUSTODY = "paper:livret_famille:household", "paper:decision_garde_pension:household"
ALONE = {**HOUSEHOLD, "enfants": []}
CONDITIONS: list[tuple[str, dict[str, Any], str, NeedState]] = [
    ("foyer.situation", {"nationalite": "autre"}, PERMIT, NeedState.MISSING),
    ("foyer.situation", {"nationalite": "FR"}, PERMIT, NeedState.NOT_CONCERNED),
    ("foyer.situation", {"nationalite": "UE"}, PERMIT, NeedState.NOT_CONCERNED),
    ("foyer.situation", {"activite": "actif"}, PERMIT, NeedState.ASK),
    ("foyer.situation", {"activite": "actif"}, PAYSLIP, NeedState.MISSING),
    ("foyer.situation", {"activite": "retraite"}, PAYSLIP, NeedState.NOT_CONCERNED),
    ("foyer.situation", {"activite": "chomeur"}, PAYSLIP, NeedState.ASK),
    ("foyer.composition", HOUSEHOLD, FAMILY, NeedState.MISSING),
    ("foyer.composition", ALONE, FAMILY, NeedState.NOT_CONCERNED),
    ("foyer.composition", ALONE, CUSTODY, NeedState.NOT_CONCERNED),
    ("logement.domicile", {**HOME, "statut_occupation": "loge_gratuitement"}, HOST, NeedState.MISSING),
    (
        "logement.domicile",
        {**HOME, "statut_occupation": "locataire_hlm"},
        HOST,
        NeedState.NOT_CONCERNED,
    ),
    ("logement.domicile", HOME, HOST, NeedState.ASK),
]


def test_a_condition_is_answered_by_what_is_known_or_asked():
    for type_code, payload, key, expected in CONDITIONS:
        someone = ResidentFactory()
        add(someone, type_code, payload)
        line = need(someone, key)
        assert line.state == expected, (type_code, payload, key)
        assert bool(line.question) == (expected == NeedState.ASK)


def test_nationality_of_a_child_does_not_answer_for_the_resident(resident):
    child = uuid4()
    add(resident, "foyer.situation", {"nationalite": "FR"}, person=child, role="child")
    assert need(resident, PERMIT).state == NeedState.ASK


def test_the_resident_answers_for_themselves_and_may_change_their_mind(resident):
    dossier, key = start(resident, "rsa"), "paper:titre_sejour:applicant"

    def state():
        return next(line for line in actions.read_needs(dossier) if line.key == key).state

    assert state() == NeedState.ASK
    for choice, expected in [
        (Choice.CONCERNED, NeedState.MISSING),
        (Choice.NOT_CONCERNED, NeedState.NOT_CONCERNED),
        (Choice.LEFT_OUT, NeedState.LEFT_OUT),
        (None, NeedState.ASK),
    ]:
        actions.choose(dossier=dossier, by=resident.pk, key=key, choice=choice)
        assert state() == expected


@pytest.mark.usefixtures("autumn_2026")
def test_proven_value_replaces_its_paper(resident):
    key = "paper:attestation_qf:household"
    payload = {"fournisseur": "CNAF", "valeur": 526, "annee": 2026, "mois": 11}
    before = lines(resident, "ville_cantine")
    assert before[key].state == NeedState.MISSING
    add(resident, "social.quotient_familial", payload)
    assert lines(resident, "ville_cantine")[key].state == NeedState.MISSING, "one's own word does not spare it"
    add(resident, "social.quotient_familial", payload, holder="caf", method="api_pull", assurance="holder_verified")
    assert lines(resident, "ville_cantine")[key].state == NeedState.NOT_CONCERNED


def test_two_aids_ask_for_each_paper_once(resident):
    found = [line.key for line in actions.read_needs(start(resident, "rsa", "prime_activite", "aide_logement"))]
    assert len(found) == len(set(found))
    assert found.count(RIB) == 1


def test_together_two_aids_ask_for_the_most_and_the_freshest():
    one, two = (Wanted.of(wanted) for wanted in catalogue.get("rsa").papers[:2])
    recent = freshness(Period("age", 3))
    merged = one.with_(replace(two, count=4, freshness=recent))
    assert merged.count == 4
    assert merged.freshness == recent
    assert [condition and condition.field for condition in merged.conditions] == [None, "foyer.situation#/nationalite"]


def test_every_condition_of_the_catalogue_has_its_rule_and_a_question():
    found = {one for aid in catalogue.all_aids() for paper in aid.papers if (one := paper.condition)}
    assert len(found) > 15 and all(condition.type in conditions.TESTS for condition in found)
    assert all(str(conditions.question(condition)) for condition in found if condition.type != "unread")


def test_a_period_says_which_papers_count():
    assert freshness(Period("valid")) == freshness(Period("latest")) == freshness(None) == ANY
    assert str(freshness(Period("age", 6)).words) == "de moins de 6 mois"
    assert str(freshness(Period("last", 3)).words) == "des 3 derniers mois"


def test_the_same_payslip_twice_is_one(resident):
    add(resident, "foyer.situation", {"activite": "actif"})
    for age in (0, 0, 1):
        add_paper(resident, "bulletin_salaire", issued_on=months_ago(age))
    line = need(resident, PAYSLIP)
    assert (line.state, len(line.papers)) == (NeedState.MISSING, 2)
    add_paper(resident, "bulletin_salaire", issued_on=months_ago(2))
    assert need(resident, PAYSLIP).state == NeedState.PRESENT


def test_each_aid_of_the_catalogue_makes_a_list(resident):
    for aid in catalogue.all_aids():
        found = actions.read_needs(start(resident, aid.code))
        assert found, aid.code
        assert all(types.field_exists(field_id) for line in found for field_id in line.fields)


def test_an_unknown_aid_is_refused(resident):
    for codes in (["inconnue"], []):
        with pytest.raises(actions.UnknownAid):
            actions.start(resident_id=resident.pk, aids=codes)


def test_the_same_form_sent_twice_gives_one_dossier(resident):
    token = uuid4()
    assert start(resident, token=token).pk == start(resident, token=token).pk


def test_paper_that_agencies_may_not_ask_for_is_flagged_and_optional(resident, monkeypatch):
    asked = lines(resident, "rsa")[RIB]
    assert asked.required and "pas le droit" not in asked.hint
    monkeypatch.setattr("vault.records.papers.checks.minimum.asked", lambda *_said: Outcome.FAILED)
    refused = lines(resident, "rsa")[RIB]
    assert not refused.required and "n’a pas le droit de demander ce papier" in refused.hint
