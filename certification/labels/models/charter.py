"""The charter: what a service promises before it may read a resident's values. A published version never changes."""

import hashlib
import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from certification.labels.enums import Signatory
from core import canonical
from core.models.rows import FROZEN, AuthenticatedRow, Forged, RowQuerySet, by_city


def in_language(french: str, english: str) -> str:
    """Return the English text to who reads English, if there is one."""
    return english if english and get_language() == "en" else french


class CharterQuerySet(RowQuerySet["CharterVersion"]):
    def published(self) -> Self:
        return self.exclude(published_at=None)

    def drafts(self) -> Self:
        return self.filter(published_at=None)

    def current(self) -> "CharterVersion | None":
        """Return the version that new requests answer: the last one published."""
        return self.published().order_by("-number").first()


class CharterVersion(AuthenticatedRow):
    """One version of the charter. The database refuses to change or delete a published one, and its criteria."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveSmallIntegerField(_("version"), unique=True)
    opening = models.TextField(_("introduction"))
    opening_en = models.TextField(_("introduction, en anglais"), blank=True)
    money = models.TextField(_("position de la ville sur l’argent contre des données"))
    money_en = models.TextField(_("position sur l’argent, en anglais"), blank=True)
    published_at = models.DateTimeField(_("publiée le"), null=True, editable=False)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    sha256 = models.CharField(_("empreinte"), max_length=64, blank=True, editable=False)

    objects = CharterQuerySet.as_manager()
    decides = by_city(
        "number",
        "opening",
        "opening_en",
        "money",
        "money_en",
        "published_at",
        "published_by",
        "sha256",
        put_back=FROZEN,
    )

    class Meta:
        verbose_name = _("version de la charte")
        verbose_name_plural = _("versions de la charte")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(published_at=None, published_by=None, sha256="")
                | (Q(published_at__isnull=False, published_by__isnull=False) & ~Q(sha256="")),
                name="charter_published_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def opening_words(self) -> str:
        return in_language(self.opening, self.opening_en)

    @property
    def money_words(self) -> str:
        return in_language(self.money, self.money_en)

    def as_json(self) -> dict[str, Any]:
        """Return the whole text, as it is published and hashed."""
        return {
            "version": self.number,
            "opening": {"fr": self.opening, "en": self.opening_en},
            "money": {"fr": self.money, "en": self.money_en},
            "criteria": [criterion.as_json() for criterion in self.criteria.all()],
        }

    def computed_sha256(self) -> str:
        return hashlib.sha256(canonical.encode(self.as_json())).hexdigest()

    def require_whole(self) -> None:
        """Refuse a published version whose words or criteria are not those that were hashed.

        Raises:
            Forged
        """
        if self.is_published and self.computed_sha256() != self.sha256:
            raise Forged(self)


class Criterion(AuthenticatedRow):
    """One requirement of a version, with the proof that it takes and what a machine can look at."""

    class Group(models.TextChoices):
        WHO = "who", _("Qui est le service")
        ASKS = "asks", _("Ce qu’il demande")
        NEVER = "never", _("Ce qu’il ne fait pas")
        HOW = "how", _("Comment il travaille")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    charter = models.ForeignKey(CharterVersion, on_delete=models.CASCADE, related_name="criteria")
    code = models.CharField(_("code"), max_length=4)
    group = models.CharField(_("chapitre"), max_length=10, choices=Group.choices)
    text = models.CharField(_("exigence"), max_length=300)
    text_en = models.CharField(_("exigence, en anglais"), max_length=300, blank=True)
    proof = models.CharField(_("preuve"), max_length=200)
    proof_en = models.CharField(_("preuve, en anglais"), max_length=200, blank=True)
    machine = models.CharField(_("ce qu’une machine peut regarder"), max_length=200, blank=True)
    machine_en = models.CharField(_("ce qu’une machine peut regarder, en anglais"), max_length=200, blank=True)
    blocking = models.BooleanField(_("bloquante"), default=True)

    objects = RowQuerySet["Criterion"].as_manager()
    decides = by_city(
        "charter",
        "code",
        "group",
        "text",
        "text_en",
        "proof",
        "proof_en",
        "machine",
        "machine_en",
        "blocking",
        put_back=FROZEN,
    )

    class Meta:
        verbose_name = _("exigence")
        verbose_name_plural = _("exigences")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["charter", "code"], name="criterion_code_once")]

    def __str__(self) -> str:
        return self.code

    @property
    def words(self) -> str:
        return in_language(self.text, self.text_en)

    @property
    def proof_words(self) -> str:
        return in_language(self.proof, self.proof_en)

    @property
    def machine_words(self) -> str:
        return in_language(self.machine, self.machine_en)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "group": self.group,
            "text": {"fr": self.text, "en": self.text_en},
            "proof": {"fr": self.proof, "en": self.proof_en},
            "machine": {"fr": self.machine, "en": self.machine_en},
            "blocking": self.blocking,
        }


class Signature(AuthenticatedRow):
    """An organisation that signed a version in public, with its reservations."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    charter = models.ForeignKey(
        CharterVersion, on_delete=models.PROTECT, related_name="signatures", verbose_name=_("version de la charte")
    )
    kind = models.CharField(_("signe comme"), max_length=12, choices=Signatory.choices)
    name = models.CharField(_("organisation"), max_length=100)
    reservations = models.CharField(
        _("réserves"), max_length=300, blank=True, help_text=_("Dans ses mots. Elles sont publiées à côté du nom.")
    )
    signed_on = models.DateField(_("signée le"))

    objects = RowQuerySet["Signature"].as_manager()
    decides = by_city("charter", "kind", "name", "reservations", "signed_on")

    class Meta:
        verbose_name = _("signature de la charte")
        verbose_name_plural = _("signatures de la charte")
        ordering = ["signed_on", "name"]
        constraints = [models.UniqueConstraint(fields=["charter", "name"], name="charter_signed_once")]

    def __str__(self) -> str:
        return self.name
