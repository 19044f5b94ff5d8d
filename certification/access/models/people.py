"""A resident at a service: the name that it knows them by, and calls that were refused."""

import uuid

from django.db import models

from accounts.models import User
from certification.labels.models import Service
from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city, nothing


class Pseudonym(AuthenticatedRow):
    """The name by which a service knows a resident: OpenID's pairwise `sub`. Another service has another one.

    It is kept, although it could be computed, because messages about a resident name it, and because it stays when the
    key that makes them is changed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    sub = models.CharField(max_length=43)

    objects = RowQuerySet["Pseudonym"].as_manager()
    decides = by_city("service", "person", "sub")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "person"], name="pseudonym_once_per_person"),
            models.UniqueConstraint(fields=["service", "sub"], name="pseudonym_names_one_person"),
        ]

    def __str__(self) -> str:
        return self.sub


class RefusedCalls(ResidentModel):
    """Calls under one grant that were refused again for the same reason. The journal has the first; here is the count.

    A service that goes on asking after a stop cannot fill its resident's journal.
    """

    grant_id = models.UUIDField(unique=True)
    code = models.CharField(max_length=20, help_text="RefusalCode")
    count = models.PositiveIntegerField(default=0, help_text="after the first, which the journal has")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    objects = ResidentManager["RefusedCalls"]()
    decides = nothing("a count; each call is refused by the grant itself")

    def __str__(self) -> str:
        return f"{self.count} of {self.grant_id}"
