from accounts.models.decisions import (
    OF_ONE_OFFICE,
    CityDecision,
    FactorReset,
    Nomination,
    PendingAccount,
    Role,
    SheetClosing,
)
from accounts.models.people import (
    Invitation,
    Membership,
    OfficeMember,
    OfficeRight,
    Organisation,
    Sheet,
    User,
    UserManager,
)
from accounts.models.permissions import OrganisationPermission, PublisherPermission
from accounts.models.publishers import Publisher, PublisherMember, PublisherRole
from accounts.models.sessions import Lifetime, Session, SessionQuerySet

__all__ = [
    "OF_ONE_OFFICE",
    "CityDecision",
    "FactorReset",
    "Invitation",
    "Lifetime",
    "Membership",
    "Nomination",
    "OfficeMember",
    "OfficeRight",
    "Organisation",
    "OrganisationPermission",
    "PendingAccount",
    "Publisher",
    "PublisherMember",
    "PublisherPermission",
    "PublisherRole",
    "Role",
    "Session",
    "SessionQuerySet",
    "Sheet",
    "SheetClosing",
    "User",
    "UserManager",
]
