"""Households: residents who live together, each with their own vault.

A household stores no data: each member shares with each other one by a grant.
"""

import uuid
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_resident, nothing
from vault.records.enums import HouseholdRole

INVITATION_LASTS = timedelta(days=7)
#: The maximum number of adults: more would be a residence, not a household.
MOST_MEMBERS = 8


class Household(models.Model):
    """The row that members reference, locked while they join, agree or leave."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    decides = nothing("a row to lock; its members are under their own MACs")

    def __str__(self) -> str:
        return f"household {self.id}"


class MemberQuerySet(RowQuerySet["Member"]):
    def present(self) -> Self:
        return self.filter(left_at=None)


MemberManager = ResidentManager.from_queryset(MemberQuerySet)


#: Columns of a place under its MAC before its name was, and before the partings were.
_FIRST = ("household", "role", "left_at")
_NAMED = (*_FIRST, "name")


class Member(AuthenticatedRow, ResidentModel):
    """A resident's place in a household. Other members see its name and role; the rest needs a grant."""

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="members")
    role = models.CharField(max_length=10, choices=HouseholdRole)
    name = models.CharField(max_length=120, help_text="how the resident was called when they joined")
    left_at = models.DateTimeField(null=True, blank=True)
    partings = models.JSONField(
        default=list, help_text="names of those with whom sharing has ended, until the resident has been told"
    )

    objects = MemberManager()
    decides = by_resident(*_NAMED, "partings", former=[_FIRST, _NAMED], ends=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=HouseholdRole.values), name="member_role_known"),
            models.UniqueConstraint(fields=["resident_id"], condition=Q(left_at=None), name="member_of_one_household"),
        ]

    def __str__(self) -> str:
        return f"member {self.id}"

    @property
    def ended_ids(self) -> tuple[uuid.UUID, ...]:
        return (self.pk,) if self.left_at else ()


class InvitationQuerySet(RowQuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(used_at=None, cancelled_at=None, expires_at__gt=timezone.now())


InvitationManager = ResidentManager.from_queryset(InvitationQuerySet)


class Invitation(AuthenticatedRow, ResidentModel):
    """A code by which one resident joins, once. It does not say whom it was given to."""

    role = models.CharField(max_length=10, choices=HouseholdRole)
    code_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationManager()
    decides = by_resident("role", "code_hash", "expires_at", "used_at", "cancelled_at", ends=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=HouseholdRole.values), name="invitation_role_known")
        ]

    def __str__(self) -> str:
        return f"invitation {self.id}"

    @property
    def ended_ids(self) -> tuple[uuid.UUID, ...]:
        return (self.pk,) if self.used_at or self.cancelled_at else ()


class SharedFact(AuthenticatedRow, ResidentModel):
    """A copy of another member's values, as they were that day, sealed under the recipient's key.

    It is deleted when the giver stops the grant. After a parting it stays and belongs to the recipient (`own`).
    """

    grant_id = models.UUIDField(db_index=True, help_text="the giver's agreement; in their scope, so no relation")
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="shared_facts", help_text="the recipient's place"
    )
    own = models.BooleanField(default=False)
    content = models.BinaryField()

    objects = ResidentManager["SharedFact"]()
    decides = by_resident("grant_id", "member", "own", former=[UNSIGNED])

    def __str__(self) -> str:
        return f"shared fact {self.id}"

    @property
    def place(self) -> str:
        return f"vault_sharedfact|{self.id}|1|content"
