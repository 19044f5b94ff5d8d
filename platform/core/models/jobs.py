from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, by_city, nothing


class Job(AuthenticatedRow, ResidentModel):
    """A job, as a row written in the request's transaction (the outbox pattern). It holds no personal content."""

    class State(models.TextChoices):
        WAITING = "waiting", _("En attente")
        RUNNING = "running", _("En cours")
        DONE = "done", _("Terminé")
        FAILED = "failed", _("Arrêté par un problème")
        CANCELLED = "cancelled", _("Annulé")

    kind = models.CharField(_("travail"), max_length=40)
    state = models.CharField(_("état"), max_length=10, choices=State.choices, default=State.WAITING)
    subject_id = models.UUIDField(help_text="what the job works on")
    purpose = models.CharField(max_length=200)
    basis = models.CharField(max_length=60, default="own", help_text="own, or the grant that allows it")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    problem = models.CharField(
        _("problème"), max_length=40, blank=True, help_text="a code, never a message with content"
    )
    attempts = models.PositiveIntegerField(
        _("essais"), default=0, help_text="only grows: a worker that lost the job cannot write its end"
    )
    losses = models.PositiveSmallIntegerField(
        default=0, help_text="how many workers died with it since a person asked"
    )
    sent_at = models.DateTimeField(_("envoyé"), null=True)
    heartbeat_at = models.DateTimeField(_("dernier signe de vie"), null=True)
    finished_at = models.DateTimeField(_("fini"), null=True)
    cancel_asked = models.BooleanField(default=False)

    objects = ResidentManager["Job"]()
    decides = by_city(
        *("resident_id", "kind", "subject_id", "purpose", "basis"),
        former=[UNSIGNED],
        put_back="does again what its resident asked for, unless it is done; its task checks the right again",
    )

    class Meta:
        verbose_name = _("travail")
        verbose_name_plural = _("travaux")
        indexes = [models.Index(fields=["state", "heartbeat_at"], name="job_sweep")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "running", "done", "failed", "cancelled"]),
                name="job_state_known",
            )
        ]

    def __str__(self) -> str:
        return self.get_state_display()

    @property
    def active(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}

    @property
    def percent(self) -> int:
        """Progress in percent, for the bar."""
        return min(100, 100 * self.done // self.total) if self.total else 0


class WorkerBeat(models.Model):
    """Time of the last heartbeat of the workers of one queue."""

    queue = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()

    decides = nothing("signs of life of processes")

    def __str__(self) -> str:
        return self.queue
