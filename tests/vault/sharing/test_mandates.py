"""A mandate is a resident's own, lets one companion do what was ticked, and stops at once. A code lets one in for two hours."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django_scopes import scope

from accounts.actions.companions import add_companion, end_membership
from core import journal
from tests.accounts.factories import CompanionFactory
from tests.at_once import at_once
from tests.attacks.racing import race
from tests.vault.entrusted import as_they_find_it, entrusted, place_at, said
from tests.vault.made import add, add_signed_notice
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.grants import Changed, NothingChosen
from vault.records.enums import GrantState, Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing.across import mandates
from vault.sharing.actions import acts
from vault.sharing.actions import mandates as actions
from vault.sharing.actions.household import fingerprint
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.enums import Act
from vault.sharing.models import Appointment, Mandate

pytestmark = pytest.mark.django_db(transaction=True)
RENT = "logement.domicile#/loyer"
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


def look(mandate, companion, item="home"):
    return actions.look(mandate=mandate, companion=companion, item_code=item, agreement=AGREEMENT)


def last_line(resident):
    return journal.entries(resident_id=resident.pk, limit=1)[0]


def test_a_companion_reads_what_was_ticked_and_each_reading_is_a_line(resident, companion):
    add(resident, "logement.domicile", HOME)
    mandate = entrusted(resident, companion, "home")
    fields, values = look(mandate, companion)
    assert RENT in fields and values.of_type("logement.domicile")[0].payload["loyer"] == "612.00"
    line = last_line(resident)
    assert (line.event, line.details["recipient"], line.fields) == (
        "granted_read",
        "Théo Lassalle, CCAS de Villebrume",
        fields,
    )
    assert line.ground == journal.Ground.GRANT


def test_a_line_that_was_not_ticked_stays_closed(resident, companion):
    add_signed_notice(resident)
    mandate = entrusted(resident, companion, "home")
    with pytest.raises(PermissionDenied):
        look(mandate, companion, "notices")
    with pytest.raises(gate.Refused):
        gate.read(grant=mandate.grant, fields=["fiscal.avis_ir#/revenu_fiscal_reference"])


def test_it_is_among_the_resident_s_shares_with_a_receipt(resident, companion):
    mandate = entrusted(resident, companion, "home", months=6)
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
        assert grant.events.get().happened == "given"
        assert grant.state == GrantState.ACTIVE and mandate.grant_id == grant.pk


def test_it_counts_for_the_person_whom_its_grant_names_whatever_their_place(resident, companion):
    mandate = entrusted(resident, companion, "home")
    assert mandates.live(companion) == [mandate]
    with scope(resident=resident.pk):
        Grant.objects.update(recipient_id=CompanionFactory().pk)
    assert mandates.live(companion) == []


@pytest.mark.parametrize("end", ["pause", "stop"])
def test_nothing_counts_any_more_once_it_is_paused_or_stopped(resident, companion, end):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    getattr(grants, end)(grant=mandate.grant, by=resident.pk)
    assert mandates.live(companion) == []
    with pytest.raises(gate.Refused):
        look(mandate, companion)
    with pytest.raises(gate.Refused), acts.under(mandate.grant):
        raise AssertionError("an act was done under a mandate that counts no more")
    assert last_line(resident).event == "act_refused"


def test_it_ends_by_itself(resident, companion, time_machine):
    entrusted(resident, companion, "home")
    assert mandates.live(companion)
    time_machine.move_to(timezone.now() + timedelta(days=1, seconds=1), tick=False)
    assert mandates.live(companion) == []


@pytest.mark.slow
def test_no_reading_succeeds_after_a_stop_was_acknowledged(resident):
    """The race of tests/attacks, on the grants of mandates: six readers, eight rounds."""
    add_signed_notice(resident)
    given = [entrusted(resident, CompanionFactory(), "notices").grant for _ in range(8)]
    outcome = race(given, readers=6, stop=lambda grant: grants.stop(grant=grant, by=resident.pk))
    assert outcome.reads >= 8 * 6
    assert (outcome.opened_late, outcome.begun_late) == (0, 0)


def test_who_leaves_their_organisation_acts_for_nobody_even_if_they_come_back(resident, companion):
    entrusted(resident, companion, "home")
    place = place_at(companion)
    end_membership(membership=place)
    assert mandates.live(companion) == []
    add_companion(email=companion.email, name=companion.name, organisation=place.organisation)
    companion.refresh_from_db()
    assert mandates.live(companion) == []


def test_an_organisation_that_is_closed_closes_its_mandates(resident, companion):
    entrusted(resident, companion, "home")
    place = place_at(companion)
    place.organisation.is_active = False
    place.organisation.save()
    assert mandates.live(companion) == []


def test_another_companion_of_the_same_organisation_does_not_act_in_their_place(resident, companion):
    mandate, colleague = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER]), CompanionFactory()
    assert mandates.find(colleague, mandate.pk) is None
    with pytest.raises(PermissionDenied):
        look(mandate, colleague)


def test_only_the_resident_entrusts(resident, stranger, companion):
    place = place_at(companion)
    with pytest.raises(PermissionDenied):
        actions.entrust(
            resident_id=resident.pk,
            by=stranger.pk,
            membership_id=place.pk,
            terms=Terms(["home"], Mode.LOOK, 1),
            acts=[],
            seen="",
        )
    with pytest.raises(PermissionDenied):
        actions.make_code(resident_id=resident.pk, by=companion.pk, chosen=actions.Chosen(["home"], []))


def test_a_value_that_changed_since_the_page_is_not_entrusted(resident, companion):
    add(resident, "logement.domicile", HOME)
    with pytest.raises(Changed):
        actions.entrust(
            resident_id=resident.pk,
            by=resident.pk,
            membership_id=place_at(companion).pk,
            terms=Terms(["home"], Mode.LOOK, 1),
            acts=[],
            seen="another",
        )


@pytest.mark.parametrize(
    "length", [{"months": 3}, {"months": 0}, {"months": 24}, {"months": 0, "lasts": timedelta(days=3)}]
)
def test_only_the_lengths_that_were_offered_are_given(resident, companion, length):
    terms = {"lasts": None, **length}
    seen = fingerprint(actions.today(resident_id=resident.pk))
    with pytest.raises(ValueError, match="not offered"):
        actions.entrust(
            resident_id=resident.pk,
            by=resident.pk,
            membership_id=place_at(companion).pk,
            terms=Terms(["home"], Mode.LOOK, terms["months"], lasts=terms["lasts"]),
            acts=[],
            seen=seen,
        )


def test_a_new_mandate_takes_the_place_of_the_one_before(resident, companion):
    entrusted(resident, companion, "home", "notices")
    entrusted(resident, companion, "home")
    [mandate] = mandates.live(companion)
    assert "notices" not in {item.code for item in AGREEMENT.named(agreements.fields_of(mandate.grant))}


def test_both_are_told_by_a_mail_that_names_nobody(resident, companion):
    actions.notify_signed_mandate(entrusted(resident, companion, "home"))
    assert {message.to[0] for message in mail.outbox} == {resident.email, companion.email}
    for message in mail.outbox:
        assert resident.name not in message.body and "Théo" not in message.body and "CCAS" not in message.body


def test_a_code_begins_two_hours_and_serves_once(resident, companion, time_machine):
    add(resident, "logement.domicile", HOME)
    code = said(resident, "home")
    mandate = as_they_find_it(companion, actions.begin(companion=companion, code=code.lower().replace("-", " ")))
    assert look(mandate, companion)
    lines = [line.event for line in journal.entries(resident_id=resident.pk, limit=3)]
    assert lines == ["granted_read", "appointment_begun", "grant_given"]
    with pytest.raises(actions.NoAppointment):
        actions.begin(companion=CompanionFactory(), code=code)
    time_machine.move_to(timezone.now() + timedelta(hours=2, seconds=1), tick=False)
    assert mandates.live(companion) == []
    with pytest.raises(gate.Refused):
        look(mandate, companion)


def test_of_two_who_type_a_code_at_once_one_alone_comes_in(resident):
    code, waiting, came_in = said(resident, "home"), [CompanionFactory() for _ in range(4)], []

    def begin():
        with suppress(actions.NoAppointment):
            came_in.append(actions.begin(companion=waiting.pop(), code=code))

    at_once(begin)
    assert len(came_in) == 1


def test_an_old_cancelled_or_replaced_code_opens_nothing(resident, companion, time_machine):
    replaced = said(resident, "home")
    cancelled = said(resident, "home")
    actions.cancel_code(resident_id=resident.pk, by=resident.pk)
    old = said(resident, "home")
    time_machine.move_to(timezone.now() + timedelta(hours=24, seconds=1), tick=False)
    for code in (replaced, cancelled, old, "7KQ4-M2XD-93HT", ""):
        with pytest.raises(actions.NoAppointment):
            actions.begin(companion=companion, code=code)
    assert mandates.live(companion) == []


def test_the_row_of_a_code_says_nothing(resident):
    code = said(resident, "home", acts=[Act.ADD_PAPER])
    with scope(resident=resident.pk):
        row = Appointment.objects.get()
    assert code not in row.code_hash and b"home" not in bytes(row.content) and b"add_paper" not in bytes(row.content)


def test_an_empty_code_is_not_made(resident):
    with pytest.raises(NothingChosen):
        said(resident)


def test_a_mandate_and_an_appointment_with_the_same_person_stand_side_by_side(resident, companion):
    entrusted(resident, companion, "home", months=6)
    actions.begin(companion=companion, code=said(resident, "notices"))
    with scope(resident=resident.pk):
        assert Mandate.objects.count() == 2
    assert len(mandates.live(companion)) == 2
