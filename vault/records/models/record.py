from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from core.models import ResidentManager, ResidentModel
from core.models.row_values import encoded
from core.models.rows import AuthenticatedRow, RowQuerySet, by_resident
from vault import types
from vault.records.enums import Assurance, Method, Role

#: What never changes of a record, and decides what is believed: under its row's MAC, and sealed with its content.
ENVELOPE = (
    "type",
    "type_version",
    "subject_person",
    "subject_role",
    "period_start",
    "period_end",
    "valid_from",
    "valid_until",
    "holder",
    "method",
    "assurance",
    "retrieved_at",
    "issued_at",
)
#: The holder of values that a resident typed. Any other holder is an organisation.
RESIDENT = "résident"


class RecordQuerySet(RowQuerySet["Record"]):
    def current(self) -> Self:
        """Return the records that are neither superseded nor withdrawn."""
        return self.filter(withdrawn_at=None, superseded_by=None)

    def of(self, type_code: str, person: UUID) -> Self:
        return self.filter(type=type_code, subject_person=person)


RecordManager = ResidentManager.from_queryset(RecordQuerySet)


class Record(AuthenticatedRow, ResidentModel):
    """Values of one type about one person. A record never changes: a correction is a new record that supersedes it.

    `content` seals the payload, and the parts of the provenance that no query needs. A trigger of a higher app forgets
    what was made of a value when it is withdrawn: docs/architecture.md names it.
    """

    type = models.CharField(max_length=60)
    type_version = models.CharField(max_length=20)
    subject_person = models.UUIDField()
    subject_role = models.CharField(max_length=10, choices=Role, default=Role.SELF)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    holder = models.CharField(max_length=80)
    method = models.CharField(max_length=10, choices=Method)
    assurance = models.CharField(max_length=20, choices=Assurance)
    retrieved_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, blank=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    paper = models.ForeignKey(
        "records.Paper", on_delete=models.SET_NULL, null=True, blank=True, related_name="records"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    content = models.BinaryField()

    objects = RecordManager()
    decides = by_resident(
        *ENVELOPE,
        "paper",
        "withdrawn_at",
        ends=True,
        lot=("type", "subject_person"),
        put_back="the head has it once it ended; nothing else of it changes",
    )

    class Meta:
        indexes = [models.Index(fields=["resident_id", "type", "subject_person"], name="record_by_type")]
        constraints = [
            models.CheckConstraint(condition=Q(subject_role__in=Role.values), name="record_role_known"),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="record_method_known"),
            models.CheckConstraint(condition=Q(assurance__in=Assurance.values), name="record_assurance_known"),
            models.CheckConstraint(
                condition=~Q(method=Method.TYPED) | Q(assurance=Assurance.DECLARED), name="record_typed_is_declared"
            ),
            models.CheckConstraint(condition=~Q(supersedes=F("id")), name="record_not_its_own_successor"),
            models.CheckConstraint(
                condition=Q(period_end__isnull=True)
                | Q(period_start__isnull=True)
                | Q(period_end__gte=F("period_start")),
                name="record_period_ordered",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="record_validity_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    def in_latest(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the decrypted content, with the payload upgraded from its own version of the type to the latest."""
        if self.type_version == types.get(self.type).version:
            return content
        month = f"{self.period_start or self.retrieved_at:%Y-%m}"
        return {**content, "payload": types.upgraded(self.type, self.type_version, content["payload"], month)}

    @property
    def ended_ids(self) -> tuple[UUID, ...]:
        own = (self.pk,) if self.withdrawn_at else ()
        return (*own, self.supersedes_id) if self.supersedes_id else own

    @property
    def place(self) -> str:
        """Return the place of the sealed content, with the envelope: changed, the content does not decrypt.

        A record is written once. Its paper is left out, because the record outlives it.
        """
        return self.place_with(encoded(self, ENVELOPE))

    def place_with(self, envelope: str) -> str:
        """Return the place; `envelope` has the columns ENVELOPE, encoded."""
        replaced = f'"{self.supersedes_id.hex}"' if self.supersedes_id else "null"
        return f"vault_record|{self.id}|2|content|[{envelope},{replaced}]"

    @property
    def first_place(self) -> str:
        """Return the place in the records of version 0.1. Their envelope is under the MAC of their row alone."""
        return f"vault_record|{self.id}|1|content"
