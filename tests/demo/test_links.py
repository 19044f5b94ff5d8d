"""Léo's links in the demonstration: one active, one stopped; seeding again changes neither."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from demo.people.accounts import find
from demo.seeding import residents, sharing
from tests.accounts.factories import signed_in
from vault.records.actions import grants
from vault.records.enums import GrantState
from vault.sharing.models import Link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leo():
    person = find("leo")
    assert person is not None
    account = person.account()
    residents.fill_vault(account, person.slug, timezone.localdate())
    sharing.share_by_links()
    return account


def states(leo):
    with scope(resident=leo.pk):
        return sorted(link.grant.state for link in Link.objects.select_related("grant"))


def test_his_shares_show_an_active_and_a_stopped_link(leo):
    assert states(leo) == sorted([GrantState.ACTIVE, GrantState.STOPPED])
    page = signed_in(leo).get(reverse("sharing:shares")).content.decode()
    assert "Dossier de location, quai du Lavoir" in page
    assert "Terminés ou arrêtés" in page and "Dossier de location, rue Basse" in page


def test_one_read_is_journalled_with_its_recipient(leo):
    reads = [entry for entry in journal.entries(resident_id=leo.pk, limit=50) if entry.event == "granted_read"]
    assert ["Mme Dubreuil, Habitat brumois" in entry.details["recipient"] for entry in reads] == [True]


def test_seeding_again_makes_and_reads_no_link(leo):
    with scope(resident=leo.pk):
        open_one = next(link.grant for link in Link.objects.select_related("grant") if link.opens)
    grants.stop(grant=open_one, by=leo.pk)
    sharing.share_by_links()
    assert states(leo) == [GrantState.STOPPED, GrantState.STOPPED]
