"""Enedis Data Connect v5: the resident agrees on Enedis' own page, and the city asks with its own token (client credentials).

Since the city's token opens every meter whose holder has agreed, the meter that comes back by the resident's browser proves nothing:
the name on the contract is compared with the resident before anything is asked about it.
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
#: A load curve is given 7 days at a time; a day's energy, a year at a time. `end` is not part of the answer.
CURVE_DAYS, DAYS_AT_ONCE = 7, 365
#: How far back is asked the first time. Enedis keeps two years of curve and three of days.
CURVE_BACK, DAYS_BACK = 365, 730
#: The last days are asked again: Enedis completes them later.
AGAIN = 2
#: Codes of Enedis: before the meter's last start, no measure in the period.
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
                "Rien : vous donnez votre accord chez Enedis. Le nom du titulaire est comparé avec le vôtre, sans être gardé."
            ),
            _(
                "Votre accord (règlement général sur la protection des données, article 6-1-a). Vous pouvez le retirer à tout moment."
            ),
            by_hand=_(
                "Dans votre espace Enedis, « Télécharger mes données » donne les mêmes mesures dans un fichier, que nous lisons."
            ),
        ),
    )

    def authorise_url(self, config: Mapping[str, str], *, state: str, back: str, days: int) -> str:
        """`back` is what the application declared to Enedis: the page takes no other, so it is not sent."""
        asked = {"client_id": config["client_id"], "response_type": "code", "state": state, "duration": f"P{days}D"}
        return f"{config['authorize_url']}?{urlencode(asked)}"

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
        """403 is the resident's agreement that ended; a period without measure is none, whatever its status."""
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
