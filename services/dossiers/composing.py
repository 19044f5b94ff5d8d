"""Build the content of a dossier's PDF from the values read, always in French: agencies may refuse other languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils import timezone

from core.templatetags import civic
from services.aids import benefits
from services.dossiers.across import PartnerPart
from services.dossiers.content.needs import PAPER, VALUES, Need
from services.dossiers.content.situation import Situation
from services.dossiers.enums import NeedState
from services.dossiers.models import Dossier
from services.dossiers.pdf.content import Assurance, Computation, Fact, PartWords, Reason, Sheet, Value, ValueGroup
from vault import types
from vault.records import wording
from vault.records.models import RESIDENT
from vault.records.values.decrypted import Opened, PaperOpened, Values
from vault.records.values.persons import Person
from vault.types import DataType

#: Types with one record a month: an agency requires the last three.
MONTHLY = {"emploi.revenu", "emploi.indemnite_ft", "social.paiement", "revenu.mensuel"}
MONTHS = 3
RESULTS = "calcul.resultat"
RESULT_FIELDS = (f"{RESULTS}#/periode", f"{RESULTS}#/resultats", f"{RESULTS}#/entrees")
#: Types shown in the sheets instead of the tables.
IN_SHEETS = {"foyer.composition"}
#: Who asks, without a name in the civil status that the vault has.
UNNAMED = "la personne qui demande (état civil non fourni)"
WORDS_OF_ROLE = {"spouse": "conjoint", "child": "enfant"}
PERIODS = {"mois": "par mois", "an": "par an", "fois": "en une fois"}
COUNTED = "Les revenus du partenaire ont été pris en compte. Ils ne sont pas dans ce dossier."
STATUSES = {
    "eligible": "Vous y avez droit",
    "not_eligible": "Vous n’y avez pas droit",
    "unknown": "On ne peut pas encore le dire",
}


@dataclass(frozen=True)
class Material:
    """The values and papers read for one dossier, with the resident's choices."""

    situation: Situation
    lines: Sequence[Need]
    papers: Mapping[UUID, PaperOpened]
    part_of: str = ""
    #: The partner whose agreement allows the couple's result instead of the resident's own.
    joint_partner: UUID | None = None

    @property
    def values(self) -> Values:
        return self.situation.values

    @property
    def applicant(self) -> Person:
        return self.situation.people[0]

    @property
    def joined(self) -> list[Need]:
        return [line for line in self.lines if line.joined]

    @property
    def paper_ids(self) -> list[UUID]:
        """Return the joined papers, in the order of the needs, without duplicates."""
        return list(dict.fromkeys(paper for line in self.joined if line.sort == PAPER for paper in line.papers))

    @property
    def not_joined(self) -> list[str]:
        """Return the titles of the required needs that are not joined, without the resident's reasons."""
        unknown = {NeedState.ASK, NeedState.NOT_CONCERNED}
        lines = [line for line in self.lines if line.required and line.state not in unknown]
        return [
            f"{line.title} ({line.lacking_words})" if line.lacking else line.title
            for line in lines
            if not line.joined or line.lacking
        ]


def sheets(material: Material) -> list[Sheet]:
    asked = {field_id.partition("#")[0] for line in material.joined for field_id in line.fields}
    if not asked & {"identite.pivot", "foyer.composition"}:
        return []
    myself = Sheet("Conjoint" if material.part_of else "Demandeur", _person(material.applicant))
    others = material.situation.people[1:] if "foyer.composition" in asked else []
    titles = {"spouse": "Conjoint", "child": "Enfant"}
    return [
        myself,
        *(
            Sheet(_titled(titles.get(person.role, "Membre du foyer"), person.given_name), _person(person))
            for person in others
        ),
    ]


def _titled(title: str, name: str) -> str:
    return f"{title}\u00a0: {name}" if name else title


def _person(person: Person) -> list[Fact]:
    facts = [
        ("État civil", "" if person.full_name else "Non fourni"),
        ("Nom", person.usage_name or person.family_name),
        ("Nom de naissance", person.family_name if person.usage_name not in ("", person.family_name) else ""),
        ("Prénom", person.given_name),
        ("Date de naissance", civic.long_date(person.birth_date) if person.birth_date else ""),
    ]
    return [Fact(label, text) for label, text in facts if text]


def groups(material: Material) -> list[ValueGroup]:
    found: list[ValueGroup] = []
    for line in material.joined:
        if line.fields and line.code not in IN_SHEETS:
            values = [
                value
                for record in newest(material.values, line.code)
                for value in _values(record, line.fields, material)
            ]
            if values:
                found.append(ValueGroup(types.get(line.code).title, values))
    return found


def shown_records(material: Material) -> list[UUID]:
    """Return the records whose values the PDF shows."""
    codes = {line.code for line in material.joined if line.fields}
    return list(dict.fromkeys(record.record_id for code in sorted(codes) for record in newest(material.values, code)))


def newest(values: Values, type_code: str) -> list[Opened]:
    """Return each person's last record, or the last three of a monthly type. An agency does not receive a whole
    history.
    """
    by_person: dict[UUID, list[Opened]] = {}
    for record in values.of_type(type_code):
        by_person.setdefault(record.person, []).append(record)
    count = MONTHS if type_code in MONTHLY else 1
    return [record for records in by_person.values() for record in reversed(records[-count:])]


def _values(record: Opened, fields: Iterable[str], material: Material) -> list[Value]:
    kind, rows = types.get(record.type), []
    for field_id in fields:
        info = types.field(field_id)
        name = field_id.partition("#/")[2].split("/")[0]
        raw = record.payload.get(name)
        if raw in (None, "", [], {}) or (kind.code in MONTHLY and name == "mois"):
            continue
        origin = record.origin(name)
        rows.append(
            Value(
                field_id=field_id,
                label=f"{info.label}{_of(record, kind, material)}",
                text=wording.format_value(info, raw),
                raw=raw,
                origin=_source(origin.holder, origin.paper_id, material),
                at=timezone.localtime(origin.issued_at or origin.at).date(),
                assurance=Assurance.of(origin.assurance),
            )
        )
    return rows


def _of(record: Opened, kind: DataType, material: Material) -> str:
    """Return the month and the person's name, where the label needs them."""
    parts = [civic.month(record.payload["mois"])] if kind.code in MONTHLY and record.payload.get("mois") else []
    if record.role in {"spouse", "child"}:
        parts += [
            person.given_name or WORDS_OF_ROLE[record.role]
            for person in material.situation.people
            if person.id == record.person
        ]
    return "".join(f", {part}" for part in parts)


def _source(holder: str, paper_id: UUID | None, material: Material) -> str:
    if paper_id is not None and paper_id in material.papers:
        return title_of(material.papers[paper_id])
    return "Déclaré" if holder == RESIDENT else wording.holder(holder)


def title_of(paper: PaperOpened) -> str:
    return paper.title or paper.name


def paper_origin(paper: PaperOpened) -> str:
    if paper.issued_on:
        return f"daté du {civic.long_date(paper.issued_on)}"
    return f"ajouté le {civic.long_date(paper.created_at)}"


def paper_checks(paper: PaperOpened) -> list[str]:
    """Return the checks that passed. An inconclusive check is no argument against the paper."""
    return [line.text.rstrip(".") for line in paper.checks if line.outcome == "passed"]


def computations(material: Material, codes: Sequence[str]) -> list[Computation]:
    """Return the computations to join; none for a partner's part, since the other part has the couple's computation.

    A reason can contain any value: if the resident keeps one back, no computation is joined.
    """
    if material.part_of or any(line.state == NeedState.LEFT_OUT and line.sort == VALUES for line in material.lines):
        return []
    shown = set(codes) | {benefit.code for benefit in benefits.ALL if benefit.dossier in codes}
    record = _result(material)
    results: Sequence[Mapping[str, Any]] = record.payload.get("resultats") or [] if record else []
    joint = record is not None and record.person == material.joint_partner
    return [
        _joint_computation(result) if joint else _computation(result)
        for result in results
        if result.get("code") in shown
    ]


def computed_from(material: Material) -> list[UUID]:
    """Return the records behind the computation. It is outdated once one of them changes."""
    record = _result(material)
    used: Sequence[Mapping[str, Any]] = record.payload.get("entrees") or [] if record else []
    return list(dict.fromkeys(UUID(entry["record_id"]) for entry in used))


def _result(material: Material) -> Opened | None:
    """Return the couple's result, unless the resident's own result is newer."""
    alone = material.values.latest(RESULTS, material.situation.resident_id)
    joint = material.values.latest(RESULTS, material.joint_partner) if material.joint_partner else None
    return alone if joint is None or (alone is not None and alone.created_at > joint.created_at) else joint


def _joint_computation(result: Mapping[str, Any]) -> Computation:
    """Keep the amount and drop the reasons: they could contain the partner's values."""
    return Computation(str(result["code"]), str(result.get("titre", "")), _amount(result), [], note=COUNTED)


def _computation(result: Mapping[str, Any]) -> Computation:
    reasons = [_reason(one) for one in result.get("raisons") or []]
    return Computation(str(result["code"]), str(result.get("titre", "")), _amount(result), reasons)


def _amount(result: Mapping[str, Any]) -> str:
    text = STATUSES.get(str(result.get("statut")), "")
    if result.get("statut") == "eligible" and result.get("montant"):
        least = "au moins " if result.get("au_moins") else ""
        text = f"{least}{civic.money(result['montant'])} {PERIODS.get(str(result.get('unite')), '')}".strip()
    return text


def _reason(reason: Mapping[str, Any]) -> Reason:
    amount, limit, unit = reason.get("valeur"), reason.get("seuil"), str(reason.get("unite") or "")
    return Reason(
        text=str(reason.get("texte", "")),
        met=reason.get("ok"),
        figure=_figure(amount, unit),
        threshold=_figure(limit, unit),
        law=str(reason.get("loi") or ""),
        amount=_float(amount),
        limit=_float(limit),
    )


def _figure(value: object, unit: str) -> str:
    if value in (None, ""):
        return ""
    if unit.startswith(("€", "EUR")):
        return civic.money(value) + unit.removeprefix("EUR").removeprefix("€")
    return f"{civic.number(value)} {unit}".strip()


def _float(value: object) -> float | None:
    try:
        return float(Decimal(str(value)))
    except InvalidOperation:
        return None


def letter(title: str) -> str:
    """Return the default letter."""
    return (
        "Madame, Monsieur,\n\n"
        f"Je demande\u00a0: {title}.\n\n"
        "Ce dossier réunit les informations et les papiers que vous demandez. "
        "L’origine de chaque information y est écrite.\n\n"
        "S’il manque quelque chose, dites-moi quoi et pourquoi. Je vous remercie de votre réponse.\n\n"
        "Veuillez recevoir, Madame, Monsieur, mes salutations."
    )


def part_letter(number: str, part_of: str) -> str:
    return (
        "Madame, Monsieur,\n\n"
        f"Voici ma part du dossier n° {number} de {part_of}. "
        "Elle porte le même numéro\u00a0: vous pouvez les réunir.\n\n"
        "Elle contient les informations et les papiers que vous demandez au conjoint. "
        "L’origine de chaque information y est écrite.\n\n"
        "S’il manque quelque chose, dites-moi quoi et pourquoi. Je vous remercie de votre réponse.\n\n"
        "Veuillez recevoir, Madame, Monsieur, mes salutations."
    )


def part_words(
    dossier: Dossier, applicant: str, partner_part: PartnerPart | None, *, mention_missing: bool
) -> PartWords:
    """Return the sentence about the other part. A refusal and a missing answer give the same sentence."""
    if dossier.part_of:
        text = (
            f"C’est la part de {applicant} dans le dossier n° {dossier.number} de {dossier.part_of}, "
            "qui arrive séparément."
        )
        return PartWords(2, text)
    if partner_part is not None and partner_part.given:
        text = (
            f"Ce dossier a une seconde partie, faite par {partner_part.partner.name}. "
            "Elle porte le même numéro et arrive séparément."
        )
        return PartWords(1, text)
    if partner_part is not None and partner_part.state is not None and mention_missing:
        return PartWords(None, f"Dossier constitué sans la part de {partner_part.partner.name}.")
    return PartWords()
