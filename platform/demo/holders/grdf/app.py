"""GRDF ADICT v2: agreement page, exchange of the code, then rights of access, contract and days by meter.

The code gives the meters agreed to. Answers have one JSON object per line.
"""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from django.utils import timezone

from demo.holders import agreement, tokens
from demo.holders.cases import Case
from demo.holders.frame import Answer, App, Request, redirect, say
from demo.holders.reach import CLIENT_ID, CLIENT_SECRET

APP = App("grdf", "GRDF")
IN_SERVICE = 420
COEFFICIENT = 11.2


@APP.route("GET", "/authorize")
def ask(request: Request) -> Answer:
    return agreement.ask(request, "grdf", "GRDF")


@APP.route("POST", "/authorize")
def answer(request: Request) -> Answer:
    agreed = agreement.agreed_meter(request, "grdf", "GRDF")
    if isinstance(agreed, Answer):
        return agreed
    meter, state = agreed
    return redirect(agreement.back_to("grdf"), code=tokens.make(meter=meter), state=state)


@APP.route("POST", "/token")
def token(request: Request) -> Answer:
    if request.one("grant_type") != "authorization_code":
        return agreement.token(request, APP)
    meter = tokens.read(request.one("code")).get("meter")
    if (request.one("client_id"), request.one("client_secret")) != (CLIENT_ID, CLIENT_SECRET) or not meter:
        return say({"error": "invalid_grant"}, 400)
    claims = {"sub": "grdf", "consents": [{"pce": meter, "state": "Active"}]}
    return say(
        {
            "access_token": tokens.make(meter=meter),
            "id_token": ".".join(("e30", tokens.make(**claims), "")),
            "expires_in": 600,
        }
    )


@APP.route("POST", "/adict/v2/droits_acces")
def rights(request: Request) -> Answer:
    if refusal := agreement.refused(request, APP):
        return refusal
    asked = json.loads(request.body or b"{}").get("id_pce", [])
    cases = [(meter, case) for meter in asked if (case := agreement.case_of("grdf", meter))]
    if not cases:
        return say({"code_statut_traitement": "1000000002", "message_retour_traitement": "Aucun droit d'accès"}, 404)
    return _lines([_right(request, meter, case) for meter, case in cases], cases[0][1].slug)


@APP.route("GET", "/adict/v2/pce/<pce>/donnees_contractuelles")
def contract(request: Request, pce: str) -> Answer:
    return _about(
        request, pce, {"donnees_contractuelles": {"car": 9426, "tarif_acheminement": "T2", "date_mes": "2020-12-07"}}
    )


@APP.route("GET", "/adict/v2/pce/<pce>/donnees_techniques")
def meter_data(request: Request, pce: str) -> Answer:
    return _about(
        request,
        pce,
        {"donnees_techniques": {"caracteristiques_compteur": {"frequence": "JJ", "client_sensible_mig": "Non"}}},
    )


@APP.route("GET", "/adict/v2/pce/<pce>/donnees_consos_informatives")
def days(request: Request, pce: str) -> Answer:
    case = _case(request, pce)
    if isinstance(case, Answer):
        return case
    start, end = date.fromisoformat(request.one("date_debut")), date.fromisoformat(request.one("date_fin"))
    first = timezone.localdate() - timedelta(days=IN_SERVICE)
    count = (min(end, timezone.localdate()) - max(start, first)).days
    listed = [_day(pce, max(start, first) + timedelta(days=place)) for place in range(count)]
    if not listed or request.mode(case.slug) == "not_found":
        return say(
            {"pce": {"id_pce": pce}, "statut_restitution": {"code": "1000008", "message": "Il n'y a pas de données"}},
            404,
        )
    return _lines(listed, case.slug)


def _right(request: Request, meter: str, case: Case) -> dict[str, Any]:
    mode = request.mode(case.slug)
    state = "A revérifier" if mode == "expired" else "Active"
    name = "AUTRE PERSONNE" if mode == "wrong_person" else f"{case.facts['family_name']} {case.facts['given_name']}"
    until = (timezone.localdate() + timedelta(days=400)).isoformat()
    return {
        "id_droit_acces": f"droit-{meter}",
        "id_pce": meter,
        "nom_titulaire": name,
        "perim_donnees_informatives": "Vrai",
        "date_debut_droit_acces": timezone.localdate().isoformat(),
        "date_fin_droit_acces": until,
        "etat_droit_acces": state,
        "parcours": "CLIENT_CONNECT",
    }


def _about(request: Request, pce: str, content: dict[str, Any]) -> Answer:
    case = _case(request, pce)
    if isinstance(case, Answer):
        return case
    if request.mode(case.slug) == "masked":
        content = {name: {} for name in content}
    return _lines([{"pce": {"id_pce": pce}, **content, "statut_restitution": None}], case.slug)


def _case(request: Request, pce: str) -> Case | Answer:
    if refusal := agreement.refused(request, APP):
        return refusal
    case = agreement.case_of("grdf", pce)
    if case is None or request.mode(case.slug) == "expired":
        return say(
            {"code_statut_traitement": "1000000003", "message_retour_traitement": "Le droit d'accès n'est pas actif"},
            403,
        )
    return case


def _day(pce: str, day: date) -> dict[str, Any]:
    volume = sha256(f"{pce}{day}".encode()).digest()[0] % (9 if day.month in {11, 12, 1, 2, 3} else 3)
    after = day + timedelta(days=1)
    return {
        "pce": {"id_pce": pce},
        "periode": {"date_debut": day.isoformat(), "date_fin": after.isoformat()},
        "consommation": {
            "date_debut_consommation": f"{day}T06:00:00+02:00",
            "date_fin_consommation": f"{after}T06:00:00+02:00",
            "volume_brut": volume,
            "coeff_calcul": {"coeff_conversion": COEFFICIENT},
            "energie": int(volume * COEFFICIENT),
            "type_qualif_conso": "Mesuré",
            "sens_flux_gaz": "Consommation",
            "statut_conso": "Provisoire",
            "journee_gaziere": day.isoformat(),
            "type_conso": "Informative Journalier",
        },
        "statut_restitution": None,
    }


def _lines(items: Sequence[dict[str, Any]], slug: str) -> Answer:
    body = "\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    return Answer(body.encode(), media_type="application/x-ndjson", about=slug)
