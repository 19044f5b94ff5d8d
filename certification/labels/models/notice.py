import uuid

from django.db import models
from django.utils import timezone

from certification.labels.enums import Told
from core.models.rows import nothing


class Notice(models.Model):
    """That an e-mail left about a request or a label, so that it leaves once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    what = models.CharField(max_length=20, choices=Told.choices)
    subject_id = models.UUIDField(help_text="of the request, message, label or change")
    mark = models.CharField(max_length=60, blank=True, help_text="tells two of the same kind apart: a date, or days")
    at = models.DateTimeField(default=timezone.now)

    decides = nothing("says that an e-mail left")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["what", "subject_id", "mark"], name="label_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.subject_id} {self.mark}"
