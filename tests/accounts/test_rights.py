"""Rights of before, which were columns of places, become rows that count once they are signed."""

from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.actions import places
from accounts.models import OfficeRight, OrganisationPermission, PublisherPermission, PublisherRole
from accounts.sign_in.backends import AuthenticationBackend
from core.rows import Forged
from tests.attacks.test_rows_put_back import sql
from tests.certification.made import member, publisher
from tests.services.requests.made import member as agent_of
from tests.services.requests.made import opened_office

pytestmark = pytest.mark.django_db
MIGRATION = "0013_object_permissions"


def migrate_rights() -> None:
    state = MigrationExecutor(connection).loader.project_state(("accounts", MIGRATION))
    import_module(f"accounts.migrations.{MIGRATION}").move_rights(state.apps, None)


@pytest.mark.usefixtures("may_sign")
def test_the_migration_writes_rights_that_count_once_they_are_signed() -> None:
    agent, left = (agent_of(opened_office(name), name).person for name in ("Claire", "Théo"))
    owner = member(publisher(), PublisherRole.OWNER)
    for person in (agent, left):
        places.leave_office(place=person.memberships.get())
        sql("UPDATE accounts_membership SET instructs = true WHERE person_id = %s", person.pk)
    places.end(place=owner.publisher_memberships.get())
    house = owner.publisher_memberships.get().publisher
    again = places.add_member(email=owner.email, name=owner.name, publisher=house, role=PublisherRole.DPO)
    again.publisher.permissions.all().delete()
    place = places.add_to_office(
        agent=agent,
        organisation=agent.memberships.get().organisation,
        instructs=False,
        may_decide=True,
        by=None,
    )
    place.organisation.permissions.all().delete()
    sql("UPDATE accounts_membership SET instructs = true, may_decide = true WHERE id = %s", place.pk)
    sql("UPDATE accounts_publishermember SET role = 'owner' WHERE id = %s", again.pk)
    migrate_rights()
    assert AuthenticationBackend().get_user(agent.pk) == agent, "the migration closes no account"
    assert AuthenticationBackend().get_user(owner.pk) == owner
    for unsigned in (lambda: places.of_office(agent), lambda: places.of_member(owner)):
        with pytest.raises(Forged):
            unsigned()
    call_command("rows", "sign", again=True)
    found, mine = places.of_office(agent), places.of_member(owner)
    assert found is not None and found.rights == {*OfficeRight}
    assert mine is not None and mine.role == PublisherRole.OWNER
    assert OrganisationPermission.objects.count() == 2 and PublisherPermission.objects.count() == 1
    call_command("rows", "check")
    assert AuthenticationBackend().get_user(agent.pk) == agent
