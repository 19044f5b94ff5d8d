from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city
from vault.records.enums import Validity
from vault.types.spans import add_months


class PaperKind(AuthenticatedRow):
    """A kind of paper, loaded from `vault/records/content/paper_kinds.json`. The city may adapt it."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    label_fr = models.CharField(_("nom en français"), max_length=120)
    label_en = models.CharField(_("nom en anglais"), max_length=120)
    theme = models.CharField(_("thème"), max_length=20)
    holder = models.CharField(_("délivré par"), max_length=120)
    pages = models.CharField(_("pages à joindre"), max_length=20)
    validity = models.CharField(_("valable"), max_length=30, choices=Validity)
    validity_months = models.PositiveSmallIntegerField(_("nombre de mois"), null=True, blank=True)
    validity_note = models.CharField(_("précision"), max_length=300, blank=True)
    renewal_notice_days = models.PositiveSmallIntegerField(_("prévenir avant la fin (jours)"), null=True, blank=True)
    sensitive = models.BooleanField(_("sensible"), default=False)
    sensitive_why = models.CharField(_("pourquoi"), max_length=300, blank=True)
    machine_readable = models.JSONField(_("codes lisibles"), default=list, blank=True)
    readable_fields = models.JSONField(_("valeurs lisibles"), default=list, blank=True)
    proves = models.JSONField(_("données prouvées"), default=list, blank=True)
    who_may_ask = models.JSONField(_("qui peut le demander"), default=list, blank=True)
    legal_minimum_fr = models.CharField(_("ce que la loi permet, en français"), max_length=400, blank=True)
    legal_minimum_en = models.CharField(_("ce que la loi permet, en anglais"), max_length=400, blank=True)
    source = models.JSONField(_("sources"), default=list, blank=True)
    verified = models.BooleanField(_("relu dans une source publique"), default=False)
    edited_at = models.DateTimeField(_("modifié ici le"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True, blank=True, editable=False)

    objects = RowQuerySet["PaperKind"].as_manager()
    decides = by_city(
        "code",
        "label_fr",
        "label_en",
        "theme",
        "holder",
        "pages",
        "validity",
        "validity_months",
        "validity_note",
        "renewal_notice_days",
        "sensitive",
        "sensitive_why",
        "machine_readable",
        "readable_fields",
        "proves",
        "who_may_ask",
        "legal_minimum_fr",
        "legal_minimum_en",
        "source",
        "verified",
        "edited_at",
        "withdrawn_at",
        former=[UNSIGNED],
    )

    class Meta:
        verbose_name = _("nature de papier")
        verbose_name_plural = _("natures de papier")
        ordering = ["label_fr"]
        constraints = [
            models.CheckConstraint(condition=Q(validity__in=Validity.values), name="paper_kind_validity_known"),
            models.CheckConstraint(
                condition=~Q(validity__in=[Validity.FROM_ISSUE, Validity.MAX_AGE]) | Q(validity_months__isnull=False),
                name="paper_kind_duration_has_months",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return self.label_en if get_language() == "en" else self.label_fr

    @property
    def legal_minimum(self) -> str:
        return self.legal_minimum_en if get_language() == "en" else self.legal_minimum_fr

    @property
    def field_ids(self) -> list[str]:
        """Return the fields of our types that can be read on this kind of paper, in reading order."""
        return [entry["field"] for entry in self.readable_fields if entry.get("field")]

    def expiry(self, issued_on: date | None) -> date | None:
        """Return the last day of validity of a paper of this kind, if its date alone gives it."""
        if issued_on is None:
            return None
        if self.validity in {Validity.FROM_ISSUE, Validity.MAX_AGE}:
            return add_months(issued_on, self.validity_months or 0)
        if self.validity == Validity.SCHOOL_YEAR:
            return date(issued_on.year + (issued_on.month >= 8), 8, 31)
        return None
