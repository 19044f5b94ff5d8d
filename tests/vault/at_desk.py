"""An agent at the desk, in one browser, and their visits, made with the verbs."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.test import Client

from accounts.models import Session, User
from accounts.sign_in.sessions import hashed
from tests.accounts.factories import AgentFactory, signed_in
from vault.sharing.across import desk as rows
from vault.sharing.actions import desk
from vault.sharing.models import DeskVisit


def keeper(name: str = "Agathe Roussel", **more: Any) -> User:
    return AgentFactory(name=name, at_desk=True, **more)


def session_of(client: Client) -> Session:
    return Session.objects.get(key_hash=hashed(client.cookies[settings.SESSION_COOKIE_NAME].value))


def opened(agent: User, client: Client, name: str = "Rosa Delmas") -> DeskVisit:
    """Open a vault at the desk. Return the visit as the agent's pages find it."""
    session = session_of(client)
    made = desk.open_vault(agent=agent, session=session, name=name, token=uuid4())
    found = rows.find(agent, session, made.pk)
    assert found is not None
    return found


def owner(visit: DeskVisit) -> User:
    return User.objects.get(pk=visit.resident_id)


def come_back(agent: User, client: Client, code: str, *items: str) -> DeskVisit:
    session = session_of(client)
    made = desk.come_back(agent=agent, session=session, code=code, items=items, token=uuid4())
    found = rows.find(agent, session, made.pk)
    assert found is not None
    return found


def sheet_of(visit: DeskVisit, agent: User) -> str:
    """Return the code printed on the sheet."""
    return desk.print_sheet(visit=visit, agent=agent)[1]


def visited(resident: User, *items: str) -> tuple[User, Client, DeskVisit]:
    """Begin a desk visit by appointment code, for a resident who has their own sign-in and chose these items."""
    from tests.vault.entrusted import said
    from vault.sharing.enums import Act

    agent = keeper()
    client = signed_in(agent)
    session = session_of(client)
    code = said(resident, *items, acts=[Act.ADD_PAPER])
    made = desk.begin_appointment(agent=agent, session=session, code=code)
    found = rows.find(agent, session, made.pk)
    assert found is not None
    return agent, client, found
