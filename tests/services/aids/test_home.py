"""The home page's parts about aids: the amount that waits, the next act, new aids, one question, an empty vault."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import translation
from django_scopes import scope

from core import journal
from services.aids.actions import simulations, waiting
from services.aids.actions.waiting import Asked, Claim, Waiting
from services.aids.engine import run as engine
from services.aids.presenting import waiting as words
from tests.accounts.factories import signed_in
from tests.services.aids import people
from tests.services.aids.test_pages import kept, text
from vault.records.actions import withdraw_record
from vault.records.models import Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
HOME = "/"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list of the engine's runs since the test began."""
    found: list[int] = []
    run = engine.run

    def counted(households, **options):
        found.append(len(households))
        return run(households, **options)

    monkeypatch.setattr(engine, "run", counted)
    return found


def test_the_page_says_the_same_amount_as_the_page_of_aids(awa, resident):
    page = text(awa, HOME)
    total = people.simulated(resident).results.total("mois")
    assert "Argent qui vous attend" in page and f"{round(total)} € par mois" in page
    assert f"{round(total)} €" in text(awa, "/aides/")
    assert "aides vous attendent." in page and "Rien à faire" not in page


def test_the_filled_button_is_the_next_act(awa):
    content = awa.get(HOME).content.decode()
    assert f"{reverse('dossiers:new')}?aide=" in content and "Demander" in content
    assert reverse("aids:home") in content


def test_the_engine_runs_only_if_something_changed(awa, resident, runs):
    awa.get(HOME)
    assert len(runs) == 1
    awa.get(HOME)
    awa.get(HOME)
    assert len(runs) == 1, "the kept result is enough"
    people.payslip(resident, "2025-10", "1400.00")
    awa.get(HOME)
    assert len(runs) == 2
    with time_machine.travel("2025-12-02 10:00:00+01:00", tick=True):
        signed_in(resident).get(HOME)
    assert len(runs) == 3, "the month changed"


def test_a_change_that_changes_nothing_runs_the_engine_once(awa, resident, runs):
    awa.get(HOME)
    people.payslip(resident, "2015-01", "1400.00")
    for _visit in range(3):
        awa.get(HOME)
    assert len(runs) <= 2 and len(kept(resident)) == 1


def test_only_what_an_earlier_result_did_not_find_is_dated():
    today = date(2025, 11, 20)
    before = [
        {"code": "rsa", "statut": "not_eligible"},
        {"code": "asf", "statut": "eligible", "depuis": "2025-10-01"},
        {"code": "ars", "statut": "eligible"},
    ]
    now: list[dict[str, str]] = [{"code": code, "statut": "eligible"} for code in ("rsa", "asf", "ars")]
    simulations._date(now, before, today)
    assert [one.get("depuis") for one in now] == ["2025-11-20", "2025-10-01", None]


def test_an_aid_found_lately_is_named_with_its_amount_and_its_day():
    found = [
        Claim("rsa", "RSA", Decimal("410.20"), "mois", date(2025, 11, 19)),
        Claim("asf", "ASF", Decimal("100"), "mois", date(2025, 9, 1)),
        Claim("ars", "ARS", Decimal("400"), "an", None),
    ]
    [row] = words.news(Waiting(claims=found), None)
    assert (row["label"], row["text"]) == ("RSA", "410\u00a0€ par mois. Trouvée le 19\u00a0novembre.")


@pytest.mark.parametrize(
    ("last_visit", "named"),
    [
        (date(2025, 8, 1), ["RSA", "ASF"]),  # longer ago than a month
        (date(2025, 11, 18), ["RSA"]),
        (date(2025, 11, 19), []),  # shown at that visit
        (None, ["RSA"]),
    ],
)
def test_an_aid_is_new_if_it_was_found_after_the_last_visit(last_visit, named):
    found = [
        Claim("rsa", "RSA", Decimal("410.20"), "mois", date(2025, 11, 19)),
        Claim("asf", "ASF", Decimal("100"), "mois", date(2025, 9, 1)),
    ]
    assert [row["label"] for row in words.news(Waiting(claims=found), last_visit)] == named


def test_an_aid_found_today_is_new_at_a_second_visit_of_the_day():
    found = [Claim("rsa", "RSA", None, "mois", date(2025, 11, 20))]
    assert words.news(Waiting(claims=found), date(2025, 11, 20))


def test_a_question_kept_in_french_is_translated_or_named():
    known, unknown = (
        Asked("pension", text, Decimal("300"), "mois")
        for text in ("Recevez-vous une pension alimentaire\u00a0?", "Milo a-t-il 9 ans\u00a0?")
    )
    assert "pension alimentaire" in str(words.question(known).name)
    with translation.override("en"):
        assert "pension alimentaire" not in str(words.question(known).name)
        assert words.question(unknown).name == translation.gettext("Répondre à une question sur vos aides")


def test_the_question_that_may_bring_most_is_to_do_until_it_is_skipped(awa, resident):
    with scope(resident=resident.pk):
        alimony = Record.objects.current().get(type="revenu.mensuel")
    withdraw_record(record=alimony, by=resident.pk)
    page = text(awa, HOME)
    assert "Recevez-vous une pension alimentaire ?" in page and "Jusqu’à" in page
    awa.post(reverse("aids:skip", args=[f"pension_alimentaire-{resident.pk}"]))
    assert "Recevez-vous une pension alimentaire ?" not in text(awa, HOME)


def test_a_visit_is_one_line_of_the_journal_with_the_result_s_fields_only(awa, resident):
    awa.get(HOME)
    before = len(journal.entries(resident_id=resident.pk, limit=500))
    awa.get(HOME)
    entries = journal.entries(resident_id=resident.pk, limit=500)
    assert len(entries) == before + 1
    assert {field.partition("#")[0] for field in entries[0].fields} == {"calcul.resultat"}


def test_an_empty_vault_reads_nothing_and_shows_the_ways_to_begin(resident, villebrume, runs):
    client = signed_in(resident)
    before = len(journal.entries(resident_id=resident.pk, limit=500))
    page = text(client, HOME)
    assert "façons de commencer" in page and "Répondre à des questions" in page and "Ajouter un papier" in page
    assert "Rien à faire" not in page and not runs
    assert len(journal.entries(resident_id=resident.pk, limit=500)) == before


def test_an_identity_alone_is_still_an_empty_vault(resident, villebrume, runs):
    people.identity(resident)
    assert "façons de commencer" in text(signed_in(resident), HOME) and not runs


def test_a_notice_alone_says_how_many_aids_wait_for_an_answer(resident, villebrume):
    people.notice(resident, 2023)
    people.notice(resident, 2024)
    page = text(signed_in(resident), HOME)
    assert "€" in page or "attendent une réponse de vous" in page
    assert "Rien à faire" not in page


def test_a_result_of_a_former_version_is_computed_again(awa, resident):
    awa.get(HOME)
    with scope(resident=resident.pk):
        assert not waiting._is_stale(waiting._times(), {})
        Record.objects.current().filter(type="calcul.resultat").update(type_version="2.0.0")
        assert waiting._is_stale(waiting._times(), {})
