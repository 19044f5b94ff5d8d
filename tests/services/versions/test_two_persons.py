"""One person never suffices, whatever the kind of version: neither its author, nor whom they named alone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from accounts.models import Nomination, User
from accounts.two_persons import NotTwo
from core.journal import register
from services.aids import catalogue
from services.aids.actions import local_aids, urgent_situations
from services.aids.models import LocalAid, UrgentSituation
from services.aids.presenting.local_aids import AIDS
from services.aids.presenting.urgent import SITUATIONS
from services.official_forms.models import OfficialForm
from services.official_forms.presenting import FORMS
from services.procedures.actions import procedures
from services.procedures.models import Procedure
from services.procedures.presenting import PROCEDURES
from services.versions.actions import versions
from services.versions.models import RulesVersion, State, Version
from services.versions.presenting import Pages
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.official_forms import made
from tests.services.procedures.written import document
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db

PAGES: dict[type[Version], Pages[Any]] = {page.model: page for page in (AIDS, SITUATIONS, PROCEDURES, FORMS)}
DRAFTS: dict[type[Version], Callable[[User], Version]] = {
    LocalAid: lambda by: local_aids.begin(by=by, item=catalogue.local_aids()[0]),
    UrgentSituation: lambda by: urgent_situations.begin(by=by, item=catalogue.urgent_situations()[0]),
    Procedure: lambda by: procedures.begin(by=by, item=document()),
    OfficialForm: made.draft,
}
each_kind = pytest.mark.parametrize("model", DRAFTS, ids=lambda model: model.KIND)


@pytest.fixture
def author(db):
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def ready(model, author):
    """Return a version that waits for its second person."""
    paper_kinds.load()
    draft = DRAFTS[model](author)
    return versions.try_out(row=draft, by=author) if isinstance(draft, RulesVersion) else draft


def test_each_kind_of_version_is_tried_here():
    kinds = {model for model in apps.get_models() if issubclass(model, Version)}
    assert kinds == {*DRAFTS} == {*PAGES}


@each_kind
def test_its_author_publishes_nothing(model, ready, author):
    with pytest.raises(NotTwo):
        versions.publish(row=ready, by=author)
    page = PAGES[model].url("publish", ready)
    for answer in (signed_in(author).get(page), signed_in(author).post(page, {"shown": ready.mark})):
        assert answer.status_code == 404
    ready.refresh_from_db()
    assert ready.state == model.READY


@each_kind
def test_whom_its_author_named_alone_publishes_nothing(model, ready, author):
    theirs = AgentFactory()
    Nomination.objects.filter(person=theirs).update(proposed_by=author, confirmed_by=author)
    with pytest.raises(NotTwo):
        versions.publish(row=ready, by=theirs)
    refused = signed_in(theirs).post(PAGES[model].url("publish", ready), {"shown": ready.mark})
    assert refused.status_code == 403
    ready.refresh_from_db()
    assert ready.state == model.READY


@each_kind
def test_a_new_agent_publishes_nothing(ready):
    with pytest.raises(NotTwo):
        versions.publish(row=ready, by=AgentFactory(new=True))


@each_kind
def test_the_database_refuses_one_person_alone(model, ready, author):
    for by in (author, None):
        with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
            model.objects.filter(pk=ready.pk).update(state=State.PUBLISHED, published_by=by)


@each_kind
def test_another_agent_publishes_and_the_register_names_the_version(model, ready):
    page, second = PAGES[model].url("publish", ready), AgentFactory(name="Hugo Bastide")
    signed_in(second).post(page, {"shown": ready.mark})
    found = model.objects.published().get(code=ready.code)
    assert (found.pk, found.published_by) == (ready.pk, second)
    told = register.of(model.KIND, model.subject_of(ready.code))
    assert [(entry.event, entry.content["version"]) for entry in told] == [(f"{model.KIND}_published", 1)]
