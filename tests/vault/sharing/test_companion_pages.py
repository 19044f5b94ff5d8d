"""A companion's pages: mandates, ticked items, adding a paper."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from core import journal
from tests.accounts.factories import CompanionFactory, ResidentFactory, signed_in
from tests.vault.entrusted import entrusted, said
from tests.vault.made import add
from tests.vault.sending import notice_pdf, send, work
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import Paper
from vault.sharing.across import mandates
from vault.sharing.actions import mandates as verbs
from vault.sharing.enums import Act

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def theirs(companion) -> Client:
    return signed_in(companion)


def at(name, mandate, *more):
    return reverse(f"sharing:{name}", args=[mandate.pk, *more])


def hand_in(client, mandate):
    return send(client, notice_pdf(), token=uuid4(), address="sharing:accompanied_paper", args=[mandate.pk])


def test_without_a_mandate_no_resident_is_shown(theirs):
    ResidentFactory(name="Odette Marchais")
    text = theirs.get(reverse("sharing:accompanying")).content.decode()
    assert "Aucun mandat en cours" in text and "Odette" not in text


def test_the_list_shows_only_residents_with_a_mandate(theirs, resident, stranger, companion):
    entrusted(resident, companion, "home")
    entrusted(stranger, CompanionFactory(), "home")
    text = theirs.get(reverse("sharing:accompanying")).content.decode()
    assert resident.name in text and stranger.name not in text


def test_each_page_names_the_resident_and_how_to_leave(theirs, resident, companion):
    add(resident, "logement.domicile", HOME)
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    for address in (
        at("accompanied", mandate),
        at("accompanied_paper", mandate),
        at("accompanied_values", mandate, "home"),
    ):
        text = theirs.get(address).content.decode()
        assert f"Vous agissez pour {resident.name}" in text and f"Ne plus agir pour {resident.name}" in text


def test_reading_an_item_shows_its_values_and_is_journalled(theirs, resident, companion):
    add(resident, "logement.domicile", HOME)
    mandate = entrusted(resident, companion, "home")
    before = len(journal.entries(resident_id=resident.pk, limit=50))
    theirs.get(at("accompanied", mandate))
    assert len(journal.entries(resident_id=resident.pk, limit=50)) == before
    assert "612" in theirs.get(at("accompanied_values", mandate, "home")).content.decode()
    page = signed_in(resident).get(reverse("journal:journal")).content.decode()
    assert "Théo Lassalle, CCAS de Villebrume" in page and "a lu" in page


@pytest.mark.parametrize("item", ["notices", "nowhere"])
def test_an_item_that_was_not_ticked_is_refused_with_its_reason(theirs, resident, companion, item):
    mandate = entrusted(resident, companion, "home")
    answer = theirs.get(at("accompanied_values", mandate, item))
    assert answer.status_code == 403 and "ne permet pas de voir cela" in answer.content.decode()


def test_an_act_that_was_not_ticked_is_refused(theirs, resident, companion):
    mandate = entrusted(resident, companion, "home")
    answer = hand_in(theirs, mandate)
    assert answer.status_code == 403 and "ne permet pas d’ajouter" in answer.content.decode()
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_an_added_paper_belongs_to_the_resident_and_names_the_companion(theirs, resident, companion):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    sent = hand_in(theirs, mandate)["Location"]
    assert "en cours de contrôle" in theirs.get(sent).content.decode()
    with scope(resident=resident.pk):
        paper = Paper.objects.get()
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (entry.event, entry.actor_id, entry.ground) == ("mandate_paper_added", companion.pk, journal.Ground.GRANT)
    opened = gate.own_paper(resident_id=resident.pk, purpose="Essayer", paper_id=paper.pk)
    assert opened and opened.brought_by == "Théo Lassalle, CCAS de Villebrume"
    mine = signed_in(resident)
    assert mine.get(reverse("records:paper", args=[paper.pk])).status_code == 200
    assert theirs.get(reverse("records:paper", args=[paper.pk])).status_code == 403
    assert "a ajouté un papier" in mine.get(reverse("journal:journal")).content.decode()


@pytest.mark.parametrize("end", ["pause", "stop"])
def test_every_page_of_a_paused_or_stopped_mandate_is_a_404(theirs, resident, companion, end):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    getattr(grants, end)(grant=mandate.grant, by=resident.pk)
    for address in (
        at("accompanied", mandate),
        at("accompanied_paper", mandate),
        at("accompanied_values", mandate, "home"),
    ):
        assert theirs.get(address).status_code == 404
    assert resident.name not in theirs.get(reverse("sharing:accompanying")).content.decode()


def test_a_mandate_that_ends_while_the_page_is_open_is_refused(theirs, resident, companion, monkeypatch):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    monkeypatch.setattr(mandates, "find", lambda person, key: mandate)
    grants.stop(grant=mandate.grant, by=resident.pk)
    for answer in (theirs.get(at("accompanied_values", mandate, "home")), hand_in(theirs, mandate)):
        assert answer.status_code == 403 and "terminé ou en pause" in answer.content.decode()
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_an_appointment_code_opens_the_residents_page(theirs, resident):
    answer = theirs.post(reverse("sharing:enter_appointment"), {"code": said(resident, "home").lower()}, follow=True)
    assert f"Vous agissez pour {resident.name}" in answer.content.decode()


def test_wrong_codes_are_counted(theirs):
    tries = [
        theirs.post(reverse("sharing:enter_appointment"), {"code": "7KQ4-M2XD-93HT"}).status_code for _ in range(11)
    ]
    assert tries == [400] * 10 + [429]


def test_a_companion_without_a_second_factor_sets_one_up_first():
    companion = CompanionFactory(second_factor=False)
    answer = signed_in(companion, second_factor=False).get(reverse("sharing:accompanying"))
    assert answer["Location"].startswith(reverse("mfa_activate_totp"))


def test_a_companion_starts_on_their_own_page(theirs):
    assert theirs.get(reverse("home"))["Location"] == reverse("sharing:accompanying")
    assert theirs.get(reverse("admin:index")).status_code in {302, 403}


# Values month after month


def wages(resident, *months: str) -> None:
    for place, month in enumerate(months):
        payload = {"mois": month, "net_avant_impot": f"{1000 + place}.00", "net_social": f"{1100 + place}.00"}
        add(resident, "emploi.revenu", payload)


def table(client, mandate):
    return client.get(at("accompanied_values", mandate, "wages")).context["tables"]


def test_wages_are_a_table_by_month_newest_first_with_their_average(theirs, resident, companion):
    wages(resident, "2026-01", "2026-02", "2026-03")
    mandate = entrusted(resident, companion, "wages")
    [found] = table(theirs, mandate)
    assert [row.when for row in found.rows] == ["mars 2026", "février 2026", "janvier 2026"]
    assert [[value for _label, value, _number in row.cells] for row in found.rows][0] == [
        "1\u00a0102\u00a0€",
        "1\u00a0002\u00a0€",
    ]
    assert found.average == "Montant net social\u00a0: 1\u00a0101\u00a0€ en moyenne, sur 3 mois."
    text = theirs.get(at("accompanied_values", mandate, "wages")).content.decode()
    assert "Déclaré" in text and "Saisi par vous" not in text.split("<table")[0].split("<h1")[0]


def test_the_source_and_the_mark_are_said_once_if_they_are_the_same(theirs, resident, companion):
    wages(resident, "2026-01", "2026-02")
    mandate = entrusted(resident, companion, "wages")
    [found] = table(theirs, mandate)
    assert found.same is not None
    page = theirs.get(at("accompanied_values", mandate, "wages")).content.decode()
    assert page.count("Déclaré") == 1
    add(
        resident,
        "emploi.revenu",
        {"mois": "2026-03", "net_avant_impot": "1.00"},
        holder="employeur",
        method="api_pull",
        assurance="holder_verified",
    )
    [found] = table(theirs, mandate)
    assert found.same is None and {row.tag for row in found.rows} == {"Déclaré", "Vérifié"}


def test_words_that_are_the_same_each_month_are_said_once(theirs, resident, companion):
    for month, kind in (("2026-01", "retraite"), ("2026-02", "retraite")):
        add(resident, "revenu.mensuel", {"mois": month, "nature": kind, "net": "640.00"})
    mandate = entrusted(resident, companion, "incomes")
    [found] = theirs.get(at("accompanied_values", mandate, "incomes")).context["tables"]
    assert [value for _label, value in found.always] == ["Retraite"]
    assert len(found.heads) == 1 and found.short
    add(resident, "revenu.mensuel", {"mois": "2026-03", "nature": "pension_alimentaire_recue", "net": "100.00"})
    [found] = theirs.get(at("accompanied_values", mandate, "incomes")).context["tables"]
    assert found.always == [] and len(found.heads) == 2


def test_months_beyond_a_year_are_folded(theirs, resident, companion):
    wages(resident, *[f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)])
    [found] = table(theirs, entrusted(resident, companion, "wages"))
    assert (len(found.newest), len(found.older)) == (12, 12)
    assert found.average.endswith("sur 12\u00a0mois.") or found.average.endswith("sur 12 mois.")


def test_one_month_is_no_table(theirs, resident, companion):
    wages(resident, "2026-01")
    mandate = entrusted(resident, companion, "wages")
    assert table(theirs, mandate) == []
    assert "janvier 2026" in theirs.get(at("accompanied_values", mandate, "wages")).content.decode()


def test_a_refused_file_is_never_said_to_have_arrived(theirs, resident, companion):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    page = {"address": "sharing:accompanied_paper", "args": [mandate.pk]}
    good = hand_in(theirs, mandate)["Location"]
    sent = send(theirs, b"%PDF-1.7 nothing to read", **page)["Location"]
    work(resident)
    assert "Le papier est arrivé" in theirs.get(good).content.decode()
    answer = theirs.get(sent).content.decode()
    assert "Ce fichier est refusé" in answer and "arrivé" not in answer


def test_the_page_of_a_sent_paper_is_its_mandates_alone(theirs, resident, companion):
    first, second = (entrusted(resident, CompanionFactory(), "home", acts=[Act.ADD_PAPER]) for _ in range(2))
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    sent = hand_in(theirs, mandate)["Location"]
    assert theirs.get(sent.replace(str(mandate.pk), str(first.pk))).status_code == 404
    ticket = sent.rstrip("/").rpartition("/")[2]
    other = reverse("sharing:accompanied_sent", args=[mandate.pk, ticket[:-3] + "xyz"])
    assert theirs.get(other).status_code == 404 and second.pk != first.pk
    grants.stop(grant=mandate.grant, by=resident.pk)
    assert theirs.get(sent).status_code == 404


def test_giving_a_mandate_back_asks_then_ends_it_for_both(theirs, resident, companion):
    mandate = entrusted(resident, companion, "home")
    page = at("give_back", mandate)
    assert "Ne plus agir pour" in theirs.get(page).content.decode()
    assert theirs.get(at("accompanied", mandate)).status_code == 200
    assert theirs.post(page)["Location"] == reverse("sharing:accompanying")
    assert theirs.get(at("accompanied", mandate)).status_code == theirs.post(page).status_code == 404
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "grant_given_back"
    with pytest.raises(PermissionDenied):
        verbs.give_back(mandate=mandate, companion=CompanionFactory())


def test_a_companion_keeps_a_list_of_their_own_acts_without_the_name_of_a_mandate_that_is_over(
    resident, companion, theirs
):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    theirs.get(at("accompanied_values", mandate, "home"))
    hand_in(theirs, mandate)
    page = reverse("sharing:own_acts")
    text = theirs.get(page).content.decode()
    assert "Logement et loyer" in text and "Papier ajouté" in text and mandate.name in text
    assert text.index("Papier ajouté") < text.index("Logement et loyer")
    other = signed_in(CompanionFactory(name="Nina Roche"))
    assert "Rien pour le moment" in other.get(page).content.decode()
    grants.stop(grant=mandate.grant, by=resident.pk)
    after = theirs.get(page).content.decode()
    assert "Papier ajouté" in after and mandate.name not in after and "Mandat fini" in after
    assert signed_in(resident).get(page).status_code == 403
