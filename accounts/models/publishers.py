"""Publishers of services, and the persons who work for them. They own no vault and act for no resident."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city

#: The SIREN of La Poste, whose establishments' numbers follow a rule of their own.
LA_POSTE = "356000000"


def check_siret(siret: str) -> None:
    """Check the fourteen digits of a SIRET by their key: Luhn's, and for La Poste a sum that five divides.

    Raises:
        ValidationError
    """
    digits = [int(digit) for digit in siret if digit.isascii() and digit.isdigit()]
    if len(digits) != 14 or len(siret) != 14:
        raise ValidationError(_("Un SIRET a quatorze chiffres, sans espace."))
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    genuine = sum(doubled) % 10 == 0 or (siret.startswith(LA_POSTE) and sum(digits) % 5 == 0)
    if not genuine:
        raise ValidationError(_("Ce SIRET n’existe pas : vérifiez ses chiffres."))


class Publisher(AuthenticatedRow):
    """An organisation that publishes services. Residents read its name before they agree to share with one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=80, unique=True)
    siret = models.CharField(_("SIRET"), max_length=14, unique=True, validators=[check_siret])
    is_active = models.BooleanField(
        _("publie des services"), default=True, help_text=_("Sinon, ses membres ne voient plus rien.")
    )

    objects = RowQuerySet["Publisher"].as_manager()
    decides = by_city("name", "siret", "is_active")

    class Meta:
        verbose_name = _("éditeur")
        verbose_name_plural = _("éditeurs")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PublisherRole(models.TextChoices):
    """The role of a member of a publisher. The owner sends requests and gives a label up; the others prepare them."""

    OWNER = "owner", _("responsable")
    DEVELOPER = "developer", _("développement")
    DPO = "dpo", _("protection des données")


class PublisherMemberQuerySet(RowQuerySet["PublisherMember"]):
    def current(self) -> "PublisherMemberQuerySet":
        return self.filter(ended_at=None, publisher__is_active=True, person__is_active=True, person__is_publisher=True)


class PublisherMember(AuthenticatedRow):
    """A person's membership of a publisher. One who leaves keeps the row, because requests name its person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="publisher_memberships", verbose_name=_("membre")
    )
    publisher = models.ForeignKey(
        Publisher, on_delete=models.PROTECT, related_name="members", verbose_name=_("éditeur")
    )
    role = models.CharField(_("rôle"), max_length=10, choices=PublisherRole.choices)
    since = models.DateTimeField(_("depuis le"), default=timezone.now)
    ended_at = models.DateTimeField(_("fermé le"), null=True, blank=True)

    objects = PublisherMemberQuerySet.as_manager()
    decides = by_city("person", "publisher", "role", "ended_at", account="person")

    class Meta:
        verbose_name = _("membre d’un éditeur")
        verbose_name_plural = _("membres des éditeurs")
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(ended_at=None), name="publisher_member_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=PublisherRole.values), name="publisher_member_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.name}, {self.publisher.name}"
