"""Official forms: for each, the versions of its blank with the map that says what goes where."""

import uuid
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city
from services.official_forms.mapping import Map, read


class State(models.TextChoices):
    DRAFT = "draft", _("Brouillon")
    PUBLISHED = "published", _("Publié")
    CLOSED = "closed", _("Fermé")


#: States of versions that residents were shown. The database refuses to change such a version.
FROZEN = frozenset({State.PUBLISHED, State.CLOSED})


class OfficialForm(AuthenticatedRow):
    """One version of an official form.

    Its map is for one blank, named by its SHA-256. A draft has one author; another agent publishes it, and the
    database refuses to change it afterwards.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(_("nom"), max_length=120)
    number = models.CharField(_("numéro"), max_length=40, blank=True, help_text="such as 15481*01")
    aids = models.JSONField(help_text="codes of aid_dossiers.json")
    blank = models.BinaryField(help_text="the file as the organisation publishes it")
    sha256 = models.CharField(max_length=64, help_text="of `blank`, in hexadecimal")
    facts = models.JSONField(help_text="pages and fields of the blank, in hundredths of a millimetre")
    map_text = models.TextField(blank=True, help_text="the map, in YAML; empty: none yet")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    objects = RowQuerySet["OfficialForm"].as_manager()
    decides = by_city(
        "code",
        "version",
        "title",
        "number",
        "aids",
        "sha256",
        "facts",
        "map_text",
        "state",
        "written_by",
        "published_by",
    )

    class Meta:
        verbose_name = _("formulaire officiel")
        verbose_name_plural = _("formulaires officiels")
        ordering = ["title", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="official_forms_version_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(state=State.PUBLISHED), name="official_forms_one_in_force"
            ),
            models.CheckConstraint(name="official_forms_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="official_forms_two_persons",
                condition=(Q(published_by=None) & Q(state=State.DRAFT))
                | (Q(published_by__isnull=False) & ~Q(published_by=F("written_by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.version})"

    @property
    def is_frozen(self) -> bool:
        return self.state in FROZEN

    @cached_property
    def map(self) -> Map:
        """Return the map.

        Raises:
            Refused: a draft's is not finished.
        """
        return read(self.map_text, sha256=self.sha256, facts=self.facts)

    @property
    def shown(self) -> dict[str, Any]:
        """Return what names this version in what is sent."""
        return {"code": self.code, "title": self.title, "number": self.number, "version": self.version}
