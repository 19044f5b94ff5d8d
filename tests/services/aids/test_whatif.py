"""“What if…”: one run, before and after, month by month where the law looks back; nothing is written."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scopes_disabled

from accounts.models import User
from core import journal
from services.aids import trials
from services.aids.actions import whatif as actions
from services.aids.household.from_json import read
from services.aids.models import KeptRun
from tests.accounts.factories import ResidentFactory, signed_in
from tests.services.aids import people
from tests.services.aids.test_pages import text
from vault.records.models import Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
PAGE = "/aides/et-si/"
#: What a reading through the gate and a signed-in request write.
OF_A_READING = {"core_journalentry", "core_journalleaf", "core_rowhead", "django_session", "usersessions_usersession"}


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def found(resident: User, code: str) -> actions.Tried:
    tried = actions.tried(resident_id=resident.pk, code=code)
    assert isinstance(tried, actions.Tried)
    return tried


def test_a_later_month_is_told_by_older_months() -> None:
    household = read(people.paid(people.family(), 1000))
    later = trials.later(household, 3)
    wage, child = later.applicant.incomes or (), later.children[0]
    assert later.month == household.month and {one.last for one in wage} >= {"2025-08"}
    assert child.birth_date.isoformat() == "2017-12-10"
    assert [one.last for one in wage if one.first == "2023-01"] == ["2023-12"], "the year before last does not move"


def test_a_change_of_income_comes_when_the_law_sees_it(awa: Client, resident: User) -> None:
    tried = found(resident, "revenu-plus-50")
    bonus = [row["prime_activite"] for row in tried.after]
    assert bonus[0] == tried.before[0]["prime_activite"], "the months M-4 to M-2 have not changed yet"
    assert bonus[4] == bonus[5] != bonus[0], "afterwards the three months are all new"
    housing = [row["aide_logement"] for row in tried.after]
    assert housing[0] >= housing[6] >= housing[12], "housing aid looks back a year"
    assert all(row["af"] == tried.before[0]["af"] for row in tried.after)


def test_each_change_gives_what_the_changed_household_is_due(awa: Client, resident: User) -> None:
    birth = found(resident, "naissance")
    assert birth.before[0]["af"] == 0 and birth.after[0]["af"] > 0, "two children bring family benefits"
    assert birth.once["paje_naissance"] > 1000
    lost = found(resident, "emploi-perdu")
    assert [round(income) for income in lost.incomes] == [900, 648] and lost.after[12]["prime_activite"] == 0
    moved = found(resident, "heberge")
    assert moved.after[0]["aide_logement"] == 0 < moved.before[0]["aide_logement"]
    assert moved.rents == (430.0, 0.0)


def test_a_separation_leaves_the_children_and_ones_own_share() -> None:
    couple = read(people.with_partner(people.family(), incomes=people.single()["people"][0]["incomes"]))
    [change] = [one for one in trials.trials(couple, 1800.0) if one.code == "separation"]
    alone = change.change(couple)
    assert alone.partner is None and len(alone.children) == 2 and alone.recently_alone
    assert [notice.rfr for notice in alone.tax_notices or ()] == [5040, 5040]


def test_only_changes_that_make_sense_are_offered() -> None:
    def codes(household: object) -> set[str]:
        return {one.group for one in trials.trials(read(household), 1800.0)}

    worker = people.single()
    assert codes(worker) == {"income", "job", "birth", "move"}
    older = people.person(people.single(), birth_date="1965-04-12")
    assert codes(older) == {"income", "job", "birth", "move", "retirement"}
    nothing = people.person(people.single(), incomes=[], status="unemployed")
    assert codes(nothing) == {"job", "birth", "move"}
    assert "separation" in codes(people.with_partner(people.single()))


def test_trying_writes_nothing_but_the_entry_of_the_reading(awa: Client, resident: User) -> None:
    awa.get(PAGE)
    with scopes_disabled():
        before = Record.objects.count(), KeptRun.objects.count()
    entries = len(journal.entries(resident_id=resident.pk, limit=500))
    with CaptureQueriesContext(connection) as captured:
        assert awa.get(f"{PAGE}naissance/").status_code == 200
    written = {
        match[1]
        for one in captured.captured_queries
        if (match := re.match(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"', one["sql"]))
    }
    assert written <= OF_A_READING, written
    with scopes_disabled():
        assert (Record.objects.count(), KeptRun.objects.count()) == before
    added = journal.entries(resident_id=resident.pk, limit=500)[:-entries]
    assert [(one.event, one.purpose) for one in added] == [("read", actions.TRY)]
    assert len(captured) <= 25


def test_a_change_is_one_run_and_each_choice_is_a_link(
    awa: Client, resident: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = people.counting(monkeypatch)
    page = awa.get(PAGE).content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    assert not runs and "<input" not in page and "<form" not in page and "<textarea" not in page
    links = re.findall(r'href="(/aides/et-si/[\w-]+/)"', page)
    assert {"/aides/et-si/naissance/", "/aides/et-si/emploi-perdu/", "/aides/et-si/heberge/"} <= set(links)
    answer = text(awa, links[0])
    assert runs == [26] and "Mois par mois" in answer and "Rien n’est enregistré" in answer


def test_what_cannot_be_tried_is_not_found(awa: Client, villebrume: object) -> None:
    assert awa.get(f"{PAGE}retraite-75/").status_code == 404, "too young"
    assert awa.get(f"{PAGE}xyzzy/").status_code == 404
    assert awa.post(f"{PAGE}naissance/").status_code == 405
    assert Client().get(f"{PAGE}naissance/").status_code == 302
    empty = signed_in(ResidentFactory(email="vide@example.org"))
    assert empty.get(f"{PAGE}naissance/").headers["Location"] == "/aides/"
