"""Copy and erase a resident's shares and household when they leave the portal."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from core import leaving
from core.leaving import Copying, Entry, Rows
from vault.records import own_words
from vault.records.copies.copy_files import note, table
from vault.records.leaving import grant_row
from vault.records.models import Grant
from vault.sharing.across import shared_facts
from vault.sharing.actions import household
from vault.sharing.models import (
    AccessRequest,
    Appointment,
    DeskVisit,
    EmergencyAccess,
    ErasureRequest,
    Handover,
    HelpRequest,
    Invitation,
    Link,
    Mandate,
    MandateAct,
    Member,
    SharedFact,
    Visit,
)

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
FORM = "tells a form sent twice from two forms"
SENTENCE = "when a reminder was sent"

ROWS = [
    Rows(
        "sharing.Link",
        copied="created_at content",
        erased={
            "id resident_id grant_id": NUMBER,
            "form": FORM,
            "token_hash code_hash codes tries": "opens the link to a visitor",
        },
    ),
    Rows("sharing.Visit", copied="at", erased={"id resident_id created_at link_id": NUMBER}),
    Rows(
        "sharing.AccessRequest",
        copied="created_at reference label items purpose length by_phone expires_at answered_at",
        erased={
            "id resident_id membership_id grant_id": NUMBER,
            "told_at": SENTENCE,
            "code_hash code_until tries": "a code that was sent to a telephone, for half an hour",
        },
    ),
    Rows(
        "sharing.EmergencyAccess",
        copied="created_at reference asked_by_name items minutes expires_at decided_by_name decided_at declined_at "
        "content",
        erased={
            "id resident_id grant_id": NUMBER,
            "asked_by decided_by": "the agents' own numbers; their names stand beside",
            "asked_told_at opened_told_at": SENTENCE,
        },
    ),
    Rows(
        "sharing.HelpRequest",
        copied="created_at organisation_name on_day half answer answered_at withdrawn_at content",
        erased={"id resident_id organisation_id": NUMBER},
    ),
    Rows(
        "sharing.Mandate",
        copied="created_at name acts form_sha256",
        erased={"id resident_id grant_id membership_id": NUMBER},
    ),
    Rows(
        "sharing.Handover",
        copied="created_at label expires_at answered_at",
        erased={"id resident_id grant_id membership_id given_id": NUMBER},
    ),
    Rows("sharing.MandateAct", copied="done at", erased={"id resident_id created_at grant_id": NUMBER}),
    Rows(
        "sharing.DeskVisit",
        copied="created_at name acts",
        erased={"id resident_id grant_id session_id": NUMBER, "token": FORM},
    ),
    Rows(
        "sharing.Appointment",
        copied="created_at expires_at used_at cancelled_at content",
        erased={"id resident_id": NUMBER, "code_hash": "opens the appointment to a companion"},
    ),
    Rows("sharing.Household", nobody="a number that its members point to"),
    Rows(
        "sharing.Member",
        copied="id created_at role name left_at",
        erased={"resident_id household_id": NUMBER, "partings": SENTENCE},
    ),
    Rows(
        "sharing.Invitation",
        copied="created_at role expires_at used_at cancelled_at",
        erased={"id resident_id": NUMBER, "code_hash": "lets another resident join"},
    ),
    Rows(
        "sharing.ErasureRequest",
        copied="created_at cause fields papers due_at answered_at answer content",
        erased={"id resident_id grant_id": NUMBER},
    ),
    Rows("sharing.SharedFact", copied="created_at own content", erased={"id resident_id grant_id member_id": NUMBER}),
]


def copy(copying: Copying) -> Iterator[Entry]:
    yield table("partages.json", (_share(grant, copying) for grant in Grant.objects.order_by("created_at")))
    yield table("foyer.json", _household(copying))
    noted = {"rendez-vous": Appointment, "demandes-aide": HelpRequest, "acces-urgence": EmergencyAccess}
    for name, model in noted.items():
        rows = model._default_manager.all()  # noqa: SLF001 - Django's documented name
        yield table(f"{name}.json", [leaving.export_row(row, content=note(row, copying)) for row in rows])
    yield table("demandes-acces.json", map(leaving.export_row, AccessRequest.objects.all()))


def stop(resident_id: UUID) -> None:
    """Leave the household: grants both ways end, and each member keeps the facts shared with them."""
    household.leave(resident_id=resident_id, by=resident_id)


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(
        resident_id,
        EmergencyAccess,
        ErasureRequest,
        HelpRequest,
        AccessRequest,
        Appointment,
        Handover,
        MandateAct,
        Mandate,
        DeskVisit,
        SharedFact,
        Invitation,
        Member,
        Visit,
        Link,
    )


def _share(grant: Grant, copying: Copying) -> dict[str, Any]:
    return grant_row(grant, copying) | {
        "link": [_link(link, copying) for link in Link.objects.filter(grant=grant)],
        "mandate": [leaving.export_row(mandate) for mandate in Mandate.objects.filter(grant=grant)],
        "handovers": [leaving.export_row(one) for one in Handover.objects.filter(grant=grant)],
        "acts": [leaving.export_row(act) for act in MandateAct.objects.filter(grant=grant)],
        "erasures": [_erasure(request, copying) for request in grant.erasures.order_by("created_at")],
        "desk_visit": [leaving.export_row(visit) for visit in DeskVisit.objects.filter(grant=grant)],
    }


def _erasure(request: ErasureRequest, copying: Copying) -> dict[str, Any]:
    words = copying.unseal(request.content, own_words.PREFIX + request.place) if request.content else {}
    return leaving.export_row(request, content=words)


def _link(link: Link, copying: Copying) -> dict[str, Any]:
    return leaving.export_row(
        link, content=copying.unseal(link.content, link.place), visits=list(map(leaving.export_row, link.visits.all()))
    )


def _household(copying: Copying) -> Iterator[dict[str, Any]]:
    """Yield the places, each with the copies that its resident may look at, or that a parting left to them."""
    held = shared_facts.believed(SharedFact.objects.order_by("created_at", "pk"))
    active = shared_facts.active_grants([fact.grant_id for fact in held])
    for member in Member.objects.all():
        facts = [
            leaving.export_row(fact, content=copying.unseal(fact.content, f"note|{fact.place}"))
            for fact in held
            if fact.member_id == member.pk and (fact.own or fact.grant_id in active)
        ]
        yield leaving.export_row(member, shared_with_me=facts)
    yield from (leaving.export_row(invitation, invitation=True) for invitation in Invitation.objects.all())


APP = leaving.App("sharing", ROWS, level=36, copy=copy, stop=stop, erase=erase)
