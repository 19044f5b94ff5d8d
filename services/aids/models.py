"""Aids decided by the city and urgent situations, stored as data written by its agents; what is kept for residents."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city, by_resident, nothing
from services.aids import catalogue, urgent
from services.aids.local import checking, evaluation
from services.aids.local.conditions import kinds
from services.versions.models import NAMES, RulesVersion, VersionQuerySet, rules_columns, version_constraints


class LocalAid(RulesVersion):
    """A version of an aid of the city, the intercommunality, the département or the region.

    `rules` follows content/schemas/local_aids.schema.json; the test cases are rows of their own.
    """

    KIND = "local_aid"

    valid_from = models.DateField(_("ouverte à partir du"))
    valid_to = models.DateField(_("ouverte jusqu’au"), null=True, blank=True)

    objects = VersionQuerySet["LocalAid"].as_manager()
    decides = rules_columns("valid_from", "valid_to")

    class Meta:
        verbose_name = _("aide locale")
        verbose_name_plural = _("aides locales")
        ordering = ["label", "-version"]
        constraints = [
            models.CheckConstraint(
                name="aids_local_dates", condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"))
            ),
            *version_constraints("aids_local"),
        ]

    @classmethod
    def subject_of(cls, code: str) -> UUID:
        """Return the id of a code in the register, as since before other kinds of version."""
        return uuid5(NAMES, code)

    @property
    def name(self) -> str:
        return catalogue.in_words(self.label)

    @property
    def rule(self) -> dict[str, Any]:
        """Return the aid in the format of `evaluation.evaluate`."""
        return {
            **self.rules,
            "code": self.code,
            "label": self.label,
            "version": self.version,
            "valid_from": self.valid_from.isoformat() if self.valid_from else "",
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "review_on": self.review_on.isoformat() if self.review_on else "",
        }

    @property
    def document(self) -> dict[str, Any]:
        return {**self.rule, "tests": [case.as_json() for case in self.cases.all()]}

    @property
    def is_national(self) -> bool:
        """Return True for a right of `content/national_rights.json`, which has no row and no public page."""
        return self.pk is None

    @property
    def faults(self) -> list[str]:
        return checking.faults(self.document)

    def evaluate(self, facts: kinds.Facts, today: date, *, explained: bool = True) -> evaluation.Outcome:
        return evaluation.evaluate(self.rule, facts, today, explained=explained)


class LocalAidCase(AuthenticatedRow):
    """A test case of a version: somebody invented, and what the rule must give them."""

    aid = models.ForeignKey(LocalAid, on_delete=models.CASCADE, related_name="cases")
    rank = models.PositiveIntegerField()
    persona = models.CharField(_("personne"), max_length=120)
    facts = models.JSONField()
    expect = models.JSONField()

    objects = RowQuerySet["LocalAidCase"].as_manager()
    decides = by_city("aid", "rank", "persona", "facts", "expect", former=[UNSIGNED])

    class Meta:
        verbose_name = _("cas d’essai")
        verbose_name_plural = _("cas d’essai")
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["aid", "rank"], name="aids_case_rank_once")]

    def __str__(self) -> str:
        return self.persona

    def as_json(self) -> dict[str, Any]:
        return {"persona": self.persona, "facts": self.facts, "expect": self.expect}


class UrgentSituation(RulesVersion):
    """A version of an urgent situation. `rules` is its content, which `urgent.situation` reads."""

    KIND = "urgent_situation"

    objects = VersionQuerySet["UrgentSituation"].as_manager()
    decides = rules_columns()

    class Meta:
        verbose_name = _("situation urgente")
        verbose_name_plural = _("situations urgentes")
        ordering = ["label", "-version"]
        constraints = version_constraints("aids_urgent")

    @property
    def name(self) -> str:
        return self.said.title

    @property
    def said(self) -> urgent.Situation:
        """Return the situation in the page's language."""
        return urgent.situation(self.code, self.label, self.rules)

    @property
    def document(self) -> dict[str, Any]:
        return {
            **self.rules,
            "code": self.code,
            "version": self.version,
            "title": self.label,
            "review_on": self.review_on.isoformat(),
        }

    @property
    def faults(self) -> list[str]:
        return urgent.faults(self.document)


class UrgentDates(AuthenticatedRow, ResidentModel):
    """When a resident's urgent situations happened, sealed under their key.

    There is one row for each resident who told a date. Neither it nor its length says which situation: `content` is
    padded, and has the same size for all (`actions/urgent_dates.py`).
    """

    version = models.PositiveIntegerField(default=0, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = ResidentManager["UrgentDates"]()
    decides = by_resident("version")

    class Meta:
        verbose_name = _("dates d’une situation urgente")
        verbose_name_plural = _("dates de situations urgentes")
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="aids_urgent_dates_once")]

    def __str__(self) -> str:
        return f"dates {self.pk}"

    @property
    def note_place(self) -> str:
        return f"aids_urgentdates|{self.pk}|{self.version}|content"


class KeptRun(AuthenticatedRow, ResidentModel):
    """What is kept of the resident's last run of the engine (`engine/kept.py`), sealed under their key.

    There is one row for each resident, written over by the next run. The database deletes it when one of their records
    is withdrawn.
    """

    made_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=0, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = ResidentManager["KeptRun"]()
    decides = by_resident(
        "version", "made_at", put_back="its mark is of the values that it was computed from: of others, it is not used"
    )

    class Meta:
        verbose_name = _("calcul gardé")
        verbose_name_plural = _("calculs gardés")
        constraints = [models.UniqueConstraint(fields=["resident_id"], name="aids_one_kept_run")]

    def __str__(self) -> str:
        return f"kept run {self.pk}"

    @property
    def note_place(self) -> str:
        return f"aids_keptrun|{self.pk}|{self.version}|content"


class LinkState(models.Model):
    """The result of the last weekly look at an address of the published aids."""

    url = models.URLField(max_length=500, unique=True)
    seen_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=40, blank=True, help_text="a code of core.outgoing, or an HTTP status")

    decides = nothing("what a public page answered, for agents")

    class Meta:
        verbose_name = _("lien d’une aide")
        verbose_name_plural = _("liens des aides")
        ordering = ["url"]

    def __str__(self) -> str:
        return self.url
