"""Evidence files of a request, sealed under a key of their publisher: proofs that are not for publication."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certification.labels.models.request import LabelRequest
from core.keys import protect
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city, nothing

PURPOSE = "publisher evidence"


class PublisherKey(models.Model):
    """The data key of a publisher's evidence. Deleted with the last file, it leaves nothing to decrypt.

    The table is in the schema of keys, whose copies are kept 30 days at most.
    """

    publisher_id = models.UUIDField(primary_key=True, editable=False)
    protected = models.TextField(help_text="protected by the keyring")

    decides = nothing("protected by the keyring: another publisher's key opens no file")

    class Meta:
        db_table = 'keystore"."publisher_key'

    def __str__(self) -> str:
        return f"key of publisher {self.publisher_id}"


class Evidence(AuthenticatedRow):
    """One file. The instructor of its request opens it, and nobody else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(LabelRequest, on_delete=models.PROTECT, related_name="evidence")
    title = models.CharField(
        _("ce que c’est"), max_length=80, help_text=_("Comme « Contrat d’hébergement » ou « Rapport du test ».")
    )
    stored_name = models.CharField(max_length=40, unique=True)
    media_type = models.CharField(max_length=30)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["Evidence"].as_manager()
    decides = by_city("request", "title", "stored_name", "media_type", "size", "sha256")

    class Meta:
        ordering = ["added_at"]

    def __str__(self) -> str:
        return self.title


def _replace(pk: uuid.UUID, old: str, new: str) -> int:
    return PublisherKey.objects.filter(pk=pk, protected=old).update(protected=new)


#: What a rotation of the city's key rewraps, as the owner of the tables.
KEEPER = protect.Keeper(PURPOSE, lambda: PublisherKey.objects.values_list("pk", "protected"), _replace)
