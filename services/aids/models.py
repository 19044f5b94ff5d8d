"""Aids decided by the city, stored as data written by its agents."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.rows import nothing
from services.aids import catalogue, local, local_rules


class LocalAid(models.Model):
    """One aid of the city, the intercommunality or the département. `rules` follows
    content/schemas/local_aids.schema.json.
    """

    code = models.SlugField(_("code"), unique=True, max_length=60)
    label = models.CharField(_("nom"), max_length=120)
    version = models.PositiveIntegerField(_("version"), default=1)
    active = models.BooleanField(_("proposée aux habitants"), default=True)
    valid_from = models.DateField(_("ouverte à partir du"))
    valid_to = models.DateField(_("ouverte jusqu’au"), null=True, blank=True)
    review_on = models.DateField(_("à revoir le"), help_text=_("Date à laquelle une personne relit les règles."))
    rules = models.JSONField(
        _("règles"),
        help_text=_("Conditions, montant, papiers et cas d’essai, comme dans les aides livrées avec le portail."),
    )
    updated_at = models.DateTimeField(_("modifiée le"), auto_now=True)

    decides = nothing("the city's public rules; an amount is an estimate")

    class Meta:
        verbose_name = _("aide locale")
        verbose_name_plural = _("aides locales")
        ordering = ["label"]
        constraints = [
            models.CheckConstraint(
                name="aids_local_dates", condition=Q(valid_to=None) | Q(valid_to__gte=models.F("valid_from"))
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """Return the label in the page's language, if the aid was shipped with the software."""
        return catalogue.in_words(self.label)

    @property
    def rule(self) -> dict[str, Any]:
        """Return the aid in the format of `local.evaluate`."""
        return {
            **self.rules,
            "code": self.code,
            "label": self.label,
            "version": self.version,
            "valid_from": self.valid_from.isoformat() if self.valid_from else "",
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "review_on": self.review_on.isoformat() if self.review_on else "",
        }

    def clean(self) -> None:
        if not isinstance(self.rules, dict):
            raise ValidationError({"rules": _("Écrivez un objet JSON.")})
        if problems := local_rules.problems(self.rule):
            raise ValidationError({"rules": problems})
        if wrong := [line for line in local_rules.trials(self.rule) if not line.as_expected]:
            sentence = _("Le cas « %(persona)s » attend %(expected)s et la règle donne %(found)s.")
            raise ValidationError(
                {
                    "rules": [
                        sentence % {"persona": one.persona, "expected": one.expected, "found": one.found}
                        for one in wrong
                    ]
                }
            )

    def evaluate(self, facts: local.Facts, today: date) -> local.Outcome:
        return local.evaluate(self.rule, facts, today)
