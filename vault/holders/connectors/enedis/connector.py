"""Enedis Data Connect v5: the resident agrees on Enedis' page; the city asks with its own token (client credentials).

The city's token gives access to every meter whose holder has agreed, so the meter returned by the resident's browser
proves nothing: the name on the contract is compared with the resident's before any other call.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from vault.holders.connectors.faults import Fault
from vault.holders.connectors.frame import Call, Connector, Dataset, Granted, Link, Offer, Quota
from vault.holders.connectors.http import Client, Heard
from vault.holders.connectors.tokens import client_credentials

METER = re.compile(r"\d{14}")
#: The maximum period of one call in days, for the load curve and for daily energy. `end` is excluded.
CURVE_DAYS, DAYS_AT_ONCE = 7, 365
#: How many days the first pull asks for. Enedis keeps two years of load curve and three of daily energy.
CURVE_BACK, DAYS_BACK = 365, 730
#: How many of the last days are asked again, because Enedis completes them later.
AGAIN = 2
#: Error codes of Enedis: no measure in the period, or a period before the meter's last start.
NOTHING = re.compile(rb"ADAM-ERR0123|ADAM-ERR0069|no_data_found|ADAM-DC-0008")
SERIES = ("energie.serie",)


class Enedis(Connector):
    code = "enedis"
    settings = {
        "url": "https://gw.ext.prod.api.enedis.fr, or its sandbox",
        "token_url": "the same, with /oauth2/v3/token",
        "authorize_url": "https://mon-compte-particulier.enedis.fr/dataconnect/v1/oauth2/authorize",
        "client_id": "the application's client id at Enedis",
        "client_secret": "its secret",
    }
    quota = Quota(5000, 3600)
    agrees_there = True
    passes_on = True
    offers = (
        Offer(
            "enedis",
            _("Enedis"),
            _("Voir vos consommations d’électricité et ce que vous pourriez économiser."),
            (
                Dataset("jours", _("L’électricité consommée chaque jour, depuis deux ans"), SERIES),
                Dataset(
                    "courbe",
                    _("La consommation par demi-heure, depuis un an"),
                    SERIES,
                    _("Elle dit à quelles heures vous êtes chez vous. Sans elle, les conseils sont moins précis."),
                ),
                Dataset("contrat", _("La puissance et le tarif de votre compteur"), ("energie.point",)),
            ),
            _(
                "Rien : vous donnez votre accord chez Enedis. Le nom du titulaire est comparé avec le vôtre, sans "
                "être gardé."
            ),
            _(
                "Votre accord (règlement général sur la protection des données, article 6-1-a). Vous pouvez le "
                "retirer à tout moment."
            ),
            by_hand=_(
                "Dans votre espace Enedis, « Télécharger mes données » donne les mêmes mesures dans un fichier, que "
                "nous lisons."
            ),
        ),
    )

    def authorise_url(self, config: Mapping[str, str], *, state: str, back: str, days: int) -> str:
        """Return the URL of Enedis' page. `back` is not sent: the page only redirects to the declared URL."""
        query = {"client_id": config["client_id"], "response_type": "code", "state": state, "duration": f"P{days}D"}
        return f"{config['authorize_url']}?{urlencode(query)}"

    def come_back(self, client: Client, config: Mapping[str, str], query: Mapping[str, str], *, back: str) -> Granted:
        meters = [one for one in re.split(r"[;,]", query.get("usage_point_id", "")) if METER.fullmatch(one)]
        if query.get("error") or not meters:
            raise Fault("refused_there")
        return Granted({"meters": meters[:10]})

    def headers(self, client: Client, config: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {client_credentials(client, config)}"}

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        for meter in link.kept["meters"]:
            point = [("usage_point_id", str(meter))]
            yield Call(link.datasets[0], "customers_i/v5/identity", point, looks=True, whole=True)
            if link.asks("contrat"):
                yield Call("contrat", "customers_upc/v5/usage_points/contracts", point)
            if link.asks("jours"):
                yield from _measures(
                    link, meter, "jours", "metering_data_dc/v5/daily_consumption", DAYS_BACK, DAYS_AT_ONCE
                )
            if link.asks("courbe"):
                yield from _measures(
                    link, meter, "courbe", "metering_data_clc/v5/consumption_load_curve", CURVE_BACK, CURVE_DAYS
                )

    def fault(self, heard: Heard) -> Fault | None:
        """Read 403 as an ended agreement, and the codes of `NOTHING` as not found whatever the status."""
        if heard.status >= 400 and NOTHING.search(heard.body):
            return Fault("not_found")
        return Fault("consent_over") if heard.status == 403 else None

    def joined(self, bodies: Sequence[bytes]) -> bytes | None:
        return b"[" + b",".join(bodies) + b"]"

    def people(self, call: Call, answer: Any) -> Sequence[str] | None:  # noqa: ANN401 - a holder's JSON
        if not call.looks or not isinstance(answer, dict):
            return None
        person = (
            ((answer.get("identity") or {}).get("natural_person") or {})
            if isinstance(answer.get("identity"), dict)
            else {}
        )
        return [f"{person.get('lastname') or ''} {person.get('firstname') or ''}".strip()]


CONNECTOR = Enedis()


def _measures(link: Link, meter: str, dataset: str, path: str, back: int, at_once: int) -> Iterator[Call]:
    key = f"{dataset}:{meter}"
    for start, end in link.periods(key, back=back, again=AGAIN, at_once=at_once):
        query = [("usage_point_id", meter), ("start", start), ("end", end)]
        yield Call(dataset, path, query, reached=(key, end))
