"""The demonstration's couple: two vaults, a shared contact address, mutual agreements, and joint aids."""

import pytest
from django.utils import timezone

from demo.people.accounts import find
from demo.seeding import city, residents, sharing
from services.aids.actions import simulations as actions
from services.aids.actions import together as actions_together
from vault.sharing.across import household_access

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def couple():
    city.fill_city()
    today, accounts = timezone.localdate(), []
    for slug in ("claire", "yann"):
        person = find(slug)
        assert person is not None
        accounts.append(person.account())
        residents.fill_vault(accounts[-1], slug, today)
    sharing.join_couple()
    return accounts


def test_they_share_a_contact_address_and_sign_in_separately(couple):
    claire, yann = couple
    assert claire.contact_email == yann.contact_email != ""
    assert claire.email != yann.email


def test_either_can_compute_for_both_and_seeding_is_idempotent(couple):
    sharing.join_couple()
    for one in couple:
        assert len(household_access.received(one.pk, agreement="joint_simulation")) == 1
        found = actions_together.simulate(resident_id=one.pk)
        assert isinstance(found, actions_together.Together)
        assert found.results.get("aide_logement").exact


def test_without_an_agreement_the_partners_income_is_asked(couple):
    alone = actions.simulate(resident_id=couple[0].pk)
    assert isinstance(alone, actions.Simulation)
    assert any(asked.question.key == "revenus" for asked in alone.results.asked)


def test_seeding_does_not_restore_a_household_that_was_left(couple):
    from vault.sharing.actions import household

    household.leave(resident_id=couple[0].pk, by=couple[0].pk)
    sharing.join_couple()
    assert household_access.of(couple[0].pk) is None
