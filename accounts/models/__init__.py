from accounts.models.decisions import CityDecision, FactorReset, Nomination, PendingAccount, Role
from accounts.models.people import (
    Invitation,
    Lifetime,
    Membership,
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
    "Organisation",
    "PendingAccount",
    "Publisher",
    "PublisherMember",
    "PublisherRole",
    "Role",
    "Session",
    "SessionQuerySet",
    "Sheet",
    "User",
    "UserManager",
]
