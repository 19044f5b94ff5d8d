"""Households: a code lets one resident join, joining shares nothing, leaving ends all grants at once."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import journal
from core.database import locks
from tests.accounts.factories import ResidentFactory
from tests.at_once import at_once
from tests.vault.couples import TRIED, agreed, couple, place, shared
from tests.vault.made import HOME, HOUSEHOLD, add, add_signed_notice
from tests.waiting import until_somebody_waits
from vault.records import actions, gate
from vault.records.actions import grants as actions_grants
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantEvent, Record
from vault.sharing.across import household_access
from vault.sharing.actions import household
from vault.sharing.models import Invitation, Member, SharedFact
from vault.types.spans import add_months

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
PARTNER = HouseholdRole.PARTNER


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


def entries(resident):
    return journal.entries(resident_id=resident.pk, limit=100)


def events(resident):
    return [entry.event for entry in entries(resident)]


def invited(resident, role=PARTNER):
    return household.invite(resident_id=resident.pk, by=resident.pk, role=role)


def join(resident, code):
    return household.join(resident_id=resident.pk, by=resident.pk, code=code)


def leave(resident):
    household.leave(resident_id=resident.pk, by=resident.pk)


def learn(resident):
    return household.learn_of_partings(resident_id=resident.pk, by=resident.pk)


def around(resident):
    """Return the other members of the resident's household."""
    found = household_access.of(resident.pk)
    assert found is not None
    return found.others


def facts_of(resident):
    with scope(resident=resident.pk):
        return list(SharedFact.objects.all())


def current(resident, type_code):
    with scope(resident=resident.pk):
        return list(Record.objects.current().filter(type=type_code))


# Inviting and joining


def test_joining_shares_nothing(resident, stranger):
    add_signed_notice(resident)
    join(stranger, invited(resident))

    assert [other.name for other in around(resident)] == ["Bruno"]
    assert [other.name for other in around(stranger)] == ["Awa"]
    assert household_access.received(stranger.pk) == household_access.received(resident.pk) == []
    with scopes_disabled():
        assert not Grant.objects.exists()


def test_joining_is_journalled_only_for_the_resident_who_joins(resident, stranger):
    code = invited(resident)
    before = events(resident)
    join(stranger, code)
    assert events(resident) == before
    assert entries(stranger)[0].details == {"recipient": "Awa"}


def test_only_the_hash_of_the_code_is_stored(resident):
    code = invited(resident)
    with scope(resident=resident.pk):
        row = Invitation.objects.values().get()
    assert code not in repr(row) and code.replace("-", "") not in repr(row)


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("0", "O").replace("1", "i")]
)
def test_a_code_is_read_despite_case_spaces_and_similar_letters(resident, stranger, typed):
    assert join(stranger, typed(invited(resident))).role == PARTNER


def test_a_code_works_once(resident, stranger):
    code = invited(resident)
    join(stranger, code)
    with pytest.raises(household.NoInvitation):
        join(ResidentFactory(), code)


def test_a_code_expires_after_seven_days(resident, stranger):
    code = invited(resident)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)), pytest.raises(household.NoInvitation):
        join(stranger, code)


def test_a_new_code_or_a_cancellation_ends_the_former_code(resident, stranger):
    first, second = invited(resident), invited(resident)
    with pytest.raises(household.NoInvitation):
        join(stranger, first)
    household.cancel_invitation(resident_id=resident.pk, by=resident.pk)
    with pytest.raises(household.NoInvitation):
        join(stranger, second)


def why_not(resident, code):
    with pytest.raises(household.CannotJoin) as refused:
        join(resident, code)
    return refused.value.why


def test_joining_is_refused_for_own_code_second_household_or_third_partner(resident, stranger):
    assert why_not(resident, invited(resident)) == "self"
    couple(resident, stranger)
    third = ResidentFactory()
    assert why_not(third, invited(resident)) == "couple"
    assert why_not(stranger, invited(third)) == "already"
    join(third, invited(resident, HouseholdRole.ADULT))
    assert len(around(resident)) == 2


def test_a_refused_attempt_creates_no_household(resident):
    why_not(resident, invited(resident))
    with scopes_disabled():
        assert not Member.objects.exists()


def test_another_resident_cannot_invite_or_leave(resident, stranger):
    for act in (household.invite, household.leave, household.cancel_invitation):
        more = {"role": PARTNER} if act is household.invite else {}
        with pytest.raises(PermissionDenied):
            act(resident_id=resident.pk, by=stranger.pk, **more)


# Agreeing


def test_an_agreement_needs_the_same_household_and_the_right_role(resident, stranger):
    couple(resident, stranger, HouseholdRole.ADULT)
    outsider, other = ResidentFactory(), ResidentFactory()
    couple(outsider, other)
    terms = Terms([], Mode.LOOK, 1)
    for member in (place(outsider), place(stranger)):
        with pytest.raises(PermissionDenied):
            household.agree(resident_id=resident.pk, by=resident.pk, member_id=member.pk, agreement=TRIED, terms=terms)


def test_each_agreement_goes_one_way_and_is_stopped_separately(resident, stranger):
    couple(resident, stranger)
    mine, theirs = agreed(resident, stranger, "tried"), agreed(stranger, resident, "tried")
    actions_grants.stop(grant=mine, by=resident.pk)
    assert household_access.received(stranger.pk) == []
    assert household_access.received(resident.pk) == [theirs]


# Shared facts


def test_the_other_member_gets_a_copy_of_the_chosen_item_only(resident, stranger):
    add(resident, "logement.domicile", HOME)
    add(resident, "foyer.composition", HOUSEHOLD)
    couple(resident, stranger)
    shared(resident, stranger, "address")
    [fact] = facts_of(stranger)
    note = gate.own_note(resident_id=stranger.pk, purpose="x", place=fact.place, content=bytes(fact.content))
    assert [record["payload"] for record in note["records"]] == [{"adresse": HOME["adresse"]}]


def test_a_later_value_is_not_shared(resident, stranger):
    """If the giver's address changes before they leave, the other keeps the former address."""
    home = add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    shared(resident, stranger, "address")
    actions.correct_record(record=home, by=resident.pk, payload={**HOME, "adresse": {"voie": "Refuge des Iris"}})
    leave(resident)
    household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk)
    opened = gate.read_own(resident_id=stranger.pk, purpose="x", fields=["logement.domicile#/adresse"])
    assert opened.value("logement.domicile#/adresse")["voie"] == "14 rue des Tanneries"


def test_a_value_changed_since_the_page_is_not_shared(resident, stranger):
    home = add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    seen = household.fingerprint(household.own_facts(resident_id=resident.pk))
    actions.correct_record(record=home, by=resident.pk, payload={**HOME, "adresse": {"voie": "Refuge des Iris"}})
    terms, other = Terms(["address"], Mode.KEEP, 1), place(stranger)
    with pytest.raises(actions_grants.Changed):
        household.share_facts(resident_id=resident.pk, by=resident.pk, member_id=other.pk, terms=terms, seen=seen)
    assert facts_of(stranger) == []


def test_stopping_deletes_the_copy(resident, stranger):
    add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    grant = shared(resident, stranger, "address")
    actions_grants.stop(grant=grant, by=resident.pk)
    assert facts_of(stranger) == []


def test_the_copy_is_deleted_at_the_end_of_the_agreement(resident, stranger):
    add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    grant = shared(resident, stranger, "address")
    actions_grants.close_expired_grants()
    assert len(facts_of(stranger)) == 1
    with time_machine.travel(grant.ends_at + timedelta(minutes=5)):
        actions_grants.close_expired_grants()
        assert facts_of(stranger) == []


def test_the_copy_is_sealed_under_the_recipients_key(resident, stranger):
    from core.keys.sealed import Unreadable

    add(resident, "logement.domicile", HOME)
    couple(resident, stranger)
    shared(resident, stranger, "address")
    [fact] = facts_of(stranger)
    assert b"Tanneries" not in bytes(fact.content)
    with pytest.raises(Unreadable):
        gate.own_note(resident_id=resident.pk, purpose="x", place=fact.place, content=bytes(fact.content))


# Leaving


@pytest.fixture
def sharing(resident, stranger):
    """Return the grants of a couple that shares both ways."""
    add_signed_notice(resident)
    add(resident, "foyer.composition", HOUSEHOLD)
    add(stranger, "logement.domicile", HOME)
    couple(resident, stranger)
    grants = [agreed(resident, stranger, "tried"), agreed(stranger, resident, "tried")]
    return [*grants, shared(resident, stranger, "people"), shared(stranger, resident, "address")]


def test_leaving_ends_every_grant_both_ways_at_once(resident, stranger, sharing):
    leave(resident)
    for grant in sharing[:2]:
        with pytest.raises(gate.Refused):
            gate.read(grant=grant, fields=[INCOME])
    assert household_access.of(resident.pk) is None
    assert around(stranger) == []
    assert household_access.received(stranger.pk) == household_access.received(resident.pk) == []


def test_the_others_journal_gets_an_entry_only_when_they_open_the_page(resident, stranger, sharing):
    before = events(stranger)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        leave(resident)
        assert events(stranger) == before
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        assert household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk) == ["Awa"]
        assert household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk) == ["Awa"]
        ended = [entry for entry in entries(stranger) if entry.event == "sharing_ended"]
        assert len(ended) == 1 and ended[0].at > timezone.now() - timedelta(minutes=1)
        assert all(entry.actor_id == stranger.pk for entry in entries(stranger) if entry.event != "granted_read")


def test_the_others_grants_end_with_the_month(resident, stranger, sharing):
    """Their grants' history is also written, with a receipt, once the month is over."""
    left_at = timezone.now() + timedelta(days=3)
    with time_machine.travel(left_at, tick=False):
        leave(resident)
        actions_grants.close_expired_grants()
        first_of_next = add_months(timezone.localdate().replace(day=1), 1)
    with scope(resident=stranger.pk):
        ended = {timezone.localtime(grant.stopped_at) for grant in Grant.objects.all()}
        assert {(moment.date(), moment.hour, moment.minute) for moment in ended} == {(first_of_next, 0, 0)}
        assert not GrantEvent.objects.exclude(happened="given").exists()
    with scope(resident=resident.pk):
        assert {moment for moment in Grant.objects.values_list("stopped_at", flat=True) if moment} == {left_at}
    with time_machine.travel(next(iter(ended)) + timedelta(minutes=1)):
        actions_grants.close_expired_grants()
    with scope(resident=stranger.pk):
        assert set(GrantEvent.objects.exclude(happened="given").values_list("happened", "at")) == {
            ("stopped", next(iter(ended)))
        }


def test_leaving_is_in_the_journal_of_the_resident_who_leaves(resident, stranger, sharing):
    leave(resident)
    assert sorted(events(resident)[:4]) == ["grant_stopped", "grant_stopped", "household_left", "record_added"]


def test_shared_facts_enter_the_vault_of_each_recipient(resident, stranger, sharing):
    leave(resident)
    assert len(current(resident, "logement.domicile")) == 1
    assert current(stranger, "foyer.composition") == []
    household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk)
    [family] = current(stranger, "foyer.composition")
    assert (family.assurance, family.method, family.subject_person) == ("declared", "typed", stranger.pk)
    assert facts_of(resident) == facts_of(stranger) == []


def test_who_learns_of_a_parting_while_a_value_is_written_waits_holding_nothing_that_the_other_needs(
    resident, stranger, sharing
):
    """Whoever writes a value has the lock of the values, then takes the journal's. The other order would deadlock."""
    leave(resident)
    learned = []
    learner = threading.Thread(target=lambda: at_once(lambda: learned.append(learn(stranger)), times=1))
    with transaction.atomic():
        locks.hold("values", stranger.pk)
        learner.start()
        until_somebody_waits()
        journal.write(resident_id=stranger.pk, actor_id=stranger.pk, event="record_added", purpose="Essayer")
    learner.join()
    assert learned == [["Awa"]]


def test_an_existing_record_is_not_replaced_by_a_shared_fact(resident, stranger, sharing):
    mine = add(stranger, "foyer.composition", {"allocataires": [], "enfants": []})
    leave(resident)
    household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk)
    assert [record.pk for record in current(stranger, "foyer.composition")] == [mine.pk]


def test_an_expired_agreement_leaves_no_fact(resident, stranger, sharing):
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        leave(resident)
        household.learn_of_partings(resident_id=stranger.pk, by=stranger.pk)
        assert current(stranger, "foyer.composition") == [] and facts_of(stranger) == []


def test_agreements_with_a_third_member_are_kept(resident, stranger, sharing):
    third = ResidentFactory()
    join(third, invited(stranger, HouseholdRole.ADULT))
    kept = shared(third, stranger, "people") if current(third, "foyer.composition") else agreed_facts(third, stranger)
    leave(resident)
    with scope(resident=third.pk):
        kept.refresh_from_db()
    assert kept.stopped_at is None
    assert [other.resident_id for other in around(third)] == [stranger.pk]


def agreed_facts(giver, receiver):
    add(giver, "foyer.composition", HOUSEHOLD)
    return shared(giver, receiver, "people")


def test_leaving_cancels_the_code_and_is_idempotent(resident, stranger, sharing):
    code = invited(resident, HouseholdRole.ADULT)
    leave(resident)
    count = len(entries(resident))
    leave(resident)
    assert len(entries(resident)) == count
    with pytest.raises(household.NoInvitation):
        join(ResidentFactory(), code)


def test_both_members_may_join_another_household_after_a_parting(resident, stranger, sharing):
    leave(resident)
    third = ResidentFactory(name="Fanta")
    join(stranger, invited(third))
    join(resident, invited(ResidentFactory()))
    assert [other.name for other in around(stranger)] == ["Fanta"]
