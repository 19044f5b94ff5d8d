"""Data that a holder sends by itself: the city's permission to send, lots, and their lines."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city, nothing
from vault.holders.enums import LineOutcome, Rhythm

#: Columns of a sender under its MAC before its terms were.
_FIRST = ("holder", "service_id", "types", "rhythm", "public_key", "ended_at")


class Sender(AuthenticatedRow):
    """A holder whose programs may send lots, as the city allowed. Each resident then accepts it or not.

    `holder` is a code of vault/records/content/holders.json, `types` the types of data that it may send at all.
    `public_key` is the JWK that checks its signed lots. `stays`: by the holder's terms, no service reads what it sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("depuis"), auto_now_add=True)
    holder = models.CharField(_("organisme"), max_length=40)
    service_id = models.UUIDField(_("service"), unique=True, help_text="whose programs send; not a key: certification")
    types = models.JSONField(_("types de données"))
    rhythm = models.CharField(_("rythme"), max_length=10, choices=Rhythm)
    public_key = models.JSONField(_("clé publique"), default=dict, blank=True)
    ended_at = models.DateTimeField(_("fin"), null=True)
    stays = models.BooleanField(_("ne va à aucun service"), default=False)

    objects = RowQuerySet["Sender"].as_manager()
    decides = by_city(*_FIRST, "stays", former=[_FIRST])

    class Meta:
        verbose_name = _("organisme qui envoie")
        verbose_name_plural = _("organismes qui envoient")
        ordering = ["holder"]
        constraints = [
            models.CheckConstraint(condition=Q(rhythm__in=Rhythm.values), name="sender_rhythm_known"),
            models.UniqueConstraint(fields=["holder"], condition=Q(ended_at=None), name="sender_one_per_holder"),
        ]

    def __str__(self) -> str:
        return self.holder


#: Columns of a lot under its MAC before what was refused of it was.
_SENT = ("sender", "key", "sha256", "signed")


class Lot(AuthenticatedRow):
    """A lot that a holder sent, and what became of it. It has no value; its lines are sealed apart.

    `refused` lists the lines that were refused when the lot was read: [number, code].
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, related_name="lots")
    key = models.CharField(max_length=100, help_text="Idempotency-Key")
    sha256 = models.CharField(max_length=64, help_text="of the body")
    lines = models.PositiveIntegerField()
    signed = models.BooleanField(default=False)
    refused = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)

    objects = RowQuerySet["Lot"].as_manager()
    decides = by_city(*_SENT, "lines", "refused", former=[_SENT])

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["created_at"], condition=Q(finished_at=None), name="lot_unfinished")]
        constraints = [models.UniqueConstraint(fields=["sender", "key"], name="lot_once_per_key")]

    def __str__(self) -> str:
        return f"lot {self.pk}"


class LotLine(ResidentModel):
    """A line of a lot, sealed under its resident's key until it is written or refused; then its content is empty."""

    lot = models.ForeignKey(Lot, on_delete=models.CASCADE, related_name="sealed")
    number = models.PositiveIntegerField(help_text="from 1")
    content = models.BinaryField()
    outcome = models.CharField(max_length=20, blank=True, choices=LineOutcome, help_text="empty while it waits")

    objects = ResidentManager["LotLine"]()
    decides = nothing("its content is sealed for its row and lot alone, and the connection decides if it is written")

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["lot", "resident_id"], condition=Q(outcome=""), name="lot_line_waiting")]
        constraints = [models.UniqueConstraint(fields=["lot", "number"], name="lot_line_once")]

    def __str__(self) -> str:
        return f"line {self.number} of {self.lot_id}"

    @property
    def place(self) -> str:
        return f"holders_lotline|{self.lot_id}|{self.pk}|1|content"
