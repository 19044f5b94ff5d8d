import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Publisher
from core.database import locks
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city


class Service(AuthenticatedRow):
    """A service of a publisher. Its label says what it may ask; without one in force it reads nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(_("nom du service"), max_length=60, unique=True)
    summary = models.CharField(
        _("ce qu’il fait"), max_length=160, help_text=_("En une phrase, comme les habitants la liront.")
    )
    url = models.URLField(_("adresse du service"), max_length=200)
    price = models.CharField(_("prix"), max_length=100, help_text=_("« Gratuit », ou le prix, le même pour tous."))

    objects = RowQuerySet["Service"].as_manager()
    decides = by_city("publisher", "name", "summary", "url", "price")

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def lock_key(self) -> int:
        """Return the key of the lock that readings of this service share and a change of its label takes alone."""
        return lock_key(self.pk)


def lock_key(service_id: uuid.UUID) -> int:
    return locks.key("label", service_id)
