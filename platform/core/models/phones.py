from django.db import models

from core.models.base import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, by_resident


class Phone(AuthenticatedRow, ResidentModel):
    """A resident's telephone number for text messages, confirmed by them and sealed.

    `lookup` is empty unless they accept requests by this number. Otherwise it finds the row from a known number.
    """

    content = models.BinaryField()
    lookup = models.CharField(max_length=64, blank=True, help_text="the number under the portal's own secret")

    objects = ResidentManager["Phone"]()
    # A row keeps the number that it was made with, sealed for its id: a number that was replaced is another row's.
    decides = by_resident("lookup", former=[UNSIGNED])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="phone_once")]
        indexes = [models.Index(fields=["lookup"], condition=~models.Q(lookup=""), name="phone_lookup")]

    def __str__(self) -> str:
        return f"phone {self.id}"

    @property
    def place(self) -> str:
        return f"core_phone|{self.id}|1|content"
