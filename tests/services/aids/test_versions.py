"""A version of a local aid: written by one agent, tried, published by another, and never changed afterwards."""

import copy
import re
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.two_persons import NotTwo
from core.journal import register
from services.aids import catalogue, shipping
from services.aids.actions import local_aids as actions
from services.aids.local import checking
from services.aids.local.conditions import KINDS
from services.aids.local.forms import ConditionForm
from services.aids.models import LocalAid, LocalAidCase
from services.versions.actions import versions
from services.versions.models import State
from tests.accounts.factories import AgentFactory, signed_in
from tests.at_once import at_once

CANTINE = catalogue.local_aids()[0]


def item(**changes):
    return {**copy.deepcopy(CANTINE), **changes}


@pytest.fixture
def author(db):
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def second(db):
    return AgentFactory(name="Hugo Bastide")


def tried(author, **changes) -> LocalAid:
    return versions.try_out(row=actions.begin(by=author, item=item(**changes)), by=author)


def test_every_shipped_aid_has_a_case_for_each_condition():
    assert {aid["code"]: checking.faults(aid) for aid in catalogue.local_aids() if checking.faults(aid)} == {}


def test_a_red_case_is_named():
    (fault,) = checking.faults(item(amount={"kind": "fixed", "value": 1.0, "unit": "EUR"}))
    assert "QF inconnu" in fault and "4.9" in fault


def test_a_condition_that_no_case_turns_is_named():
    conditions = {"all": [*CANTINE["conditions"]["all"], {"type": "temp_agency", "value": False}]}
    tests = [{**case, "facts": {**case["facts"], "temp_agency": False}} for case in CANTINE["tests"]]
    assert checking.faults(item(conditions=conditions, tests=tests)) == []
    idle = {"any": [conditions, {"type": "age", "min": 130}]}
    tests = [{**case, "facts": {**case["facts"], "age": 30}} for case in tests[:2]]
    (fault,) = [one for one in checking.faults(item(conditions=idle, tests=tests)) if "130" in one]
    assert "Aucun cas" in fault


CAF = {"level": "caf", "id": "59", "name": "Caf du Nord"}


@pytest.mark.parametrize(
    ("condition", "institution"),
    [
        ({"type": "territory", "attached": True}, CAF),
        ({"not": {"any": [{"type": "territory", "attached": True}]}}, CAF),
    ],
)
def test_a_condition_on_what_nobodys_vault_says_is_named(condition, institution):
    """The cases of the aid are green, and no resident could ever get it."""
    conditions = {"all": [*CANTINE["conditions"]["all"], condition]}
    (fault,) = checking.faults(item(conditions=conditions, institution=institution))[-1:]
    assert "Ni le coffre ni une question" in fault and "Caf du Nord" in fault


ABSURD = [
    {"type": "age", "min": 200},
    {"type": "age", "op": ">=", "value": 131},
    {"type": "age", "min": 18, "max": 3},
    {"type": "qf", "min": 900, "max": 300},
    {"type": "children", "count_min": 1, "age_min": 18, "age_max": 3},
    {"type": "children", "count_min": 1, "age_min": 200},
    {"type": "date", "from": "2026-12-01", "to": "2026-11-01"},
]


@pytest.mark.parametrize("condition", ABSURD, ids=str)
def test_a_condition_that_nobody_meets_is_named_and_not_written_by_its_form(condition):
    (fault,) = checking.faults(item(conditions={"all": [*CANTINE["conditions"]["all"], condition]}))
    assert "Personne ne remplit" in fault
    kind = KINDS[condition["type"]]
    sent = {name: value for name, value in kind.initial(condition).items() if value is not None}
    for name in ("since", "until"):
        if isinstance(sent.get(name), date):
            day = sent.pop(name)
            sent |= {f"{name}_day": day.day, f"{name}_month": day.month, f"{name}_year": day.year}
    form = ConditionForm(sent | {"period": "month"}, kind=condition["type"])
    assert not form.is_valid() and list(form.errors)


def test_an_aid_that_ends_before_it_starts_is_named():
    (fault,) = checking.faults(item(valid_from="2026-12-01", valid_to="2026-11-01"))
    assert "finit avant" in fault


def test_an_aid_too_big_is_refused_in_a_sentence_and_read_no_further():
    many = item(tests=CANTINE["tests"] * 700)
    assert len(many["tests"]) == 2100
    (fault,) = checking.faults(many)
    assert "2100" in fault and "100 cas" in fault
    deep: dict[str, Any] = {"type": "age", "min": 1}
    for _level in range(5000):
        deep = {"not": deep}
    assert len(checking.faults(item(conditions=deep))) == 1
    wide = {"all": [{"type": "age", "min": 1}] * 61}
    assert "60" in checking.faults(item(conditions=wide))[0]


@pytest.mark.django_db
def test_too_many_cases_write_nothing(author):
    with pytest.raises(versions.Faulty):
        actions.begin(by=author, item=item(tests=CANTINE["tests"] * 700))
    aid = actions.begin(by=author, item=item())
    with pytest.raises(versions.Faulty):
        actions.change(aid=aid, by=author, cases=CANTINE["tests"] * 700)
    assert LocalAidCase.objects.count() == 3


def test_a_version_goes_from_draft_to_closed(author, second):
    aid = actions.begin(by=author, item=item())
    assert (aid.state, aid.version) == (State.DRAFT, 1)
    with pytest.raises(versions.NotNow):
        versions.publish(row=aid, by=second)
    versions.try_out(row=aid, by=author)
    with pytest.raises(NotTwo):
        versions.publish(row=aid, by=author)
    published = versions.publish(row=aid, by=second)
    assert published.state == State.PUBLISHED and published.published_by == second
    later = versions.renew(row=published, by=author, begin=actions.begin)
    assert (later.version, later.cases.count()) == (2, 3)
    versions.publish(row=versions.try_out(row=later, by=author), by=second)
    published.refresh_from_db()
    assert published.state == State.CLOSED
    versions.close(row=later)
    assert not LocalAid.objects.published().exists()
    told = [entry.event for entry in register.of(LocalAid.KIND, LocalAid.subject_of("cantine-qf"))]
    assert told == ["local_aid_published", "local_aid_published", "local_aid_closed"]


def test_a_change_has_to_be_tried_again(author, second):
    aid = tried(author)
    assert actions.change(aid=aid, by=author, label="Cantine").state == State.DRAFT
    with pytest.raises(versions.Faulty, match="QF 420"):
        actions.change(aid=aid, by=author, rules={"amount": {"kind": "fixed", "value": 3.0, "unit": "EUR"}})
        versions.try_out(row=aid, by=author)
    with pytest.raises(versions.NotNow):
        versions.publish(row=aid, by=second)


def test_what_is_published_is_what_the_second_person_read(author, second):
    """Its author changes it, and proposes it again, between the second person's reading and their yes."""
    aid = tried(author)
    read, pages = LocalAid.objects.get(pk=aid.pk), signed_in(second)
    page = pages.get(reverse("aids:local_version", args=[aid.pk])).content.decode()
    (link,) = re.findall(r'href="([^"]+/publier/[^"]*)"', page)
    hidden = pages.get(link).context["hidden"]
    actions.change(aid=aid, by=author, label="Cantine gratuite")
    versions.try_out(row=aid, by=author)
    with pytest.raises(versions.NotNow):
        versions.publish(row=read, by=second)
    for answer in (pages.get(link), pages.post(link, hidden), pages.post(link, {})):
        assert answer["Location"] == reverse("aids:local_version", args=[aid.pk])
    aid.refresh_from_db()
    assert aid.state == State.TESTED
    versions.publish(row=aid, by=second)


def test_only_its_author_changes_a_draft_and_a_new_agent_publishes_nothing(author, second, resident):
    aid = tried(author)
    with pytest.raises(PermissionDenied):
        actions.change(aid=aid, by=second)
    for verb in (versions.try_out, versions.drop):
        with pytest.raises(PermissionDenied):
            verb(row=aid, by=second)
    with pytest.raises(PermissionDenied):
        actions.begin(by=resident, item=item())
    with pytest.raises(NotTwo):
        versions.publish(row=aid, by=AgentFactory(new=True))
    versions.drop(row=aid, by=author)
    assert not LocalAid.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE aids_localaid SET label = 'x'",
        "UPDATE aids_localaid SET rules = '{}'",
        "UPDATE aids_localaid SET valid_to = '2030-01-01'",
        "UPDATE aids_localaid SET state = 'draft'",
        "UPDATE aids_localaid SET state = 'closed', label = 'x'",
        "DELETE FROM aids_localaid",
        "UPDATE aids_localaidcase SET persona = 'x'",
        "DELETE FROM aids_localaidcase",
        "INSERT INTO aids_localaidcase (aid_id, rank, persona, facts, expect) SELECT id, 9, 'x', '{}', '{}' "
        "FROM aids_localaid",
    ],
)
def test_the_database_refuses_to_change_a_published_version(author, second, change):
    versions.publish(row=tried(author), by=second)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_refuses_one_person_alone(author):
    aid = tried(author)
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        LocalAid.objects.filter(pk=aid.pk).update(state=State.PUBLISHED, published_by=author)
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        LocalAid.objects.filter(pk=aid.pk).update(state=State.PUBLISHED, published_at=timezone.now())
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        LocalAid.objects.filter(pk=aid.pk).update(shipped=True)
    draft = actions.change(aid=aid, by=author)
    with pytest.raises(DatabaseError, match="only a tested"), transaction.atomic():
        LocalAid.objects.filter(pk=draft.pk).update(state=State.PUBLISHED, published_by=AgentFactory())
    with pytest.raises(DatabaseError, match="begins as a draft"), transaction.atomic():
        LocalAid.objects.create(shipped=True, state=State.PUBLISHED, **shipping.columns(item(code="autre")))


@pytest.mark.django_db
def test_loading_again_keeps_what_the_city_wrote(author, second):
    (first, *_others) = shipping.load_local_aids()
    assert first.state == State.PUBLISHED and first.shipped
    later = actions.change(aid=versions.renew(row=first, by=author, begin=actions.begin), by=author, label="Cantine")
    versions.publish(row=versions.try_out(row=later, by=author), by=second)
    shipping.load_local_aids()
    assert LocalAid.objects.published().get(code="cantine-qf").label == "Cantine"
    assert LocalAid.objects.filter(code="cantine-qf").count() == 2


def test_a_result_names_the_version():
    from services.aids.actions.simulations import LocalResult, _kept_local

    aid = LocalAid(**shipping.columns(item(version=3)))
    facts = CANTINE["tests"][0]["facts"]
    kept = _kept_local(LocalResult(aid, aid.evaluate(facts, date(2026, 11, 25)), facts))
    assert kept["version"] == 3 and kept["statut"] == "eligible"


@pytest.mark.django_db(transaction=True)
def test_two_new_aids_of_one_name_at_once_have_two_codes(author):
    begun: list[LocalAid] = []
    at_once(lambda: begun.append(actions.begin_new(by=author, item=item(label="Carte Brume"))), times=3)
    assert sorted(aid.code for aid in begun) == ["carte-brume", "carte-brume-2", "carte-brume-3"]
    assert {aid.version for aid in begun} == {1}
