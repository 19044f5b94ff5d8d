"""Access requests by companions. No column, date or reference reveals whether the address belongs to a resident."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city
from vault.sharing.enums import AskedFor

#: After this, a request without an answer has expired.
WAITS = timedelta(days=14)
#: How long a code sent to a telephone is valid, and how many times one may be typed.
CODE_WAITS = timedelta(minutes=30)
CODE_TRIES = 3


class AccessRequestQuerySet(RowQuerySet["AccessRequest"]):
    def waiting(self) -> Self:
        """Return the requests that their resident may still answer."""
        return self.filter(answered_at=None, expires_at__gt=timezone.now())

    def to_text(self) -> Self:
        """Return the requests that wait for a code by text message."""
        return self.filter(
            by_phone=True, code_until=None, answered_at=None, created_at__gt=timezone.now() - CODE_WAITS
        )


AccessRequestManager = ResidentManager.from_queryset(AccessRequestQuerySet)


class AccessRequest(AuthenticatedRow, ResidentModel):
    """A companion's request to a resident, found by an address that the resident gave.

    If no resident has the address, `resident_id` is a random UUID matching no resident; the row waits and expires
    like any other. The address itself is not stored.
    """

    reference = models.CharField(
        max_length=14, unique=True, help_text="what the companion notes, to find the request in their list"
    )
    membership_id = models.UUIDField(db_index=True)
    label = models.CharField(
        max_length=120, help_text="the companion and their organisation, as the resident reads it"
    )
    items = models.JSONField(help_text="codes of the lines of vault/sharing/agreements/entrusting.py")
    purpose = models.CharField(max_length=20, choices=AskedFor)
    length = models.CharField(max_length=10, help_text="a code of vault/sharing/agreements/entrusting.py")
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    grant_id = models.UUIDField(null=True, blank=True, help_text="what a yes has given")
    by_phone = models.BooleanField(
        default=False, help_text="the person is there, and answers by a code that their telephone gets"
    )
    code_hash = models.CharField(max_length=64, blank=True)
    code_until = models.DateTimeField(null=True, blank=True, help_text="empty: the scheduler has still to send it")
    tries = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when a message was sent, or there was nobody to send it to"
    )

    objects = AccessRequestManager()
    decides = by_city(
        "resident_id",
        "membership_id",
        "label",
        "items",
        "purpose",
        "length",
        "expires_at",
        "answered_at",
        "grant_id",
        "by_phone",
        "code_hash",
        "code_until",
        "tries",
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=AskedFor.values), name="access_request_purpose_known"),
            models.CheckConstraint(
                condition=Q(grant_id=None) | Q(answered_at__isnull=False), name="access_request_given_is_answered"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], condition=Q(told_at=None), name="access_request_to_tell")]

    def __str__(self) -> str:
        return f"access request {self.id}"

    @property
    def waits(self) -> bool:
        return self.answered_at is None and self.expires_at > timezone.now()
