"""The couple of the demonstration: two vaults, one contact address, agreements each way, and aids that only both incomes decide."""

import pytest
from django.utils import timezone

from demo import seeding
from demo.people import find
from services.aids.actions import simulations as actions
from services.aids.actions import together as actions_together
from vault.sharing.across import household_access

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def couple():
    seeding.fill_city()
    today, accounts = timezone.localdate(), []
    for slug in ("claire", "yann"):
        person = find(slug)
        assert person is not None
        accounts.append(person.account())
        seeding.fill_vault(accounts[-1], slug, today)
    seeding.join_couple()
    return accounts


def test_they_are_written_to_at_one_address_and_sign_in_with_two(couple):
    claire, yann = couple
    assert claire.contact_email == yann.contact_email != ""
    assert claire.email != yann.email


def test_either_can_compute_for_both_and_joining_again_changes_nothing(couple):
    seeding.join_couple()
    for one in couple:
        assert len(household_access.received(one.pk, agreement="joint_simulation")) == 1
        found = actions_together.simulate(resident_id=one.pk)
        assert isinstance(found, actions_together.Together)
        assert found.results.get("aide_logement").exact


def test_alone_the_other_s_income_is_a_question(couple):
    alone = actions.simulate(resident_id=couple[0].pk)
    assert isinstance(alone, actions.Simulation)
    assert any(asked.question.key == "revenus" for asked in alone.results.asked)


def test_what_one_left_stays_left(couple):
    from vault.sharing.actions import household

    household.leave(resident_id=couple[0].pk, by=couple[0].pk)
    seeding.join_couple()
    assert household_access.of(couple[0].pk) is None
