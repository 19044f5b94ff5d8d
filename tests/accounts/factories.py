"""Users for tests: a resident owns a vault (with its key and first journal entry), agents and companions do not."""

from datetime import timedelta
from typing import Any

import factory
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client
from django.utils import timezone

from accounts.actions import accounts as actions
from accounts.actions import places
from accounts.models import Nomination, Organisation, Role, User
from accounts.sign_in.sessions import SessionStore
from core import rows

# Public and invented: the second factor of every agent in the tests.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class ResidentFactory(factory.Factory[User]):
    """Makes a resident by the action that opens vaults, who chose reminders. Takes `name`, `email` and `password`."""

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Habitante {n}")
    email = factory.Sequence(lambda n: f"habitante{n}@courriel.example")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        user = actions.register_resident(**kwargs)
        actions.choose_reminders(user=user, by_email=True)
        return user


def established(
    agent: User,
    role: Role = Role.SECOND,
    *,
    days: int = 30,
    seen: bool = True,
    office: Organisation | None = None,
) -> Nomination:
    """Name an agent to a role, `days` ago, with a second factor that will be set up in presence within the minute."""
    then = timezone.now() - timedelta(days=days)
    found, _made = Nomination.objects.get_or_create(
        person=agent,
        role=role,
        ended_at=None,
        defaults={
            "proposed_at": then,
            "confirmed_at": then,
            "seen_at": timezone.now() - timedelta(minutes=1) if seen else None,
            "organisation": office,
        },
    )
    return found


class AgentFactory(factory.Factory[User]):
    """Makes an agent with a second factor, unless `second_factor=False`.

    They decide with another agent, unless `new=True`; `manages_agents` makes them manage agents as well.
    """

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Agent {n}")
    email = factory.Sequence(lambda n: f"agent{n}@villebrume.example")

    @classmethod
    def _create(
        cls,
        model_class: type[User],
        *args: Any,
        second_factor: bool = True,
        manages_agents: bool = False,
        new: bool = False,
        **kwargs: Any,
    ) -> User:
        agent = actions.add_agent(**kwargs)
        if manages_agents:
            agent.is_superuser = True
            agent.save(update_fields=["is_superuser"])
        if not new:
            established(agent, Role.MANAGER if manages_agents else Role.SECOND)
        if second_factor:
            TOTP.activate(agent, TOTP_SECRET)
        return agent


class CompanionFactory(factory.Factory[User]):
    """Makes a companion of `organisation` (a name) with a second factor, unless `second_factor=False`."""

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Accompagnant {n}")
    email = factory.Sequence(lambda n: f"accompagnant{n}@villebrume.example")

    @classmethod
    def _create(
        cls,
        model_class: type[User],
        *args: Any,
        second_factor: bool = True,
        organisation: str = "CCAS de Villebrume",
        **kwargs: Any,
    ) -> User:
        where, _made = Organisation.objects.get_or_create(name=organisation)
        companion = places.add_companion(organisation=where, **kwargs).person
        if second_factor:
            TOTP.activate(companion, TOTP_SECRET)
        return companion


def signed_in(user: User, *, second_factor: bool | None = None, client: Client | None = None) -> Client:
    """Return a browser where `user` has just signed in.

    By default, agents and companions have also given their second factor.
    """
    given = user.works_for_others if second_factor is None else second_factor
    record = {"method": "mfa" if given else "code", "at": timezone.now().timestamp()}
    methods = {AUTHENTICATION_METHODS_SESSION_KEY: [record], "account_authentication_methods_user": str(user.pk)}
    if client is None:
        return _with_session(user, methods)
    client.force_login(user)
    session = client.session
    session.update(methods)
    session.save()
    return client


def _with_session(user: User, methods: dict[str, Any]) -> Client:
    """Return a browser with the session that a sign-in leaves, written once: `force_login` writes it three times."""
    session = SessionStore()
    session.update(
        methods
        | {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )
    try:
        session.create()
    except rows.Forged:
        # Nobody signs in to this account any more. Its session is written all the same: each request must refuse it.
        with rows.unchecked():
            session.create()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client


def has_verified_address(user: User) -> bool:
    found: bool = EmailAddress.objects.filter(user=user, email=user.email, verified=True, primary=True).exists()
    return found
