"""The vaults of the fictional town: several are filled at once, and each paper is checked once."""

import pytest
from django.utils import timezone
from django_scopes import scope

from core.models import Job
from demo.people.accounts import PEOPLE, find
from demo.seeding import residents, sharing
from vault.records.enums import PaperState
from vault.records.models import Paper, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def leo():
    person = find("leo")
    assert person is not None
    return person.account()


def papers_and_jobs(resident_id):
    with scope(resident=resident_id):
        states = {*Paper.objects.values_list("state", flat=True)}
        return states, [*Job.objects.filter(kind="read_paper").values_list("state", "attempts")]


def test_each_paper_is_checked_by_its_job_alone(leo):
    assert residents.fill_drawer(leo, "leo", timezone.localdate()) == 2
    states, jobs = papers_and_jobs(leo.pk)
    assert states == {PaperState.KEPT}
    assert jobs == [(Job.State.DONE, 1), (Job.State.DONE, 1)]


def test_a_paper_that_nobody_checks_is_not_waited_for_without_end(leo, monkeypatch):
    monkeypatch.setattr(residents, "read_paper", lambda job_id: None)
    monkeypatch.setattr(residents, "SECONDS", 0.2)
    with pytest.raises(residents.NotChecked):
        residents.fill_drawer(leo, "leo", timezone.localdate())


def test_vaults_filled_at_once_are_those_filled_one_by_one(monkeypatch):
    monkeypatch.setattr(residents, "fill_drawer", lambda *_: 0)
    for name in ("join_couple", "entrust_companion", "share_by_links"):
        monkeypatch.setattr(sharing, name, lambda: None)
    said: list[str] = []
    residents.fill_people(say=said.append)
    filled = [person for person in PEOPLE if person.is_resident]
    assert [line.partition(":")[0] for line in said] == [person.name for person in filled]
    for person, line in zip(filled, said, strict=True):
        with scope(resident=person.account().pk):
            assert f" {Record.objects.count()} records" in line
    residents.fill_people(say=said.append)
    assert {line.partition(":")[2] for line in said[len(filled) :]} == {" already there"}
