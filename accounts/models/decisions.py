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

#: Days in a role before deciding. More would leave nobody who counts to choose less.
MOST_DAYS = 30
#: The code of the decision of the logo, which is on each page.
LOGO = "logo"


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
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("asked_by")),
                name="factor_reset_two_persons",
            ),
        ]
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


_SINCE_PUBLISHERS = ("name", "publisher", "role")
_OFFERED = (
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
)


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
    account = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text="the account that it opened; empty before, and of rows older than this column",
    )

    objects = PendingAccountQuerySet.as_manager()
    decides = by_city(
        *_OFFERED, "account", former=[tuple(name for name in _OFFERED if name not in _SINCE_PUBLISHERS), _OFFERED]
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
    OFFICE = "office", _("décide des demandes d’un service")
    EXAMINER = "examiner", _("étudie les demandes d’un service")


#: Roles that are one office's.
OF_ONE_OFFICE = (Role.OFFICE, Role.EXAMINER)


def _happened(name: str, since: datetime) -> models.Q:
    """Return whether a date of the row is later than the last telling, and recent."""
    untold = models.Q(told_at=None) | models.Q(told_at__lt=models.F(name))
    return untold & models.Q(**{f"{name}__gt": since})


class NominationQuerySet(RowQuerySet["Nomination"]):
    def standing(self) -> Self:
        return self.filter(ended_at=None, confirmed_at__isnull=False, person__is_active=True, person__is_staff=True)

    def waiting(self) -> Self:
        return self.filter(ended_at=None, confirmed_at=None)

    def to_tell(self, since: datetime) -> Self:
        """Return those of which something happened that nobody was told yet."""
        made = _happened("proposed_at", since) | _happened("confirmed_at", since)
        return self.filter(made & models.Q(proposed_by__isnull=False) | _happened("ended_at", since))

    def refused_before(self, waiting: "Nomination", since: datetime) -> list["Nomination"]:
        """Return the proposals of the same role for the same agent that somebody else than their author ended, the
        last one first. They are found by columns that never change, so that one that somebody changed is not missed.

        Raises:
            Forged
        """
        same = self.filter(person=waiting.person_id, role=waiting.role)
        ended = same.select_related("ended_by").order_by("-ended_at")
        return [one for one in ended if one.ended_at and one.ended_at > since and one.was_refused]

    def of_who_governed(self, when: datetime) -> Self:
        """Return the nominations of those who managed agents, or were the officer, at that time."""
        return self.filter(
            models.Q(ended_at=None) | models.Q(ended_at__gte=when),
            role__in=[Role.MANAGER, Role.OFFICER],
            confirmed_at__lte=when,
        )


_NAMED = (
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
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="the office of who decides there",
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
    seen_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="the last who had the agent beside them, and governed for long enough",
    )
    seen_before = models.JSONField(default=list, help_text="ids of those who were it before")
    seen_at = models.DateTimeField(null=True, help_text="when the agent typed the code beside the other person")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="when those concerned were last told of what happened")

    objects = NominationQuerySet.as_manager()
    decides = by_city(*_NAMED, "organisation", "seen_before", former=[_NAMED, (*_NAMED, "organisation")])

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
                condition=models.Q(role__in=["office", "examiner"], organisation__isnull=False)
                | ~models.Q(role__in=["office", "examiner"]) & models.Q(organisation=None),
                name="nomination_of_an_office",
            ),
            models.CheckConstraint(
                condition=~models.Q(role__in=["office", "examiner"])
                | models.Q(confirmed_by=None)
                | models.Q(proposed_by=None)
                | ~models.Q(confirmed_by=models.F("proposed_by")),
                name="nomination_office_two_persons",
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
        return f"{self.person.name}, {self.role_words}"

    @property
    def role_words(self) -> str:
        """Return the role, with the office of who decides in one."""
        role = str(self.get_role_display())
        return role if self.organisation is None else f"{role}, {self.organisation.name}"

    @property
    def was_refused(self) -> bool:
        """Return whether somebody else than its author ended the proposal."""
        return self.confirmed_at is None and self.ended_by_id not in {None, self.proposed_by_id}

    @property
    def seers(self) -> set[uuid.UUID]:
        """Return the ids of those who had the agent beside them, and governed for long enough."""
        last = {by for by in (self.confirmed_by_id, self.seen_by_id) if by is not None}
        return last | {uuid.UUID(one) for one in self.seen_before}

    def see(self, by: User, *, counts: bool) -> None:
        """Note that the agent sets their second factor up beside `by`.

        Args:
            counts: whether `by` is somebody else who has seen the agent.
        """
        if counts and by.pk != self.seen_by_id:
            if self.seen_by_id is not None:
                self.seen_before = sorted({*self.seen_before, str(self.seen_by_id)})
            self.seen_by = by
        self.seen_at = timezone.now()

    @property
    def by_one_alone(self) -> User | None:
        """Return who named the agent alone: the officer, or None if two persons or the operator did."""
        return self.proposed_by if self.proposed_by_id == self.confirmed_by_id else None


class CityDecisionQuerySet(RowQuerySet["CityDecision"]):
    def waiting(self, since: datetime) -> Self:
        """Return the proposals that somebody may decide. One that does not say what it replaces is over."""
        return self.filter(decided_at=None, proposed_at__gt=since, before__isnull=False)

    def to_tell(self, since: datetime) -> Self:
        """Return those of which something happened that nobody was told yet."""
        return self.filter(_happened("proposed_at", since) | _happened("decided_at", since))

    def refused_before(self, waiting: "CityDecision", since: datetime) -> list["CityDecision"]:
        """Return the refused proposals of the same setting, whatever their value, the last one first. They are found
        by columns that never change, so that one that somebody changed is not missed.

        Raises:
            Forged
        """
        same = self.filter(what=waiting.what, subject=waiting.subject)
        decided = same.select_related("decided_by").order_by("-decided_at")
        return [one for one in decided if one.decided_at and one.decided_at > since and not one.agreed]


_DECIDED = ("what", "value", "proposed_by", "proposed_at", "decided_by", "decided_at", "agreed")
#: Columns under its MAC before the name of what it changes was.
_BEFORE = (*_DECIDED, "subject", "before")


class CityDecision(AuthenticatedRow):
    """A setting of the city that takes two persons to change: one proposes, another agrees. Rows are never deleted.

    A change that protects residents takes one person: its row is decided at once, by nobody else. The settings are a
    registry (`accounts.actions.city_decisions.register`), since apps above have some.
    """

    class What(models.TextChoices):
        """The settings of the city's row. Each but the first two is the name of its column."""

        EMERGENCY = "emergency", _("accès d’urgence")
        DAYS = "days", _("jours dans le rôle avant de décider à deux")
        NAME = "name", _("nom de la ville")
        OF_NAME = "of_name", _("nom avec « de »")
        INSEE = "insee", _("code Insee")
        PHONE = "phone", _("téléphone")
        HOURS = "opening_hours", _("horaires du téléphone")
        HOURS_EN = "opening_hours_en", _("horaires du téléphone en anglais")
        EMAIL = "email", _("adresse de contact")
        ADDRESS = "address", _("lieu d’accueil")
        EXIT = "exit_url", _("page de « Quitter vite »")
        DPO_EMAIL = "dpo_email", _("adresse du délégué à la protection des données")
        DPO_CONTACT = "dpo_contact", _("délégué à la protection des données")
        PUBLISHER = "publisher", _("responsable de la publication")
        HOST = "host", _("hébergeur")
        ACCESSIBILITY = "accessibility", _("accessibilité")
        QUOTA = "quota_megabytes", _("place de chaque coffre (Mo)")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    what = models.CharField(max_length=30)
    subject = models.CharField(max_length=80, blank=True, help_text="of several, which one: a holder, a page")
    value = models.JSONField(help_text="days; for urgent access 1, on; a text; of several columns, those that change")
    before = models.JSONField(
        null=True, help_text="what the value replaces, as it was then; empty in rows older than this column"
    )
    named = models.JSONField(
        default=dict,
        help_text="what it changes, as it was named then, by language; empty in rows older than this column",
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(default=False)
    told_at = models.DateTimeField(null=True, help_text="when who governs was last told of what happened")

    objects = CityDecisionQuerySet.as_manager()
    decides = by_city(*_BEFORE, "named", former=[_DECIDED, (*_DECIDED, "subject"), _BEFORE])

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("proposed_by")),
                name="city_decision_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return self.what
