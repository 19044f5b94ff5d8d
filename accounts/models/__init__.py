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

__all__ = [
    "CityDecision",
    "FactorReset",
    "Invitation",
    "Lifetime",
    "Membership",
    "Nomination",
    "Organisation",
    "PendingAccount",
    "Role",
    "Session",
    "SessionQuerySet",
    "Sheet",
    "User",
    "UserManager",
]
