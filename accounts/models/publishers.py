"""Publishers of services, and the persons who work for them. They own no vault and act for no resident."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
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
        permissions = [
            ("owner", "Répond de cet éditeur"),
            ("developer", "Développe les services de cet éditeur"),
            ("dpo", "Protège les données pour cet éditeur"),
        ]

    def __str__(self) -> str:
        return self.name


class PublisherRole(models.TextChoices):
    """A member's right on their publisher. The owner sends requests and gives a label up; the others prepare them."""

    OWNER = "owner", _("responsable")
    DEVELOPER = "developer", _("développement")
    DPO = "dpo", _("protection des données")


class PublisherMemberQuerySet(RowQuerySet["PublisherMember"]):
    def current(self) -> "PublisherMemberQuerySet":
        """Return the places of those who work for a publisher now, with their publishers, hence checked."""
        open_ones = self.filter(ended_at=None, publisher__is_active=True)
        return open_ones.filter(person__is_active=True, person__is_publisher=True).select_related("publisher")

    def with_roles(self) -> "PublisherMemberQuerySet":
        """Return current places with the person, the publisher and the right of each, all checked. Cost: one query."""
        held = models.FilteredRelation(
            "person__publisherpermission",
            condition=models.Q(person__publisherpermission__content_object=models.F("publisher")),
        )
        return self.current().annotate(held=held).select_related("publisher", "person", "held")  # type: ignore[misc]  # annotated


class PublisherMember(AuthenticatedRow):
    """A person's membership of a publisher. One who leaves keeps the row, because requests name its person.

    Their role is an object permission on the publisher, as long as the place lasts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="publisher_memberships", verbose_name=_("membre")
    )
    publisher = models.ForeignKey(
        Publisher, on_delete=models.PROTECT, related_name="members", verbose_name=_("éditeur")
    )
    since = models.DateTimeField(_("depuis le"), default=timezone.now)
    ended_at = models.DateTimeField(_("fermé le"), null=True, blank=True)

    # Before the role was an object permission. Nothing reads it but the MACs of then.
    had_role = models.CharField(max_length=10, blank=True, editable=False, db_column="role")

    objects = PublisherMemberQuerySet.as_manager()
    decides = by_city(
        "person", "publisher", "ended_at", former=[("person", "publisher", "had_role", "ended_at")], account="person"
    )

    class Meta:
        verbose_name = _("membre d’un éditeur")
        verbose_name_plural = _("membres des éditeurs")
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(ended_at=None), name="publisher_member_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.name}, {self.publisher.name}"

    @cached_property
    def role(self) -> str:
        """The member's right on the publisher, checked; none once the place has ended. `with_roles` loads it."""
        if self.ended_at is not None:
            return ""
        held = getattr(self, "held", None) or self.publisher.permissions.filter(user=self.person_id).first()
        return held.right if held else ""
