"""A kind of recipient may refuse all its readings at once, under a lock of its own, whatever the grants say."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connections, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal
from core.database import locks
from tests.accounts.factories import signed_in
from tests.vault.couples import TRIED, granted
from tests.vault.made import add_signed_notice
from tests.vault.records.test_grants import INCOME, PARTS, read_apart
from tests.vault.sending import notice_pdf, uploaded
from tests.waiting import until_somebody_waits
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.enums import RefusalCode
from vault.records.grants import agreements, recipients
from vault.records.grants.recipients import RecipientKind
from vault.records.models import GrantPaper
from vault.sharing.actions import acts
from vault.sharing.actions.mandates import never_again

pytestmark = pytest.mark.django_db(transaction=True)


class Shop:
    """A recipient that its owner closes: no reading succeeds while it is closed."""

    closed = False

    def kind(self):
        return RecipientKind(
            "shop",
            "un magasin",
            never_again,
            refusal=lambda grant: RefusalCode.LABEL if self.closed else None,
            lock_key=lambda grant: locks.key("shop", grant.recipient_id),
        )


@pytest.fixture(autouse=True)
def shop(monkeypatch):
    shop = Shop()
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)
    monkeypatch.setitem(recipients._kinds, "shop", shop.kind())
    return shop


@pytest.fixture
def grant(resident):
    add_signed_notice(resident)
    return granted(resident, INCOME, recipient_kind="shop")


def last_entry(resident):
    return journal.entries(resident_id=resident.pk, limit=1)[0]


def test_a_closed_recipient_reads_nothing_and_the_journal_has_the_reason(resident, grant, shop):
    assert gate.read(grant=grant, fields=[INCOME]).value(INCOME) == 12312
    shop.closed = True
    with pytest.raises(gate.Refused) as refused:
        gate.read(grant=grant, fields=[INCOME])
    assert refused.value.code == RefusalCode.LABEL
    assert (last_entry(resident).event, last_entry(resident).details["reason"]) == ("read_refused", "label")
    grant.refresh_from_db()
    shop.closed = False
    assert gate.read(grant=grant, fields=[INCOME]).value(INCOME) == 12312


def test_a_refused_reading_does_not_use_a_grant_for_one_reading(resident, shop):
    add_signed_notice(resident)
    grant = granted(resident, INCOME, recipient_kind="shop", once=True)
    shop.closed = True
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])
    shop.closed = False
    assert gate.read(grant=grant, fields=[INCOME])


def test_a_closed_recipient_gets_no_further_piece_of_a_file_nor_acts(resident, shop):
    paper = uploaded(signed_in(resident), resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    grant = granted(resident, recipient_kind="shop")
    with scope(resident=resident.pk):
        GrantPaper.objects.create(resident_id=resident.pk, grant=grant, paper=paper)
    _paper, file = gate.read_file(grant=grant, paper_id=paper.pk, position=0, visit=None)
    assert file.read(4) == b"%PDF"
    shop.closed = True
    with pytest.raises(gate.Refused) as refused:
        file.read(4)
    assert refused.value.code == RefusalCode.LABEL
    with pytest.raises(gate.Refused), acts.under(grant):
        pytest.fail("a closed recipient acted")
    assert (last_entry(resident).event, last_entry(resident).details["reason"]) == ("act_refused", "label")
    with pytest.raises(gate.Refused):
        gate.read_file(grant=grant, paper_id=paper.pk, position=0, visit=None)


def test_a_reading_waits_for_who_closes_without_locking_the_journal(resident, grant, shop):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            locks.hold("shop", grant.recipient_id)
            reader = pool.submit(read_apart, grant)
            until_somebody_waits()
            shop.closed = True
            # The reader holds neither the journal's lock nor the grant's.
            with scope(resident=resident.pk):
                gate.lock_exclusively([grant])
                grants.journal_grant_event(grant, resident.pk, "grant_paused")
        with pytest.raises(gate.Refused) as refused:
            reader.result(60)
    assert refused.value.code == RefusalCode.LABEL


def test_who_closes_waits_for_a_reading_that_has_begun(resident, grant):
    """Readers share the lock: one that has begun makes the exclusive lock wait."""
    with transaction.atomic(), scope(resident=resident.pk):
        gate.lock_shared(grant)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(tried_apart, grant).result(60) is False


def tried_apart(grant):
    try:
        with transaction.atomic():
            return locks.try_hold("shop", grant.recipient_id)
    finally:
        connections.close_all()


# Codes


def code_of(grant, *fields):
    with pytest.raises(gate.Refused) as refused:
        gate.read(grant=grant, fields=fields or [INCOME])
    return refused.value


def test_each_refusal_has_its_code(resident):
    add_signed_notice(resident)
    now = timezone.now()
    assert code_of(granted(resident, INCOME), INCOME, PARTS).code == RefusalCode.NOT_COVERED
    assert code_of(granted(resident, INCOME, paused_at=now)).code == RefusalCode.PAUSED
    assert code_of(granted(resident, INCOME, stopped_at=now)).code == RefusalCode.STOPPED
    later = granted(resident, INCOME, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
    assert code_of(later).code == RefusalCode.TO_COME
    once = granted(resident, INCOME, once=True)
    gate.read(grant=once, fields=[INCOME])
    assert code_of(once).code == RefusalCode.OVER
    with time_machine.travel(now + timedelta(days=31)):
        assert code_of(granted(resident, INCOME, starts_at=now, ends_at=now + timedelta(days=30))).code == "over"


def test_a_reading_too_soon_says_from_when(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME, at_most_every=timedelta(hours=1))
    with time_machine.travel("2026-11-28T10:00:00Z", tick=False):
        grant = granted(resident, INCOME, at_most_every=timedelta(hours=1))
        gate.read(grant=grant, fields=[INCOME])
        found = code_of(grant)
    assert (found.code, found.until.isoformat()) == (RefusalCode.TOO_SOON, "2026-11-28T11:00:00+00:00")


def test_a_grant_that_is_gone_is_refused_as_stopped(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with scope(resident=resident.pk):
        type(grant).objects.filter(pk=grant.pk).delete()
    assert code_of(grant).code == RefusalCode.STOPPED


def test_the_lock_is_the_recipients_and_not_the_grants(resident, shop):
    """Two grants to one recipient share its lock; both are refused after one change."""
    add_signed_notice(resident)
    both = [granted(resident, INCOME, recipient_kind="shop") for _ in range(2)]
    shop.closed = True
    for grant in both:
        assert code_of(grant).code == RefusalCode.LABEL
