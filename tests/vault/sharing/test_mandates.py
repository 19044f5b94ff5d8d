"""Mandates and appointments: given only by the resident, limited to ticked items and acts, stopped at once."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django_scopes import scope

from accounts.actions import places
from core import journal
from tests.accounts.factories import CompanionFactory
from tests.at_once import at_once
from tests.attacks.racing import race
from tests.vault.couples import granted
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


def last_entry(resident):
    return journal.entries(resident_id=resident.pk, limit=1)[0]


def test_a_companion_reads_ticked_items_and_each_reading_is_journalled(resident, companion):
    add(resident, "logement.domicile", HOME)
    mandate = entrusted(resident, companion, "home")
    fields, values = look(mandate, companion)
    assert RENT in fields and values.of_type("logement.domicile")[0].payload["loyer"] == "612.00"
    entry = last_entry(resident)
    assert (entry.event, entry.details["recipient"], entry.fields) == (
        "granted_read",
        "Théo Lassalle, CCAS de Villebrume",
        sorted(fields),
    )
    assert entry.ground == journal.Ground.GRANT


def test_an_item_that_was_not_ticked_is_refused(resident, companion):
    add_signed_notice(resident)
    mandate = entrusted(resident, companion, "home")
    with pytest.raises(PermissionDenied):
        look(mandate, companion, "notices")
    with pytest.raises(gate.Refused):
        gate.read(grant=mandate.grant, fields=["fiscal.avis_ir#/revenu_fiscal_reference"])


def test_a_mandate_is_a_grant_with_its_event(resident, companion):
    mandate = entrusted(resident, companion, "home", months=6)
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
        assert grant.events.get().happened == "given"
        assert grant.state == GrantState.ACTIVE and mandate.grant_id == grant.pk


def test_a_mandate_is_active_only_for_the_recipient_of_its_grant(resident, companion):
    mandate = entrusted(resident, companion, "home")
    other = granted(resident, RENT, recipient_kind="companion", recipient_id=CompanionFactory().pk)
    with scope(resident=resident.pk):
        place = mandate.membership_id
        Mandate.objects.create(resident_id=resident.pk, grant=other, membership_id=place, name="Awa", acts=[])
    assert mandates.live(companion) == [mandate]


@pytest.mark.parametrize("end", ["pause", "stop"])
def test_a_paused_or_stopped_mandate_allows_nothing(resident, companion, end):
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    getattr(grants, end)(grant=mandate.grant, by=resident.pk)
    assert mandates.live(companion) == []
    with pytest.raises(gate.Refused):
        look(mandate, companion)
    with pytest.raises(gate.Refused), acts.under(mandate.grant):
        raise AssertionError("an act was done under an inactive mandate")
    assert last_entry(resident).event == "act_refused"


def test_a_mandate_expires(resident, companion, time_machine):
    entrusted(resident, companion, "home")
    assert mandates.live(companion)
    time_machine.move_to(timezone.now() + timedelta(days=1, seconds=1), tick=False)
    assert mandates.live(companion) == []


@pytest.mark.slow
def test_no_reading_succeeds_after_a_stop_was_acknowledged(resident):
    """Run the race of tests/attacks on grants of mandates: six readers, eight rounds."""
    add_signed_notice(resident)
    given = [entrusted(resident, CompanionFactory(), "notices").grant for _ in range(8)]
    outcome = race(given, readers=6, stop=lambda grant: grants.stop(grant=grant, by=resident.pk))
    assert outcome.reads >= 8 * 6
    assert (outcome.opened_late, outcome.begun_late) == (0, 0)


def test_a_companion_who_left_their_organisation_loses_its_mandates_for_good(resident, companion):
    entrusted(resident, companion, "home")
    place = place_at(companion)
    places.end(place=place)
    assert mandates.live(companion) == []
    places.add_companion(email=companion.email, name=companion.name, organisation=place.organisation)
    companion.refresh_from_db()
    assert mandates.live(companion) == []


def test_a_closed_organisation_has_no_active_mandate(resident, companion):
    entrusted(resident, companion, "home")
    place = place_at(companion)
    place.organisation.is_active = False
    place.organisation.save()
    assert mandates.live(companion) == []


def test_a_colleague_cannot_act_under_the_mandate(resident, companion):
    mandate, colleague = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER]), CompanionFactory()
    assert mandates.find(colleague, mandate.pk) is None
    with pytest.raises(PermissionDenied):
        look(mandate, colleague)


def test_only_the_resident_gives_a_mandate(resident, stranger, companion):
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


def test_a_value_changed_since_the_page_refuses_the_mandate(resident, companion):
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
def test_a_length_that_is_not_offered_is_refused(resident, companion, length):
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


def test_a_new_mandate_replaces_the_former_one(resident, companion):
    entrusted(resident, companion, "home", "notices")
    entrusted(resident, companion, "home")
    [mandate] = mandates.live(companion)
    assert "notices" not in {item.code for item in AGREEMENT.named(agreements.fields_of(mandate.grant))}


def test_both_are_notified_by_email_without_names(resident, companion):
    actions.notify_signed_mandate(entrusted(resident, companion, "home"))
    assert {message.to[0] for message in mail.outbox} == {resident.email, companion.email}
    for message in mail.outbox:
        assert resident.name not in message.body and "Théo" not in message.body and "CCAS" not in message.body


def test_a_code_begins_two_hours_and_works_once(resident, companion, time_machine):
    add(resident, "logement.domicile", HOME)
    code = said(resident, "home")
    mandate = as_they_find_it(companion, actions.begin(companion=companion, code=code.lower().replace("-", " ")))
    assert look(mandate, companion)
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=3)]
    assert events == ["granted_read", "appointment_begun", "grant_given"]
    with pytest.raises(actions.NoAppointment):
        actions.begin(companion=CompanionFactory(), code=code)
    time_machine.move_to(timezone.now() + timedelta(hours=2, seconds=1), tick=False)
    assert mandates.live(companion) == []
    with pytest.raises(gate.Refused):
        look(mandate, companion)


def test_a_code_typed_by_several_at_once_works_once(resident):
    code, waiting, came_in = said(resident, "home"), [CompanionFactory() for _ in range(4)], []

    def begin():
        with suppress(actions.NoAppointment):
            came_in.append(actions.begin(companion=waiting.pop(), code=code))

    at_once(begin)
    assert len(came_in) == 1


def test_an_expired_cancelled_or_replaced_code_is_refused(resident, companion, time_machine):
    replaced = said(resident, "home")
    cancelled = said(resident, "home")
    actions.cancel_code(resident_id=resident.pk, by=resident.pk)
    old = said(resident, "home")
    time_machine.move_to(timezone.now() + timedelta(hours=24, seconds=1), tick=False)
    for code in (replaced, cancelled, old, "7KQ4-M2XD-93HT", ""):
        with pytest.raises(actions.NoAppointment):
            actions.begin(companion=companion, code=code)
    assert mandates.live(companion) == []


def test_the_row_of_a_code_stores_no_plaintext(resident):
    code = said(resident, "home", acts=[Act.ADD_PAPER])
    with scope(resident=resident.pk):
        row = Appointment.objects.get()
    assert code not in row.code_hash and b"home" not in bytes(row.content) and b"add_paper" not in bytes(row.content)


def test_a_code_without_a_choice_is_refused(resident):
    with pytest.raises(NothingChosen):
        said(resident)


def test_a_mandate_and_an_appointment_can_coexist(resident, companion):
    entrusted(resident, companion, "home", months=6)
    actions.begin(companion=companion, code=said(resident, "notices"))
    with scope(resident=resident.pk):
        assert Mandate.objects.count() == 2
    assert len(mandates.live(companion)) == 2
