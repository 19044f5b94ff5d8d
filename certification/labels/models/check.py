"""Machine checks of a request, and what they need: an address for signals, a confirmed contact."""

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from certification.labels.models.request import LabelRequest
from certification.labels.models.service import Service
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city
from vault.records.enums import Outcome

if TYPE_CHECKING:
    from certification.labels.models.label import Label

#: A run that took longer than this has lost its worker.
LOST = timedelta(minutes=10)
#: A message that no worker took is sent again.
UNANSWERED = timedelta(seconds=30)


class CheckRunQuerySet(RowQuerySet["CheckRun"]):
    def open(self) -> Self:
        return self.filter(state__in=CheckRun.OPEN)

    def to_take(self) -> Self:
        """Return the runs that a worker may take: waiting, or left by a worker that was lost."""
        lost = Q(state=CheckRun.State.RUNNING, started_at__lt=timezone.now() - LOST)
        return self.filter(Q(state=CheckRun.State.WAITING) | lost)

    def to_send(self) -> Self:
        """Return the runs to take whose message was not sent, or answered by nobody."""
        now = timezone.now()
        return self.to_take().filter(Q(sent_at=None) | Q(sent_at__lt=now - UNANSWERED)).order_by("asked_at")

    def done(self) -> Self:
        return self.filter(state=CheckRun.State.DONE).order_by("-finished_at")

    def last_daily(self, labels: Collection["Label"]) -> Self:
        """Return the last daily run of each of these labels, with what it found. Cost: two queries."""
        daily = self.done().filter(why=CheckRun.Why.DAILY, request__label__in=labels)
        last = daily.order_by("request_id", "-finished_at").distinct("request_id")
        return last.select_related("request__label", "request__service__publisher").prefetch_related("results")


class CheckRun(AuthenticatedRow):
    """One look at all criteria that have a check. A row of its own, since nobody's vault is concerned."""

    class State(models.TextChoices):
        WAITING = "waiting", _("En attente")
        RUNNING = "running", _("En cours")
        DONE = "done", _("Terminé")
        DROPPED = "dropped", _("Abandonné")

    class Why(models.TextChoices):
        PUBLISHER = "publisher", _("demandé par l’éditeur")
        SENT = "sent", _("à l’envoi de la demande")
        AGENT = "agent", _("demandé par la ville")
        DAILY = "daily", _("chaque jour")

    OPEN = (State.WAITING, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(LabelRequest, on_delete=models.CASCADE, related_name="check_runs")
    why = models.CharField(max_length=10, choices=Why.choices)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", help_text="or the clock")
    asked_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = CheckRunQuerySet.as_manager()
    decides = by_city("request", "why", "asked_by", "asked_at", "state", "attempts", "finished_at")

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "dropped"]), name="check_run_state_known"
            ),
            models.CheckConstraint(
                condition=Q(why="daily", asked_by=None) | (~Q(why="daily") & Q(asked_by__isnull=False)),
                name="check_run_asked_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(state__in=["waiting", "running"]), name="check_run_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.state}"


class CheckResult(AuthenticatedRow):
    """The finding of a run on one criterion: the code of its sentence, and what the sentence names."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(CheckRun, on_delete=models.CASCADE, related_name="results")
    code = models.CharField(max_length=4, help_text="the criterion's")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    finding = models.CharField(max_length=40)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    objects = RowQuerySet["CheckResult"].as_manager()
    decides = by_city("run", "code", "outcome", "finding", "details", "at")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["run", "code"], name="check_result_once_per_criterion"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="check_result_outcome_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.outcome}"


class SignalAddress(AuthenticatedRow):
    """The address at which a service receives trial signals."""

    service = models.OneToOneField(Service, on_delete=models.CASCADE, primary_key=True, related_name="signal_address")
    url = models.URLField(
        _("adresse des signaux"),
        max_length=200,
        help_text=_("Une adresse https de votre serveur, qui reçoit du JSON."),
    )

    objects = RowQuerySet["SignalAddress"].as_manager()
    decides = by_city("service", "url")

    def __str__(self) -> str:
        return self.url


class ContactProof(AuthenticatedRow):
    """That somebody who reads the mail of a service's contact opened the link sent there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="contact_proofs")
    address = models.EmailField()
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)

    objects = RowQuerySet["ContactProof"].as_manager()
    decides = by_city("service", "address", "asked_at", "confirmed_at")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "address"], name="contact_proof_once")]

    def __str__(self) -> str:
        return f"contact of {self.service_id}"
