"""Finished dossiers, offices and requests for tests. The PDF is small, with the same data embedded as a real one."""

import hashlib
import io
import json
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pikepdf
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.actions import places
from accounts.models import Membership, Organisation, Role, User
from core.models import Job
from services.dossiers import recipients
from services.dossiers.enums import State
from services.dossiers.models import KEPT, Dossier, Seal
from services.requests import lines, tasks
from services.requests.actions import office as actions
from services.requests.actions import sending
from services.requests.enums import Proposal
from services.requests.models import SentRequest
from tests.accounts.factories import AgentFactory, established
from vault.records.actions import keep_file

DATA = {
    "applicant": "Nadia Kervella",
    "letter": "Je demande le tarif réduit.",
    "sheets": [{"title": "Demandeur", "lines": {"Nom": "Kervella", "Prénom": "Nadia"}}],
    "values": [
        {
            "label": "Quotient familial",
            "text": "526 €",
            "origin": "CAF",
            "date": "2026-11-03",
            "assurance": "verified",
            "field": "social.quotient_familial#/valeur",
        }
    ],
    "papers": [{"kind": "justificatif_domicile", "title": "Facture d’août", "origin": "daté du 14 août 2026"}],
    "left_out": ["Relevé d’identité bancaire"],
}
#: The lines of DATA, by what they are.
SHEET, QUOTIENT, PAPER = "l0", "l1", "l2"


@cache
def pdf_with(data: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        file = pikepdf.Dictionary(Type=pikepdf.Name.EmbeddedFile)
        embedded = pdf.make_stream(data.encode(), file)
        spec = pikepdf.Dictionary(Type=pikepdf.Name.Filespec, F="data.json", EF=pikepdf.Dictionary(F=embedded))
        pdf.Root.AF = pikepdf.Array([pdf.make_indirect(spec)])
        pdf.save(out)
    return out.getvalue()


def finished(resident: User, **more: Any) -> Dossier:
    """Return a finished dossier of a municipal aid, without drawing its pages."""
    data = json.dumps(DATA, ensure_ascii=False)
    pdf = pdf_with(data)
    with keep_file(resident_id=resident.pk, kind=Dossier.FILE) as file:
        file.write(pdf)
    now = timezone.now()
    seal = Seal.objects.create(
        data_hash=hashlib.sha256(data.encode()).hexdigest(),
        file_hash=uuid4().hex * 2,
        issuer="Villebrume",
        pages=3,
        issued_at=now,
        expires_at=now + KEPT,
    )
    columns = {
        "aids": ["ville_cantine"],
        "title": "Tarif réduit de la cantine",
        "purpose": "Demande",
        "token": uuid4(),
        "state": State.READY,
        "seal": seal,
        "stored_name": file.name,
        "size": len(pdf),
        "pages": 3,
        "built_at": now,
        "expires_at": now + KEPT,
    }
    row = Dossier(resident_id=resident.pk, **(columns | more))
    row.recipient = recipients.seal(row, "Service Enfance")
    with scope(resident=resident.pk):
        row.save(force_insert=True)
    return row


def opened_office(name: str = "Service Enfance") -> Organisation:
    return Organisation.objects.create(
        name=name, address="2 place du Lavoir, Villebrume", phone="04 65 71 20 18", accompanies=False, receives=True
    )


def member(office: Organisation, name: str, *, instructs: bool = True, may_decide: bool = False) -> Membership:
    """Add an agent to an office. One who may decide was named for it long ago, with a second factor seen."""
    agent = AgentFactory(name=name)
    place = places.add_to_office(agent=agent, organisation=office, instructs=instructs, may_decide=may_decide, by=None)
    if may_decide:
        established(agent, Role.OFFICE, office=office)
    return place


def sent(resident: User, office: Organisation, dossier: Dossier | None = None, **more: Any) -> Any:
    dossier = dossier or finished(resident)
    with scope(resident=resident.pk):
        dossier = Dossier.objects.select_related("seal").get(pk=dossier.pk)
    seen = lines.fingerprint(lines.of_dossier(dossier))
    arguments: dict[str, Any] = {"organisation_id": office.pk, "months": 6, "token": uuid4(), "seen": seen} | more
    row = sending.send(resident_id=resident.pk, by=resident.pk, dossier=dossier, **arguments)
    return fresh(row)


def fresh(row: SentRequest) -> Any:
    with scopes_disabled():
        return SentRequest.objects.select_related("organisation", "grant", "decided_by").get(pk=row.pk)


def copied(row: SentRequest, times: int) -> None:
    """Fill an office's list with rows like this one, each with a number of its own and due on another day."""
    with scope(resident=row.resident_id):
        like = {
            field.attname: getattr(row, field.attname)
            for field in SentRequest._meta.concrete_fields
            if field.attname not in {"id", "number", "dossier_id", "token", "grant_id", "due_on", "mac"}
        }
        SentRequest.objects.bulk_create(
            SentRequest(
                **like,
                number=f"{place:010d}",
                dossier_id=uuid4(),
                token=uuid4(),
                due_on=row.due_on + timedelta(days=place % 90 - 70),
            )
            for place in range(times)
        )


def work() -> None:
    """Write the letters that wait, as the worker does."""
    with scopes_disabled():
        waiting = list(Job.objects.filter(state=Job.State.WAITING, kind="request_letter").values_list("pk", flat=True))
    for key in waiting:
        tasks.write_letters(str(key))


def proposed(row: SentRequest, place: Membership, proposal: Proposal = Proposal.GRANT, **more: Any) -> Any:
    """Take the request and propose."""
    if row.instructor_id != place.person_id:
        actions.take(request=fresh(row), place=place)
    arguments: dict[str, Any] = {"reason": "526 € est sous 650 €.", "given": "1,20 € le repas"} | more
    actions.propose(request=fresh(row), place=place, proposal=proposal, **arguments)
    return fresh(row)
