"""The engine runs once for a page shown again. What is kept of its run is sealed, and goes with what it read."""

from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.models import User
from core import journal, leaving, rows
from services.aids import results
from services.aids.actions import kept_runs, simulations
from services.aids.asking import variants
from services.aids.engine import kept as keeping
from services.aids.engine import reform
from services.aids.engine import run as engine
from services.aids.household.from_json import read
from services.aids.models import KeptRun, LocalAid
from services.versions.models import State
from tests.accounts.factories import signed_in
from tests.services.aids import people
from tests.services.aids.test_pages import text
from vault.records.actions import withdraw_record
from vault.records.models import Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
HOME, WHY = "/aides/", "/aides/prime_activite/pourquoi/"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return people.counting(monkeypatch)


def row(user: User) -> KeptRun | None:
    with scope(resident=user.pk):
        return KeptRun.objects.first()


def english(client: Client, address: str) -> str:
    return client.get(address, headers={"Accept-Language": "en"}).content.decode().split("<main", 1)[1]


def test_a_page_shown_again_runs_nothing_and_says_the_same(awa: Client, resident: User, runs: list[int]) -> None:
    first = text(awa, HOME)
    assert len(runs) == 1
    assert text(awa, HOME) == first
    why = text(awa, WHY)
    assert len(runs) == 3, "two more runs find the incomes at which the aid starts and stops"
    assert text(awa, WHY) == why and text(awa, HOME) == first
    assert "My benefits" in english(awa, HOME)
    assert len(runs) == 3, "the language is made anew, the run is not"


def test_what_changes_a_result_runs_the_engine_again(
    awa: Client, resident: User, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    awa.get(HOME)
    people.payslip(resident, "2025-10", "1400.00")
    with_value = text(awa, HOME)
    assert len(runs) == 2 and text(awa, HOME) == with_value
    LocalAid.objects.filter(code="cantine-qf").update(state=State.CLOSED)
    awa.get(HOME)
    assert len(runs) == 3, "an aid of the city has another version, or none"
    monkeypatch.setattr(reform, "VERSION", "next")
    engine.versions.cache_clear()
    awa.get(HOME)
    engine.versions.cache_clear()
    assert len(runs) == 4, "the engine is another one"
    with time_machine.travel("2025-12-02 10:00:00+01:00", tick=True):
        signed_in(resident).get(HOME)
    assert len(runs) == 5, "the month is another one"
    with scopes_disabled():
        assert KeptRun.objects.count() == 1, "it is written over, not added to"


def test_a_page_that_runs_nothing_leaves_the_same_entry(awa: Client, resident: User, runs: list[int]) -> None:
    awa.get(HOME)
    awa.get(HOME)
    second = journal.entries(resident_id=resident.pk, limit=1)[0]
    with scope(resident=resident.pk):
        KeptRun.objects.all().delete()
    awa.get(HOME)
    third = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert len(runs) == 2
    assert (second.event, second.purpose, second.fields) == (third.event, third.purpose, third.fields)
    assert second.number + 1 == third.number


def test_it_goes_with_a_value_that_is_withdrawn(awa: Client, resident: User) -> None:
    awa.get(HOME)
    with scope(resident=resident.pk):
        alimony = Record.objects.current().get(type="revenu.mensuel")
    simulation = people.simulated(resident)
    withdraw_record(record=alimony, by=resident.pk)
    assert row(resident) is None
    late = kept_runs.keep(resident_id=resident.pk, kept=simulation.kept, records=simulation.records)
    assert late is None and row(resident) is None, "a run that ended after the withdrawal is not kept"


def test_it_goes_with_its_resident_and_with_its_month(awa: Client, resident: User) -> None:
    awa.get(HOME)
    leaving.purge()
    assert row(resident) is not None
    with time_machine.travel("2025-12-01 00:30:00+01:00", tick=True):
        leaving.purge()
    assert row(resident) is None
    awa.get(HOME)
    with scope(resident=resident.pk):
        from services.aids import leaving as ours

        ours.erase(resident.pk)
    assert row(resident) is None


def test_it_is_sealed_and_believed_only_as_it_was_written(
    awa: Client, resident: User, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[str] = []
    monkeypatch.setattr(rows, "report", lambda forged: reported.append(str(forged.row)))
    first = text(awa, HOME)
    kept = row(resident)
    assert kept is not None and b"steady" not in bytes(kept.content) and b"rsa" not in bytes(kept.content)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE aids_keptrun SET version = version + 1")
    assert text(awa, HOME) == first, "it is dropped, and the engine runs again"
    assert len(runs) == 2 and len(reported) == 1
    again = row(resident)
    assert again is not None and again.pk != kept.pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE aids_keptrun SET content = %s", [bytes(again.content)[:-1] + b"x"])
    assert text(awa, HOME) == first and len(runs) == 3 and len(reported) == 2
    with connection.cursor() as cursor:  # a row of their own making, with nothing that the portal sealed
        cursor.execute("UPDATE aids_keptrun SET content = %s, mac = %s, version = 7", [b"{}", b"\x01" + bytes(32)])
    assert text(awa, HOME) == first and len(runs) == 4 and len(reported) == 3
    assert text(awa, HOME) == first and len(runs) == 4


def test_a_kept_run_explains_every_aid_word_for_word() -> None:
    for case in (people.single(), people.family(), people.without(people.family(), "housing", "benefits_received")):
        household = read(case)
        first = results.compute(household)
        rows = variants.plan(household, first.open).households
        note = keeping.of(first.run, keeping.mark_of(rows)).note()
        again = results.compute(household, runs=keeping.from_note(note).run)
        assert [repr(one.explanation) for one in again.results] == [repr(one.explanation) for one in first.results]
        assert again.amounts == first.amounts
        assert [(one.question.place, one.most) for one in again.asked] == [
            (one.question.place, one.most) for one in first.asked
        ]


def test_a_run_of_other_code_is_made_again(awa: Client, resident: User, runs: list[int]) -> None:
    awa.get(HOME)
    simulation = people.simulated(resident)
    assert isinstance(simulation, simulations.Simulation) and simulation.kept is not None
    simulation.kept.read = {}
    kept_runs.keep(resident_id=resident.pk, kept=simulation.kept, records=simulation.records)
    assert len(runs) == 1
    awa.get(HOME)
    assert len(runs) == 2, "a value that the code reads now was not kept: the engine gives it"
