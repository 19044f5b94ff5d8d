"""Whoever writes to the database, without the keyring, keeps no copy of a share that was stopped in a household."""

import pytest
from django.urls import reverse
from django_scopes import scope

from accounts.models import User
from tests.accounts.factories import signed_in
from tests.attacks.test_rows_put_back import kept, put_back
from tests.attacks.test_written_rows import sql
from tests.vault.couples import couple, place, shared
from tests.vault.made import HOME, add
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.models import Grant, Record
from vault.sharing import leaving
from vault.sharing.actions import household
from vault.sharing.models import SharedFact

pytestmark = pytest.mark.django_db
STREET = "14 rue des Tanneries"


@pytest.fixture
def grant(resident: User, stranger: User) -> Grant:
    """What `resident` shares with `stranger`, who lives with them."""
    couple(resident, stranger)
    add(resident, "logement.domicile", HOME)
    return shared(resident, stranger, "address")


def stop(grant: Grant) -> None:
    grants.stop(grant=grant, by=grant.resident_id)


def shown(giver: User, receiver: User) -> bool:
    page = signed_in(receiver).get(reverse("sharing:shared_with_me", args=[place(giver).pk]))
    return page.status_code == 200 and STREET in page.content.decode()


def homes(resident: User) -> list[Record]:
    with scope(resident=resident.pk):
        return list(Record.objects.current().filter(type="logement.domicile"))


def copied(resident: User) -> bool:
    """Return whether the resident's copy of their vault has the address."""
    with scope(resident=resident.pk):
        entries = leaving.copy(gate.copy(resident_id=resident.pk, purpose="Essayer"))
        found = b"".join(chunk for entry in entries for chunk in entry.chunks)
    return STREET in found.decode()


def part(one: User, other: User) -> None:
    household.leave(resident_id=one.pk, by=one.pk)
    household.learn_of_partings(resident_id=other.pk, by=other.pk)


def test_a_share_is_shown_copied_and_left_when_nothing_was_written(
    grant: Grant, resident: User, stranger: User
) -> None:
    assert shown(resident, stranger) and copied(stranger)
    part(resident, stranger)
    assert len(homes(stranger)) == 1


def test_a_paused_share_written_as_going_on_is_not_shown(grant: Grant, resident: User, stranger: User) -> None:
    grants.pause(grant=grant, by=resident.pk)
    sql("UPDATE records_grant SET paused_at = NULL WHERE id = %s", grant.pk)
    assert not shown(resident, stranger)


def test_a_stopped_share_and_its_copy_put_back_are_not_shown(grant: Grant, resident: User, stranger: User) -> None:
    copy = kept("sharing_sharedfact")
    stop(grant)
    put_back(copy)
    sql("UPDATE records_grant SET stopped_at = NULL WHERE id = %s", grant.pk)
    assert not shown(resident, stranger)


def test_a_copy_marked_as_the_recipients_own_goes_with_the_stop(grant: Grant, resident: User, stranger: User) -> None:
    sql("UPDATE sharing_sharedfact SET own = true WHERE grant_id = %s", grant.pk)
    stop(grant)
    with scope(resident=stranger.pk):
        assert not SharedFact.objects.exists()


def test_a_copy_put_back_after_the_stop_as_the_recipients_own_enters_no_vault(
    grant: Grant, resident: User, stranger: User
) -> None:
    copy = kept("sharing_sharedfact")
    stop(grant)
    put_back(copy)
    with scope(resident=stranger.pk):
        assert not SharedFact.objects.exists(), "the database takes a row once"
    assert not copied(stranger)
    part(resident, stranger)
    assert homes(stranger) == [] and not copied(stranger)


def test_a_copy_put_back_with_its_stopped_share_is_left_to_nobody(
    grant: Grant, resident: User, stranger: User
) -> None:
    rows = kept("sharing_sharedfact", "records_grant")
    stop(grant)
    put_back(rows)
    part(resident, stranger)
    assert homes(stranger) == []


def test_a_copy_that_was_left_is_not_adopted_twice(grant: Grant, resident: User, stranger: User) -> None:
    household.leave(resident_id=resident.pk, by=resident.pk)
    copy = kept("sharing_sharedfact")
    household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk)
    [home] = homes(stranger)
    actions.withdraw_record(record=home, by=stranger.pk)
    put_back(copy)
    household.leave(resident_id=stranger.pk, by=stranger.pk)
    assert homes(stranger) == []


def test_a_copy_written_by_somebody_else_keeps_nobody_in_a_household(
    grant: Grant, resident: User, stranger: User
) -> None:
    sql("UPDATE sharing_sharedfact SET own = true, content = '\\x00'")
    household.leave(resident_id=stranger.pk, by=stranger.pk)
    assert homes(stranger) == []
