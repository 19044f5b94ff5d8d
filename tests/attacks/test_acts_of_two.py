"""The list of acts that take two persons: it is whole, and no act is done by one person with two accounts.

Each act is tried by its own verb, with a second person who is none; the same act is then done by one who is.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import CheckConstraint, F, Q
from django.utils import timezone, translation

from accounts.actions import city_decisions, desk, nominations, places, sheet_closing
from accounts.models import CityDecision, Nomination, PendingAccount, Role, User
from accounts.two_persons import ACTS, GOVERNING, IN_OFFICE, Lack, NotTwo
from campaigns.debates.actions import casting, identities, posts, votes
from campaigns.debates.actions.identities import Checked
from campaigns.debates.enums import Rule, VoteState
from campaigns.plans.actions import campaigns
from certification.labels.actions import labels, requests
from certification.labels.enums import Change
from core.models import City
from services.procedures.actions import procedures
from services.requests.actions import office as office_verbs
from services.versions.actions import versions
from tests.accounts.factories import TOTP_SECRET, AgentFactory, ResidentFactory, established, signed_in
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.made import EVE
from tests.campaigns.made import document as plan_document
from tests.certification import made as labels_made
from tests.services.procedures.written import document as procedure_document
from tests.services.requests.made import fresh, opened_office, proposed, sent
from tests.vault import urgent
from tests.vault.at_desk import come_back, keeper, opened, owner, sheet_of
from vault.records.content import paper_kinds
from vault.sharing.actions import emergency
from vault.sharing.models import DeskVisit

ROOT = Path(__file__).parents[2]
CODE = ("accounts", "campaigns", "certification", "platform", "services", "vault")


@dataclass
class Stage:
    """An act that waits for its second person.

    Args:
        do: does it as the second person.
        prepare: gives an agent what the act asks of them besides, such as a place in the office.
    """

    first: User
    do: Callable[[User], Any]
    prepare: Callable[[User], Any] = field(default=lambda second: None)
    office: Any = None


@pytest.fixture(autouse=True)
def _city(request):
    if "django_db" in request.keywords:
        request.getfixturevalue("transactional_db" if "databases" in request.fixturenames else "db")
        City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")
    with translation.override("fr"):
        yield


def urgent_access() -> Stage:
    urgent.offered()
    first = AgentFactory()
    access = urgent.asked(first, ResidentFactory())
    return Stage(first, lambda second: emergency.decide(access=access, by=second, agree=True))


def reset_factor() -> Stage:
    first = AgentFactory()
    asked = desk.ask_for_reset(written="nobody@courriel.example", reason="lost", by=first)
    return Stage(first, lambda second: desk.decide_reset(reset=asked, by=second, grant=True))


def close_with_sheet() -> Stage:
    first = keeper()
    browser = signed_in(first)
    visit = opened(first, browser)
    come_back(first, browser, sheet_of(visit, first))
    person = owner(visit)
    sheet_closing.ask(person=person, by=first)
    return Stage(first, lambda second: sheet_closing.confirm(person=person, by=second), at_desk)


def at_desk(second: User) -> None:
    second.at_desk = True
    second.save(update_fields=["at_desk"])


def prove_identity() -> Stage:
    def check(visit: DeskVisit, agent: User) -> Checked:
        return identities.check_at_desk(
            visit=visit, agent=agent, family_name="Delmas", given_names="Rosa", birthdate=date(1950, 1, 1)
        )

    first = keeper()
    visit = opened(first, signed_in(first))
    check(visit, first)
    sheet = sheet_of(visit, first)

    def do(second: User) -> None:
        back = come_back(second, signed_in(second), sheet, "home")
        if check(back, second) != Checked.BY_TWO:
            raise NotTwo(Lack.SAME, second)

    return Stage(first, do, at_desk)


def decide_request() -> Stage:
    office, first = opened_office(), AgentFactory()
    place = places.add_to_office(agent=first, organisation=office, instructs=True, may_decide=True, by=None)
    request = proposed(sent(ResidentFactory(), office), place)

    def join(second: User) -> None:
        places.add_to_office(agent=second, organisation=office, instructs=False, may_decide=True, by=None)

    def do(second: User) -> None:
        found = places.of_office(second)
        assert found is not None
        office_verbs.decide(request=fresh(request), place=found)

    return Stage(first, do, join, office)


def name_agent(role: Role = Role.SECOND) -> Stage:
    first, person = AgentFactory(manages_agents=True), AgentFactory(new=True)
    if role == Role.OFFICE:
        places.add_to_office(agent=person, organisation=opened_office(), instructs=False, may_decide=True, by=None)
    asked = nominations.propose(person=person, role=role, employer="", by=first)
    return Stage(first, lambda second: nominations.begin_presence(nomination=asked, by=second))


def name_in_office() -> Stage:
    return name_agent(Role.OFFICE)


def city_setting() -> Stage:
    first = AgentFactory(manages_agents=True)
    asked = city_decisions.change(what=CityDecision.What.PHONE, value="01 99 00 00 00", by=first)
    assert asked is not None
    return Stage(first, lambda second: city_decisions.decide(decision=asked, by=second, agree=True))


def publish_version() -> Stage:
    paper_kinds.load()
    first = AgentFactory()
    ready = versions.try_out(row=procedures.begin(by=first, item=procedure_document()), by=first)
    return Stage(first, lambda second: versions.publish(row=ready, by=second))


def grant_label() -> Stage:
    house, first = labels_made.publisher(), AgentFactory()
    member = labels_made.member(house)
    request = labels_made.proposed(member, labels_made.service(member, house), first)
    return Stage(first, lambda second: requests.accept(request=request, by=second, reasons="Tout est là."))


def change_label() -> Stage:
    house, first = labels_made.publisher(), AgentFactory()
    member = labels_made.member(house)
    label = labels_made.labelled(member, labels_made.service(member, house))
    labels.suspend(label=label, by=AgentFactory(), reasons="Une fuite.")
    label.refresh_from_db()
    change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="Elle est réparée.")
    return Stage(first, lambda second: labels.decide_change(change=change, by=second, agree=True))


def approve_consultation() -> Stage:
    first, officer = AgentFactory(), AgentFactory()
    officer.is_dpo = True
    officer.save()
    plan = campaigns.begin(by=first, template="travel", document=plan_document())
    plan = campaigns.submit(campaign=plan, by=first, today=EVE)
    campaigns.give_opinion(campaign=plan, by=officer, favourable=True, words="Les cases sont larges.")
    return Stage(first, lambda second: campaigns.approve(campaign=plan, by=second, today=EVE))


def approve_vote() -> Stage:
    first = AgentFactory()
    vote = voted.asked(given.opened(), state=VoteState.PROPOSED, created_by=first, decided_by=None)
    return Stage(first, lambda second: votes.approve(vote=vote, by=second))


def decide_appeal() -> Stage:
    first = AgentFactory()
    post = voted.argument(voted.proposal(given.opened()))
    aside = posts.set_aside(post=post, by=first, rule=Rule.OUTSIDE, reasons="Hors sujet.")
    aside.appeal, aside.appealed_on = "Non.", timezone.localdate()
    aside.save()
    return Stage(
        first,
        lambda second: posts.decide_appeal(moderation=aside, by=second, upheld=False, words="Toujours hors sujet."),
    )


def paper_ballot() -> Stage:
    first, vote = keeper(), voted.asked(given.opened())
    voted.give_keys(vote, RELEASE[0])
    number = casting.check_identity(
        vote=vote, agent=first, family_name="Kervella", given_names="Nadia", birthdate=voted.BORN
    )
    choices = [voted.YES, voted.NO]
    return Stage(
        first,
        lambda second: casting.cast_on_paper(
            vote=vote, agent=second, number=number, birthdate=voted.BORN, choices=choices
        ),
        at_desk,
    )


#: The URL of the role `release`, which makes the keys of a vote.
RELEASE: list[str] = []
STAGES: dict[str, Callable[[], Stage]] = {
    stage.__name__: stage
    for stage in (
        urgent_access,
        reset_factor,
        close_with_sheet,
        decide_request,
        name_agent,
        name_in_office,
        city_setting,
        publish_version,
        grant_label,
        change_label,
        approve_consultation,
        approve_vote,
        decide_appeal,
        paper_ballot,
        prove_identity,
    )
}
OF_RELEASE = {"paper_ballot"}
SAME = (NotTwo, PermissionDenied, office_verbs.SamePerson)


def second_of(code: str, stage: Stage, **named: Any) -> User:
    """Return an agent whom the act takes as its second person, but for what `named` changes of their nomination."""
    rule = ACTS[code].second.rule
    agent = AgentFactory(new=True)
    if rule == GOVERNING:
        agent.is_superuser = True
        agent.save(update_fields=["is_superuser"])
    stage.prepare(agent)
    if not named.pop("never", False):
        role = {GOVERNING: Role.MANAGER, IN_OFFICE: Role.OFFICE}.get(rule, Role.SECOND)
        established(agent, role, office=stage.office, **named)
    return agent


def refused(stage: Stage, second: User) -> Lack:
    with pytest.raises(NotTwo) as problem:
        stage.do(second)
    assert problem.value.words_for(second) and problem.value.words_for(stage.first)
    return problem.value.lack


def the_same_person(code: str, stage: Stage) -> None:
    stage.prepare(stage.first)
    with pytest.raises(SAME) as problem:
        stage.do(stage.first)
    assert not isinstance(problem.value, NotTwo) or problem.value.lack == Lack.SAME


def an_account_that_the_first_named_alone(code: str, stage: Stage) -> None:
    second = second_of(code, stage)
    named = Nomination.objects.filter(person=second)
    if ACTS[code].second.rule == IN_OFFICE:
        with pytest.raises(IntegrityError, match="nomination_office_two_persons"), transaction.atomic():
            named.update(proposed_by=stage.first, confirmed_by=stage.first)
        return
    named.update(proposed_by=stage.first, confirmed_by=stage.first)
    assert refused(stage, second) == Lack.MADE_ALONE


def an_account_whose_owner_made_the_firsts(code: str, stage: Stage) -> None:
    second = second_of(code, stage)
    Nomination.objects.filter(person=stage.first).update(proposed_by=second, confirmed_by=second)
    assert refused(stage, second) == Lack.MADE_ALONE


def an_account_that_the_first_offered_and_nobody_else_saw(code: str, stage: Stage) -> None:
    second = second_of(code, stage)
    PendingAccount.objects.create(
        name=second.name,
        email="encore@villebrume.example",
        offered_by=stage.first,
        opened_at=timezone.now(),
        account=second,
        token_hash="y",
    )
    Nomination.objects.filter(person=second).update(seen_by=stage.first)
    assert refused(stage, second) == Lack.MADE_ALONE


def an_account_of_today(code: str, stage: Stage) -> None:
    assert refused(stage, second_of(code, stage, never=True)) == Lack.NOT_NAMED


def a_role_given_today(code: str, stage: Stage) -> None:
    second = second_of(code, stage, days=0)
    with pytest.raises(NotTwo) as problem:
        stage.do(second)
    assert problem.value.lack == Lack.TOO_NEW and "compte à partir du" in problem.value.words_for(second)


def a_factor_that_nobody_saw(code: str, stage: Stage) -> None:
    assert refused(stage, second_of(code, stage, seen=False)) == Lack.NOT_SEEN


def a_second_who_ended_the_role_that_they_gave_the_first_alone(code: str, stage: Stage) -> None:
    """It no longer stands: only what was confirmed then says it."""
    second, then = second_of(code, stage), timezone.now() - timedelta(days=60)
    Nomination.objects.create(
        person=stage.first,
        role=Role.OFFICER,
        proposed_by=second,
        confirmed_by=second,
        proposed_at=then,
        confirmed_at=then,
        ended_by=second,
        ended_at=timezone.now(),
    )
    assert refused(stage, second) == Lack.MADE_ALONE


def a_first_whom_nobody_named_or_whose_factor_nobody_saw(code: str, stage: Stage) -> None:
    """An account that a colleague offered in good faith, at an address of the second one."""
    second, named = second_of(code, stage), Nomination.objects.filter(person=stage.first)
    for change in ({"seen_at": None}, {"ended_at": timezone.now()}):
        named.update(**change)
        with pytest.raises((NotTwo, sheet_closing.NotAsked)):
            stage.do(second)


def a_first_whom_only_the_second_saw(code: str, stage: Stage) -> None:
    """Proposed by a colleague in good faith; the second one confirmed, alone with the code."""
    second = second_of(code, stage)
    named = Nomination.objects.filter(person=stage.first)
    named.update(proposed_by=AgentFactory(), confirmed_by=second, seen_by=second)
    assert refused(stage, second) == Lack.SEEN_ALONE


def two_whom_one_person_alone_saw_or_had_seen(code: str, stage: Stage) -> None:
    """A colleague in good faith proposed each: two accounts of who confirmed them, or one and whom it made."""
    colleague, root = AgentFactory(), AgentFactory(manages_agents=True)
    second, firsts = second_of(code, stage), Nomination.objects.filter(person=stage.first)
    seconds = Nomination.objects.filter(person=second)
    for named in (firsts, seconds):
        named.update(proposed_by=colleague, confirmed_by=root, seen_by=root)
    assert refused(stage, second) == Lack.SEEN_ALONE
    seconds.update(proposed_by=None, confirmed_by=None, seen_by=None)
    Nomination.objects.filter(person=root).update(proposed_by=colleague, confirmed_by=second, seen_by=second)
    assert refused(stage, second) == Lack.SEEN_ALONE


def three_honest_agents(code: str, stage: Stage) -> None:
    """The first was proposed by the third and seen by the second, and is seen again by the third."""
    second, third = second_of(code, stage), AgentFactory(manages_agents=True)
    firsts = Nomination.objects.filter(person=stage.first)
    firsts.update(proposed_by=third, confirmed_by=second, seen_by=second)
    assert refused(stage, second) == Lack.SEEN_ALONE
    told = nominations.begin_presence(nomination=firsts[0], by=third)
    nominations.type_code(person=stage.first, code=told, current_key=None)
    TOTP.activate(stage.first, TOTP_SECRET)
    stage.do(second)


def two_persons_who_are_two(code: str, stage: Stage) -> None:
    stage.do(second_of(code, stage))


CASES = [
    the_same_person,
    an_account_that_the_first_named_alone,
    an_account_whose_owner_made_the_firsts,
    an_account_that_the_first_offered_and_nobody_else_saw,
    an_account_of_today,
    a_role_given_today,
    a_factor_that_nobody_saw,
    a_second_who_ended_the_role_that_they_gave_the_first_alone,
    a_first_whom_nobody_named_or_whose_factor_nobody_saw,
    a_first_whom_only_the_second_saw,
    two_whom_one_person_alone_saw_or_had_seen,
    three_honest_agents,
    two_persons_who_are_two,
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)


@pytest.mark.django_db
@pytest.mark.parametrize("code", sorted({*STAGES} - OF_RELEASE))
@each_case
def test_an_act_takes_two_persons(code, case):
    case(code, STAGES[code]())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", sorted(OF_RELEASE))
@each_case
def test_an_act_on_a_vote_takes_two_persons(databases, code, case):
    RELEASE[:] = [databases.url("release")]
    case(code, STAGES[code]())


def test_each_act_of_the_list_is_tried():
    assert {*ACTS} == {*STAGES}


# The list is whole


def modules() -> Iterator[tuple[str, ast.Module]]:
    for app in CODE:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


#: Where the rules and the list are.
THE_LIST = "accounts/two_persons.py"
#: They say whether an agent may be one of two, or is to be proposed, and decide nothing.
SAYS_ONLY = {"accounts/views/two_persons_words.py", "accounts/actions/places.py"}


def acts_called(tree: ast.AST) -> set[str]:
    """Return the codes of the acts that a module takes from the list."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "ACTS":
            found |= {one.value for one in ast.walk(node.slice) if isinstance(one, ast.Constant) and one.value in ACTS}
    return found


def test_every_verb_that_takes_two_persons_names_its_act():
    called, loose = set[str](), []
    for name, tree in modules():
        if name == THE_LIST:
            continue
        acts = acts_called(tree)
        called |= acts
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            of = node.func.value if isinstance(node.func, ast.Attribute) else None
            rule = of.id if isinstance(of, ast.Name) else ""
            if rule in {"DECIDING", "GOVERNING", "IN_OFFICE", "EXAMINING"} and name not in SAYS_ONLY:
                loose.append(f"{name}:{node.lineno} calls {rule}, not an act of the list")
            word = node.func.id if isinstance(node.func, ast.Name) else ""
            if word in {"require_apart", "NotTwo", "TwoPersons"} and not acts:
                loose.append(f"{name}:{node.lineno} uses {word} without an act of the list")
    assert not loose, "\n".join(loose)
    assert called == {*ACTS}, "an act that no verb calls"


def compared(condition: Any) -> Iterator[tuple[str, str]]:
    """Yield the pairs of columns that a condition wants different."""
    if not isinstance(condition, Q):
        return
    for child in condition.children:
        if isinstance(child, Q):
            yield from compared(child)
        elif condition.negated and isinstance(child, tuple) and isinstance(child[1], F):
            yield child[0], child[1].name  # type: ignore[attr-defined]  # Django documents `F(name)`


PERSON = {"by", "person", "instructor", "resident_id"}


def is_a_person(column: str) -> bool:
    return column in PERSON or column.endswith("_by")


def test_every_constraint_on_two_accounts_belongs_to_an_act():
    found = {
        constraint.name
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, CheckConstraint)
        for one, other in compared(constraint.condition)
        if is_a_person(one) and is_a_person(other)
    }
    assert found == {name for act in ACTS.values() for name in act.refused_by}
