"""The city's own words for the help pages. The product ships twenty (core/pages/content/help.json)."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city


class HelpPage(AuthenticatedRow):
    """One question and its answer. A row with the address of a page of the product replaces it, or hides it."""

    class Theme(models.TextChoices):
        START = "debut", _("Pour commencer")
        PAPERS = "papiers", _("Papiers et valeurs")
        AIDS = "aides", _("Aides et dossiers")
        SHARES = "partages", _("Qui voit quoi")
        ACCOUNT = "compte", _("Compte")

    slug = models.SlugField(
        _("adresse"), max_length=40, unique=True, help_text=_("Celle d’une page existante la remplace.")
    )
    theme = models.CharField(_("thème"), max_length=10, choices=Theme.choices)
    question = models.CharField(_("question"), max_length=120)
    question_en = models.CharField(_("question en anglais"), max_length=120, blank=True)
    text = models.TextField(
        _("réponse"),
        help_text=_("Une ligne vide sépare les paragraphes. « ## » ouvre un titre, « - » un point de liste."),
    )
    text_en = models.TextField(_("réponse en anglais"), blank=True)
    shown = models.BooleanField(_("affichée"), default=True)

    objects = RowQuerySet["HelpPage"].as_manager()
    decides = by_city("slug", "theme", "question", "question_en", "text", "text_en", "shown", former=[UNSIGNED])

    class Meta:
        verbose_name = _("page d’aide")
        verbose_name_plural = _("pages d’aide")
        ordering = ["theme", "slug"]

    def __str__(self) -> str:
        return self.question

    @property
    def question_now(self) -> str:
        return self.question_en if get_language() == "en" and self.question_en else self.question

    @property
    def text_now(self) -> str:
        return self.text_en if get_language() == "en" and self.text_en else self.text
