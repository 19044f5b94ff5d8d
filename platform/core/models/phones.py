from django.db import models

from core.models.base import ResidentManager, ResidentModel


class Phone(ResidentModel):
    """Where a resident gets text messages: a number that they proved to be theirs, sealed, for nobody to look up."""

    content = models.BinaryField()

    objects = ResidentManager["Phone"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="phone_once")]

    def __str__(self) -> str:
        return f"phone {self.id}"

    @property
    def place(self) -> str:
        return f"core_phone|{self.id}|1|content"
