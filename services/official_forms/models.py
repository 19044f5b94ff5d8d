"""Official forms: for each, the versions of its blank with the map that says what goes where."""

import hashlib
import uuid
from functools import cached_property
from typing import Any, Final, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models.rows import by_city
from services.official_forms import drawing, filling
from services.official_forms.drawing import Blank, CannotDraw, Drawn
from services.official_forms.mapping import Map, Refused, read
from services.versions.models import STEPS, State, Version, VersionQuerySet, version_constraints

NAMES: Final = UUID("0f5a7a52-6f0e-4f0e-8a0b-3b8a4d1f9c27")
#: The words agree with "formulaire".
STATES: Final = [(State.DRAFT, _("Brouillon")), (State.PUBLISHED, _("Publié")), (State.CLOSED, _("Fermé"))]

#: Columns of what a version says. `sha256` stands for its blank.
CONTENT: Final = ("title", "number", "aids", "sha256", "facts", "map_text")


class FormQuerySet(VersionQuerySet["OfficialForm"]):
    def of(self, code: str) -> Self:
        """Return the versions of a form, the newest first, without their blanks."""
        return super().of(code).defer("blank")


class OfficialForm(Version):
    """One version of an official form. Its map is for one blank, named by its SHA-256."""

    KIND = "official_form"
    READY = State.DRAFT

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
    state = models.CharField(max_length=10, choices=STATES, default=State.DRAFT)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = FormQuerySet.as_manager()
    decides = by_city(
        *STEPS,
        *CONTENT,
        former=[("code", "version", *CONTENT, "state", "written_by", "published_by")],
    )

    class Meta:
        verbose_name = _("formulaire officiel")
        verbose_name_plural = _("formulaires officiels")
        ordering = ["title", "-version"]
        constraints = version_constraints(
            "official_forms",
            [str(state) for state, _label in STATES],
            (Q(published_by=None) & Q(state=State.DRAFT))
            | (Q(published_by__isnull=False) & ~Q(published_by=F("written_by"))),
        )

    @classmethod
    def subject_of(cls, code: str) -> UUID:
        return uuid.uuid5(NAMES, code)

    @property
    def name(self) -> str:
        return self.title

    @cached_property
    def map(self) -> Map:
        """Return the map.

        Raises:
            Refused: a draft's is not finished.
        """
        return read(self.map_text, sha256=self.sha256, facts=self.facts)

    @property
    def mark(self) -> str:
        return hashlib.sha256(f"{self.sha256}|{self.map_text}".encode()).hexdigest()

    @property
    def faults(self) -> list[str]:
        """Return why the form cannot be published, in a sentence. Cost: about a second."""
        try:
            self.drawn_sample()
        except (Refused, CannotDraw) as problem:
            return [str(problem)]
        return []

    @property
    def text(self) -> dict[str, Any]:
        return {"code": self.code, "version": self.version, **{name: getattr(self, name) for name in CONTENT}}

    @property
    def registered(self) -> dict[str, Any]:
        return {**super().registered, "title": self.title, "sha256": self.sha256}

    @property
    def as_blank(self) -> Blank:
        return Blank(bytes(self.blank), self.sha256)

    def drawn_sample(self) -> Drawn:
        """Return the form with an invented value in each place, framed. Cost: about a second.

        Raises:
            Refused: the map is refused.
            CannotDraw: an example does not fit.
        """
        return drawing.draw(self.as_blank, filling.sample(self.map), framed=True)

    @property
    def shown(self) -> dict[str, Any]:
        """Return what names this version in what is sent."""
        return {"code": self.code, "title": self.title, "number": self.number, "version": self.version}
