"""A request for a label: what each side may do, in which state; two agents decide, and neither is the publisher's."""

import random
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Nomination, PublisherRole
from accounts.two_persons import NotTwo
from certification.labels import states
from certification.labels.actions import labels, requests
from certification.labels.enums import Change, LabelState, RequestKind, Verdict
from certification.labels.missing import problems_of
from certification.labels.models import Label, LabelChange, LabelRequest, Purpose
from certification.labels.states import NotNow, State, Step
from core.journal import register
from core.models import RegisterEntry
from tests.accounts.factories import AgentFactory
from tests.certification.made import (
    SIRETS,
    asked,
    charter,
    filled,
    labelled,
    member,
    proposed,
    publisher,
    reviewed,
    service,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agents():
    return AgentFactory(), AgentFactory()


def fresh(request):
    return LabelRequest.objects.get(pk=request.pk)


def test_a_request_goes_from_a_draft_to_a_label_by_two_agents(owner, one, agents):
    request = proposed(owner, one, agents[0])
    label = requests.accept(request=request, by=agents[1], reasons="Tout est rempli.")
    assert (label.state, fresh(request).state) == (LabelState.WAITING, State.ACCEPTED)
    assert label.text["purposes"][0]["title"] == {"fr": "Comparer mon loyer", "en": "Compare my rent"}
    assert len(label.text["answers"]) == len(label.text["reviews"]) == 26
    [entry] = register.of("label", one.pk)
    assert (entry.event, entry.content["sha256"]) == ("label_granted", label.sha256)


def test_a_refusal_has_reasons_and_is_in_the_register(owner, one, agents):
    request = proposed(owner, one, agents[0])
    with pytest.raises(ValueError, match="reasons"):
        requests.refuse(request=request, by=agents[1], reasons=" ", remedies="Corrigez, puis redemandez.")
    with pytest.raises(ValueError, match="remedy"):
        requests.refuse(request=request, by=agents[1], reasons="Elle revend.", remedies=" ")
    requests.refuse(request=request, by=agents[1], reasons="Elle revend (C07).", remedies="Corrigez, puis redemandez.")
    assert fresh(request).state == State.REFUSED
    assert register.of("label", one.pk)[0].content["reasons"] == "Elle revend (C07)."
    assert not Label.objects.exists()


def test_the_register_and_the_snapshot_name_no_agent(owner, one, agents):
    label = labelled(owner, one)
    told = str([entry.content for entry in RegisterEntry.objects.all()]) + str(label.snapshot)
    assert "Agent " not in told and "Membre" not in told


# Two persons


def test_who_examines_does_not_decide(owner, one, agents):
    request = proposed(owner, one, agents[0])
    with pytest.raises(NotTwo):
        requests.accept(request=request, by=agents[0], reasons="Oui.")
    assert fresh(request).state == State.PROPOSED


def test_whom_the_examiner_named_alone_does_not_decide_with_them(owner, one, agents):
    first, second = agents
    Nomination.objects.filter(person=second).update(proposed_by=first, confirmed_by=first)
    request = proposed(owner, one, first)
    with pytest.raises(NotTwo):
        requests.accept(request=request, by=second, reasons="Oui.")
    assert fresh(request).state == State.PROPOSED


def test_the_database_refuses_one_person_as_both(owner, one, agents):
    request = proposed(owner, one, agents[0])
    request.state, request.decided_by, request.decided_at, request.reasons = (
        State.ACCEPTED,
        agents[0],
        timezone.now(),
        "Oui.",
    )
    with pytest.raises(IntegrityError, match="label_request_two_persons"), transaction.atomic():
        request.save()


def test_an_agent_who_is_not_established_neither_examines_nor_decides(owner, one, agents):
    newcomer = AgentFactory(new=True)
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    with pytest.raises(NotTwo):
        requests.take(request=request, by=newcomer)
    other = proposed(member(publisher("Autre", SIRETS[1])), service_of("Autre"), agents[0])
    with pytest.raises(NotTwo):
        requests.accept(request=other, by=newcomer, reasons="Oui.")


def service_of(name):
    from accounts.models import Publisher, PublisherMember

    house = Publisher.objects.get(name=name)
    return service(PublisherMember.objects.get(publisher=house).person, house, f"Service {name}")


def test_who_worked_for_the_publisher_is_refused_as_an_agent(owner, one, house, agents):
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    owner.is_staff = True  # as no account is
    with pytest.raises(PermissionDenied):
        requests.take(request=request, by=owner)


def test_an_agent_takes_over_and_the_first_one_does_not_decide(owner, one, agents):
    first, second = agents
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    with pytest.raises(NotNow):
        requests.take_over(request=request, by=second)
    requests.take(request=request, by=first)
    with pytest.raises(NotNow):
        requests.take(request=request, by=second)
    criterion = request.charter.criteria.get(code="C01")
    requests.review(request=request, by=first, criterion=criterion, verdict=Verdict.MET, text="")
    requests.take_over(request=request, by=second)
    with pytest.raises(PermissionDenied):
        requests.review(request=request, by=first, criterion=criterion, verdict=Verdict.MET, text="")
    reviewed(request, second)
    requests.propose(request=request, by=second, favourable=True, opinion="Oui.", months=6)
    request.refresh_from_db()
    for person in agents:
        with pytest.raises(NotTwo):
            requests.accept(request=request, by=person, reasons="Oui.")
    assert requests.accept(request=request, by=AgentFactory(), reasons="Oui.")


def test_who_reviewed_does_not_decide_after_another_agent_reviewed_all_again(owner, one, agents):
    first, second = agents
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=first)
    criterion = request.charter.criteria.get(code="C01")
    requests.review(request=request, by=first, criterion=criterion, verdict=Verdict.NOT_MET, text="Il manque tout.")
    requests.take_over(request=request, by=second)
    requests.review(request=request, by=second, criterion=criterion, verdict=Verdict.MET, text="")
    reviewed(request, second)
    requests.propose(request=request, by=second, favourable=True, opinion="Oui.", months=6)
    request.refresh_from_db()
    assert fresh(request).reviewers() == {first.pk, second.pk}
    with pytest.raises(NotTwo):
        requests.accept(request=request, by=first, reasons="Oui.")
    assert requests.accept(request=request, by=AgentFactory(), reasons="Oui.")


def test_a_decider_decides_on_no_review_of_an_agent_whom_they_named_alone(owner, one, agents):
    _first, second = agents
    decider, puppet = AgentFactory(), AgentFactory()
    Nomination.objects.filter(person=puppet).update(proposed_by=decider, confirmed_by=decider)
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=puppet)
    reviewed(request, puppet)
    requests.take_over(request=request, by=second)
    requests.propose(request=request, by=second, favourable=True, opinion="Oui.", months=6)
    request.refresh_from_db()
    with pytest.raises(NotTwo):
        requests.accept(request=request, by=decider, reasons="Oui.")
    assert requests.accept(request=request, by=AgentFactory(), reasons="Oui.")


def test_residents_and_publishers_examine_nothing(owner, one, resident):
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    for person in (resident, owner):
        with pytest.raises(PermissionDenied):
            requests.take(request=request, by=person)
        with pytest.raises(PermissionDenied):
            requests.accept(request=request, by=person, reasons="Oui.")


# What each may write


def test_only_members_write_and_only_the_owner_sends(owner, one, house, agents):
    developer = member(house, PublisherRole.DEVELOPER)
    outsider = member(publisher("Autre", SIRETS[1]))
    request = filled(owner, one)
    asked(request.purposes.get(), developer, "logement.domicile#/loyer")
    for person in (outsider, agents[0]):
        with pytest.raises(PermissionDenied):
            asked(request.purposes.get(), person, "logement.domicile#/loyer")
    for person in (developer, outsider):
        with pytest.raises(PermissionDenied):
            requests.submit(request=request, by=person)
        with pytest.raises(PermissionDenied):
            requests.drop(request=request, by=person)


def test_a_sent_request_changes_only_in_complements(owner, one, agents):
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    purpose = request.purposes.get()
    with pytest.raises(NotNow):
        asked(purpose, owner, "logement.domicile#/loyer")
    requests.take(request=request, by=agents[0])
    requests.ask_complements(request=request, by=agents[0], text="Dites où sont les sauvegardes.")
    asked(purpose, owner, "logement.domicile#/loyer")
    requests.submit(request=request, by=owner)
    assert fresh(request).state == State.EXAMINED
    with pytest.raises(NotNow):
        asked(purpose, owner, "logement.domicile#/statut_occupation")


def test_the_citys_clock_stops_in_complements_and_the_legal_one_does_not(owner, one, agents):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        request = filled(owner, one)
        requests.submit(request=request, by=owner)
        requests.take(request=request, by=agents[0])
        first, legal = fresh(request).city_deadline, fresh(request).legal_deadline
        requests.ask_complements(request=request, by=agents[0], text="Dites où sont les sauvegardes.")
        clock.shift(timedelta(days=10))
        assert fresh(request).city_deadline == first + timedelta(days=10)
        requests.submit(request=request, by=owner)
        clock.shift(timedelta(days=5))
        assert (fresh(request).city_deadline, fresh(request).legal_deadline) == (first + timedelta(days=10), legal)


def test_an_incomplete_request_is_not_sent(owner, one):
    charter()
    request = requests.start(service=one, by=owner)
    with pytest.raises(requests.Incomplete) as lacking:
        requests.submit(request=request, by=owner)
    assert {"hosting", "purposes", "C01", "C26"} <= {found.code for found in lacking.value.missing}
    assert fresh(request).state == State.DRAFT


def test_a_blocking_requirement_that_is_not_met_stops_the_request(owner, one):
    request = filled(owner, one)
    criterion = request.charter.criteria.get(code="C07")
    requests.answer(request=request, by=owner, criterion=criterion, verdict=Verdict.NOT_MET, text="Non.", url="")
    with pytest.raises(requests.Incomplete):
        requests.submit(request=request, by=owner)


def test_a_purpose_is_plain_and_bounded():
    vague = Purpose(title="x", text="Améliorer nos services, etc.", keep_days=2000)
    assert len(list(problems_of(vague))) == 4


def test_a_favourable_opinion_needs_every_review_and_no_blocking_failure(owner, one, agents):
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=agents[0])
    with pytest.raises(requests.Incomplete):
        requests.propose(request=request, by=agents[0], favourable=True, opinion="Oui.", months=12)
    reviewed(request, agents[0])
    criterion = request.charter.criteria.get(code="C07")
    with pytest.raises(ValueError, match="why"):
        requests.review(request=request, by=agents[0], criterion=criterion, verdict=Verdict.NOT_MET, text="")
    requests.review(request=request, by=agents[0], criterion=criterion, verdict=Verdict.NOT_MET, text="Elle revend.")
    with pytest.raises(ValueError, match="blocking"):
        requests.propose(request=request, by=agents[0], favourable=True, opinion="Oui.", months=12)
    requests.propose(request=request, by=agents[0], favourable=False, opinion="Elle revend.", months=None)
    request.refresh_from_db()
    with pytest.raises(ValueError, match="against"):
        requests.accept(request=fresh(request), by=agents[1], reasons="Oui.")
    requests.send_back(request=fresh(request), by=agents[1], text="Demandez-leur d’abord.")
    assert fresh(request).state == State.EXAMINED


def test_a_service_has_one_open_request_and_a_renewal_begins_with_what_was_said(owner, one):
    labelled(owner, one)
    renewal = requests.start(service=one, by=owner)
    assert renewal.kind == RequestKind.RENEWAL
    assert renewal.purposes.get().fields.count() == 2
    assert renewal.answers.count() == 26
    with pytest.raises(requests.AlreadyOpen):
        requests.start(service=one, by=owner)


def test_without_a_charter_nothing_is_asked(owner, one):
    with pytest.raises(requests.NoCharter):
        requests.start(service=one, by=owner)


# The states


def test_verbs_follow_the_table_of_states(owner, one, agents):
    """Random paths: a verb succeeds exactly if the table has the step, and leads where it says."""
    dice = random.Random(12)
    first, second = agents

    def take_step(request, step):
        match step:
            case Step.SUBMIT | Step.COMPLETE:
                requests.submit(request=request, by=owner)
            case Step.TAKE:
                requests.take(request=request, by=first)
            case Step.TAKE_OVER:
                requests.take_over(request=request, by=first)
            case Step.ASK:
                requests.ask_complements(request=request, by=first, text="Dites-en plus.")
            case Step.PROPOSE:
                requests.propose(request=request, by=first, favourable=True, opinion="Oui.", months=12)
            case Step.SEND_BACK:
                requests.send_back(request=request, by=second, text="Encore.")
            case Step.ACCEPT:
                requests.accept(request=request, by=second, reasons="Vu.")
            case Step.REFUSE:
                requests.refuse(request=request, by=second, reasons="Vu.", remedies="Corrigez, puis redemandez.")
            case Step.DROP:
                requests.drop(request=request, by=owner)

    for _path in range(4):
        request = filled(owner, one)
        for _try in range(14):
            before = fresh(request)
            step = dice.choice([*Step, *(step for state, step in states.TRANSITIONS if state == before.state)] * 2)
            if {step} & {Step.SUBMIT, Step.COMPLETE}:
                step = Step.COMPLETE if before.state == State.COMPLEMENTS else Step.SUBMIT
            if before.state == State.EXAMINED and step == Step.PROPOSE:
                reviewed(before, first)
            expected = states.TRANSITIONS.get((State(before.state), step))
            try:
                take_step(before, step)
            except (NotNow, PermissionDenied):
                assert expected is None, (before.state, step)
                assert fresh(request).state == before.state
            else:
                assert fresh(request).state == expected, (before.state, step)
        if fresh(request).state not in states.CLOSED:
            requests.drop(request=fresh(request), by=owner)


def test_each_state_is_reached_and_each_step_has_its_side():
    assert {State.DRAFT, *states.TRANSITIONS.values()} == set(State)
    assert set(states.WHO) == set(Step) == {step for _state, step in states.TRANSITIONS}
    assert not [state for state, _step in states.TRANSITIONS if state in states.CLOSED]


# A label after it was granted


def test_suspending_takes_one_agent_and_lifting_takes_two(owner, one, agents):
    label = labelled(owner, one)
    labels.suspend(label=label, by=agents[0], reasons="Une faille.")
    with pytest.raises(NotNow):
        labels.suspend(label=label, by=agents[0], reasons="Encore.")
    change = labels.propose_change(label=label, by=agents[0], what=Change.LIFT, reasons="Corrigée.")
    with pytest.raises(NotTwo):
        labels.decide_change(change=change, by=agents[0], agree=True)
    assert Label.objects.get().state == LabelState.SUSPENDED
    labels.decide_change(change=change, by=agents[1], agree=True)
    assert Label.objects.get().state == LabelState.ACTIVE
    assert [entry.event for entry in register.of("label", one.pk)] == [
        "label_granted",
        "label_accepted",
        "label_suspended",
        "label_lifted",
    ]


def test_whom_the_proposer_named_alone_does_not_lift_with_them(owner, one, agents):
    label = labelled(owner, one)
    labels.suspend(label=label, by=agents[0], reasons="Une faille.")
    Nomination.objects.filter(person=agents[1]).update(proposed_by=agents[0], confirmed_by=agents[0])
    change = labels.propose_change(label=label, by=agents[0], what=Change.LIFT, reasons="Corrigée.")
    with pytest.raises(NotTwo):
        labels.decide_change(change=change, by=agents[1], agree=True)
    assert Label.objects.get().state == LabelState.SUSPENDED


def test_a_refused_change_changes_nothing_and_an_old_one_is_refused(owner, one, agents):
    label = labelled(owner, one)
    change = labels.propose_change(label=label, by=agents[0], what=Change.WITHDRAW, reasons="Elle revend.")
    with pytest.raises(NotNow):
        labels.propose_change(label=label, by=agents[1], what=Change.WITHDRAW, reasons="Encore.")
    labels.decide_change(change=change, by=agents[1], agree=False)
    assert Label.objects.get().state == LabelState.ACTIVE
    with pytest.raises(NotNow):
        labels.decide_change(change=change, by=agents[1], agree=True)
    again = labels.propose_change(label=label, by=agents[0], what=Change.WITHDRAW, reasons="Elle revend.")
    labels.renounce(label=label, by=owner)
    with pytest.raises(NotNow):
        labels.decide_change(change=again, by=agents[1], agree=True)
    assert LabelChange.objects.get(pk=again.pk).decided_at is None


def test_only_the_owner_gives_a_label_up_and_only_agents_suspend_it(owner, one, house, resident):
    label = labelled(owner, one)
    for person in (member(house, PublisherRole.DEVELOPER), member(publisher("Autre", SIRETS[1])), resident):
        with pytest.raises(PermissionDenied):
            labels.renounce(label=label, by=person)
    for person in (owner, resident):
        with pytest.raises(PermissionDenied):
            labels.suspend(label=label, by=person, reasons="Une faille.")
