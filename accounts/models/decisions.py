"""The rows that take two persons, or an e-mail read: pending accounts, nominations, requests and decisions."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Organisation, User
from accounts.models.publishers import Publisher, PublisherRole
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city


class FactorResetQuerySet(RowQuerySet["FactorReset"]):
    def waiting(self, since: datetime) -> Self:
        return self.filter(decided_at=None, asked_at__gt=since)

    def to_tell(self, since: datetime) -> Self:
        """Return the requests of which the user has not yet been told, that they were made or decided."""
        made = models.Q(asked_told_at=None, asked_at__gt=since)
        decided = models.Q(decided_told_at=None, decided_at__gt=since)
        return self.filter(made | decided, person__isnull=False)


class FactorReset(AuthenticatedRow):
    """A request to remove a second factor at the desk. The rows are the desk's register: never changed or deleted.

    A row is written whether or not somebody has this address or reference, so that asking tells nothing.
    """

    class Reason(models.TextChoices):
        LOST = "lost", _("Téléphone ou clé perdu ou volé")
        CHANGED = "changed", _("Téléphone ou clé cassé ou changé")
        ERASED = "erased", _("Application de codes effacée")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("pour"),
        help_text="empty: nobody with a second factor has what was written",
    )
    written = models.CharField(
        _("pour"),
        max_length=120,
        blank=True,
        help_text=_("L’adresse masquée ou la référence, comme elle a été écrite."),
    )
    written_hash = models.CharField(max_length=64, blank=True, help_text="tells a request sent twice from two")
    reason = models.CharField(_("motif"), max_length=10, choices=Reason.choices)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("demandé par"))
    asked_at = models.DateTimeField(_("demandé le"), default=timezone.now)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("décidé par")
    )
    decided_at = models.DateTimeField(_("décidé le"), null=True)
    granted = models.BooleanField(_("accordé"), default=False)
    asked_told_at = models.DateTimeField(null=True, help_text="when the user was told of the request")
    decided_told_at = models.DateTimeField(null=True, help_text="when the user was told of the answer")

    objects = FactorResetQuerySet.as_manager()
    decides = by_city("person", "asked_by", "asked_at", "decided_by", "decided_at", "granted")

    class Meta:
        verbose_name = _("double vérification perdue")
        verbose_name_plural = _("doubles vérifications perdues")

    def __str__(self) -> str:
        return self.get_reason_display()


class SheetClosingQuerySet(RowQuerySet["SheetClosing"]):
    def waiting(self, since: datetime) -> Self:
        return self.filter(confirmed_at=None, cancelled_at=None, asked_at__gt=since)

    def confirmed(self) -> Self:
        return self.filter(confirmed_at__isnull=False, cancelled_at=None)


class SheetClosing(AuthenticatedRow):
    """A closing of a vault that only a printed sheet opens: one agent of the desk notes it, another confirms it.

    The rows are the desk's register: never deleted. A waiting one that is too old is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="an agent, or the resident at home"
    )
    cancelled_at = models.DateTimeField(null=True)

    objects = SheetClosingQuerySet.as_manager()
    decides = by_city("person", "asked_by", "asked_at", "confirmed_by", "confirmed_at", "cancelled_by", "cancelled_at")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None, confirmed_at=None)
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False)
                & ~models.Q(confirmed_by=models.F("asked_by")),
                name="sheet_closing_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"closing {self.pk}"


class PendingAccountQuerySet(RowQuerySet["PendingAccount"]):
    def open(self, since: datetime) -> Self:
        return self.filter(opened_at=None, withdrawn_at=None, offered_at__gt=since)


class PendingAccount(AuthenticatedRow):
    """An account of somebody who works for others, offered to an address. Whoever reads the mail opens it by its link.

    The row is the same whether or not the address opens a vault here, so that adding somebody tells nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=120)
    email = models.EmailField(_("adresse de connexion"))
    at_desk = models.BooleanField(_("tient le guichet"), default=False)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("organisme"),
        help_text=_("Vide pour un agent de la ville."),
    )
    publisher = models.ForeignKey(
        Publisher,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("éditeur"),
        help_text=_("Vide pour un agent ou un accompagnant."),
    )
    role = models.CharField(_("rôle"), max_length=10, blank=True, choices=PublisherRole.choices)
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("ajouté par"))
    offered_at = models.DateTimeField(_("envoyé le"), default=timezone.now)
    opened_at = models.DateTimeField(_("ouvert le"), null=True)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True)
    token_hash = models.CharField(max_length=64, unique=True)

    objects = PendingAccountQuerySet.as_manager()
    decides = by_city(
        "name",
        "email",
        "at_desk",
        "organisation",
        "publisher",
        "role",
        "offered_by",
        "offered_at",
        "opened_at",
        "withdrawn_at",
        "token_hash",
        former=[
            (
                "email",
                "at_desk",
                "organisation",
                "offered_by",
                "offered_at",
                "opened_at",
                "withdrawn_at",
                "token_hash",
            )
        ],
    )

    class Meta:
        verbose_name = _("compte à ouvrir")
        verbose_name_plural = _("comptes à ouvrir")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(organisation=None) | models.Q(publisher=None), name="pending_account_of_one_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(publisher=None, role="")
                | models.Q(publisher__isnull=False, role__in=PublisherRole.values),
                name="pending_account_role_of_a_publisher",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """The kinds of right that an agent is given by two persons."""

    SECOND = "second", _("décide à deux")
    MANAGER = "manager", _("gère les agents et les organismes")
    OFFICER = "officer", _("délégué à la protection des données")


class NominationQuerySet(RowQuerySet["Nomination"]):
    def standing(self) -> Self:
        return self.filter(ended_at=None, confirmed_at__isnull=False, person__is_active=True, person__is_staff=True)

    def waiting(self) -> Self:
        return self.filter(ended_at=None, confirmed_at=None)


class Nomination(AuthenticatedRow):
    """An agent's nomination to a role: proposed by one person, confirmed by another with the agent present.

    The agent types the other person's code, and sets their second factor up in the quarter of an hour that follows.
    `accounts.two_persons` decides what the nomination allows. The rows are a register: none is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="nominations", verbose_name=_("agent"))
    role = models.CharField(_("rôle"), max_length=10, choices=Role.choices)
    employer = models.CharField(
        _("employeur"), max_length=60, blank=True, help_text=_("Si ce n’est pas la ville. Les habitants le lisent.")
    )
    proposed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="empty: the server's operator"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    code_hash = models.CharField(max_length=64, blank=True)
    code_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    code_until = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    seen_at = models.DateTimeField(null=True, help_text="when the agent typed the code beside the other person")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = NominationQuerySet.as_manager()
    decides = by_city(
        "person",
        "role",
        "employer",
        "proposed_by",
        "proposed_at",
        "code_hash",
        "code_by",
        "code_until",
        "confirmed_by",
        "confirmed_at",
        "seen_by",
        "seen_at",
        "ended_by",
        "ended_at",
    )

    class Meta:
        verbose_name = _("nomination")
        verbose_name_plural = _("nominations")
        ordering = ["proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role"], condition=models.Q(ended_at=None), name="nomination_one_of_a_role"
            ),
            models.CheckConstraint(
                condition=~models.Q(proposed_by=models.F("person")), name="nomination_not_by_oneself"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("person")),
                name="nomination_not_confirmed_by_oneself",
            ),
            models.CheckConstraint(
                condition=models.Q(seen_by=None) | ~models.Q(seen_by=models.F("person")),
                name="nomination_not_seen_by_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.name}, {self.get_role_display()}"

    @property
    def by_one_alone(self) -> User | None:
        """Return who named the agent alone: the officer, or None if two persons or the operator did."""
        return self.proposed_by if self.proposed_by_id == self.confirmed_by_id else None


class CityDecisionQuerySet(RowQuerySet["CityDecision"]):
    def waiting(self, since: datetime) -> Self:
        return self.filter(decided_at=None, proposed_at__gt=since)


class CityDecision(AuthenticatedRow):
    """A setting of the city that takes two persons to change: one proposes, another agrees. Rows are never deleted."""

    class What(models.TextChoices):
        EMERGENCY = "emergency", _("accès d’urgence")
        DAYS = "days", _("jours dans le rôle avant de décider à deux")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    what = models.CharField(max_length=10, choices=What.choices)
    value = models.PositiveSmallIntegerField(help_text="days; for urgent access 1, on")
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(default=False)

    objects = CityDecisionQuerySet.as_manager()
    decides = by_city("what", "value", "proposed_by", "proposed_at", "decided_by", "decided_at", "agreed")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("proposed_by")),
                name="city_decision_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return self.get_what_display()
