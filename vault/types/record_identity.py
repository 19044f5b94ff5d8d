"""What tells one thing from another of the same type, so that a new record takes the place of the right one."""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vault.types import catalogue, measure_blocks
from vault.types.catalogue import FieldInfo
from vault.types.names import words

Payload = Mapping[str, Any]
Key = tuple[Hashable, ...]

SERIES = "energie.serie"

#: Types of which a person has one at a time: what a new record does not say is carried over from the one before.
SINGLE = frozenset({"identite.pivot", "identite.contact", "logement.domicile", "foyer.composition", "foyer.situation"})

#: Of these too: a bank's table without account or reference takes nothing away from what its OFX said.
CARRIED = SINGLE | {"banque.operation"}

#: Types of which a person may have several for the same time, and the fields that tell them apart.
APART_BY: dict[str, tuple[str, ...]] = {
    "social.prestation": ("prestation",),
    "revenu.mensuel": ("nature",),
    "emploi.revenu": ("employeur",),
    "emploi.indemnite_ft": ("date_versement",),
    "emploi.inscription_ft": ("date_debut",),
    "etudes.inscription": ("date_debut", "etablissement"),
    "etudes.bourse": ("date_rentree",),
    "scolarite.eleve": ("annee_scolaire",),
    "banque.compte": ("identifiant",),
    "handicap.decision": ("date_debut",),
    "energie.point": ("energie", "identifiant"),
    "energie.facture": ("fournisseur", "periode_debut", "point", "numero"),
    "acc.participation": ("operation", "point", "role"),
    "mobilite.vehicule": ("immatriculation_masquee",),
    "mobilite.abonnement": ("service", "produit", "debut"),
    "loisirs.adhesion": ("organisme", "saison", "activite"),
    # Data: what comes by hundreds from files and meters.
    "banque.operation": ("date_operation", "montant", "compte"),
    SERIES: ("point", "flux", "grandeur", "pas_s", "debut"),
    "energie.index": ("point", "horodate", "calendrier"),
    "acc.repartition": ("point", "debut", "fin", "operation"),
    "mobilite.usage": ("service", "mode", "debut", "ligne"),
    "mobilite.trajet": ("debut",),
    "mobilite.lieu": ("etiquette", "latitude", "longitude"),
    "achats.ticket": ("enseigne", "date", "heure", "numero"),
    "agenda.evenement": ("uid",),
}
#: Of these, one that both sides give and that is the same is enough: banks change an operation's number from one export to the
#: next, and its label once it is booked.
_ONE_OF = {"banque.operation": ("reference", "libelle")}

#: Shown in sum, never value by value.
DATA = frozenset(
    {
        "banque.operation",
        SERIES,
        "energie.index",
        "acc.repartition",
        "mobilite.usage",
        "mobilite.trajet",
        "mobilite.lieu",
        "achats.ticket",
        "agenda.evenement",
    }
)


def same_thing(type_code: str, held: Payload, said: Payload) -> bool:
    """Two benefits, two employers or two kinds of income of one month stand side by side. A name that is not given fits any."""
    if not all(_fits(type_code, name, held, said) for name in APART_BY.get(type_code, ())):
        return False
    if type_code == SERIES and not measure_blocks.aligned(held, said):
        return False
    given = [name for name in _ONE_OF.get(type_code, ()) if held.get(name) and said.get(name)]
    return not given or any(_fits(type_code, name, held, said) for name in given)


def anchor(type_code: str, payload: Payload) -> Key:
    """The part of it that is always given: what has another anchor is another thing. It finds one of 20,000 without comparing all."""
    names = [name for name in APART_BY.get(type_code, ()) if catalogue.field(f"{type_code}#/{name}").required]
    return tuple(_plain(type_code, name, payload) for name in names)


def _fits(type_code: str, name: str, held: Payload, said: Payload) -> bool:
    left, right = held.get(name), said.get(name)
    if left in (None, "") or right in (None, "") or left == right:
        return True
    return _plain(type_code, name, held) == _plain(type_code, name, said)


def _plain(type_code: str, name: str, payload: Payload) -> Hashable:
    if type_code == SERIES and name == "debut":
        return measure_blocks.month_of(payload)
    return plain(catalogue.field(f"{type_code}#/{name}"), payload.get(name))


def plain(info: FieldInfo, value: Any) -> Hashable:  # noqa: ANN401 - a payload's value
    """One writing for what may be written in several ways."""
    if not isinstance(value, str):
        return value if isinstance(value, Hashable) else str(value)
    try:
        match info.kind:
            case "decimal":
                return Decimal(value)
            case "datetime":
                return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, InvalidOperation, OverflowError):
        return value
    return tuple(words(value)) if info.kind == "text" else value
