"""What the law does not let an office ask for. Each refusal names its article.

Code of relations between the public and the administration (CRPA): L113-12, what another administration can send;
R113-5, copies of civil status; R113-7, their age; R113-8, where one lives is declared, not proven, except in the
cases that a text lists. Decree 2000-1277 had these rules before the code. Education code, L131-13: the canteen of a
primary school is a right, whatever the family's situation. Decree 2015-1437: the closed list of papers of a tenant and
of who stands surety. GDPR: 5(1)(c), only what is needed (gender: CJEU, 9 January 2025, C-394/23); 9(1), health.

Some of them give way to a text: its author then names it (`basis`, `bases`), and the page shows it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.procedures.enums import Kind, Subject
from vault import types
from vault.records.enums import Outcome
from vault.records.models import PaperKind
from vault.records.papers.checks import minimum
from vault.records.papers.checks.minimum import Asker

#: Papers that only say where somebody lives.
OF_ADDRESS: Final = frozenset(
    {
        "facture_energie",
        "facture_eau",
        "facture_telecom",
        "attestation_contrat_energie",
        "assurance_habitation",
        "quittance_loyer",
        "attestation_hebergement",
        "titre_propriete",
        "taxe_fonciere",
    }
)
DECLARED: Final = "attestation_honneur"
#: Papers that spare the copy of a birth certificate.
INSTEAD_OF_BIRTH: Final = frozenset({"livret_famille", "cni", "passeport"})
OF_CIVIL_STATUS: Final = frozenset({"acte_naissance", "livret_famille", "acte_deces"})
HEALTH_TYPES: Final = ("sante.", "handicap.")
HEALTH_FIELDS: Final = frozenset({"foyer.situation#/enceinte"})
HEALTH_PAPERS: Final = frozenset(
    {
        "carnet_vaccination",
        "declaration_grossesse",
        "notification_mdph",
        "certificat_medical_mdph",
        "cmi",
        "arret_travail",
    }
)
WORK: Final = "emploi."
GENDER: Final = "identite.pivot#/gender"
NATIONALITY: Final = "foyer.situation#/nationalite"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What may not be asked, why, and the article. `lifted` by a text that the author names."""

    what: str
    why: str | Promise
    article: str | Promise
    lifted: bool = False

    @property
    def sentence(self) -> str:
        text = _("« %(what)s » : %(why)s (%(article)s).") % {
            "what": self.what,
            "why": self.why,
            "article": self.article,
        }
        return f"{text} {_('Si un texte le permet, écrivez lequel.')}" if self.lifted else text


RENTAL = gettext_lazy("décret n° 2015-1437 du 5 novembre 2015")
GDPR_NEEDED = gettext_lazy("RGPD, article 5, paragraphe 1, c")


def refusals(item: Mapping[str, Any], kinds: Mapping[str, PaperKind]) -> list[Refusal]:
    """Return what a document asks against the law. Pure; the document follows the schema."""
    fields = [field for section in item["sections"] for field in section["fields"]]
    bases = item["bases"]
    found = [
        one
        for field in dict.fromkeys(fields)
        for one in _of_field(field, item)
        if not (one.lifted and bases.get(field, "").strip())
    ]
    for paper in item["papers"]:
        found += [one for one in _of_paper(paper, item, kinds) if not (one.lifted and paper.get("basis", "").strip())]
    for paper in item["guarantors"]["papers"]:
        found += _of_guarantor(paper, kinds)
    for paper in (*item["papers"], *item["guarantors"]["papers"]):
        found += [one for one in _of_condition(paper, item) if not (one.lifted and paper.get("basis", "").strip())]
    if item["guarantors"]["most"] and item["subject"] != Subject.RENTAL:
        found.append(
            Refusal(_("Un garant"), gettext_lazy("seul un bailleur peut en demander un"), GDPR_NEEDED),
        )
    return list(dict.fromkeys(found))


def _of_field(field: str, item: Mapping[str, Any]) -> Iterator[Refusal]:
    info = types.field(field)
    if field == GENDER:
        yield Refusal(
            info.label,
            gettext_lazy("le genre n’est pas nécessaire pour répondre"),
            gettext_lazy("RGPD, article 5, paragraphe 1, c ; Cour de justice de l’Union européenne, C-394/23"),
            lifted=True,
        )
    if field == NATIONALITY:
        yield Refusal(
            info.label, gettext_lazy("la nationalité n’est pas nécessaire pour répondre"), GDPR_NEEDED, lifted=True
        )
    if field in HEALTH_FIELDS or field.startswith(HEALTH_TYPES):
        yield _health(info.label)
    if item["subject"] == Subject.CANTEEN and field.startswith(WORK):
        yield _canteen(info.label)


def _of_condition(paper: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield what a paper’s condition may not look at: whoever receives the paper learns the answer."""
    field = (paper["condition"] or {}).get("field")
    if field:
        yield from _of_field(field, item)


def _of_paper(paper: Mapping[str, Any], item: Mapping[str, Any], kinds: Mapping[str, PaperKind]) -> Iterator[Refusal]:
    kind = kinds.get(paper["kind"])
    if kind is None:
        yield Refusal(paper["kind"], gettext_lazy("ce papier n’existe pas"), GDPR_NEEDED)
        return
    label, asker = kind.label, _asker(item)
    if asker == Asker.LANDLORD:
        yield from _of_list(paper["alternatives"], kinds)
    if minimum.asked(kind.who_may_ask, asker) == Outcome.FAILED:
        yield (
            _unlisted(label)
            if asker == Asker.LANDLORD
            else Refusal(label, gettext_lazy("personne ne peut l’exiger"), GDPR_NEEDED)
        )
    if item["subject"] == Subject.CANTEEN and any(code.startswith(WORK) for code in kind.proves):
        yield _canteen(label)
    if paper["kind"] in HEALTH_PAPERS:
        yield _health(label)
    if asker == Asker.ADMINISTRATION:
        yield from _of_administration(paper, kind)


def _of_administration(paper: Mapping[str, Any], kind: PaperKind) -> Iterator[Refusal]:
    """Yield the refusals of a paper that an administration asks for. An optional one is refused by its age alone."""
    others, period = set(paper["alternatives"]), paper["period"] or {}
    if paper["kind"] in OF_CIVIL_STATUS and period.get("type") == "age":
        yield Refusal(
            kind.label,
            gettext_lazy("un acte d’état civil compte quelle que soit sa date"),
            gettext_lazy("code des relations entre le public et l’administration, article R113-7"),
            lifted=True,
        )
    if not paper["required"]:
        return
    unread = (paper["condition"] or {}).get("type") == "unread"
    if minimum.is_obtainable(kind.who_may_ask) and not unread:
        yield Refusal(
            kind.label,
            gettext_lazy(
                "une autre administration l’a ; demandez-le seulement si la ville ne peut pas lire la donnée"
            ),
            gettext_lazy("code des relations entre le public et l’administration, articles L113-12 et L114-8"),
        )
    if paper["kind"] in OF_ADDRESS and DECLARED not in others:
        yield Refusal(
            kind.label,
            gettext_lazy("le domicile se déclare, sans preuve ; acceptez aussi une déclaration sur l’honneur"),
            gettext_lazy("code des relations entre le public et l’administration, article R113-8"),
            lifted=True,
        )
    if paper["kind"] == "acte_naissance" and not others & INSTEAD_OF_BIRTH:
        yield Refusal(
            kind.label,
            gettext_lazy("le livret de famille, la carte d’identité ou le passeport en dispense"),
            gettext_lazy("code des relations entre le public et l’administration, article R113-5"),
        )


def _of_guarantor(paper: Mapping[str, Any], kinds: Mapping[str, PaperKind]) -> Iterator[Refusal]:
    return _of_list([paper["kind"], *paper["alternatives"]], kinds)


def _of_list(codes: Iterable[str], kinds: Mapping[str, PaperKind]) -> Iterator[Refusal]:
    """What a landlord may not ask for, not even instead of another paper."""
    for code in codes:
        kind = kinds.get(code)
        if kind is None or minimum.asked(kind.who_may_ask, Asker.LANDLORD) == Outcome.FAILED:
            yield _unlisted(kind.label if kind else code)


def _asker(item: Mapping[str, Any]) -> Asker:
    if item["subject"] == Subject.RENTAL:
        return Asker.LANDLORD
    return Asker.CLUB if item["kind"] == Kind.PARTNER else Asker.ADMINISTRATION


def _unlisted(label: str) -> Refusal:
    return Refusal(label, gettext_lazy("un bailleur ne peut demander que les papiers de la liste"), RENTAL)


def _health(label: str) -> Refusal:
    return Refusal(
        label, gettext_lazy("c’est une donnée de santé"), gettext_lazy("RGPD, article 9, paragraphe 1"), lifted=True
    )


def _canteen(label: str) -> Refusal:
    return Refusal(
        label,
        gettext_lazy("la cantine est un droit pour chaque enfant, que ses parents travaillent ou non"),
        gettext_lazy("code de l’éducation, article L131-13"),
    )
