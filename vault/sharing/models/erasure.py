"""Requests that a recipient erase what it received under a grant (GDPR, article 17)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident
from vault.records.models.grant import Grant
from vault.sharing.enums import ErasureAnswer, ErasureCause, ErasureState


class ErasureRequestQuerySet(RowQuerySet["ErasureRequest"]):
    def open(self) -> "ErasureRequestQuerySet":
        return self.filter(answered_at=None)


ErasureRequestManager = ResidentManager.from_queryset(ErasureRequestQuerySet)


class ErasureRequest(AuthenticatedRow, ResidentModel):
    """One request, and its answer. It names what was read under the grant by then, and holds no value."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="erasures")
    cause = models.CharField(max_length=10, choices=ErasureCause)
    fields = models.JSONField(default=list, help_text="that were read")
    papers = models.JSONField(default=list, help_text="kinds of the papers that were opened")
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=10, choices=ErasureAnswer, blank=True)
    content = models.BinaryField(default=bytes, help_text="sealed: why it was refused, in the recipient's words")

    objects = ErasureRequestManager()
    decides = by_resident("grant", "cause", "fields", "papers", "due_at", "answered_at", "answer")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(cause__in=ErasureCause.values), name="erasure_cause_known"),
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="")
                | Q(answered_at__isnull=False, answer__in=ErasureAnswer.values),
                name="erasure_answered_with_its_date",
            ),
        ]

    def __str__(self) -> str:
        return f"erasure {self.id}"

    @property
    def state(self) -> ErasureState:
        if self.answer:
            return ErasureState(self.answer)
        return ErasureState.ASKED if self.due_at > timezone.now() else ErasureState.LATE

    @property
    def place(self) -> str:
        return f"vault_erasure|{self.id}|1|reason"
