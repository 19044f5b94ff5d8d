"""What agents write as versions: the abstract models, their states, and what the database refuses.

Each row carries a MAC over all that it publishes and both persons. Whoever writes to the database without the keyring
publishes nothing: their version is refused, or left out of what is computed. The register names each publication.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Self, TypeVar
from uuid import UUID, uuid5

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import canonical, rows
from core.journal import register
from core.models import RegisterEntry
from core.models.rows import UNSIGNED, AuthenticatedRow, Decides, RowQuerySet, by_city

V = TypeVar("V", bound="Version")
#: Of each version: which one it is, and who wrote and published it, when.
STEPS: Final = (
    "code",
    "version",
    "state",
    "written_by",
    "written_at",
    "published_by",
    "published_at",
    "closed_at",
)
#: The ids of the register are made of it.
NAMES: Final = UUID("6f6a2c0e-5c5f-4d0b-9b51-2f6d0a6a1b15")


class State(models.TextChoices):
    DRAFT = "draft", _("Brouillon")
    TESTED = "tested", _("Essayée")
    PUBLISHED = "published", _("Publiée")
    CLOSED = "closed", _("Fermée")


#: States of versions that residents were shown. The database refuses to change such a version.
FROZEN = frozenset({State.PUBLISHED, State.CLOSED})
#: Of a row of `RulesVersion`: no agent wrote it, or one did and another published it.
TWO_PERSONS = Q(shipped=True, written_by=None, published_by=None) | (
    Q(shipped=False, written_by__isnull=False)
    & (Q(published_by=None) | ~Q(published_by=F("written_by")))
    & (~Q(state__in=sorted(FROZEN)) | Q(published_by__isnull=False))
)


def rules_columns(*columns: str) -> Decides:
    """Declare all columns of a `RulesVersion` under its MAC, with those of its own."""
    return by_city(*STEPS, "label", "review_on", "rules", "shipped", *columns, former=[UNSIGNED])


class VersionQuerySet(RowQuerySet[V]):
    def published(self) -> Self:
        return self.filter(state=State.PUBLISHED)

    def in_force(self) -> list[V]:
        """Return the versions in force that were published as the register says. Cost: two queries.

        One that somebody else wrote, or made look closed, is reported, and keeps no other from being read.
        """
        found = [row for row in self.shown().believed() if row.state == State.PUBLISHED]
        subjects = {row.subject_of(row.code) for row in found}
        last = register.last_of(found[0].KIND, subjects) if found else {}
        kept = [row for row in found if row.is_named_last(last.get(row.subject_of(row.code)))]
        for row in found:
            if row not in kept:
                rows.report(rows.Forged(row))
        return kept

    def believed(self) -> list[V]:
        """Return the versions that the portal wrote. Another one is reported, and left out."""
        return rows.believed(self)

    def shown(self) -> Self:
        """Return the versions that are or were public."""
        return self.filter(state__in=FROZEN)

    def newest(self) -> Self:
        """Return the newest version of each code."""
        return self.order_by("code", "-version").distinct("code")

    def of(self, code: str) -> Self:
        """Return the versions of a code, the newest first."""
        return self.filter(code=code).order_by("-version")


def version_constraints(
    prefix: str, states: Sequence[str] = State.values, two_persons: Q = TWO_PERSONS
) -> list[models.BaseConstraint]:
    """Return the constraints of a table of versions: one in force, and two persons for each."""
    return [
        models.UniqueConstraint(fields=["code", "version"], name=f"{prefix}_version_once"),
        models.UniqueConstraint(fields=["code"], condition=Q(state=State.PUBLISHED), name=f"{prefix}_one_in_force"),
        models.CheckConstraint(name=f"{prefix}_state_known", condition=Q(state__in=states)),
        models.CheckConstraint(name=f"{prefix}_two_persons", condition=two_persons),
    ]


class Version(AuthenticatedRow):
    """One version of what agents write and residents read: a draft, tested, published, closed.

    The database refuses to change a version once it is published, and one that a single person wrote and published.
    """

    #: The kind of the entries of the register.
    KIND: ClassVar[str]
    #: The state from which a second person publishes.
    READY: ClassVar[State] = State.TESTED

    code = models.SlugField(_("code"), max_length=60)
    version = models.PositiveIntegerField(_("version"), default=1)
    state = models.CharField(_("état"), max_length=10, choices=State.choices, default=State.DRAFT)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.code} ({self.version})"

    @classmethod
    def subject_of(cls, code: str) -> UUID:
        """Return the id of a code in the register, the same for all its versions."""
        return uuid5(NAMES, f"{cls.KIND}|{code}")

    @property
    def name(self) -> str:
        """Return the name in the page's language, if it was shipped with the software."""
        raise NotImplementedError

    @property
    def is_frozen(self) -> bool:
        return self.state in FROZEN

    @property
    def is_in_force(self) -> bool:
        return self.state == State.PUBLISHED

    @property
    def mark(self) -> str:
        """Return what tells one content of a draft from another."""
        raise NotImplementedError

    @property
    def faults(self) -> list[str]:
        """Return why the version cannot be published, each in a sentence; nothing if it can."""
        raise NotImplementedError

    @property
    def text(self) -> dict[str, Any]:
        """Return all that the version publishes, as it was frozen."""
        raise NotImplementedError

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(canonical.encode(self.text)).hexdigest()

    @property
    def registered(self) -> dict[str, Any]:
        """Return what an entry of the register says of the version."""
        return {"code": self.code, "version": self.version, "id": str(self.pk), "text_sha256": self.text_sha256}

    def is_named_last(self, entry: RegisterEntry | None) -> bool:
        """Return whether the last entry of the register about its code says that this version is in force.

        Without it, a former version that somebody put back as the portal once wrote it would be. What came with the
        portal has no author, and no entry.
        """
        if self.written_by_id is None:
            return entry is None or entry.content["version"] < self.version
        said = (entry.event, entry.content["version"]) if entry else None
        return said == (f"{self.KIND}_published", self.version)

    def check_published(self) -> None:
        """Check a version that is or was public, in order to show it. Cost: one query.

        Raises:
            Forged: nobody published it, its text is another one, or it is shown as in force and is not.
        """
        told = register.of(self.KIND, self.subject_of(self.code))
        named = (f"{self.KIND}_published", self.version)
        entry = next((one for one in told if (one.event, one.content["version"]) == named), None)
        frozen = entry.content.get("text_sha256") if entry else None  # entries from before name no text
        believed = entry is not None or self.written_by_id is None
        if self.is_in_force:
            believed = self.is_named_last(told[-1] if told else None)
        if not believed or (frozen is not None and frozen != self.text_sha256):
            raise rows.Forged(self)


class RulesVersion(Version):
    """A version whose content is `rules`, which follows a JSON Schema."""

    label = models.CharField(_("nom"), max_length=120)
    review_on = models.DateField(_("à revoir le"), help_text=_("Date à laquelle une personne relit les règles."))
    rules = models.JSONField(_("règles"))
    shipped = models.BooleanField(
        default=False, help_text="loaded by the operator of the portal, or older than versions: no agent wrote it"
    )
    updated_at = models.DateTimeField(_("modifiée le"), auto_now=True)

    class Meta:
        abstract = True

    @property
    def document(self) -> dict[str, Any]:
        """Return the whole version: what the schema describes."""
        raise NotImplementedError

    @property
    def mark(self) -> str:
        return hashlib.sha256(json.dumps(self.document, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def text(self) -> dict[str, Any]:
        return self.document

    @property
    def registered(self) -> dict[str, Any]:
        return {**super().registered, "label": self.label}
