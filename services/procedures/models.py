"""Procedures that the city or a partner decides, as versions written by agents."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from services.aids import catalogue
from services.aids.models import Version, VersionQuerySet, version_constraints
from services.procedures import denied, rules
from services.procedures.rules import Rules
from vault.records.content import paper_kinds


class Procedure(Version):
    """A version of a procedure. `rules` follows content/procedure.schema.json, without the columns."""

    KIND = "procedure"

    opens_on = models.DateField(_("ouvre le"), null=True, blank=True)
    closes_on = models.DateField(_("ferme le"), null=True, blank=True)
    changes = models.PositiveIntegerField(default=0, help_text="counts the writings of a draft")

    objects = VersionQuerySet["Procedure"].as_manager()

    class Meta:
        verbose_name = _("démarche")
        verbose_name_plural = _("démarches")
        ordering = ["label", "-version"]
        constraints = [
            models.CheckConstraint(
                name="procedure_dates",
                condition=Q(closes_on=None) | Q(opens_on=None) | Q(closes_on__gte=F("opens_on")),
            ),
            *version_constraints("procedure"),
        ]

    @property
    def name(self) -> str:
        """Return the title in the page's language, if it was shipped with the software."""
        return catalogue.name_of(self.label)

    @property
    def document(self) -> dict[str, Any]:
        """Return the whole version: what the schema describes."""
        days = {
            name: day.isoformat() if (day := getattr(self, name)) else None
            for name in ("opens_on", "closes_on", "review_on")
        }
        return {"code": self.code, "version": self.version, "title": self.label, **days, **self.rules}

    @property
    def asks(self) -> Rules:
        """Return what it asks, as dossiers read it. The rules must follow the schema, as those of a public one do."""
        return rules.of_document(self.document)

    @property
    def faults(self) -> list[str]:
        """Return what is still to write, then what the law denies, each in a sentence."""
        document = self.document
        if found := rules.problems(document):
            return found
        refused = denied.refusals(document, paper_kinds.by_code())
        return [*rules.to_write(document), *(one.sentence for one in refused)]
