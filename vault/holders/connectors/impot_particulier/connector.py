"""API Impôt particulier (DGFiP): the city's gateway token (client credentials), and the resident's tax number.

Its FranceConnect variant needs a token that lives one minute, which a later pull would not have. The notice names its
taxpayers, who are compared with the resident.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext_lazy as _

from vault.holders.connectors.frame import Call, Connector, Dataset, Link, Offer, Question, Quota
from vault.holders.connectors.http import Client
from vault.holders.connectors.tokens import client_credentials

YEARS = {"derniere": 1, "avant_derniere": 2}


class ImpotParticulier(Connector):
    code = "impot_particulier"
    settings = {
        "url": "the gateway's URL, up to /impotparticulier/1.0",
        "token_url": "the gateway's /token URL",
        "client_id": "the habilitation's client id",
        "client_secret": "its secret",
    }
    quota = Quota(200, 60)
    offers = (
        Offer(
            "dgfip",
            _("l’administration des impôts (DGFiP)"),
            _("Étudier vos droits et remplir vos dossiers sans rien recopier."),
            (
                Dataset("derniere", _("Votre dernier avis d’impôt sur le revenu"), ("fiscal.avis_ir",)),
                Dataset("avant_derniere", _("L’avis de l’année d’avant"), ("fiscal.avis_ir",)),
            ),
            _("Votre numéro fiscal."),
            _(
                "La ville lit cette donnée pour votre demande (code des relations entre le public et "
                "l’administration, article L. 114-8)."
            ),
            (
                Question(
                    "spi",
                    _("Votre numéro fiscal"),
                    _("Ses 13 chiffres sont en haut de votre avis d’impôt."),
                    r"\d{13}",
                    _("Écrivez les 13 chiffres de votre numéro fiscal."),
                    "fiscal.avis_ir#/numero_fiscal_declarant1",
                ),
            ),
            _("Sur impots.gouv.fr, « Documents » donne votre avis en PDF : son code carré est lu et vérifié."),
        ),
    )

    def headers(self, client: Client, config: Mapping[str, str]) -> Mapping[str, str]:
        token = client_credentials(client, config, scope="RessourceIR")
        return {"Authorization": f"Bearer {token}", "X-Correlation-ID": str(uuid4())}

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        for dataset in link.datasets:
            year = link.today.year - YEARS[dataset]
            yield Call(dataset, f"spi/{link.kept['spi']}/situations/ir/assiettes/annrev/{year}")

    def people(self, call: Call, answer: Any) -> Sequence[str] | None:  # noqa: ANN401 - a holder's JSON
        if not isinstance(answer, dict):
            return None
        named = [
            " ".join(str(answer.get(f"{part}Dec{which}") or "") for part in ("nmNai", "nmUsa", "prnm")).strip()
            for which in (1, 2)
        ]
        return [name for name in named if name] or None


CONNECTOR = ImpotParticulier()
