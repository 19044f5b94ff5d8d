"""Procedures that the city or a partner decides, as versions written by agents."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from services.aids import catalogue
from services.official_forms.models import OfficialForm
from services.procedures import denied, rules
from services.procedures.rules import Rules
from services.versions.models import RulesVersion, VersionQuerySet, rules_columns, version_constraints
from vault.records.content import paper_kinds


class Procedure(RulesVersion):
    """A version of a procedure. `rules` follows content/procedure.schema.json, without the columns."""

    KIND = "procedure"

    opens_on = models.DateField(_("ouvre le"), null=True, blank=True)
    closes_on = models.DateField(_("ferme le"), null=True, blank=True)
    office = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("service qui reçoit les demandes"),
    )
    changes = models.PositiveIntegerField(default=0, help_text="counts the writings of a draft")

    objects = VersionQuerySet["Procedure"].as_manager()
    decides = rules_columns("opens_on", "closes_on", "office")

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
        return catalogue.name_of(self.label)

    @property
    def document(self) -> dict[str, Any]:
        """Return the whole version. Cost: one query if it names an office."""
        return {**self._written, "office": self.office.name if self.office else None}

    @property
    def text(self) -> dict[str, Any]:
        """Return what the version freezes: the office by its id, since its name may change."""
        return {**self._written, "office": str(self.office_id) if self.office_id else None}

    @property
    def _written(self) -> dict[str, Any]:
        days = {
            name: day.isoformat() if (day := getattr(self, name)) else None
            for name in ("opens_on", "closes_on", "review_on")
        }
        return {"code": self.code, "version": self.version, "title": self.label, **days, **self.rules}

    @property
    def asks(self) -> Rules:
        """Return what it asks, as dossiers read it. The rules must follow the schema, as those of a public one do."""
        return rules.of_document(self._written, office=self.office_id)

    @property
    def faults(self) -> list[str]:
        """Return what is still to write, then what the law denies, then what it names in vain, each in a sentence."""
        document = self._written
        if found := rules.problems(document):
            return found
        refused = denied.refusals(document, paper_kinds.by_code())
        return [*rules.to_write(document), *(one.sentence for one in refused), *self._named_in_vain()]

    def _named_in_vain(self) -> list[str]:
        """Return a sentence for a form that is not in force, and for an aid that another procedure answers."""
        asks, found = self.asks, []
        if asks.form and not OfficialForm.objects.published().filter(code=asks.form).exists():
            found.append(gettext("Son formulaire n’est pas publié : publiez-le d’abord, ou choisissez-en un autre."))
        others = Procedure.objects.exclude(code=self.code).order_by("code").in_force()
        for aid in asks.for_aids:
            if other := next((one for one in others if aid in one.asks.for_aids), None):
                text = gettext("L’aide « %(aid)s » se demande déjà par « %(procedure)s ».")
                found.append(text % {"aid": aid, "procedure": other.name})
        return found
