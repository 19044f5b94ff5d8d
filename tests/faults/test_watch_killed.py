"""A worker of the watch is killed at each point: each change is found once, told once at most, and never lost."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.http import HttpRequest
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import User
from core import journal
from core.models import City
from services.watch import home
from services.watch.actions import telling
from services.watch.enums import State
from services.watch.models import Finding, Watch
from tests.nursery import Forked
from tests.services.aids import people
from tests.services.watch import made

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("aids")]
#: Each point, and how many messages leave in all: one that may have left is not sent again.
POINTS = {"taken": 1, "read": 1, "written": 1, "settled": 1, "before the message": 0, "after the message": 1}


@pytest.fixture
def changed(resident: User) -> User:
    """Awa, whose watch was looked at, and whose last wages fell since."""
    City.objects.update_or_create(pk=1, defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042"})
    month = timezone.localdate().strftime("%Y-%m")
    people.full_vault(resident, month=month)
    made.turned_on(resident)
    made.look()
    from services.aids.household import months

    for ago in (1, 2, 3):
        people.payslip(resident, months.shift(month, -ago), "0.00")
    time_passes()
    return resident


def time_passes() -> None:
    """Have what waits be due, and what a dead worker had be free."""
    before = timezone.now() - timedelta(minutes=11)
    with scopes_disabled():
        Watch.objects.filter(due_at__isnull=False).update(due_at=before)
        Watch.objects.exclude(taken_until=None).update(taken_until=before)
        for one in Finding.objects.filter(state=State.TELLING):
            one.told_at = before
            one.save()


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_worker_loses_nothing_and_says_nothing_twice(changed: User, point: str, tmp_path: Path) -> None:
    with open(tmp_path / "log", "wb") as log:
        process = Forked(
            "tests.faults.watch_app", point, str(tmp_path / "mails"), output=log, environment={"SIMULATE": ""}
        )
        assert process.wait(60) == -signal.SIGKILL, (tmp_path / "log").read_text()[-2000:]
    time_passes()
    made.look()
    telling.tell()
    telling.tell()
    codes = [made.note_of(one)["code"] for one in made.findings(changed)]
    assert codes and len(codes) == len(set(codes)), "found once"
    left = len(list((tmp_path / "mails").glob("*"))) if (tmp_path / "mails").exists() else 0
    assert left + len(mail.outbox) == POINTS[point], "told once at most"
    assert {one.state for one in made.findings(changed)} == {State.TOLD}
    assert journal.verify(resident_id=changed.pk).bad == []
    from django_scopes import scope

    with scope(resident=changed.pk):
        assert list(home.blocks(HttpRequest())), "and the home page says it, whatever became of the message"
    assert made.look() == 0
