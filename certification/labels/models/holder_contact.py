import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city
from vault.records.models import Holder


class HolderContact(AuthenticatedRow):
    """The address at which the city tells a holder that a service asks for data that comes from it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holder = models.OneToOneField(
        Holder, on_delete=models.CASCADE, related_name="+", verbose_name=_("organisme détenteur")
    )
    email = models.EmailField(
        _("adresse"),
        blank=True,
        help_text=_("D’un service, pas d’une personne. Vide : l’organisme n’est plus prévenu."),
    )

    objects = RowQuerySet["HolderContact"].as_manager()
    decides = by_city("holder", "email", former=[UNSIGNED])

    class Meta:
        verbose_name = _("détenteur à prévenir")
        verbose_name_plural = _("détenteurs à prévenir")
        ordering = ["holder__name_fr"]

    def __str__(self) -> str:
        return str(self.holder)
