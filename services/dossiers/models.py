from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import FileRow, Job, ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city, by_resident
from core.symbols import new_code, symbols
from services.dossiers.enums import Answer, State
from services.procedures import finding
from vault.sharing.models import Member

# Agencies require newer papers after a year, so an older dossier has no use.
KEPT = timedelta(days=365)


def new_number() -> str:
    """Return a short reference to say on the telephone. It opens nothing and does not tell how many dossiers exist."""
    return f"{timezone.localdate().year}-{symbols(5)}"


def names_of(codes: Sequence[str], title: str = "") -> str:
    """Return the procedures' names in the page's language. `title` has their French names, for those of the city.

    Cost: one query without a title, if one of them is the city's own.
    """
    return finding.names(codes, title)


class Seal(AuthenticatedRow):
    """The public data about a dossier: hashes, dates, nothing about a person. A revoked seal outlives its dossier."""

    code = models.CharField(max_length=14, unique=True, default=new_code)
    data_hash = models.CharField(max_length=64, help_text="SHA-256 of the data embedded in the PDF, in hexadecimal")
    file_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the PDF, in hexadecimal")
    issuer = models.CharField(max_length=120)
    pages = models.PositiveIntegerField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = RowQuerySet["Seal"].as_manager()
    decides = by_city("code", "data_hash", "file_hash", "issuer", "pages", "issued_at", "expires_at", "revoked_at")

    def __str__(self) -> str:
        return self.code

    @property
    def valid(self) -> bool:
        return self.revoked_at is None and timezone.now() < self.expires_at


class DossierQuerySet(RowQuerySet["Dossier"]):
    def expired(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())


DossierManager = ResidentManager.from_queryset(DossierQuerySet)


#: Columns of a dossier under its MAC before what it used was.
_FIRST = (
    "number",
    "part_of",
    "aids",
    "versions",
    "title",
    "prepared_under",
    "state",
    "seal",
    "stored_name",
    "expires_at",
)
_SECOND = (*_FIRST, "used_papers", "used_records")
_THIRD = (*_SECOND, "purpose")


class Dossier(FileRow, ResidentModel):
    """A resident's request for one or several aids, then the PDF that makes it.

    `note` encrypts the letter and the choices.
    """

    number = models.CharField(max_length=10, default=new_number)
    part_of = models.CharField(
        max_length=120,
        blank=True,
        help_text="the name of whose dossier it completes, under the same number; empty: a dossier of its own",
    )
    aids = models.JSONField(help_text="codes of procedures")
    versions = models.JSONField(default=dict, help_text="the version of each procedure of the city that it began with")
    title = models.CharField(max_length=200)
    recipient = models.BinaryField(help_text="sealed, written once (services/dossiers/recipients.py)")
    purpose = models.CharField(max_length=200)
    prepared_under = models.UUIDField(
        null=True, blank=True, help_text="the grant of the companion who prepared it; empty: its resident did"
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    note = models.BinaryField(null=True)
    note_version = models.PositiveIntegerField(default=1, help_text="counts the writings of `note`")
    token = models.UUIDField(help_text="one per form shown: the same form sent twice gives one dossier")
    closing_told = models.CharField(
        max_length=14,
        blank=True,
        help_text="the closing date that was told, and how many days before",
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    seal = models.OneToOneField(Seal, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    stored_name = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    paper_pages = models.PositiveIntegerField(default=0)
    used_papers = models.JSONField(
        default=list, help_text="ids of the papers in the PDF: what becomes of them is told beside it"
    )
    used_records = models.JSONField(default=list, help_text="ids of the records whose values it says")
    built_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = DossierManager()
    decides = by_resident(*_THIRD, "note_version", former=[UNSIGNED, _FIRST, _SECOND, _THIRD])
    FILE = "dossier"

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "token"], name="dossier_once_per_form"),
            models.UniqueConstraint(fields=["number"], condition=Q(part_of=""), name="dossier_number_once"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="dossier_state_known"),
            models.CheckConstraint(
                condition=~Q(state=State.READY)
                | Q(seal__isnull=False, built_at__isnull=False, expires_at__isnull=False) & ~Q(stored_name=""),
                name="dossier_ready_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"dossier {self.number}"

    @property
    def name(self) -> str:
        """Return the aids' names in the page's language; `title` keeps the French names for the organisation."""
        return names_of(self.aids, self.title)

    @property
    def recipient_place(self) -> str:
        return f"dossiers_dossier|{self.id}|1|recipient"

    @property
    def note_place(self) -> str:
        return f"dossiers_dossier|{self.id}|{self.note_version}|note"

    @property
    def file_name(self) -> str:
        """Return the download's name: a reference without personal name or aid, because a shared computer keeps it
        visible.
        """
        return f"dossier-{self.number}-partie-2.pdf" if self.part_of else f"dossier-{self.number}.pdf"


class Part(AuthenticatedRow, ResidentModel):
    """A request to a partner for their part of a dossier, stored in that partner's scope.

    It is active while its two members live together; `services/dossiers/across.py` checks this.
    """

    dossier_id = models.UUIDField(
        unique=True, help_text="the dossier of the one who asks; in their scope, so no relation"
    )
    asker_id = models.UUIDField(help_text="their place in the household; in their scope too")
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="+", help_text="the place of the one who is asked"
    )
    number = models.CharField(max_length=10)
    aids = models.JSONField(help_text="codes of procedures")
    versions = models.JSONField(default=dict, help_text="those of the dossier, so that both parts answer the same")
    recipient = models.BinaryField(help_text="sealed, written once (services/dossiers/recipients.py)")
    answer = models.CharField(max_length=3, choices=Answer, default=Answer.NONE, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ResidentManager["Part"]()
    decides = by_resident(
        *("dossier_id", "asker_id", "member", "number", "answer", "aids", "versions"),
        former=[("dossier_id", "asker_id", "member", "number", "answer")],
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(answer__in=Answer.values), name="part_answer_known")]

    def __str__(self) -> str:
        return f"part {self.id}"

    @property
    def recipient_place(self) -> str:
        return f"dossiers_part|{self.id}|1|recipient"

    @property
    def name(self) -> str:
        return names_of(self.aids)
