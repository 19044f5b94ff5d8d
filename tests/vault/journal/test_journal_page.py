"""The journal's page: entries of others are shown, the resident's own acts are folded, each entry has its ground."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import journal
from core.journal import Ground, Means
from tests.accounts.factories import signed_in
from tests.telling import tells
from tests.vault.couples import granted
from tests.vault.made import add
from vault.journal.presenting import page
from vault.journal.presenting.page import Kind, kind_of
from vault.records import gate

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}


def shown(browser, **asked):
    return browser.get(reverse("journal:journal"), asked)


def numbers(response):
    """Return the numbers of the entries on the page, folded or not."""
    return [entry.number for day in response.context["days"] for entry in [*day.lines, *day.own]]


def others(response):
    return [entry.sentence for day in response.context["days"] for entry in day.lines]


def write(resident, event="read", **more):
    with transaction.atomic():
        return journal.write(
            resident_id=resident.pk, actor_id=more.pop("actor_id", resident.pk), event=event, purpose="Essayer", **more
        )


def newest(resident):
    return journal.entries(resident_id=resident.pk, limit=1)[0]


def test_own_acts_are_folded_and_still_on_the_page(browser, resident):
    write(resident)
    write(resident)
    response = shown(browser)
    (day,) = response.context["days"]
    assert day.lines == []
    assert day.own_words == "Vous\u00a0: 3 actes"
    assert "<summary" in response.content.decode()
    assert "Vous avez ouvert votre coffre" in response.content.decode()


def test_a_long_day_of_own_acts_shows_the_first_and_links_to_the_others(browser, resident):
    for _ in range(30):
        write(resident)
    response = shown(browser)
    (day,) = response.context["days"]
    assert (len(day.own), day.own_count) == (page.UNFOLDED, 31)
    today = timezone.localdate()
    assert f"?qui=moi&amp;jour={today}" in response.content.decode()
    listed, older = numbers(shown(browser, qui="moi", jour=today)), 32 - page.ROWS
    while older and len(listed) < 31:
        more = shown(browser, qui="moi", jour=today, avant=older)
        listed, older = listed + numbers(more), more.context["older"]
    assert listed == list(range(31, 0, -1))


def test_a_reading_by_another_is_shown_with_its_ground(browser, resident):
    grant = granted(resident, INCOME)
    gate.read(grant=grant, fields=[INCOME])
    response = shown(browser)
    (sentence,) = others(response)
    assert "Paul" in sentence
    assert "Essayer un partage · d’après votre accord\n" in response.content.decode()
    line = reverse("journal:journal_line", args=[response.context["days"][0].lines[0].id])
    assert "Depuis une page du portail" in browser.get(line).content.decode()


def test_a_refusal_is_shown_as_one(browser, resident):
    grant = granted(resident, INCOME, stopped_at=timezone.now())
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])
    response = shown(browser)
    assert response.context["days"][0].lines[0].refused
    assert "civic-tag--expired" in response.content.decode()
    detail = browser.get(reverse("journal:journal_line", args=[newest(resident).id])).content.decode()
    assert "Rien n’a été lu" in detail


def test_an_entry_page_names_each_field(browser, resident):
    add(resident, "logement.domicile", HOME)
    detail = browser.get(reverse("journal:journal_line", args=[newest(resident).id])).content.decode()
    assert "Logement" in detail
    assert "Loyer" in detail
    assert not tells(detail, "612")
    assert "article 6.1.b" in detail


def test_another_residents_or_unknown_entry_is_not_found(browser, other_browser, resident):
    url = reverse("journal:journal_line", args=[newest(resident).id])
    assert browser.get(url).status_code == 200
    assert other_browser.get(url).status_code == 404
    assert browser.get(reverse("journal:journal_line", args=[uuid4()])).status_code == 404


def test_a_long_journal_is_paginated_to_its_first_entry(browser, resident):
    for _ in range(page.ROWS * 2):
        write(resident, "granted_read", actor_id=uuid4(), details={"recipient": "Paul", "grant": str(uuid4())})
    first = shown(browser)
    assert len(numbers(first)) == page.ROWS
    second = shown(browser, avant=first.context["older"])
    third = shown(browser, avant=second.context["older"])
    assert numbers(first) + numbers(second) + numbers(third) == list(range(page.ROWS * 2 + 1, 0, -1))
    assert third.context["older"] is None


def test_a_day_of_own_acts_is_never_split_between_pages(resident, time_machine):
    start = timezone.now()
    for days in range(page.ROWS + 5):
        time_machine.move_to(start + timedelta(days=days), tick=False)
        write(resident)
        write(resident)
    response = shown(signed_in(resident))
    assert [day.own_count for day in response.context["days"]] == [2] * page.ROWS
    assert response.context["older"] is not None


def test_filter_by_person(browser, resident):
    grant = granted(resident, INCOME)
    gate.read(grant=grant, fields=[INCOME])
    write(resident)
    with journal.through(Means.SCHEDULER):
        write(resident, "paper_expiring")
    assert numbers(shown(browser, qui="autres")) == [2]
    assert numbers(shown(browser, qui="moi")) == [3, 1]
    assert numbers(shown(browser, qui="portail")) == [4]
    assert numbers(shown(browser, qui=grant.pk)) == [2]
    assert numbers(shown(browser, qui=uuid4())) == []
    assert f'value="{grant.pk}"' in shown(browser).content.decode()


def test_filter_by_kind_and_type(browser, resident):
    add(resident, "logement.domicile", HOME)
    write(resident, "paper_added")
    write(resident, "vault_read", fields=["logement.domicile#/loyer"])
    assert numbers(shown(browser, quoi="lectures")) == [4]
    assert numbers(shown(browser, quoi="papiers")) == [3]
    assert numbers(shown(browser, quoi="valeurs")) == [2]
    assert numbers(shown(browser, quoi="compte")) == [1]
    assert numbers(shown(browser, type="logement.domicile")) == [4, 2]
    assert numbers(shown(browser, type="fiscal.avis_ir")) == []


def test_filter_by_period(resident, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=40), tick=False)
    browser = signed_in(resident)
    write(resident)
    assert numbers(shown(browser, quand="mois")) == [2]
    assert numbers(shown(browser, quand="an")) == [2, 1]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("granted_read", Kind.READ),
        ("file_opened", Kind.READ),
        ("vault_opened", Kind.ACCOUNT),
        ("read_refused", Kind.REFUSED),
        ("grant_stopped", Kind.SHARING),
        ("connection_pulled", Kind.ORGANISATIONS),
        ("dossier_built", Kind.DOSSIERS),
        ("something_new", Kind.VALUES),
    ],
)
def test_the_kind_of_an_event_depends_on_its_code(event, kind):
    assert kind_of(event) == kind


def test_an_empty_result_says_so(browser):
    assert "Aucune ligne ne correspond" in shown(browser, quoi="refus").content.decode()


@pytest.mark.parametrize("before", ["abc", "-1", "99999999999999999999", "0", "²"])
def test_an_invalid_query_still_shows_the_journal(browser, before):
    assert (
        shown(browser, avant=before, qui=before, quoi=before, quand=before, jour=before, type=before).status_code
        == 200
    )


def test_reading_the_journal_writes_no_entry(browser, resident):
    before = newest(resident)
    shown(browser)
    browser.get(reverse("journal:journal_line", args=[before.id]))
    assert newest(resident).number == before.number


def test_another_residents_entries_are_not_shown(browser, other_browser, resident):
    add(resident, "logement.domicile", HOME)
    assert "Logement" not in shown(other_browser).content.decode()


def test_an_entry_has_its_ground_and_its_means(resident):
    write(resident)
    assert (newest(resident).ground, newest(resident).means) == (Ground.OWN, Means.PAGE)
    write(resident, actor_id=uuid4(), details={"grant": str(uuid4())})
    assert newest(resident).ground == Ground.GRANT
    write(resident, actor_id=uuid4())
    assert newest(resident).ground == Ground.TASK
    with journal.through(Means.SCHEDULER):
        write(resident)
    assert (newest(resident).ground, newest(resident).means) == (Ground.TASK, Means.SCHEDULER)
    write(resident, ground=Ground.GRANT, means=Means.DESK)
    assert (newest(resident).ground, newest(resident).means) == (Ground.GRANT, Means.DESK)


def test_ten_thousand_entries_take_few_queries(browser, resident, monkeypatch):
    """The batches are made small, so that this journal needs as many of them as ten thousand entries would."""
    for _ in range(60):
        write(resident)
    monkeypatch.setattr(journal, "BATCHES", (2, 8, 20))
    monkeypatch.setattr(journal, "LARGEST_BATCH", 40)
    with CaptureQueriesContext(connection) as queries:
        assert shown(browser, quoi="refus").status_code == 200
    assert len(queries) <= 12, "\n".join(query["sql"][:120] for query in queries)


def test_the_same_refusal_again_is_one_line_with_a_count_and_another_is_not(resident):
    for reason, times in (("stopped", 3), ("expired", 1)):
        for _time in range(times):
            details = {
                "recipient": "Mission Emploi",
                "grant": str(uuid4()) if reason == "expired" else str(resident.pk),
            }
            with transaction.atomic():
                journal.write(
                    resident_id=resident.pk,
                    actor_id=uuid4(),
                    event="read_refused",
                    purpose="Lire",
                    details=details | {"reason": reason},
                )
    page = signed_in(resident).get(reverse("journal:journal")).content.decode().replace("\u00a0", " ")
    assert page.count("3 fois ce jour-là") == 1
    assert page.count("Mission Emploi") >= 2
