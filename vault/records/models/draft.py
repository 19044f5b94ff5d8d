from django.db import models

from core.models import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, by_resident
from vault.records.enums import Role
from vault.records.models.paper import Paper

#: Columns of a draft under its MAC before the number of its answers.
_FIRST = ("type", "person", "role", "paper")


class Draft(AuthenticatedRow, ResidentModel):
    """The answers that a resident is typing, one question per page, before they become a record.

    Sealed like a record.
    """

    type = models.CharField(max_length=60)
    person = models.UUIDField(null=True, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.SELF)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, null=True, blank=True, related_name="drafts")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)
    content = models.BinaryField()

    objects = ResidentManager["Draft"]()
    decides = by_resident(*_FIRST, "version", former=[UNSIGNED, _FIRST])

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="draft_age")]

    def __str__(self) -> str:
        return f"draft {self.id}"

    @property
    def place(self) -> str:
        return f"vault_draft|{self.id}|{self.version}|content"
