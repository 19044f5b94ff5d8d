"""The vault's page at scale: at most 16 queries, only its content decrypted, and data as summaries."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.keys import sealed
from tests.vault.made import HOME, IDENTITY, add, add_signed_notice
from tests.vault.records.test_bulk import block, operation, pulled, quotient, write
from tests.vault.scale import fill
from vault import types
from vault.records import actions
from vault.records.models import Paper, Record
from vault.records.presenting import changes
from vault.records.values.listing import Arrival

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

BUDGET = 16
HOME_PAGE = "records:home"


def page(client, **query) -> str:
    url = reverse(HOME_PAGE)
    return str((client.post(url, query) if query else client.get(url)).content.decode())


def cost(client, **query) -> int:
    page(client, **query)
    with CaptureQueriesContext(connection) as captured:
        page(client, **query)
    return len([one for one in captured.captured_queries if one["sql"] not in {"BEGIN", "COMMIT"}])


def of_type(client, code, **query):
    return client.get(reverse("records:of_type", args=[code]), query)


@pytest.fixture
def opened(monkeypatch):
    """Return the list of the places decrypted since the test began."""
    found = []
    unseal = sealed.Box.unseal

    def counted(box, value, *, place):
        if place.startswith(("vault_record|", "vault_paper|")):
            found.append(place)
        return unseal(box, value, place=place)

    monkeypatch.setattr(sealed.Box, "unseal", counted)
    return found


def test_two_thousand_records_and_three_hundred_papers_cost_sixteen_queries_at_most(browser, resident):
    fill(resident, records=2000, papers=300)
    assert cost(browser) <= BUDGET
    assert cost(browser, q="boulangerie") <= BUDGET
    assert cost(browser, etat="verified", theme="revenus", organisme="employeur") <= BUDGET


def test_only_what_the_page_shows_is_decrypted(browser, resident, opened):
    fill(resident, records=2000, papers=300)
    opened.clear()
    page(browser)
    assert 0 < len(opened) < 120


def test_the_page_counts_values_and_papers(browser, resident):
    fill(resident, records=2000, papers=300)
    shown = page(browser)
    assert "2\u00a0000 informations et 300 papiers." in shown
    assert "Voir mes 300 papiers" in shown


def test_the_page_writes_one_entry_with_the_fields_it_decrypts(browser, resident):
    write(resident, operation(), block([1, 2]))
    add(resident, "logement.domicile", HOME)
    page(browser)
    entry, before = journal.entries(resident_id=resident.pk, limit=2)
    assert entry.event == "vault_read" and before.event != "vault_read"
    assert {field.partition("#")[0] for field in entry.fields} == {"logement.domicile"}


def test_data_is_one_line_per_holder(browser, resident):
    write(resident, *[operation(f"-{number}.00", day=f"2026-0{1 + number % 6}-04") for number in range(1, 200)])
    pulled(resident, block([1, 2]), block([3], start="2026-04-01T00:00:00+02:00"))
    shown = page(browser)
    assert "199 opérations, de janvier 2026 à juin 2026. Banque d’essai" in shown
    assert "2 mois de mesures, de mars 2026 à avril 2026. Enedis" in shown
    assert "BOULANGERIE" not in shown
    assert reverse("records:of_type", args=["banque.operation"]) in shown


@pytest.mark.parametrize(
    ("asked", "kept", "left"),
    [
        ({"theme": "logement"}, "612\u00a0€", "12\u00a0312\u00a0€"),
        ({"type": "fiscal.avis_ir"}, "12\u00a0312\u00a0€", "612\u00a0€"),
        ({"organisme": "dgfip"}, "12\u00a0312\u00a0€", "612\u00a0€"),
        ({"preuve": "none", "theme": "logement"}, "612\u00a0€", "12\u00a0312\u00a0€"),
        ({"preuve": "holder"}, "526\u00a0€", "612\u00a0€"),
        ({"etat": "expired"}, "526\u00a0€", "612\u00a0€"),
    ],
)
def test_each_filter_keeps_the_matching_values(browser, resident, asked, kept, left, time_machine):
    time_machine.move_to("2026-11-25T10:00:00+01:00", tick=False)
    add(resident, "logement.domicile", HOME)
    add_signed_notice(resident)
    pulled(resident, quotient(526))
    shown = page(browser, **asked)
    assert kept in shown and left not in shown


def test_a_filter_offers_only_what_the_vault_holds(browser, resident):
    add(resident, "logement.domicile", HOME)
    pulled(resident, quotient(526))
    add_signed_notice(resident)
    response = browser.get(reverse(HOME_PAGE))
    assert [code for code, _label in response.context["choices"]["themes"]] == [
        "",
        "logement",
        "impots",
        "aides_recues",
    ]
    assert {code for code, _label in response.context["choices"]["holders"]} == {"", "résident", "caf", "dgfip"}


@pytest.mark.parametrize(
    "asked",
    [{"theme": "x" * 500}, {"type": "nothing"}, {"etat": "?"}, {"page": "99999"}, {"page": "-1"}, {"preuve": "'"}],
)
def test_an_invalid_filter_still_gives_a_page(browser, resident, asked):
    add(resident, "logement.domicile", HOME)
    assert browser.post(reverse(HOME_PAGE), asked).status_code == 200


def test_a_search_finds_an_old_value_that_the_page_folds(browser, resident):
    for year in range(2020, 2026):
        for month in range(1, 13):
            add(
                resident,
                "emploi.revenu",
                {"mois": f"{year}-{month:02d}", "net_avant_impot": f"{1000 + month}.{year % 100}"},
            )
    assert "Salaire du mois, mars 2020" not in page(browser)
    found = page(browser, q="1003,20")
    assert "1\u00a0003,20\u00a0€" in found and "1\u00a0003,21\u00a0€" not in found


def test_a_link_leads_to_the_older_values(browser, resident):
    for year in range(2020, 2026):
        for month in range(1, 13):
            add(resident, "emploi.revenu", {"mois": f"{year}-{month:02d}", "net_avant_impot": "1000.00"})
    assert "Salaire du mois\u00a0: voir les 59 autres, plus anciens" in page(browser)
    first = of_type(browser, "emploi.revenu")
    assert "Salaire du mois, décembre 2025" in first.content.decode()
    last = of_type(browser, "emploi.revenu", page=4).content.decode()
    assert "Salaire du mois, janvier 2020" in last


def test_pages_show_every_record_once(browser, resident):
    codes = ("rsa", "prime_activite", "aah", "asf", "aeeh", "apl", "als", "alf")
    children = [uuid4() for _child in range(10)]
    for code in codes:
        for child in children:
            add(
                resident,
                "social.prestation",
                {"prestation": code, "est_beneficiaire": True},
                person=child,
                role="child",
            )
    record_ids = []
    for number in ("1", "2", "3"):
        context = browser.post(reverse(HOME_PAGE), {"page": number}).context
        record_ids += [group.record_id for section in context["sections"] for group in section.groups]
    assert context["pages"] == {"number": 3, "total": 3}
    assert len(record_ids) == len(set(record_ids)) == 80


def test_bank_operations_are_summed_by_month_on_a_page_of_their_own(browser, resident):
    write(resident, operation("-12.50"), operation("-7.50", day="2026-03-30"), operation("301.00", day="2026-04-05"))
    shown = of_type(browser, "banque.operation").content.decode()
    assert "3 opérations, de mars 2026 à avril 2026" in shown
    assert "20\u00a0€" in shown and "301\u00a0€" in shown
    assert "?mois=2026-03" in shown and "BOULANGERIE" not in shown
    month = of_type(browser, "banque.operation", mois="2026-03").content.decode()
    assert "CARTE BOULANGERIE" in month and "−12,50\u00a0€" in month and "301\u00a0€" not in month


def test_a_month_of_measures_is_shown_day_by_day_with_missing_measures(browser, resident):
    write(resident, block([500] * 48 + [None] * 2 + [500] * 46))
    month = of_type(browser, "energie.serie", mois="2026-03").content.decode()
    assert "24\u00a0kWh" in month and "23\u00a0kWh" in month
    assert '<svg class="wide"' in month


def test_only_the_chosen_year_is_decrypted(browser, resident, opened):
    write(
        resident,
        *[operation(f"-{number}.00", day=f"{year}-03-04") for year in (2024, 2025, 2026) for number in range(1, 40)],
    )
    opened.clear()
    shown = of_type(browser, "banque.operation", annee="2025").content.decode()
    assert len(opened) == 39
    assert "mars 2025" in shown and "mars 2024" not in shown


@pytest.mark.parametrize(
    "query",
    [{"annee": "0000"}, {"annee": "x"}, {"mois": "2026-13"}, {"mois": "9999-12"}, {"mois": "-"}, {"page": "x"}],
)
def test_an_invalid_url_query_still_gives_a_page(browser, resident, query):
    write(resident, operation())
    assert of_type(browser, "banque.operation", **query).status_code == 200


def test_places_without_any_time_are_listed(browser, resident):
    from tests.vault.records.test_bulk import made

    write(resident, made("mobilite.lieu", {"etiquette": "travail", "cog": "17300"}, holder="google_timeline"))
    assert "Travail" in of_type(browser, "mobilite.lieu").content.decode()


def test_a_type_that_the_vault_does_not_hold_is_not_found(browser, other_browser, resident):
    write(resident, operation())
    assert of_type(browser, "energie.serie").status_code == 404
    assert of_type(browser, "calcul.resultat").status_code == 404
    assert of_type(browser, "nothing").status_code == 404
    assert of_type(other_browser, "banque.operation").status_code == 404
    assert other_browser.post(reverse("records:withdraw_data", args=["banque.operation"])).status_code == 404
    with scope(resident=resident.pk):
        assert Record.objects.current().count() == 1


def test_all_the_data_of_a_type_is_withdrawn_in_one_act(browser, resident):
    write(resident, *[operation(f"-{number}.00") for number in range(1, 40)], block([1]))
    url = reverse("records:withdraw_data", args=["banque.operation"])
    assert "39 opérations" in browser.get(url).content.decode()
    assert browser.post(url).status_code == 302
    assert of_type(browser, "banque.operation").status_code == 404
    assert of_type(browser, "energie.serie").status_code == 200
    entries = journal.entries(resident_id=resident.pk, limit=20)
    assert [entry.details for entry in entries if entry.event == "data_withdrawn"] == [{"count": "39"}]
    assert browser.post(url).status_code == 404


def test_values_that_are_not_data_are_not_withdrawn_all_at_once(browser, resident):
    add(resident, "logement.domicile", HOME)
    assert browser.post(reverse("records:withdraw_data", args=["logement.domicile"])).status_code == 404
    with pytest.raises(ValueError):
        actions.withdraw_data(resident_id=resident.pk, by=resident.pk, type_code="logement.domicile")


def test_all_the_papers_go_page_by_page_and_by_state(browser, resident):
    fill(resident, records=0, papers=60)
    url = reverse("records:papers")
    assert len(browser.get(url).context["papers"]) == 25
    assert len(browser.get(url, {"page": 3}).context["papers"]) == 10
    assert len(browser.get(url, {"etat": "refused"}).context["papers"]) == 0
    assert len(browser.get(url, {"etat": "kept"}).context["papers"]) == 25


def test_a_vault_without_papers_says_so_without_filters(browser, resident):
    page = browser.get(reverse("records:papers")).content.decode()
    assert "Aucun papier pour le moment." in page and 'name="etat"' not in page
    page = browser.get(reverse("records:papers"), {"etat": "kept"}).content.decode()
    assert "Aucun papier ne correspond." in page and 'name="etat"' in page


def test_the_papers_that_are_too_old_are_listed_alone(browser, resident):
    fill(resident, records=0, papers=3)
    with scope(resident=resident.pk):
        old = Paper.objects.earliest("pk")
        old.issued_on, old.expires_on = date(2019, 1, 1), date(2020, 1, 1)
        old.save(update_fields=["issued_on", "expires_on"])
    shown = browser.get(reverse("records:papers"), {"etat": "expired"}).context["papers"]
    assert [paper.href for paper in shown] == [reverse("records:paper", args=[old.pk])]
    assert len(browser.get(reverse("records:papers"), {"etat": "kept"}).context["papers"]) == 3


def test_a_search_finds_a_paper_by_its_title(browser, resident):
    fill(resident, records=0, papers=60)
    shown = page(browser, q="quittance")
    assert "Quittance" in shown and "Avis d’impôt" not in shown.split('id="papers"')[1]


def test_the_page_shows_the_identity(browser, resident):
    add(resident, "identite.pivot", IDENTITY)
    assert "Kervella" in page(browser)


def test_the_newest_comes_first_whenever_it_was_added(browser, resident):
    add(resident, "emploi.revenu", {"mois": "2026-09", "net_avant_impot": "1009.00"})
    later = datetime.now(UTC) + timedelta(days=1)
    add(resident, "emploi.revenu", {"mois": "2026-02", "net_avant_impot": "1002.00"}, retrieved_at=later)
    (section,) = browser.get(reverse(HOME_PAGE)).context["sections"]
    assert [group.title for group in section.shown] == ["Salaire du mois, septembre 2026"]


def test_what_came_leads_to_its_subject_and_counts_what_it_does_not_name():
    salaries = Arrival("Employeur", date(2026, 11, 28), 34, ["revenu.mensuel"])
    many = ["fiscal.avis_ir", "identite.pivot", "foyer.composition", "foyer.situation", "logement.domicile"]
    [one, other] = changes.changes([], [], [salaries, Arrival("Impôts", date(2026, 11, 28), 5, many)])
    assert one["href"] == f"{reverse(HOME_PAGE)}?theme={types.get('revenu.mensuel').theme}"
    assert "href" not in other and other["text"].endswith("et 2 autres")
