"""Procedures that the city or a partner decides, as versions written by agents."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models.rows import nothing
from services.aids import catalogue
from services.procedures.enums import FROZEN, State
from services.procedures.rules import Rules, of_document


class ProcedureQuerySet(models.QuerySet["Procedure"]):
    def published(self) -> Self:
        return self.filter(state=State.PUBLISHED)

    def open(self) -> Self:
        """Return the versions in force that one can still ask for today."""
        today = timezone.localdate()
        return self.published().filter(
            Q(closes_on=None) | Q(closes_on__gte=today), Q(opens_on=None) | Q(opens_on__lte=today)
        )

    def shown(self) -> Self:
        """Return the versions that are or were public."""
        return self.filter(state__in=FROZEN)


class Procedure(models.Model):
    """One version of a procedure. `rules` follows content/procedure.schema.json, without the columns.

    The database refuses to change a version once it is published, and one that a single person wrote and published.
    """

    code = models.SlugField(_("code"), max_length=60)
    version = models.PositiveIntegerField(_("version"), default=1)
    title = models.CharField(_("nom"), max_length=120)
    state = models.CharField(_("état"), max_length=10, choices=State, default=State.DRAFT)
    opens_on = models.DateField(_("ouvre le"), null=True, blank=True)
    closes_on = models.DateField(_("ferme le"), null=True, blank=True)
    rules = models.JSONField(_("règles"))
    changes = models.PositiveIntegerField(default=0, help_text="counts the writings of a draft")
    shipped = models.BooleanField(default=False, help_text="loaded by the operator of the portal: no agent wrote it")
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = ProcedureQuerySet.as_manager()
    decides = nothing("public rules of what an office asks; a resident gives what they choose")

    class Meta:
        verbose_name = _("démarche")
        verbose_name_plural = _("démarches")
        ordering = ["title", "-version"]
        constraints = [
            models.CheckConstraint(
                name="procedure_dates",
                condition=Q(closes_on=None) | Q(opens_on=None) | Q(closes_on__gte=F("opens_on")),
            ),
            models.UniqueConstraint(fields=["code", "version"], name="procedure_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(state=State.PUBLISHED), name="procedure_one_in_force"
            ),
            models.CheckConstraint(name="procedure_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="procedure_two_persons",
                condition=(Q(shipped=True, written_by=None, published_by=None))
                | (
                    Q(shipped=False, written_by__isnull=False)
                    & (Q(published_by=None) | ~Q(published_by=F("written_by")))
                    & (~Q(state__in=sorted(FROZEN)) | Q(published_by__isnull=False))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"

    @property
    def name(self) -> str:
        """Return the title in the page's language, if it was shipped with the software."""
        return catalogue.name_of(self.title)

    @property
    def is_frozen(self) -> bool:
        return self.state in FROZEN

    @property
    def document(self) -> dict[str, Any]:
        """Return the whole version: what the schema describes."""
        columns = {"code": self.code, "version": self.version, "title": self.title}
        days = {name: day.isoformat() if (day := getattr(self, name)) else None for name in ("opens_on", "closes_on")}
        return {**columns, **days, **self.rules}

    @property
    def asks(self) -> Rules:
        """Return what it asks, as dossiers read it. The rules must follow the schema, as those of a public one do."""
        return of_document(self.document)
