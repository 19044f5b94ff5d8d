"""A clock an hour or a day wrong, or a repeated hour in autumn: nothing ended is revived, and nothing is reordered."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core import journal
from core.journal import checkpoints
from core.journal.checkpoints import seal
from tests.accounts.factories import AgentFactory
from tests.accounts.test_second_factor import code_now, is_in, pending
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures
from tests.faults.test_not_anchored import HOME, RENT
from tests.vault.couples import granted
from tests.vault.made import add
from vault.records import gate
from vault.records.actions import grants

pytestmark = pytest.mark.django_db(transaction=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR, DAY, -DAY])
def test_a_second_code_follows_the_servers_clock(wrong_by, time_machine):
    cache.clear()
    agent = AgentFactory()
    right = code_now()
    time_machine.move_to(timezone.now() + wrong_by)
    client = pending(agent)
    client.post(reverse("mfa_authenticate"), {"code": right})
    assert not is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_now()})
    assert is_in(client)


def refused(grant):
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[RENT])
    return True


def test_a_stopped_or_paused_grant_is_not_revived(resident, time_machine):
    add(resident, "logement.domicile", HOME)
    stopped, paused = granted(resident, RENT), granted(resident, RENT)
    grants.stop(grant=stopped, by=resident.pk)
    grants.pause(grant=paused, by=resident.pk)
    for wrong_by in (HOUR, -HOUR, DAY, -DAY, -DAY):
        time_machine.move_to(timezone.now() + wrong_by)
        assert refused(stopped) and refused(paused)


@pytest.mark.parametrize("back", [HOUR, DAY])
def test_an_expired_grant_is_not_revived(back, resident, time_machine):
    add(resident, "logement.domicile", HOME)
    now = timezone.now()
    grant = granted(resident, RENT, starts_at=now - timedelta(days=5), ends_at=now + timedelta(minutes=10))
    assert gate.read(grant=grant, fields=[RENT])
    time_machine.move_to(now + timedelta(minutes=11))
    assert refused(grant)
    assert grants.close_expired_grants() == 1
    time_machine.move_to(now - back)
    assert refused(grant)
    grant.refresh_from_db()
    assert grant.state == "over"
    assert grants.close_expired_grants() == 0


def test_entries_and_checkpoints_keep_their_order_when_an_hour_repeats(resident, time_machine):
    """The night of 31 October 2027 in Paris, where half past two happens twice; then a clock a day ahead, set back."""
    instants = ("2027-10-31T00:30", "2027-10-31T01:30", "2027-10-31T00:45", "2027-11-01T02:30", "2027-10-31T02:35")
    for at in instants:
        time_machine.move_to(datetime.fromisoformat(at).replace(tzinfo=UTC), tick=False)
        with transaction.atomic():
            journal.write(resident_id=resident.pk, actor_id=resident.pk, event="read", purpose=at)
        seal()
    lines = journal.entries(resident_id=resident.pk, limit=5)
    assert [line.purpose for line in lines] == [*reversed(instants)]
    assert [line.number for line in lines] == sorted((line.number for line in lines), reverse=True)
    assert journal.verify(resident_id=resident.pk).bad == []
    assert list(checkpoints.problems()) == []


def test_a_clock_set_back_does_not_allow_reads_without_a_checkpoint(resident, time_machine):
    add(resident, "logement.domicile", HOME)
    seal()
    time_machine.move_to(timezone.now() + 5 * HOUR, tick=False)
    with pytest.raises(gate.NotAnchored):
        gate.read(grant=granted(resident, RENT, recipient_kind="companion"), fields=[RENT])


@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR, DAY, -DAY])
def test_a_share_goes_on_when_the_clock_is_right_again(wrong_by, resident, time_machine):
    """A wrong clock ends nothing that the right one would not: the resident finds their shares as they left them."""
    add(resident, "logement.domicile", HOME)
    now = timezone.now()
    grant = granted(resident, RENT, starts_at=now, ends_at=now + timedelta(days=30))
    seal()
    assert gate.read(grant=grant, fields=[RENT])
    time_machine.move_to(now + wrong_by)
    grants.close_expired_grants()
    time_machine.move_to(now + timedelta(minutes=5))
    seal()
    assert gate.read(grant=grant, fields=[RENT])
    assert journal.verify(resident_id=resident.pk).bad == []
