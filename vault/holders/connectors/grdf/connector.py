"""GRDF ADICT v2: the resident agrees on GRDF's own page, and the city asks with its own token (client credentials).

The code that comes back is exchanged, server to server, for the meters of the agreement.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from vault.holders.connectors.faults import Fault, of_status
from vault.holders.connectors.frame import Call, Connector, Dataset, Granted, Link, Offer, Quota
from vault.holders.connectors.http import Client, Heard
from vault.holders.connectors.tokens import client_credentials

METER = re.compile(r"(?:\d{14}|GI\d{6})")
#: In days: the first period asked; what is asked again, since GRDF corrects it for weeks; the maximum of one call.
BACK, AGAIN, AT_ONCE = 730, 31, 365


class Grdf(Connector):
    code = "grdf"
    settings = {
        "url": "https://api.grdf.fr/adict/v2, or its sandbox",
        "token_url": "the URL that gives the application's token",
        "authorize_url": "the URL of GRDF's page of agreement",
        "client_id": "the application's client id at GRDF",
        "client_secret": "its secret",
    }
    quota = Quota(1000, 3600)
    agrees_there = True
    passes_on = True
    offers = (
        Offer(
            "grdf",
            _("GRDF"),
            _("Voir vos consommations de gaz et ce que vous pourriez économiser."),
            (
                Dataset("jours", _("Le gaz consommé chaque jour, depuis deux ans"), ("energie.serie",)),
                Dataset(
                    "contrat",
                    _("Votre compteur : tarif, consommation de référence, mise en service"),
                    ("energie.point",),
                ),
            ),
            _(
                "Rien : vous donnez votre accord chez GRDF. Le nom du titulaire est comparé avec le vôtre, sans être "
                "gardé."
            ),
            _(
                "Votre accord (règlement général sur la protection des données, article 6-1-a). Vous pouvez le "
                "retirer à tout moment."
            ),
            by_hand=_(
                "Dans votre espace GRDF, « Exporter » donne les mêmes mesures dans un fichier, que nous lisons."
            ),
        ),
    )

    def authorise_url(self, config: Mapping[str, str], *, state: str, back: str, days: int) -> str:
        query = {
            "client_id": config["client_id"],
            "response_type": "code",
            "scope": "openid",
            "state": state,
            "redirect_uri": back,
        }
        return f"{config['authorize_url']}?{urlencode(query)}"

    def come_back(self, client: Client, config: Mapping[str, str], query: Mapping[str, str], *, back: str) -> Granted:
        """Exchange the code for the meters. The token comes over TLS from GRDF: its signature is not checked."""
        if query.get("error") or not query.get("code"):
            raise Fault("refused_there")
        form = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": back,
            "client_id": config["client_id"],
            "client_secret": config["client_secret"],
        }
        heard = client.ask(config["token_url"], form=form)
        if heard.status in {400, 401, 403}:
            raise Fault("refused_there")
        if fault := of_status(heard.status, heard.wait):
            raise fault
        meters = [str(one.get("pce")) for one in _consents(heard) if METER.fullmatch(str(one.get("pce")))]
        if not meters:
            raise Fault("refused_there")
        return Granted({"meters": meters[:10]})

    def headers(self, client: Client, config: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {client_credentials(client, config, scope='/adict/v2')}"}

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        for meter in link.kept["meters"]:
            yield Call(
                link.datasets[0], "droits_acces", looks=True, whole=True, method="POST", body={"id_pce": [meter]}
            )
            if link.asks("contrat"):
                yield Call("contrat", f"pce/{meter}/donnees_contractuelles")
                yield Call("contrat", f"pce/{meter}/donnees_techniques")
            if link.asks("jours"):
                yield from _consumption(link, str(meter))

    def fault(self, heard: Heard) -> Fault | None:
        return Fault("consent_over") if heard.status == 403 else None

    def parse(self, heard: Heard) -> Any:  # noqa: ANN401 - a holder's JSON
        """Parse one object, a list, or one object per line."""
        try:
            return heard.json()
        except Fault:
            return [Heard(heard.status, line).json() for line in heard.body.splitlines() if line.strip()]

    def people(self, call: Call, answer: Any) -> Sequence[str] | None:  # noqa: ANN401 - a holder's JSON
        if not call.looks:
            return None
        return [
            str(right.get("nom_titulaire") or right.get("raison_sociale_du_titulaire") or "")
            for right in _rights(answer)
        ]

    def over_on(self, call: Call, answer: Any) -> date | None:  # noqa: ANN401 - as above
        """Return the earliest end of the rights of access.

        Raises:
            Fault: a right of access is no longer active.
        """
        if not call.looks:
            return None
        rights = _rights(answer)
        if not rights or any(right.get("etat_droit_acces") != "Active" for right in rights):
            raise Fault("consent_over")
        ends = [str(right["date_fin_droit_acces"])[:10] for right in rights if right.get("date_fin_droit_acces")]
        return min((date.fromisoformat(one) for one in ends), default=None)


CONNECTOR = Grdf()


def _consents(heard: Heard) -> list[Mapping[str, Any]]:
    """Return the consents listed in the identity token."""
    answer = heard.json()
    token = str(answer.get("id_token", "")) if isinstance(answer, dict) else ""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return [one for one in claims["consents"] if isinstance(one, dict)]
    except (IndexError, ValueError, KeyError, TypeError):
        raise Fault("broken") from None


def _rights(answer: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - a holder's JSON
    listed = answer if isinstance(answer, list) else [answer]
    return [one for one in listed if isinstance(one, dict) and one.get("id_pce")]


def _consumption(link: Link, meter: str) -> Iterator[Call]:
    key = f"jours:{meter}"
    for start, end in link.periods(key, back=BACK, again=AGAIN, at_once=AT_ONCE):
        query = [("date_debut", start), ("date_fin", end)]
        yield Call("jours", f"pce/{meter}/donnees_consos_informatives", query, reached=(key, end))
