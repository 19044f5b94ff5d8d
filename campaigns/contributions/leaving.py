"""Leaving: what was not counted is deleted first, then the resident's own traces. Publications stay."""

from collections.abc import Iterator
from uuid import UUID

from django_scopes import scope

from campaigns.contributions import withdrawing
from campaigns.contributions.models import Membership, Participation, Withdrawal
from core import leaving, rows
from core.leaving import Copying, Entry, Rows
from vault.records.copies.copy_files import table

SEALED = "sealed under a pseudonym; `stop` deletes the resident's own, if it was not counted"
STAMPS = "a number and MACs: they name no pseudonym, and go with the campaign's keys"
OWN = "the resident's number: the whole copy is theirs"
PUBLIC = "no resident: what was due, charged and published"

ROWS = [
    *(Rows(f"contributions.{name}", nobody=SEALED) for name in ("CampaignKey", "Batch", "Arrival", "Contribution")),
    *(Rows(f"contributions.{name}", nobody=STAMPS) for name in ("Tally", "WithdrawnStamp")),
    *(Rows(f"contributions.{name}", nobody=PUBLIC) for name in ("ReleaseRun", "Charge", "Publication", "Increment")),
    Rows(
        "contributions.Participation",
        copied="id created_at campaign_id grant_id joined_on counts_from rho dwelling",
        erased={"resident_id": OWN},
    ),
    Rows("contributions.Invitation", nobody="a code of the city's list, which names nobody"),
    Rows(
        "contributions.Membership",
        copied="id created_at campaign_id",
        erased={"resident_id": OWN, "key": "only the portal can read it"},
    ),
    Rows(
        "contributions.Withdrawal",
        copied="id created_at campaign_id withdrawn_on rho dwelling",
        erased={"resident_id": OWN},
    ),
]


def copy(copying: Copying) -> Iterator[Entry]:
    found = [*Participation.objects.all(), *Withdrawal.objects.all(), *Membership.objects.all()]
    yield table("consultations.json", (leaving.export_row(row) for row in found))


def stop(resident_id: UUID) -> None:
    with scope(resident=resident_id):
        rows.each(withdrawing.remove, list(Participation.objects.all()))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, Participation, Withdrawal, Membership)


APP = leaving.App("contributions", ROWS, level=60, copy=copy, stop=stop, erase=erase)
