from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.files.storage import RECEIVED
from core.models import FileRow, ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident
from vault.records.enums import PaperState


class PaperQuerySet(RowQuerySet["Paper"]):
    def kept(self) -> Self:
        return self.filter(state=PaperState.KEPT)

    def expired(self) -> Self:
        """Return the papers whose last day has passed. A paper still counts on its last day."""
        return self.filter(expires_on__lt=timezone.localdate())

    def pending(self) -> Self:
        return self.filter(state__in=[PaperState.QUARANTINED, PaperState.CHECKING, PaperState.TO_CONFIRM])


PaperManager = ResidentManager.from_queryset(PaperQuerySet)


#: Columns of a paper under its MAC before the number of its content: without it, a former one was put back.
_FIRST = ("kind", "state", "issued_on", "expires_on", "kept_at")


class Paper(AuthenticatedRow, ResidentModel):
    """A proof that the resident uploaded. Its name, its reading and its checks are sealed in `content`."""

    kind = models.CharField(max_length=60, blank=True, help_text="a PaperKind's code, empty while nobody knows")
    state = models.CharField(max_length=12, choices=PaperState, default=PaperState.QUARANTINED)
    issued_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    token = models.UUIDField(help_text="one per form shown: the same form sent twice gives one paper")
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaced_by")
    kept_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when its resident was told that it comes to its end"
    )
    version = models.PositiveIntegerField(default=1, help_text="counts the writings of `content`")
    content = models.BinaryField()

    objects = PaperManager()
    decides = by_resident(*_FIRST, "version", former=[_FIRST], ends=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "token"], name="paper_once_per_form"),
            models.CheckConstraint(condition=Q(state__in=PaperState.values), name="paper_state_known"),
            models.CheckConstraint(
                condition=Q(kept_at__isnull=False) | ~Q(state=PaperState.KEPT), name="paper_kept_is_dated"
            ),
            models.CheckConstraint(condition=~Q(replaces=F("id")), name="paper_not_its_own_successor"),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(issued_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                name="paper_dates_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"paper {self.id}"

    @property
    def place(self) -> str:
        return f"vault_paper|{self.id}|{self.version}|content"

    @property
    def expired(self) -> bool:
        return self.expires_on is not None and self.expires_on < timezone.localdate()


class PaperFile(FileRow, ResidentModel):
    """One sealed file of a paper. Its name in the storage reveals nothing."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveSmallIntegerField(default=0)
    stored_name = models.CharField(max_length=200, unique=True)
    size = models.PositiveBigIntegerField()
    waiting = models.BooleanField(
        default=False, help_text="added to a paper that is there already, and not checked yet: nobody opens it"
    )

    objects = ResidentManager["PaperFile"]()
    decides = by_resident("paper", "position", "stored_name", "waiting", ends=True)
    FILE = RECEIVED

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["paper", "position"], name="paper_file_position_once")]

    def __str__(self) -> str:
        return f"file {self.position} of paper {self.paper_id}"
