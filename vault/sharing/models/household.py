"""People who live together and each have a vault. The household itself holds nothing: what is shared is granted, by each, to each."""

import uuid
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from vault.records.enums import HouseholdRole

INVITATION_LASTS = timedelta(days=7)
#: More adults than this under one roof is a residence, not a household.
MOST_MEMBERS = 8


class Household(models.Model):
    """What its members point to, and the row that is locked while they come, agree and go."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"household {self.id}"


class MemberQuerySet(models.QuerySet["Member"]):
    def present(self) -> Self:
        return self.filter(left_at=None)


MemberManager = ResidentManager.from_queryset(MemberQuerySet)


class Member(ResidentModel):
    """A resident's place in a household. Each sees of the others this name and this role, and nothing that was not granted."""

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="members")
    role = models.CharField(max_length=10, choices=HouseholdRole)
    name = models.CharField(max_length=120, help_text="how the resident was called when they joined")
    left_at = models.DateTimeField(null=True, blank=True)
    partings = models.JSONField(
        default=list, help_text="names of those with whom sharing has ended, until the resident has been told"
    )

    objects = MemberManager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=HouseholdRole.values), name="member_role_known"),
            models.UniqueConstraint(fields=["resident_id"], condition=Q(left_at=None), name="member_of_one_household"),
        ]

    def __str__(self) -> str:
        return f"member {self.id}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(used_at=None, cancelled_at=None, expires_at__gt=timezone.now())


InvitationManager = ResidentManager.from_queryset(InvitationQuerySet)


class Invitation(ResidentModel):
    """A code that lets one person in, once. Whom it was given to is not known here: nobody learns who has a vault."""

    role = models.CharField(max_length=10, choices=HouseholdRole)
    code_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=HouseholdRole.values), name="invitation_role_known")
        ]

    def __str__(self) -> str:
        return f"invitation {self.id}"


class SharedFact(ResidentModel):
    """A copy, under its recipient's own key, of what another member put in common: the value of that day, never a later one.

    When the giver stops, it is deleted. When they part, it stays (`own`): it is then the recipient's own fact.
    """

    grant_id = models.UUIDField(db_index=True, help_text="the giver's agreement; in their scope, so no relation")
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="shared_facts", help_text="the recipient's place"
    )
    own = models.BooleanField(default=False)
    content = models.BinaryField()

    objects = ResidentManager["SharedFact"]()

    def __str__(self) -> str:
        return f"shared fact {self.id}"

    @property
    def place(self) -> str:
        return f"vault_sharedfact|{self.id}|1|content"
