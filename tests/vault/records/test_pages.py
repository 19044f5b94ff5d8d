"""The vault's page, the journal and the home page: their sentences, their themes, their number of queries."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from demo.papers import specimens
from tests.vault.made import HOME, HOUSEHOLD, IDENTITY, add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from vault.records import actions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


def page(client, name="records:home", **query):
    return client.get(reverse(name), query).content.decode()


def searched(client, **query):
    return client.post(reverse("records:home"), query).content.decode()


def queries(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_page_of_an_empty_vault_explains_how_to_begin(browser):
    assert "Votre coffre est vide" in page(browser)
    assert reverse("records:add_paper") in page(browser)


@pytest.mark.usefixtures("autumn_2026")
def test_each_value_has_its_origin_its_proof_and_its_state(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    add(resident, "logement.domicile", HOME)
    shown = page(browser)
    assert "Impôts, le 31\u00a0juillet 2026" in shown
    assert "Avis d’impôt sur le revenu 2026" in shown
    assert "À jour jusqu’au 31\u00a0décembre 2027" in shown
    assert "Saisi par vous" in shown and "Déclaré" in shown


def test_an_expired_value_is_tagged(browser, resident, time_machine):
    time_machine.move_to("2026-11-25T10:00:00+01:00", tick=False)
    add(resident, "social.quotient_familial", {"fournisseur": "CNAF", "valeur": 526, "annee": 2026, "mois": 3})
    assert "Expiré le 30\u00a0juin" in page(browser)


@pytest.mark.usefixtures("autumn_2026")
@pytest.mark.parametrize(
    ("query", "kept", "left"),
    [
        ({"q": "loyer"}, "612\u00a0€ par mois", "12\u00a0312\u00a0€"),
        ({"q": "LOYÉR"}, "612\u00a0€ par mois", "12\u00a0312\u00a0€"),
        ({"etat": "declared"}, "612\u00a0€ par mois", "12\u00a0312\u00a0€"),
        ({"etat": "verified"}, "12\u00a0312\u00a0€", "612\u00a0€ par mois"),
    ],
)
def test_the_filters_keep_the_matching_values(browser, resident, query, kept, left):
    add(resident, "logement.domicile", HOME)
    add_signed_notice(resident)
    shown = searched(browser, **query)
    assert kept in shown and left not in shown


def test_each_theme_is_one_closed_line_with_its_gist(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    add(resident, "logement.domicile", HOME)
    add(resident, "foyer.composition", HOUSEHOLD)
    subjects = re.findall(r'<details class="civic-subject"[^>]*>.*?</summary>', page(browser), re.DOTALL)
    assert len(subjects) == 4 and not any(re.search(r"<details[^>]* open", subject) for subject in subjects)
    gists = [gist for subject in subjects for gist in re.findall(r'__gist">(.*?)</span>', subject)]
    assert gists == [
        "Nadia Kervella, 31\u00a0mars 1988",
        "Loyer, sans les charges\u00a0: 612\u00a0€ par mois. 14 rue des Tanneries, 00420 Villebrume",
        "Enfants à charge\u00a0: Milo, Lison",
        "",
    ]


def test_an_address_that_is_unknown_is_left_out_of_the_gist(browser, resident):
    add(resident, "logement.domicile", HOME | {"adresse": {}})
    assert (
        re.findall(r'__gist">(.*?)</span>', page(browser))[0] == "Loyer, sans les charges\u00a0: 612\u00a0€ par mois"
    )


def test_a_search_opens_the_themes_that_match(browser, resident):
    add(resident, "logement.domicile", HOME)
    assert re.search(r'id="logement"\s+open', searched(browser, q="loyer"))


def test_what_waits_comes_before_what_came(browser, resident, time_machine):
    time_machine.move_to("2026-11-25T10:00:00+01:00", tick=False)
    add(resident, "social.quotient_familial", {"fournisseur": "CNAF", "valeur": 526, "annee": 2026, "mois": 3})
    add(resident, "logement.domicile", HOME)
    paper = uploaded(browser, resident, notice_pdf())
    context = browser.get(reverse("records:home")).context
    assert [(line["label"], line.get("tag", "")) for line in context["changes"]] == [
        ("Avis d’impôt sur le revenu 2026", "À confirmer"),
        ("Quotient familial, mars 2026\u00a0: 526\u00a0€", "Expiré le 30\u00a0juin"),
        ("Vous\u00a0: 2 informations", ""),
    ]
    assert context["changes"][0]["href"] == reverse("records:confirm_paper", args=[paper.pk])
    assert browser.get(reverse("records:home"), {"etat": "declared"}).context["changes"] == []


def test_the_links_to_one_state_say_their_counts(browser, resident, time_machine):
    time_machine.move_to("2026-11-25T10:00:00+01:00", tick=False)
    add(resident, "social.quotient_familial", {"fournisseur": "CNAF", "valeur": 526, "annee": 2026, "mois": 3})
    add(resident, "logement.domicile", HOME)
    uploaded(browser, resident, notice_pdf())
    links = browser.get(reverse("records:home")).context["only"]
    assert [(str(link["label"]), link["count"]) for link in links] == [
        ("Papiers à confirmer", 1),
        ("Valeurs expirées", 1),
        ("Déclarées par vous", 2),
    ]
    assert all(browser.get(link["href"]).status_code == 200 for link in links)


def test_the_search_is_in_no_url(browser, resident):
    """A search may be a name or an amount: proxies and browsers keep URLs."""
    add(resident, "logement.domicile", HOME)
    assert re.search(r'<form\s+class="civic-filters"\s+method="post"', page(browser))
    assert "612\u00a0€ par mois" in page(browser, q="introuvable"), "a URL does not search"


def test_a_search_without_result_is_reported(browser, resident):
    add(resident, "logement.domicile", HOME)
    assert "Aucune valeur ne correspond." in searched(browser, q="introuvable")


def test_past_months_are_folded_under_the_newest(browser, resident):
    for month in range(1, 10):
        add(resident, "emploi.revenu", {"mois": f"2026-{month:02d}", "net_avant_impot": f"{1000 + month}.00"})
    shown = page(browser)
    assert "Salaire du mois, septembre 2026" in shown
    assert "8 plus anciens" in shown


def test_the_vault_page_costs_the_same_for_one_record_as_for_twenty(browser, resident):
    url = reverse("records:home")
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    add(resident, "identite.pivot", IDENTITY)
    before = queries(browser, url)
    for month in range(1, 13):
        add(resident, "emploi.revenu", {"mois": f"2025-{month:02d}", "net_avant_impot": "1000.00"})
    add(resident, "foyer.composition", HOUSEHOLD)
    other = uploaded(browser, resident, notice_pdf(income_year=2024))
    actions.confirm_paper(paper=other, by=resident.pk)
    assert queries(browser, url) == before
    assert before <= 30


def test_the_journal_and_home_pages_cost_the_same_however_long_the_journal(browser, resident):
    add(resident, "logement.domicile", HOME)
    urls = [reverse("journal:journal"), reverse("home")]
    before = [queries(browser, url) for url in urls]
    for month in range(1, 13):
        add(resident, "emploi.revenu", {"mois": f"2025-{month:02d}", "net_avant_impot": "1000.00"})
    assert [queries(browser, url) for url in urls] == before


def test_the_journal_has_a_sentence_for_each_act(browser, resident):
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    record = add(resident, "logement.domicile", HOME)
    actions.correct_record(record=record, by=resident.pk, payload={**HOME, "loyer": "640.00"})
    shown = page(browser, "journal:journal")
    for sentence in (
        "Vous avez ouvert votre coffre",
        "Vous avez ajouté un papier",
        "Votre papier a été contrôlé",
        "Vous avez rangé un papier\u00a0: Avis d’impôt sur le revenu.",
        "Vous avez ajouté «\u00a0Logement\u00a0».",
        "Vous avez corrigé «\u00a0Logement\u00a0».",
    ):
        assert sentence in shown, sentence
    assert not re.search(r"\b640\b", shown)  # an id or a token may contain these digits


def test_home_asks_to_confirm_a_paper_and_warns_of_one_that_expires(browser, resident, time_machine):
    time_machine.move_to("2026-11-25T10:00:00+01:00", tick=False)
    card = specimens.identity_card(
        person=specimens.Holder("Kervella", "Nadia"),
        birthdate=date(1988, 3, 31),
        sex="F",
        expires_on=date(2026, 12, 1),
    )
    paper = uploaded(browser, resident, card, kind="cni")
    home = browser.get(reverse("home")).content.decode()
    assert "Confirmer un papier\u00a0: Carte nationale d’identité" in home
    actions.set_dates(paper=paper, by=resident.pk, issued_on=None, expires_on=date(2026, 12, 1))
    actions.confirm_paper(paper=paper, by=resident.pk)
    home = browser.get(reverse("home")).content.decode()
    assert "Confirmer un papier" not in home
    assert "Expire le 1er\u00a0décembre" in home


def test_the_page_in_english_uses_the_english_catalogue(browser, resident, settings):
    add(resident, "logement.domicile", HOME)
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    shown = page(browser)
    assert "€612" in shown and "Home address" in shown
