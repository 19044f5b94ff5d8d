"""A vault as it is after years of use, written straight into the database, for tests and for bench/vault_page.py."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django_scopes import scope

from core.keys import sealed
from tests.vault.made import HOME, HOUSEHOLD, IDENTITY, add, add_signed_notice
from vault.records.actions.records import Source, Subject, made
from vault.records.models import Paper, PaperFile, Record

#: The number of records of each type, out of 100, after years of use.
SHARES = {
    "banque.operation": 55,
    "mobilite.usage": 10,
    "emploi.revenu": 12,
    "social.paiement": 10,
    "social.quotient_familial": 8,
    "energie.serie": 5,
}
KINDS = ("avis_impot", "bulletin_salaire", "quittance_loyer", "cni", "rib")


def fill(resident: Any, *, records: int, papers: int) -> None:
    """Write exactly this number of records and papers."""
    own = _own_papers(resident, papers)
    with scope(resident=resident.pk):
        few = _few(resident) if records else 0
        box = sealed.box(resident_id=resident.pk)
        rows = []
        for place in range(records - few):
            code = _kind_at(place)
            payload = _payload(code, place)
            source = Source(
                holder=_holder(code),
                method="upload",
                assurance="declared",
                paper_id=own[place % len(own)] if own else None,
            )
            subject = Subject(type=code, person=resident.pk)
            rows.append(made(box, resident.pk, subject, payload, source, older=None))
        Record.objects.bulk_create(rows, batch_size=500)


def _few(resident: Any) -> int:
    """Write the records that every vault has. Return their number."""
    add(resident, "identite.pivot", IDENTITY)
    add(resident, "foyer.composition", HOUSEHOLD)
    add(resident, "logement.domicile", HOME)
    for year in range(2019, 2026):
        add_signed_notice(resident, annee_revenus=year)
    return Record.objects.current().count()


def _own_papers(resident: Any, count: int) -> list[Any]:
    with scope(resident=resident.pk):
        box = sealed.box(resident_id=resident.pk)
        rows, files = [], []
        for place in range(count):
            kind = KINDS[place % len(KINDS)]
            paper = Paper(
                pk=uuid4(), resident_id=resident.pk, kind=kind, token=uuid4(), state="kept", kept_at=timezone.now()
            )
            paper.issued_on = date(2026, 1, 1) - timedelta(days=place * 10)
            content = {
                "name": f"{kind}-{place}.pdf",
                "media_type": "application/pdf",
                "sha256": f"{place:064x}",
                "declared": kind,
                "about": "",
            }
            paper.content = box.seal_json(content, place=paper.place)
            rows.append(paper)
            files.append(
                PaperFile(resident_id=resident.pk, paper=paper, stored_name=f"scale-{paper.pk}", size=120_000)
            )
        Paper.objects.bulk_create(rows)
        PaperFile.objects.bulk_create(files)
    return [paper.pk for paper in rows]


def _kind_at(place: int) -> str:
    rank = place * 37 % 100
    for code, share in SHARES.items():
        rank -= share
        if rank < 0:
            return code
    raise ValueError(place)


def _holder(code: str) -> str:
    return {"banque.operation": "Banque d’essai", "emploi.revenu": "employeur", "energie.serie": "enedis"}.get(
        code, "caf"
    )


def _payload(code: str, place: int) -> dict[str, Any]:
    day = date(2026, 6, 30) - timedelta(days=place)
    moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC).isoformat()
    match code:
        case "banque.operation":
            amount = f"-{place % 90}.{place % 100:02d}"
            return {
                "date_operation": day.isoformat(),
                "montant": amount,
                "devise": "EUR",
                "libelle": f"CARTE BOULANGERIE {place}",
            }
        case "mobilite.usage":
            return {"service": "Réseau", "mode": "bus", "debut": moment, "montant": "1.60"}
        case "emploi.revenu":
            return {
                "mois": _month(place),
                "employeur": "Boulangerie du Port",
                "net_avant_impot": f"{1400 + place % 100}.00",
            }
        case "social.paiement":
            return {"mois": _month(place), "lignes": [{"libelle": "Prime d’activité", "montant": "212.40"}]}
        case "social.quotient_familial":
            return {
                "fournisseur": "CNAF",
                "valeur": 500 + place % 100,
                "annee": int(_month(place)[:4]),
                "mois": int(_month(place)[5:]),
            }
    series = {
        "point": "14500000000001",
        "flux": "soutirage",
        "grandeur": "energie",
        "unite": "Wh",
        "debut": moment,
        "pas_s": 1800,
    }
    return series | {"valeurs": [place % 400] * 48, "fuseau": "Europe/Paris"}


def _month(place: int) -> str:
    return f"{1990 + place // 12 % 36}-{place % 12 + 1:02d}"
