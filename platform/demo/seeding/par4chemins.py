"""Par 4 Chemins in the town: its publisher, its label by two agents, its program, and what Élise's vault has for it.

Nothing is granted: residents meet its page of consent. Idempotent.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_scopes import scope

from accounts.actions import places
from accounts.models import Publisher, PublisherMember, PublisherRole, User
from certification.access.actions import clients
from certification.access.enums import Environment
from certification.access.models import Client
from certification.labels.actions import labels, requests
from certification.labels.enums import Verdict
from certification.labels.models import Label, PurposeVersion, Service
from core.whole_files import replace_whole, write_once
from demo.people.accounts import SALOME, find
from vault.records import actions
from vault.records.actions.bulk import write_many
from vault.records.enums import Assurance, Method, Mode
from vault.records.models import Record
from vault.types.envelope import build, provenance

NAME, PUBLISHER, SIRET = "Par 4 Chemins", "Association Par 4 Chemins", "00042000000119"
WHO = "elise"
#: What it asks for, all of it optional, with the reason.
FIELDS = {
    "loisirs.gouts#/gout": ("Pour des sorties que vous aimez.", "For outings that you like."),
    "agenda.evenement#/debut": ("Pour vos moments libres.", "For your free time."),
    "agenda.evenement#/fin": ("Pour vos moments libres.", "For your free time."),
    "mobilite.trajet#/debut": ("Pour une marche sur votre chemin.", "For a walk on your way."),
    "mobilite.trajet#/destination_zone": ("Pour une marche sur votre chemin.", "For a walk on your way."),
}
POINTS = "loisirs.points"


def secrets_file() -> Path:
    return Path(settings.VAR) / "demo-par4chemins.json"


def label_service() -> None:
    """Label the service and register its program, whose file its process reads. Does nothing without its address."""
    if not settings.PAR4CHEMINS_URL:
        return
    house, _made = Publisher.objects.get_or_create(siret=SIRET, defaults={"name": PUBLISHER})
    member = PublisherMember.objects.filter(publisher=house).first()
    owner = (
        member.person
        if member
        else places.add_member(email=SALOME.email, name=SALOME.name, publisher=house, role=PublisherRole.OWNER).person
    )
    service = Service.objects.filter(publisher=house).first() or requests.add_service(
        publisher=house,
        by=owner,
        name=NAME,
        summary="Propose des sorties à côté de chez vous, à vos moments libres.",
        url="https://par4chemins.example/",
        price="Gratuit",
    )
    if not Label.objects.filter(service=service).exists():
        _labelled(service, owner)
    back = f"{settings.PAR4CHEMINS_URL}/retour"
    if not (secrets_file().exists() and Client.objects.filter(service=service, redirect_uris=back).exists()):
        client, secret = clients.register(
            service=service, by=owner, environment=Environment.LIVE, redirect_uris=[back]
        )
        purpose = PurposeVersion.objects.filter(service=service).latest("created_at")
        content = json.dumps({"client_id": client.client_id, "secret": secret, "purpose": str(purpose.pk)}).encode()
        if not write_once(secrets_file(), content):
            replace_whole(secrets_file(), content)


def fill_vault() -> None:
    """Put an agenda, trips and tastes into Élise's vault, once."""
    person = find(WHO)
    if person is None:
        return
    account, today = person.account(), timezone.localdate()
    with scope(resident=account.pk):
        if Record.objects.filter(type="agenda.evenement").exists():
            return
    received = [_received("agenda.evenement", "Agenda", one) for one in _agenda(today)]
    received += [_received("mobilite.trajet", "Carnet de trajets", one) for one in _trips(today)]
    write_many(resident_id=account.pk, by=account.pk, envelopes=received)
    for taste in ("nature", "sport"):
        subject = actions.Subject(type="loisirs.gouts", person=account.pk)
        actions.add_record(resident_id=account.pk, by=account.pk, subject=subject, payload={"gout": taste})


def _labelled(service: Service, owner: User) -> None:
    instructor, decider = find("agathe"), find("hugo")
    if instructor is None or decider is None:
        return
    first, second = instructor.account(), decider.account()
    request = requests.start(service=service, by=owner)
    requests.describe(
        request=request,
        by=owner,
        privacy_url="https://par4chemins.example/donnees",
        hosting="France, Serveurs du Lac",
        subprocessors="Aucun",
        data_contact="donnees@par4chemins.example",
        alert_contact="astreinte@par4chemins.example",
    )
    purpose = requests.write_purpose(
        request=request,
        by=owner,
        title="Proposer des sorties",
        title_en="Suggest outings",
        text="Il cherche les sorties qui vont à vos goûts, à vos moments libres et sur vos trajets.",
        text_en="It looks for outings that suit your tastes, your free time and your trips.",
        mode=Mode.LOOK,
        writes=[POINTS],
    )
    for field, (why, why_en) in FIELDS.items():
        requests.ask_field(purpose=purpose, by=owner, field=field, required=False, why=why, why_en=why_en)
    for criterion in request.charter.criteria.all():
        text = "Oui. Le service est fictif, et sa réponse aussi."
        requests.answer(request=request, by=owner, criterion=criterion, verdict=Verdict.MET, text=text, url="")
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=first)
    for criterion in request.charter.criteria.all():
        requests.review(request=request, by=first, criterion=criterion, verdict=Verdict.MET, text="")
    requests.propose(request=request, by=first, favourable=True, opinion="Tout est rempli.", months=12)
    request.refresh_from_db()
    label = requests.accept(request=request, by=second, reasons="Il demande peu, et ne garde rien.")
    labels.accept_agreement(label=label, by=owner)


def _received(type_code: str, holder: str, payload: dict[str, Any]) -> dict[str, Any]:
    origin = provenance(holder=holder, method=Method.UPLOAD, assurance=Assurance.DECLARED)
    return build(type=type_code, payload=payload, provenance=origin)


def _agenda(today: date) -> list[dict[str, Any]]:
    """Return a month of swimming lessons on Wednesdays, which are not free then."""
    wednesday = today + timedelta(days=(2 - today.weekday()) % 7)
    days = [wednesday + timedelta(weeks=week) for week in range(4)]
    return [
        {"uid": f"cours-{day}", "debut": _at(day, 15), "fin": _at(day, 17), "titre": "Cours de natation"}
        for day in days
    ]


def _trips(today: date) -> list[dict[str, Any]]:
    """Return two weeks of trips to the station, on working days."""
    days = [day for back in range(1, 15) if (day := today - timedelta(days=back)).weekday() < 5]
    return [
        {
            "debut": _at(day, 8),
            "fin": _at(day, 8, 20),
            "motif": "travail",
            "recurrent": True,
            "destination_zone": "Gare",
            "segments": [{"mode": "voiture", "distance_m": 2400}],
        }
        for day in days
    ]


def _at(day: date, hour: int, minute: int = 0) -> str:
    return datetime.combine(day, time(hour, minute), UTC).isoformat()
