"""Leaving: the treatment of an account. Its row stays, emptied, because the desk's register names its id."""

import json
from collections.abc import Iterator
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from accounts.models import FactorReset, Session, Sheet, User
from accounts.sign_in.sessions import SessionStore, under_way
from core import leaving, rows
from core.leaving import Copying, Entry, Rows

EMPTIED = "an account that is closed: a number and two dates"
BY_WHICH = "what one signs in with"
REGISTER = "the desk's register, which nobody changes: of the person it holds the number"

ROWS = [
    Rows(
        "accounts.User",
        copied="name email contact_email reminders_by_email last_login",
        erased={"password": BY_WHICH, "live_sessions": "which sessions are under way; the copy has them"},
        kept={
            "id date_joined is_active is_resident is_persona closes_at": EMPTIED,
            "is_staff is_companion is_publisher is_superuser is_dpo at_desk": "rights of those who own no vault",
        },
    ),
    Rows(
        "accounts.Session",
        copied="device started_at last_seen_at",
        erased={"id user_id": "the row's own number and its account's", "key_hash data": BY_WHICH},
    ),
    Rows(
        "accounts.Sheet",
        copied="number printed_at expires_at claimed_at",
        erased={"id person_id": "the row's own number and its account's", "code_hash": BY_WHICH},
    ),
    Rows("accounts.Organisation", nobody="who accompanies residents and receives requests, the same for all"),
    Rows("accounts.Membership", nobody="companions and agents at work: they own no vault"),
    Rows("accounts.OfficeMember", nobody="the same rows, as the admin lists agents of offices"),
    Rows("accounts.Publisher", nobody="who publishes services, the same for all"),
    Rows("accounts.PublisherMember", nobody="publishers' members at work: they own no vault"),
    Rows("accounts.OrganisationPermission", nobody="rights of agents on an office"),
    Rows("accounts.PublisherPermission", nobody="rights of members on their publisher"),
    Rows("accounts.Invitation", nobody="agents only: their own link to ProConnect"),
    Rows("accounts.PendingAccount", nobody="accounts of agents and companions, before they are opened"),
    Rows("accounts.Nomination", nobody="agents only: their roles"),
    Rows("accounts.CityDecision", nobody="settings of the city, decided by agents"),
    Rows(
        "accounts.FactorReset",
        erased={"written written_hash": "what was written to find the account, masked"},
        kept={
            "id person_id reason asked_by_id asked_at decided_by_id decided_at granted": REGISTER,
            "asked_told_at decided_told_at": REGISTER,
        },
    ),
    Rows(
        "accounts.SheetClosing",
        kept={
            "id person_id asked_by_id asked_at confirmed_by_id confirmed_at cancelled_by_id cancelled_at": REGISTER,
        },
    ),
    Rows("account.EmailAddress", erased={"id user_id email verified primary": "the account's own address, again"}),
    Rows(
        "account.EmailConfirmation",
        erased={"id email_address_id created sent key": "unused here: codes take its place"},
    ),
    Rows(
        "mfa.Authenticator",
        copied="type created_at last_used_at",
        erased={"id user_id": "the row's own number", "data": BY_WHICH},
    ),
    Rows("socialaccount.SocialApp", nobody="the city's own keys at FranceConnect and ProConnect"),
    Rows(
        "socialaccount.SocialAccount",
        copied="provider date_joined last_login",
        erased={
            "id user_id": "the row's own number",
            "uid": "by which FranceConnect knows them here, and nowhere else",
            "extra_data": "empty",
        },
    ),
    Rows("socialaccount.SocialToken", erased={"id app_id account_id token token_secret expires_at": BY_WHICH}),
    Rows("admin.LogEntry", nobody="what agents did in the admin"),
    Rows("auth.Permission", nobody="names of rights"),
    Rows("auth.Group", nobody="names of groups of agents"),
    Rows("guardian.UserObjectPermission", nobody="empty: rights are in models of ours"),
    Rows("guardian.GroupObjectPermission", nobody="empty: no group has a right"),
    Rows("contenttypes.ContentType", nobody="names of tables"),
]


def copy(copying: Copying) -> Iterator[Entry]:
    user = User.objects.get(pk=copying.resident_id)
    found = leaving.export_row(
        user,
        sessions=[
            leaving.export_row(one) for one in under_way(Session.objects.filter(user=user).order_by("started_at"))
        ],
        second_factors=[leaving.export_row(one) for one in Authenticator.objects.filter(user=user)],
        sheets=[leaving.export_row(one) for one in Sheet.objects.filter(person=user)],
        linked=[leaving.export_row(one) for one in SocialAccount.objects.filter(user=user)],
    )
    yield Entry("compte.json", [json.dumps(found, ensure_ascii=False, indent=1).encode()])


def erase(resident_id: UUID) -> None:
    """Erase the account. Its sessions end: their next request is an anonymous visitor's.

    A row of the account that somebody put back is erased as well; the account's head then stays as it is.

    Raises:
        Forged: the account's own row is not as the portal wrote it.
    """
    user = User.objects.filter(pk=resident_id).first()
    Session.objects.filter(user_id=resident_id).delete()
    FactorReset.objects.filter(person_id=resident_id).update(written="", written_hash="")
    with rows.unchecked():
        Sheet.objects.filter(person_id=resident_id).delete()
        EmailAddress.objects.filter(user_id=resident_id).delete()
        Authenticator.objects.filter(user_id=resident_id).delete()
        SocialAccount.objects.filter(user_id=resident_id).delete()
        if user is not None:
            _empty(user)


def _empty(user: User) -> None:
    user.name = user.email = user.contact_email = ""
    user.is_active = user.is_resident = False
    user.last_login, user.closes_at = None, timezone.now()
    user.set_unusable_password()
    user.save()
    User.objects.filter(pk=user.pk).update(live_sessions={})


APP = leaving.App("accounts", ROWS, level=20, copy=copy, erase=erase, purge=SessionStore.clear_expired)
