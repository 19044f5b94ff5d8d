"""Pages of aids with a full vault, a notice only or nothing, and the right to open them."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from accounts.models import User
from core import journal
from services.aids import catalogue, shipping
from services.aids.actions import simulations as actions
from tests.accounts.factories import signed_in
from tests.services.aids import people
from vault import types
from vault.records import gate
from vault.records.actions import Subject, add_record, withdraw_record
from vault.records.models import Paper, Record
from vault.records.values.decrypted import Opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
HOME = "/aides/"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.headers
    main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main).replace("\u00a0", " ").replace("&#x27;", "'"))


def kept(user: User) -> list[Record]:
    with scope(resident=user.pk):
        return list(Record.objects.current().filter(type="calcul.resultat"))


def test_a_full_vault_gives_amounts_reasons_and_nothing_to_type(awa):
    page = text(awa, HOME)
    order = [
        "Une situation urgente ?",
        "Argent non demandé",
        "vous pouvez demander",
        "vous recevez déjà",
        "vous n’avez pas droit",
    ]
    assert [page.index(title) for title in order] == sorted(page.index(title) for title in order)
    assert "Une question d’abord" not in page and "pas encore dire" not in page
    assert "Prime d’activité Estimation" in page and "Aide au logement" in page.split("Ce que vous recevez déjà")[1]
    assert "ce sont des estimations" in page.casefold()


def test_the_headline_is_what_is_due_and_not_received(awa, resident):
    simulation = people.simulated(resident)
    total = simulation.results.total("mois")
    assert f"{round(total)} €".replace(",", " ") in text(awa, HOME)
    assert all(result.code != "aide_logement" for result in simulation.results.claims)


def test_headline_is_called_a_minimum_only_while_an_answer_could_raise_it(awa, resident):
    assert "C’est un minimum" not in text(awa, HOME)
    with scope(resident=resident.pk):
        alimony = Record.objects.current().get(type="revenu.mensuel")
    withdraw_record(record=alimony, by=resident.pk)
    page = text(awa, HOME)
    assert "C’est un minimum : vos réponses peuvent l’augmenter." in page
    assert re.search(r"\d+ à \d+ € par mois", page)


def test_city_aids_are_listed_with_the_others(awa):
    page = text(awa, HOME)
    assert "1 € le repas Tarif de cantine" in page
    assert "Gratuit Bus gratuit pour les moins de 18 ans" in page
    assert "Carte culture jeune Il faut : avoir de 15 à 25 ans." in page


def test_a_full_price_says_that_it_is_for_want_of_a_quotient(awa, resident):
    assert "ce montant peut changer" not in text(awa, HOME)
    with scope(resident=resident.pk):
        quotients = list(Record.objects.current().filter(type="social.quotient_familial"))
    for quotient in quotients:
        withdraw_record(record=quotient, by=resident.pk)
    page = text(awa, HOME)
    assert "4,90 € le repas" in page and "Quotient familial pas connu : ce montant peut changer." in page


def test_refusal_gives_the_gap_and_the_break_even(awa):
    page = text(awa, reverse("aids:why", args=["rsa"]))
    assert "RSA : pourquoi vous n’y avez pas droit" in page
    assert "au-dessus de la limite" in page and "de revenus nets de moins par mois, vous y auriez droit." in page
    assert "Pas remplie" in page and "Corriger" in page


def test_an_explanation_links_each_figure_to_its_record_and_to_the_law(awa, resident):
    content = awa.get(reverse("aids:why", args=["cheque_energie"])).content.decode()
    with scope(resident=resident.pk):
        notice = Record.objects.current().filter(type="fiscal.avis_ir").order_by("period_start")[0]
    assert (
        reverse("records:history", args=[notice.pk]) in content
        and reverse("records:correct", args=[notice.pk]) in content
    )
    law = awa.get(reverse("aids:why", args=["rsa"])).content.decode()
    assert "https://www.legifrance.gouv.fr/" in law and "/dossiers/nouveau/?aide=cheque_energie" in content


@pytest.mark.parametrize("code", ["af", "c2s", "aah", "visale", "prime_noel", "pass_sport", "paje_naissance"])
def test_every_kind_of_explanation_opens(awa, code):
    assert "Les conditions" in text(awa, reverse("aids:why", args=[code]))


LOCAL = "/aides/cantine-qf/pourquoi/"


def test_a_local_aid_explains_itself(awa):
    page = text(awa, reverse("aids:why", args=["cantine-qf"]))
    assert "Tarif de cantine : pourquoi 1 € le repas" in page and "Délibération fictive" in page
    # Their own calculation: the version, the data with their records, the parameters, the operation.
    assert "applique seul la version 1 des règles" in page and "L311-3-1" in page
    assert "dans sa tranche : 1 €." in page and "Quotient familial de la CAF : " in page
    assert "jusqu’à 500 : 1 €" in page and "version=1" in awa.get(LOCAL).content.decode()


def test_a_question_of_the_city_is_asked_answered_and_not_asked_again(awa, resident):
    rule = next(item for item in catalogue.local_aids() if item["code"] == "mutuelle-ville")
    conditions = {"all": [{"type": "territory", "attached": True}, {"type": "scheme", "values": ["general"]}]}
    facts = {"commune": "00042", "scheme": "general"}
    cases = [
        {"persona": "Au régime général", "facts": facts, "expect": {"status": "granted"}},
        {"persona": "Au régime agricole", "facts": {**facts, "scheme": "agricole"}, "expect": {"status": "refused"}},
        {"persona": "Ailleurs", "facts": {**facts, "commune": "00043"}, "expect": {"status": "refused"}},
    ]
    amount = {"kind": "none"}
    told = {"valid_from": "2025-01-01", "conditions": conditions, "amount": amount, "tests": cases}
    shipping.write({**rule, **told, "kind": "service", "audience": "household"})
    asked = reverse("aids:question", args=[f"regime-{resident.pk}"])
    assert asked in awa.get(reverse("aids:home")).content.decode()
    assert "Régime agricole (MSA)" in text(awa, asked)
    assert awa.post(asked, {"answer": "general"}).status_code == 302
    page = awa.get(reverse("aids:home")).content.decode()
    assert asked not in page and rule["label"] in page


def test_page_with_a_tax_notice_only_promises_nothing_and_asks(resident, villebrume):
    people.notice(resident, 2023)
    browser = signed_in(resident)
    page = text(browser, HOME)
    assert re.search(
        r"Quelques questions d’abord Rien de sûr avec ce que nous savons aujourd’hui : \d+ aides attendent", page
    )
    assert f'href="{reverse("aids:interview")}"' in browser.get(HOME).content.decode()
    assert "D’autres réponses changeraient le résultat" not in page  # one question, not a wall of them
    assert "Ce que vous pouvez demander" not in page and "Argent non demandé" not in page
    assert "Ce que nous ne pouvons pas encore dire" in page and "Voir les" in page
    assert "Vivez-vous en couple ?" in page


def test_empty_vault_suggests_a_first_value(resident):
    page = text(signed_in(resident), HOME)
    assert "Le calcul attend une première valeur" in page and "Ajouter mon avis d’impôt" in page
    assert signed_in(resident).get(reverse("aids:why", args=["rsa"])).status_code == 302


def test_impossible_household_is_explained_and_not_computed(resident, villebrume):
    people.identity(resident, born="2015-01-01")
    child = {"nom_naissance": "TRAORÉ", "prenoms": "Moussa", "date_naissance": "2010-01-01"}
    own = {"id": str(resident.pk), "nom_naissance": "TRAORÉ", "prenoms": "Awa", "date_naissance": "1985-01-01"}
    people.put(resident, "foyer.composition", {"allocataires": [own], "enfants": [child]}, role="household")
    assert "cet enfant serait plus âgé que ses parents" in text(signed_in(resident), HOME)


def test_the_outcome_is_kept_once_and_again_only_when_a_value_changed(awa, resident):
    awa.get(HOME)
    first = kept(resident)
    awa.get(HOME)
    awa.get(reverse("aids:why", args=["rsa"]))
    assert [record.pk for record in kept(resident)] == [record.pk for record in first] and len(first) == 1
    people.payslip(resident, "2025-10", "1400.00")
    awa.get(HOME)
    assert len(kept(resident)) == 1 and kept(resident)[0].pk != first[0].pk
    assert kept(resident)[0].method == "derived"


def test_outcome_names_the_current_records_even_with_equal_values(awa, resident):
    def opened(*fields: str) -> Opened:
        return next(iter(gate.read_own(resident_id=resident.pk, purpose="test", fields=fields)))

    awa.get(HOME)
    before = opened(*types.fields_of("logement.domicile"))
    newer = add_record(
        resident_id=resident.pk,
        by=resident.pk,
        subject=Subject(type=before.type, person=resident.pk),
        payload=before.payload,
        supersedes=before.record_id,
    )
    awa.get(HOME)
    sources = {entry["record_id"] for entry in opened("calcul.resultat#/entrees").payload["entrees"]}
    assert str(newer.pk) in sources and str(before.record_id) not in sources


def test_the_outcome_is_kept_again_the_next_month(awa, resident):
    awa.get(HOME)
    first = kept(resident)[0].pk
    with time_machine.travel("2025-12-02 10:00:00+01:00", tick=True):
        people.simulated(resident)
    assert kept(resident)[0].pk != first


def test_the_outcome_is_kept_in_french_whatever_the_page_s_language(awa, resident):

    awa.cookies["garant_language"] = "en"
    assert awa.get(HOME).status_code == 200
    fields = ["calcul.resultat#/resultats"]
    lines = gate.read_own(resident_id=resident.pk, purpose="lire", fields=fields).value("calcul.resultat#/resultats")
    rsa = next(line for line in lines if line["code"] == "rsa")
    assert any("au-dessus de la limite" in reason["texte"] for reason in rsa["raisons"])
    assert {"cantine-qf"} <= {line["code"] for line in lines}


def test_a_simulation_is_one_line_in_the_journal_listing_its_fields(awa, resident):
    before = len(journal.entries(resident_id=resident.pk, limit=500))
    awa.get(HOME)
    lines = journal.entries(resident_id=resident.pk, limit=500)[: -before or None]
    reads = [line for line in lines if line.event == "read"]
    assert len(reads) == 1 and reads[0].purpose == actions.SIMULATE
    assert "fiscal.avis_ir#/revenu_fiscal_reference" in reads[0].fields


def test_the_page_costs_the_same_queries_for_one_payslip_as_for_fourteen(resident, villebrume):
    client = signed_in(resident)

    def queries() -> int:
        client.get(HOME)
        with CaptureQueriesContext(connection) as found:
            client.get(HOME)
        return len(found)

    people.identity(resident)
    people.payslip(resident, "2025-10")
    one = queries()
    for month in ("2025-09", "2025-08", "2025-07", "2025-06", "2025-05"):
        people.payslip(resident, month)
    assert queries() == one <= 30


def test_a_page_with_questions_runs_the_law_once(resident, villebrume, monkeypatch):
    people.notice(resident, 2023)
    runs = people.counting(monkeypatch)
    assert signed_in(resident).get(HOME).status_code == 200
    assert len(runs) == 1 and runs[0] > 50


def test_correcting_from_the_reasons_leads_to_a_payslip_that_counts(awa, resident):
    """In November the CAF reads July to September: October's newer payslip has no effect yet."""
    page = awa.get("/aides/prime_activite/pourquoi/").content.decode()
    linked = re.findall(r"/coffre/valeurs/([0-9a-f-]{36})/corriger/", page)
    with scope(resident=resident.pk):
        slips = Record.objects.current().filter(type="emploi.revenu").values_list("pk", "period_start")
        months = {str(pk): f"{start:%Y-%m}" for pk, start in slips}
    assert [months[record] for record in linked if record in months] == ["2025-09"]


# Questions


@pytest.fixture
def asked(awa: Client, resident: User) -> Client:
    """Awa, whose rent is unknown."""
    with scope(resident=resident.pk):
        home = Record.objects.current().get(type="logement.domicile")
    from vault.records.actions import correct_record

    payload = {"adresse": {"cog": "00042", "commune": "Villebrume"}, "statut_occupation": "locataire_hlm"}
    correct_record(record=home, by=resident.pk, payload=payload)
    return awa


def test_the_first_question_can_be_answered_and_is_not_asked_again(asked, resident):
    page = text(asked, HOME)
    assert "Une réponse peut changer le montant Quel est votre loyer ?" in page
    assert page.index("Argent non demandé") < page.index("Quel est votre loyer"), "the answer comes first"
    address = reverse("aids:question", args=["loyer"])
    assert asked.post(address, {"answer": "430,50"}).headers["Location"] == HOME
    with scope(resident=resident.pk):
        record = Record.objects.current().get(type="logement.domicile")
    assert record.assurance == "declared"
    read = people.simulated(resident).read
    assert read.household.housing.rent == 430.5 and read.household.housing.status == "tenant_social"
    assert "Quel est votre loyer" not in text(asked, HOME)
    assert asked.get(address).headers["Location"] == HOME


@pytest.mark.parametrize("answer", ["", "beaucoup", "-12", "9999999999"])
def test_an_answer_that_is_no_amount_is_asked_again(asked, answer):
    response = asked.post(reverse("aids:question", args=["loyer"]), {"answer": answer})
    assert response.status_code == 400 and "govuk-error-summary" in response.content.decode()


def test_a_question_can_be_skipped_and_nothing_is_written(asked, resident):
    with scope(resident=resident.pk):
        before = Record.objects.current().exclude(type="calcul.resultat").count()
    assert asked.post(reverse("aids:skip", args=["loyer"])).headers["Location"] == HOME
    assert "Quel est votre loyer" not in text(asked, HOME).split("pas encore dire")[0]
    with scope(resident=resident.pk):
        assert Record.objects.current().exclude(type="calcul.resultat").count() == before


def test_answering_twice_keeps_one_value(asked, resident):
    for _ in range(2):
        asked.post(reverse("aids:question", args=["loyer"]), {"answer": "430"})
    with scope(resident=resident.pk):
        assert Record.objects.current().filter(type="logement.domicile").count() == 1


def test_declared_benefits_leave_the_total(resident, villebrume):
    people.identity(resident)
    people.notice(resident, 2023)
    client = signed_in(resident)
    assert "Que recevez-vous déjà ?" in text(client, reverse("aids:question", args=["recu"]))
    client.post(reverse("aids:question", args=["recu"]), {"received": ["prime_activite"]})
    page = text(client, HOME)
    assert "Que recevez-vous déjà ?" not in page and "Reçue Prime d’activité" in page


ANSWERS = {
    "activite": ("actif", "foyer.situation", {"activite": "actif"}),
    "nationalite": ("UE", "foyer.situation", {"nationalite": "UE"}),
    "handicap": ("half", "handicap.decision", {"taux_incapacite": 0.5}),
    "revenus": ("1 250", "emploi.revenu", {"mois": "2025-10", "net_avant_impot": "1250.00", "net_social": "1250.00"}),
}


@pytest.mark.parametrize("key", ANSWERS)
def test_answer_is_stored_in_the_field_of_the_question(resident, villebrume, key):
    from vault import types
    from vault.records import gate

    people.identity(resident)
    answer, type, payload = ANSWERS[key]
    response = signed_in(resident).post(reverse("aids:question", args=[f"{key}-{resident.pk}"]), {"answer": answer})
    assert response.status_code == 302
    found: Any = gate.read_own(resident_id=resident.pk, purpose="lire", fields=types.fields_of(type)).latest(type)
    assert dict(found.payload) == payload and found.assurance == "declared"


@pytest.mark.parametrize(("key", "target"), [("couple", "/faire-le-point/couple/"), ("avis", "/coffre/ajouter/")])
def test_question_that_needs_a_paper_or_other_answers_redirects_there(resident, villebrume, key, target):
    people.identity(resident)
    assert signed_in(resident).get(reverse("aids:question", args=[key])).headers["Location"].startswith(target)


def test_a_second_answer_about_a_person_keeps_the_first(resident, villebrume):
    people.identity(resident)
    client = signed_in(resident)
    for key, answer in (("activite", "chomeur"), ("nationalite", "FR")):
        client.post(reverse("aids:question", args=[f"{key}-{resident.pk}"]), {"answer": answer})
    person = people.simulated(resident).read.household.applicant
    assert (person.status, person.nationality) == ("unemployed", "FR")


# Access

PRIVATE = [
    ("get", HOME),
    ("get", "/aides/rsa/pourquoi/"),
    ("get", "/aides/question/loyer/"),
    ("post", "/aides/question/loyer/"),
    ("post", "/aides/question/loyer/passer/"),
]
PUBLIC = [
    "/aides/urgence/",
    *[f"/aides/urgence/{code}/" for code in ("violences", "deces", "sans_abri", "pas_a_manger", "perte_emploi")],
]


@pytest.mark.parametrize(("method", "address"), PRIVATE)
def test_a_visitor_is_asked_to_sign_in(method, address):
    response = getattr(Client(), method)(address)
    assert response.status_code == 302 and response.headers["Location"].startswith("/connexion/")


@pytest.mark.parametrize("address", PUBLIC)
def test_urgent_pages_need_no_account_and_set_no_session(client, address):
    response = client.get(address)
    assert response.status_code == 200 and "tel:" in response.content.decode() or address == "/aides/urgence/"
    assert "garant_session" not in response.cookies


def test_opening_an_urgent_page_leaves_no_line_in_the_journal(awa, resident):
    before = len(journal.entries(resident_id=resident.pk, limit=500))
    assert awa.get("/aides/urgence/violences/").status_code == 200
    assert len(journal.entries(resident_id=resident.pk, limit=500)) == before


def test_a_stranger_sees_their_own_aids_and_cannot_answer_for_another(awa, resident, stranger):
    theirs = signed_in(stranger)
    assert "première valeur" in text(theirs, HOME)
    people.identity(stranger)
    address = reverse("aids:question", args=[f"activite-{resident.pk}"])
    assert theirs.post(address, {"answer": "retraite"}).headers["Location"] == HOME
    with scope(resident=resident.pk):
        assert Record.objects.current().filter(type="foyer.situation").count() == 2
    with scope(resident=stranger.pk):
        assert not Record.objects.current().filter(type="foyer.situation").exists()


@pytest.mark.parametrize("address", ["/aides/licorne/pourquoi/", "/aides/urgence/licorne/"])
def test_unknown_aid_or_situation_answers_404(awa, address):
    assert awa.get(address).status_code == 404


@pytest.mark.parametrize(
    ("method", "address"), [("post", HOME), ("get", "/aides/question/loyer/passer/"), ("post", "/aides/urgence/")]
)
def test_other_methods_are_refused(awa, method, address):
    assert getattr(awa, method)(address).status_code == 405


def test_an_agent_has_no_vault_and_no_aids(agent):
    assert signed_in(agent).get(HOME).status_code in {302, 403, 404}


def test_a_paper_to_confirm_is_named_before_the_amounts(awa, resident):
    assert "attend votre confirmation" not in text(awa, HOME)
    with scope(resident=resident.pk):
        Paper.objects.create(
            resident_id=resident.pk, kind="avis_impot", state="to_confirm", token=uuid4(), content=b"sealed"
        )
    page = text(awa, HOME)
    assert "Un papier attend votre confirmation" in page
    assert page.index("attend votre confirmation") < page.index("Argent non demandé")


def test_what_changed_since_the_last_result_is_said_once(awa, resident):
    awa.get(HOME)
    assert "Ce qui vient de changer" not in text(awa, HOME)
    with scope(resident=resident.pk):
        alimony = Record.objects.current().get(type="revenu.mensuel")
    withdraw_record(record=alimony, by=resident.pk)
    page = text(awa, HOME)
    assert "Ce qui vient de changer" in page and re.search(r"\d+ € par mois devient \d+ € par mois", page)
    assert "Ce qui vient de changer" not in text(awa, HOME)
