from django.db import models

from certification.access.models import Client
from core.models.rows import nothing


class Call(models.Model):
    """One call of a program to the API or for a token: no value, no token, no person. Kept for thirty days."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="calls")
    at = models.DateTimeField(db_index=True)
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=100, help_text="the route, never the URL, whose parts may be ids")
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, blank=True, help_text="of a refusal")
    milliseconds = models.PositiveIntegerField()
    request_id = models.CharField(max_length=32)

    decides = nothing("a log for the program's developers; the journal proves readings")

    class Meta:
        indexes = [
            models.Index(fields=["client", "-at"], name="call_of_client"),
            models.Index(fields=["request_id"], name="call_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}"
