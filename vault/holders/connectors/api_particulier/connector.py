"""API Particulier, v3 and v4 (DINUM): the city asks with its own token, for a person named by their civil status.

The token belongs to an administration and is given for a habilitation of 18 months, with the SIRET of the recipient.
The data is given to the administration for one request (CRPA L114-8): only its resident passes it on, by an agreement.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from vault.holders.connectors.faults import Fault
from vault.holders.connectors.frame import Call, Civil, Connector, Dataset, Link, Offer, Question, Quota
from vault.holders.connectors.http import Client, Heard

CIVIL = _("Vos nom de naissance, prénoms, date et lieu de naissance, et sexe, tels que FranceConnect les a donnés.")
WHY = _("Étudier vos droits et remplir vos dossiers sans rien recopier.")
LAW = _(
    "La ville lit cette donnée pour votre demande (code des relations entre le public et l’administration, article "
    "L. 114-8)."
)
FAMILY = (
    Dataset(
        "quotient", _("Quotient familial et composition du foyer"), ("social.quotient_familial", "foyer.composition")
    ),
    Dataset(
        "prestations",
        _("Prestations : RSA, prime d’activité, AAH, soutien familial, enfant handicapé"),
        ("social.prestation",),
        _("Oui ou non, et depuis quand. Aucun montant."),
    ),
)
#: The paths that each dataset calls.
PATHS = {
    "quotient": ("v3/dss/quotient_familial/identite",),
    "prestations": (
        "v3/dss/revenu_solidarite_active/identite",
        "v3/dss/prime_activite/identite",
        "v3/dss/allocation_adulte_handicape/identite",
        "v3/dss/allocation_soutien_familial/identite",
        "v3/dss/allocation_enfant_handicape/identite",
    ),
    "c2s": ("v3/dss/complementaire_sante_solidaire/identite",),
    "bourse": ("v4/cnous/etudiant_boursier/identite",),
    "etudes": ("v3/mesri/statut_etudiant/identite",),
    "travail": ("v3/france_travail/statut/identifiant", "v3/france_travail/indemnites/identifiant"),
}
PUPIL = "v4/men/scolarites/identite"
#: Parameters of the civil status that some providers refuse.
NOT_TAKEN = {
    "cnous": {"nomUsage", "codeCogInseePaysNaissance"},
    "mesri": {"nomUsage", "codeCogInseePaysNaissance"},
    "men": {"nomUsage", "codeCogInseePaysNaissance", "codeCogInseeCommuneNaissance"},
}
OFFERS = (
    Offer(
        "caf",
        _("la CAF"),
        WHY,
        FAMILY,
        CIVIL,
        LAW,
        by_hand=_("Sur caf.fr, « Mes attestations » donne les mêmes papiers."),
    ),
    Offer(
        "msa",
        _("la MSA"),
        WHY,
        FAMILY,
        CIVIL,
        LAW,
        by_hand=_("Sur msa.fr, « Mes attestations » donne les mêmes papiers."),
    ),
    Offer(
        "cpam",
        _("l’Assurance maladie"),
        WHY,
        (Dataset("c2s", _("Complémentaire santé solidaire"), ("sante.c2s",), _("Oui ou non, et depuis quand.")),),
        CIVIL,
        LAW,
        by_hand=_("Sur ameli.fr, l’attestation de droits dit la même chose."),
    ),
    Offer(
        "france_travail",
        _("France Travail"),
        WHY,
        (
            Dataset(
                "travail", _("Inscription et indemnités versées"), ("emploi.inscription_ft", "emploi.indemnite_ft")
            ),
        ),
        _("Votre identifiant France Travail."),
        LAW,
        (
            Question(
                "identifiant",
                _("Votre identifiant France Travail"),
                _("C’est le nom que vous tapez pour vous connecter à votre espace France Travail."),
                r"\S{3,100}",
                _("Écrivez l’identifiant de votre espace France Travail, sans espace."),
            ),
        ),
        _("Dans votre espace France Travail, « Mes attestations » donne les mêmes papiers."),
    ),
    Offer(
        "crous",
        _("le CROUS"),
        WHY,
        (Dataset("bourse", _("Bourse d’études"), ("etudes.bourse",)),),
        CIVIL,
        LAW,
        by_hand=_("Sur messervices.etudiant.gouv.fr, la notification de bourse dit la même chose."),
    ),
    Offer(
        "mesri_men",
        _("le service des écoles et des universités"),
        WHY,
        (
            Dataset("etudes", _("Votre inscription d’étudiant"), ("etudes.inscription",)),
            Dataset(
                "scolarite",
                _("La scolarité et la bourse de vos enfants"),
                ("scolarite.eleve",),
                _("Ceux que dit votre foyer."),
            ),
        ),
        CIVIL,
        LAW,
        by_hand=_("Le certificat de scolarité dit la même chose."),
    ),
)


class ApiParticulier(Connector):
    code = "api_particulier"
    settings = {
        "url": "https://particulier.api.gouv.fr, or its sandbox",
        "token": "the city's token, from its habilitation; it lasts 18 months",
        "recipient": "the SIRET of the administration that receives the answers",
    }
    offers = OFFERS
    sends_identity = True
    #: Half of what the service allows a token, which is 1,000 calls a minute at the time of writing.
    quota = Quota(500, 60)

    def headers(self, client: Client, config: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {config['token']}"}

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        recipient = [("recipient", config["recipient"])]
        for dataset in link.datasets:
            if dataset == "scolarite":
                yield from self._pupils(recipient, link)
                continue
            for path in PATHS[dataset]:
                by_number = path.endswith("identifiant")
                named = (
                    [("identifiant", str(link.kept.get("identifiant", "")))]
                    if by_number
                    else _taken(path, link.person)
                )
                yield Call(dataset, path, recipient + named)

    def _pupils(self, recipient: list[tuple[str, str]], link: Link) -> Iterator[Call]:
        start = link.today.year - (link.today.month < 8)
        where = [("anneeScolaire", f"{start}-{start + 1}"), ("codesBcnDepartements[]", "0" + link.insee[:2])]
        for child in link.children:
            degree = "1D" if link.today.year - int(child.civil.born[0]) < 11 else "2D"
            named = _taken(PUPIL, child.civil)
            yield Call(
                "scolarite", PUPIL, [*recipient, *named, *where, ("degreEtablissement", degree)], child=child.id
            )

    def fault(self, heard: Heard) -> Fault | None:
        """Read 502 and 504 as a provider that is down; 403 keeps its common meaning, a missing right."""
        return Fault("down") if heard.status in {502, 504} else None

    def people(self, call: Call, answer: Any) -> Sequence[str] | None:  # noqa: ANN401 - a holder's JSON
        """Return the people of the household, the jobseeker or the student; None for an answer about a child."""
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or call.child is not None:
            return None
        if isinstance(data.get("allocataires"), list):
            return [_name(one) for one in data["allocataires"] if isinstance(one, dict)]
        return [_name(data["identite"])] if isinstance(data.get("identite"), dict) else None


CONNECTOR = ApiParticulier()


def _name(person: Mapping[str, Any]) -> str:
    first = person.get("prenoms") or person.get("prenom") or ""
    first = " ".join(map(str, first)) if isinstance(first, list) else first
    return " ".join(
        str(part)
        for part in (person.get("nom_naissance") or person.get("nom") or "", person.get("nom_usage") or "", first)
        if part
    )


def _taken(path: str, person: Civil) -> list[tuple[str, str]]:
    left_out = NOT_TAKEN.get(path.split("/")[1], set())
    return [one for one in _civil(person) if one[0] not in left_out]


def _civil(person: Civil) -> list[tuple[str, str]]:
    """Return the known parameters, with three given names at most and a town of birth only for France."""
    year, month, day = person.born
    query = [("nomNaissance", person.family_name), *[("prenoms[]", one) for one in person.given_names[:3]]]
    query += [("nomUsage", person.usage_name)] if person.usage_name else []
    dates = (("anneeDateNaissance", year), ("moisDateNaissance", month), ("jourDateNaissance", day))
    query += [(name, str(int(value))) for name, value in dates if value.strip("0")]
    query += [("sexeEtatCivil", "F" if person.gender == "female" else "M")] if person.gender else []
    query += [("codeCogInseePaysNaissance", person.birthcountry or "99100")]
    return query + ([("codeCogInseeCommuneNaissance", person.birthplace)] if person.birthplace else [])
