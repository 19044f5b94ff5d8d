"""Pages of “Mes partages”: content, number of queries, and no preselection."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.accounts.factories import signed_in
from tests.vault.couples import TRIED, agreed, couple, granted, shared
from tests.vault.made import HOME, NOTICE, add, add_signed_notice
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.grants import agreements
from vault.records.models import Grant, Record
from vault.sharing.actions import household

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
HERE = reverse("sharing:shares")


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


@pytest.fixture
def grant(resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    return agreed(resident, stranger, "tried", "parts")


def main(response) -> str:
    """Return the text of the page's main part."""
    html = response.content.decode().split("<main", 1)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").replace("\u202f", " ").split())


def of(name, grant):
    return reverse(f"sharing:{name}", args=[grant.pk])


def mine(resident) -> list[Grant]:
    with scope(resident=resident.pk):
        return list(Grant.objects.all())


# The list


def test_an_empty_page_explains_what_it_will_show(browser):
    page = main(browser.get(HERE))
    assert "Vous ne partagez rien en ce moment." in page and "Aucun partage en cours" in page


def test_each_share_shows_recipient_data_purpose_use_and_end(browser, grant):
    page = main(browser.get(HERE))
    assert "Bruno" in page and "Essayer" in page and "Votre revenu, vos parts" in page
    assert "Les valeurs sont regardées, rien n’est gardé" in page and "Jamais lu" in page and "Jusqu’au" in page
    gate.read(grant=grant, fields=[INCOME])
    assert "Jamais lu" not in main(browser.get(HERE))


def test_each_state_of_a_share_has_its_words(browser, resident, grant):
    now = timezone.now()
    granted(
        resident, INCOME, recipient_label="Demain", starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=20)
    )
    granted(
        resident, INCOME, recipient_label="Hier", starts_at=now - timedelta(days=20), ends_at=now - timedelta(days=1)
    )
    grants.stop(grant=granted(resident, INCOME, recipient_label="Assez"), by=resident.pk)
    grants.pause(grant=grant, by=resident.pk)
    standing, _title, over = main(browser.get(HERE)).partition("Terminés ou arrêtés")
    assert "En pause" in standing and "Commence le" in standing and "Demain" in standing
    assert "Hier" in over and "Terminé le" in over and "Assez" in over and "Arrêté le" in over


def test_the_list_decrypts_nothing_and_takes_the_same_queries_for_ten_shares(browser, resident, grant):
    entries = len(journal.entries(resident_id=resident.pk, limit=100))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            browser.get(HERE)
        counts.append(len(queries))
        for number in range(10):
            granted(resident, INCOME, recipient_label=f"Autre {number}")
    assert counts[0] == counts[1] <= 16, counts
    assert len(journal.entries(resident_id=resident.pk, limit=100)) == entries


def test_after_a_parting_the_page_shows_the_month_only(resident, stranger):
    couple(resident, stranger)
    agreed(stranger, resident, "tried", months=12)
    with time_machine.travel("2027-03-09T21:14:00Z", tick=False):
        household.leave(resident_id=resident.pk, by=resident.pk)
        page = main(signed_in(stranger).get(HERE))
    assert "A pris fin en mars 2027" in page and "9 mars" not in page and "21 h" not in page and "22 h" not in page


# One share


def test_a_shares_page_shows_its_current_values_and_is_journalled(browser, resident, grant):
    page = main(browser.get(of("share", grant)))
    assert (
        "Ce qui partirait aujourd’hui" in page
        and page.count("12 312") == 2
        and "Une personne de votre foyer".lower() in page.lower()
    )
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (entry.event, entry.actor_id, entry.purpose) == (
        "read",
        resident.pk,
        "Vous montrer ce qui partirait aujourd’hui",
    )


def test_a_field_that_was_not_granted_is_not_shown(browser, resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    page = main(browser.get(of("share", agreed(resident, stranger, "tried"))))
    assert "12 312" in page and "Vos parts" not in page


def test_a_stopped_share_shows_no_value(browser, resident, grant):
    grants.stop(grant=grant, by=resident.pk)
    page = main(browser.get(of("share", grant)))
    assert "12 312" not in page and "Partager à nouveau" in page and "Arrêté" in page


def test_received_values_are_listed_with_their_dates(browser, resident, grant):
    assert "Rien n’a été lu" in main(browser.get(of("share_received", grant)))
    for _ in range(2):
        gate.read(grant=grant, fields=[INCOME])
    with scope(resident=resident.pk):
        record = Record.objects.current().get(type="fiscal.avis_ir")
    actions.correct_record(record=record, by=resident.pk, payload={**NOTICE, "revenu_fiscal_reference": 9000})
    page = main(browser.get(of("share_received", grant)))
    assert "12 312" in page and "9 000" not in page and "2,5" not in page
    for _ in range(2):
        gate.read(grant=grant, fields=[INCOME])
    page = main(browser.get(of("share_received", grant)))
    assert "12 312" in page and "9 000" in page
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "received_read"


def test_a_copied_share_shows_the_values_of_its_agreement(browser, resident, stranger):
    home = add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    grant = shared(resident, stranger, "address")
    actions.correct_record(record=home, by=resident.pk, payload={**HOME, "adresse": {"voie": "Refuge des Iris"}})
    assert "14 rue des Tanneries" in main(browser.get(of("share_received", grant)))
    page = main(browser.get(of("share", grant)))
    assert "Rien de nouveau" in page and "Iris" not in page and "Copie remise le" in page


def test_the_text_of_the_agreement_can_be_read_again(browser, resident, grant):
    page = main(browser.get(of("share_text", grant)))
    assert "Pour voir." in page and grant.notice_hash in page
    assert journal.entries(resident_id=resident.pk, limit=1)[0].event == "agreement_reread"


# Acting


def test_a_share_is_stopped_two_clicks_from_the_home_page(browser, grant):
    """The home page links to the question whether to stop, and its button stops the share."""
    home = browser.get("/").content.decode()
    [asked] = set(re.findall(r'href="(/partages/[0-9a-f-]+/arreter/)"', home))
    assert 'name="csrfmiddlewaretoken"' in browser.get(asked).content.decode()
    answer = browser.post(asked, follow=True)
    assert "Le partage est arrêté" in main(answer)
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])


def test_a_share_is_paused_and_resumed_on_its_page(browser, grant):
    assert "est en pause" in main(browser.post(of("pause_share", grant), {"to": "pause"}, follow=True))
    browser.post(of("pause_share", grant), {"to": "pause"})
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])
    assert "a repris" in main(browser.post(of("pause_share", grant), {"to": "resume"}, follow=True))
    gate.read(grant=grant, fields=[INCOME])
    assert browser.get(of("pause_share", grant)).status_code == 405


def test_a_paused_share_is_hidden_from_the_other_members_page(browser, other_browser, resident, stranger, grant):
    url = reverse("sharing:household")
    assert "Essayer" in main(other_browser.get(url)).split("partage avec moi")[1]
    grants.pause(grant=grant, by=resident.pk)
    assert "Essayer" not in main(other_browser.get(url)).split("partage avec moi")[1]
    assert "En pause" in main(browser.get(url))


def test_shortening_offers_only_earlier_ends_without_preselection(browser, resident, stranger):
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried", months=6)
    page = browser.get(of("shorten_share", grant)).content.decode()
    ends = re.findall(r'type="radio"\s+name="end"\s+value="([\d-]+)"', page)
    assert len(ends) == 3 and " checked" not in page
    assert "Choisissez une date" in browser.post(of("shorten_share", grant), {}).content.decode()
    assert browser.post(of("shorten_share", grant), {"end": "2099-01-01"}).status_code == 400
    assert "avancée" in main(browser.post(of("shorten_share", grant), {"end": ends[0]}, follow=True))
    [row] = mine(resident)
    assert row.ends_at.date().isoformat() == ends[0] and row.ends_at < grant.ends_at
    assert "raccourci davantage" in main(browser.get(of("shorten_share", grant), follow=True))


def renew(browser, grant, **data):
    page = browser.get(of("renew_share", grant)).content.decode()
    [seen] = re.findall(r'name="seen" value="([0-9a-f]+)"', page)
    return page, browser.post(of("renew_share", grant), {"seen": seen, **data}, follow=True)


def test_renewing_shows_the_same_items_with_current_values_and_asks_the_length(browser, resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried")
    page, answer = renew(browser, grant, months="3")
    assert "12\u202f312" in page or "12\u00a0312" in page
    assert " checked" not in page and "Vos parts" not in page
    assert "Votre accord est donné" in main(answer)
    fresh, former = mine(resident)
    assert former.pk == grant.pk and not former.stands and fresh.stands and fresh.ends_at > former.ends_at
    with scope(resident=resident.pk):
        assert [row.field for row in fresh.fields.all()] == [INCOME]


def test_renewing_without_a_length_gives_nothing(browser, resident, grant):
    _page, answer = renew(browser, grant)
    assert "Choisissez une durée" in main(answer) and len(mine(resident)) == 1


def test_a_value_changed_while_the_page_was_open_is_not_shared(browser, resident, grant):
    page = browser.get(of("renew_share", grant)).content.decode()
    [seen] = re.findall(r'name="seen" value="([0-9a-f]+)"', page)
    add_signed_notice(resident, annee_revenus=2024, revenu_fiscal_reference=9000)
    answer = browser.post(of("renew_share", grant), {"seen": seen, "months": "1"}, follow=True)
    assert "Une valeur a changé" in main(answer) and len(mine(resident)) == 1


def test_an_agreement_that_needs_more_fields_is_not_renewed_in_one_step(browser, grant, monkeypatch):
    from dataclasses import replace

    wider = (
        *TRIED.items[:1],
        replace(
            TRIED.items[1],
            fields=("fiscal.avis_ir#/nombre_parts", "fiscal.avis_ir#/revenu_brut_global"),
            required=True,
        ),
    )
    monkeypatch.setitem(agreements._agreements, TRIED.code, replace(TRIED, items=wider, version="2"))
    assert "relire en entier" in main(browser.get(of("renew_share", grant), follow=True))


def test_a_share_with_a_former_member_cannot_be_renewed(browser, resident, stranger, grant):
    household.leave(resident_id=stranger.pk, by=stranger.pk)
    _page, answer = renew(browser, grant, months="1")
    assert "vous n’êtes plus relié" in main(answer)
    assert [row for row in mine(resident) if row.stands] == []
