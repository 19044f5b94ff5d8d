from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certification.labels.models.service import Service
from core.models import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city

#: The city answers within fifteen days.
ANSWERED_WITHIN = timedelta(days=15)


class ComplaintQuerySet(RowQuerySet["Complaint"]):
    def open(self) -> Self:
        return self.filter(answered_at=None)


ComplaintManager = ResidentManager.from_queryset(ComplaintQuerySet)


class Complaint(AuthenticatedRow, ResidentModel):
    """A resident's message to the city about a service. `content` seals the message and the answer, under their key.

    Agents read the message and never who wrote it; the publisher reads neither.
    """

    class About(models.TextChoices):
        ASKS_MORE = "asks_more", _("Il demande plus que prévu")
        NOT_ERASED = "not_erased", _("Il n’a pas effacé mes données")
        SELLS = "sells", _("Il fait de la publicité ou revend")
        UNUSABLE = "unusable", _("Je n’arrive pas à m’en servir")
        OTHER = "other", _("Autre chose")

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    about = models.CharField(max_length=12, choices=About.choices)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)
    upheld = models.BooleanField(default=False, help_text="the register says it, without a word of the message")
    told_at = models.DateTimeField(null=True, help_text="when the resident was told that there is an answer")
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = ComplaintManager()
    decides = by_city(
        "resident_id", "service", "about", "answered_at", "answered_by", "upheld", "version", former=[UNSIGNED]
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, upheld=False)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="complaint_answered_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.get_about_display()

    @property
    def place(self) -> str:
        return f"labels_complaint|{self.id}|{self.version}|content"

    @property
    def is_late(self) -> bool:
        return self.answered_at is None and self.created_at + ANSWERED_WITHIN < timezone.now()
