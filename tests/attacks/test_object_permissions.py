"""Whoever writes object permissions to the database, without the keyring, examines and decides nothing."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse
from guardian import shortcuts

from accounts.actions import places
from accounts.models import Organisation, Publisher, PublisherRole, User
from core.rows import Forged
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.test_rows_put_back import kept, put_back, sql
from tests.certification.made import SIRETS, at, member, publisher
from tests.services.requests.made import member as agent_of
from tests.services.requests.made import opened_office

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
OFFICES, PUBLISHERS = "accounts_organisationpermission", "accounts_publisherpermission"


def opens(person: User, page: str) -> bool:
    return signed_in(person).get(page).status_code == 200


def written(table: str, person: User, on: Organisation | Publisher, right: str) -> None:
    """Give a right by SQL, with every column but the key of the MAC."""
    sql(
        f"""INSERT INTO {table} (id, user_id, content_object_id, permission_id, "right", mac)
        SELECT gen_random_uuid(), %s, %s, one.id, %s, decode(repeat('02', 33), 'hex')
        FROM auth_permission one WHERE one.codename = %s""",
        person.pk,
        on.pk,
        right,
        right,
    )


def test_a_right_that_is_inserted_closes_the_office_and_gives_nothing() -> None:
    office = opened_office()
    place = agent_of(office, "Claire Morvan")
    browser = signed_in(place.person)
    assert browser.get(reverse("requests:inbox")).status_code == 200
    written(OFFICES, place.person, office, "decide_requests")
    assert browser.get(reverse("requests:inbox")).status_code != 200


def test_an_inserted_right_that_nothing_else_shows_is_refused_as_it_is_loaded() -> None:
    """Beside the account's head, which also refuses its session."""
    place = agent_of(opened_office(), "Claire Morvan")
    written(OFFICES, place.person, place.organisation, "decide_requests")
    with pytest.raises(Forged):
        places.of_office(place.person)


def test_a_right_that_is_inserted_for_a_stranger_of_the_publisher_is_refused() -> None:
    house, other = publisher(), publisher("Autre", SIRETS[1])
    stranger = member(other, PublisherRole.DEVELOPER)
    assert opens(stranger, at("publisher"))
    written(PUBLISHERS, stranger, house, "owner")
    assert not opens(stranger, at("publisher"))


def test_a_right_that_is_changed_is_refused() -> None:
    place = agent_of(opened_office(), "Claire Morvan")
    sql(f"UPDATE {OFFICES} SET \"right\" = 'decide_requests' WHERE user_id = %s", place.person_id)
    with pytest.raises(Forged):
        places.of_office(place.person)


def test_names_of_rights_are_not_exchanged() -> None:
    place = agent_of(opened_office(), "Claire Morvan")
    with pytest.raises(ProgrammingError), transaction.atomic():
        sql("UPDATE auth_permission SET codename = 'x' WHERE codename = 'instruct_requests'")
    found = places.of_office(place.person)
    assert found is not None and found.instructs and not found.may_decide


def test_a_right_that_ended_and_is_put_back_opens_nothing() -> None:
    place = agent_of(opened_office(), "Claire Morvan")
    copy = kept(OFFICES)
    places.leave_office(place=place)
    put_back(copy)
    assert not opens(place.person, reverse("requests:inbox"))
    assert kept(OFFICES) == {OFFICES: []}, "the database refuses it"


def test_a_right_with_its_place_put_back_opens_nothing() -> None:
    place = agent_of(opened_office(), "Claire Morvan")
    copy = kept("accounts_membership", OFFICES)
    places.leave_office(place=place)
    put_back(copy)
    assert not opens(place.person, reverse("requests:inbox"))


def test_a_right_whose_mac_is_deleted_is_refused() -> None:
    place = agent_of(opened_office(), "Claire Morvan")
    sql(f"UPDATE {OFFICES} SET mac = ''::bytea WHERE user_id = %s", place.person_id)
    assert not opens(place.person, reverse("requests:inbox"))


def test_a_developer_who_becomes_the_owner_by_sql_is_refused() -> None:
    house = publisher()
    developer = member(house, PublisherRole.DEVELOPER)
    assert opens(developer, at("publisher"))
    sql(f"UPDATE {PUBLISHERS} SET \"right\" = 'owner' WHERE user_id = %s", developer.pk)
    assert not opens(developer, at("publisher"))


def test_a_removed_developer_who_is_put_back_is_refused() -> None:
    house = publisher()
    developer = member(house, PublisherRole.DEVELOPER)
    copy = kept("accounts_publishermember", PUBLISHERS, "accounts_user")
    places.end(place=developer.publisher_memberships.get())
    put_back(copy)
    assert not opens(developer, at("publisher"))


def test_a_right_of_guardians_own_tables_is_asked_by_nobody() -> None:
    place = agent_of(opened_office(), "Claire Morvan")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, content_type_id FROM auth_permission WHERE codename = 'decide_requests'")
        permission, kind = cursor.fetchone()
    sql(
        "INSERT INTO guardian_userobjectpermission (user_id, permission_id, content_type_id, object_pk)"
        " VALUES (%s, %s, %s, %s)",
        place.person_id,
        permission,
        kind,
        str(place.organisation_id),
    )
    found = places.of_office(place.person)
    assert found is not None and not found.may_decide
    assert not place.person.has_perm("accounts.decide_requests", place.organisation)


def test_guardians_own_verbs_and_look_ups_answer_nothing() -> None:
    office = opened_office()
    place = agent_of(office, "Claire Morvan")
    with pytest.raises(AttributeError):
        shortcuts.assign_perm("decide_requests", place.person, office)
    with pytest.raises(AttributeError):
        shortcuts.remove_perm("instruct_requests", place.person, office)
    with pytest.raises(AttributeError):
        shortcuts.get_perms(place.person, office)
    assert not hasattr(place.person, "add_obj_perm") and not hasattr(Group(), "add_obj_perm")
    with pytest.raises(AttributeError):
        shortcuts.get_objects_for_user(place.person, "accounts.instruct_requests")
    assert not any("guardian" in name for name in settings.AUTHENTICATION_BACKENDS)


def test_only_the_module_of_the_rows_imports_guardian() -> None:
    """The import contract refuses it in the portal's modules; this one also reads templates and settings."""
    importing = {
        path.relative_to(ROOT).as_posix()
        for folder in ("accounts", "campaigns", "certification", "platform", "services", "vault", "templates")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".py", ".html"}
        and re.search(r"(from|import|load) guardian|[\"']guardian\.(?!W001|UserObject|GroupObject)", path.read_text())
    }
    assert importing == {"accounts/models/permissions.py"}


def test_no_visitor_has_an_account() -> None:
    assert settings.ANONYMOUS_USER_NAME is None
    assert not User.objects.exists()


def test_who_manages_agents_decides_in_no_office() -> None:
    """Django says yes to every right of a superuser, and so does guardian."""
    office, manager = opened_office(), AgentFactory(manages_agents=True)
    assert places.of_office(manager) is None
    place = places.add_to_office(agent=manager, organisation=office, instructs=True, may_decide=False, by=None)
    assert place.instructs and not place.may_decide
