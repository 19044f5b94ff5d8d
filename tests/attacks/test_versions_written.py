"""Whoever writes as the portal's own role publishes no version of an aid, a procedure, a form or an urgent situation.

Residents decide by what these say: an amount, the papers that are asked, whom to call.
"""

from collections.abc import Callable
from typing import Any, cast

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from core.journal import register
from core.rows import Forged
from services.aids import shipping as aids_shipping
from services.aids.actions import simulations
from services.aids.models import LocalAid, UrgentSituation
from services.official_forms.models import OfficialForm
from services.procedures import finding
from services.procedures.models import Procedure
from services.versions.actions import versions
from services.versions.models import RulesVersion, State, Version
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.test_written_rows import sql
from tests.services.official_forms import made
from tests.services.versions.test_two_persons import DRAFTS, PAGES
from tests.ui.pages import text
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db

RULES = [LocalAid, UrgentSituation, Procedure]
each_kind = pytest.mark.parametrize("model", DRAFTS, ids=lambda model: model.KIND)
each_kind_of_rules = pytest.mark.parametrize("model", RULES, ids=lambda model: model.KIND)
#: The public page of a code.
PUBLIC: dict[type[Version], Callable[[str], str]] = {
    LocalAid: lambda code: reverse("aids:local_aid", args=[code]),
    UrgentSituation: lambda code: reverse("aids:situation", args=[code]),
    Procedure: lambda code: reverse("procedures:page", args=[code]),
}


@pytest.fixture
def author(db):
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def ready(model, author):
    paper_kinds.load()
    draft = DRAFTS[model](author)
    return versions.try_out(row=draft, by=author) if isinstance(draft, RulesVersion) else draft


def proposed(model: type[RulesVersion], author: User) -> Any:
    return versions.try_out(row=cast(RulesVersion, DRAFTS[model](author)), by=author)


def published_by_sql(row: Version, second: User, **changes: Any) -> None:
    """Publish a draft as the attacker does: every step that the triggers allow, in the name of two agents."""
    table = row._meta.db_table
    for column, value in changes.items():
        sql(f"UPDATE {table} SET {column} = %s WHERE id = %s", value, row.pk)
    if isinstance(row, RulesVersion):
        sql(f"UPDATE {table} SET state = 'tested' WHERE id = %s", row.pk)
    steps = "state = 'published', published_by_id = %s, published_at = %s"
    sql(f"UPDATE {table} SET {steps} WHERE id = %s", second.pk, timezone.now(), row.pk)


@each_kind_of_rules
def test_a_version_published_by_sql_is_on_no_page(model, ready):
    published_by_sql(ready, AgentFactory(), label="Chèque de mille euros")
    assert "mille euros" not in text(answer := Client().get(PUBLIC[model](ready.code)))
    assert answer.status_code == 503
    listed = Client().get(
        reverse({LocalAid: "aids:local_aids", Procedure: "procedures:listed"}.get(model, "aids:urgent"))
    )
    assert listed.status_code == 200 and "mille euros" not in text(listed)


@each_kind_of_rules
def test_a_shipped_version_written_by_sql_is_on_no_page(model, author):
    """No agent is named: the portal would have loaded it with the software."""
    paper_kinds.load()
    row = DRAFTS[model](author)
    sql(
        f"UPDATE {row._meta.db_table} SET shipped = true, written_by_id = NULL, label = 'Mille euros' WHERE id = %s",
        row.pk,
    )
    sql(f"UPDATE {row._meta.db_table} SET state = 'tested' WHERE id = %s", row.pk)
    sql(
        f"UPDATE {row._meta.db_table} SET state = 'published', published_at = %s WHERE id = %s", timezone.now(), row.pk
    )
    assert "Mille euros" not in text(Client().get(PUBLIC[model](row.code)))


def test_an_aid_published_by_sql_is_not_computed_and_the_others_are(author):
    aids_shipping.load_local_aids(codes=["transport-moins-18"])
    row = proposed(LocalAid, author)
    published_by_sql(row, AgentFactory())
    assert [aid.code for aid in simulations.aids_in_force()] == ["transport-moins-18"]


def test_a_procedure_published_by_sql_is_not_begun(author):
    paper_kinds.load()
    row = proposed(Procedure, author)
    published_by_sql(row, AgentFactory(), label="Donnez tout")
    assert "Donnez tout" not in {one.title for one in finding.startable()}
    assert "Donnez tout" not in {one.title for one in finding.latest([row.code])}


@each_kind_of_rules
def test_a_draft_given_to_another_author_by_sql_is_not_published_by_its_own(model, ready, author):
    sql(f"UPDATE {ready._meta.db_table} SET written_by_id = %s WHERE id = %s", AgentFactory().pk, ready.pk)
    answer = signed_in(author).post(PAGES[model].url("publish", ready), {"shown": ready.mark})
    assert answer.status_code == 503
    with_state = model._base_manager.filter(pk=ready.pk).values_list("state", flat=True)
    assert [*with_state] == [model.READY]


@each_kind_of_rules
def test_the_text_of_a_published_version_changed_by_the_tables_owner_is_refused(
    model, ready, tamper, transactional_db
):
    versions.publish(row=ready, by=AgentFactory())
    with tamper() as admin:
        admin.execute(f"UPDATE {ready._meta.db_table} SET label = 'Mille euros' WHERE id = %s", [ready.pk])
    assert Client().get(PUBLIC[model](ready.code)).status_code == 503


def test_a_case_added_to_a_published_aid_by_the_tables_owner_is_refused(author, tamper, transactional_db):
    ready = proposed(LocalAid, author)
    versions.publish(row=ready, by=AgentFactory())
    with tamper() as admin:
        admin.execute("DELETE FROM aids_localaidcase WHERE aid_id = %s AND rank = 1", [ready.pk])
    assert Client().get(PUBLIC[LocalAid](ready.code)).status_code == 503


@each_kind
def test_the_register_names_the_version_and_the_hash_of_what_it_publishes(model, ready):
    versions.publish(row=ready, by=AgentFactory())
    [entry] = register.of(model.KIND, model.subject_of(ready.code))
    row = model.objects.get(pk=ready.pk)
    assert (entry.content["id"], entry.content["text_sha256"]) == (str(row.pk), row.text_sha256)


def test_a_closed_version_put_back_in_force_by_the_tables_owner_is_not_computed(author, tamper, transactional_db):
    ready = proposed(LocalAid, author)
    versions.publish(row=ready, by=AgentFactory())
    assert [aid.state for aid in simulations.aids_in_force()] == [State.PUBLISHED]
    [before] = LocalAid.objects.filter(pk=ready.pk).values("state", "closed_at", "mac")
    versions.close(row=ready)
    with tamper() as admin:
        steps = "UPDATE aids_localaid SET state = %s, closed_at = %s, mac = %s WHERE id = %s"
        admin.execute(steps, [before["state"], before["closed_at"], bytes(before["mac"]), ready.pk])
    assert simulations.aids_in_force() == []
    assert Client().get(PUBLIC[LocalAid](ready.code)).status_code == 503


def test_a_form_published_by_sql_is_offered_in_no_dossier(author):
    row = made.draft(author)
    published_by_sql(row, AgentFactory())
    with pytest.raises(Forged):
        OfficialForm.objects.get(pk=row.pk)


@each_kind_of_rules
def test_what_two_agents_published_is_on_its_page(model, ready):
    """The same steps without the attack succeed."""
    versions.publish(row=ready, by=AgentFactory())
    assert Client().get(PUBLIC[model](ready.code)).status_code == 200
