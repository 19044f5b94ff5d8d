from accounts.models.decisions import CityDecision, FactorReset, Nomination, PendingAccount, Role, SheetClosing
from accounts.models.people import (
    Invitation,
    Lifetime,
    Membership,
    OfficeMember,
    Organisation,
    Session,
    SessionQuerySet,
    Sheet,
    User,
    UserManager,
)
from accounts.models.publishers import Publisher, PublisherMember, PublisherRole

__all__ = [
    "CityDecision",
    "FactorReset",
    "Invitation",
    "Lifetime",
    "Membership",
    "Nomination",
    "OfficeMember",
    "Organisation",
    "PendingAccount",
    "Publisher",
    "PublisherMember",
    "PublisherRole",
    "Role",
    "Session",
    "SessionQuerySet",
    "Sheet",
    "SheetClosing",
    "User",
    "UserManager",
]
