"""API Impôt particulier (DGFiP): the gateway's token, then a tax notice by tax number."""

from typing import Any

from django.utils import timezone

from demo.holders import agreement
from demo.holders.cases import Case, cases
from demo.holders.frame import Answer, App, Request, say

APP = App("impots", "Impôts (DGFiP)")
MASKED = {"rfr", "aftDetail", "pac", "revenuBrutGlobal", "revImposable"}


@APP.route("POST", "/token")
def token(request: Request) -> Answer:
    return agreement.token(request, APP)


@APP.route("GET", "/impotparticulier/1.0/spi/<spi>/situations/ir/assiettes/annrev/<year>")
def notice(request: Request, spi: str, year: str) -> Answer:
    if refusal := agreement.refused(request, APP):
        return refusal
    if not request.headers.get("x-correlation-id"):
        return _error(400, "40001", "L'en-tête X-Correlation-ID est absent")
    case = next((one for one in cases().values() if str((one.of("impots") or {}).get("spi")) == spi), None)
    mode = request.mode(case.slug) if case else "normal"
    income = _income(case, int(year)) if case and year.isdecimal() else None
    if mode == "expired":
        return _error(403, "40300", "Accès refusé")
    if case is None or income is None or mode == "not_found":
        return _error(404, "40410", "Aucun avis trouvé")
    fields = _notice(case, income)
    if mode == "masked":
        fields = {name: value for name, value in fields.items() if name not in MASKED}
    if mode == "wrong_person":
        fields |= {"nmNaiDec1": "AUTRE", "prnmDec1": "PERSONNE"}
    return say(fields, about=case.slug)


def _income(case: Case, year: int) -> int | None:
    back = timezone.localdate().year - year
    value: int | None = {1: case.facts["rfr"], 2: case.facts["rfr_before"]}.get(back)
    return value


def _notice(case: Case, income: int) -> dict[str, Any]:
    facts, year = case.facts, case.facts["birthdate"]
    fields = {
        "rfr": income,
        "sitFam": facts["family"],
        "nbPart": facts["parts"],
        "pac": {"nbPac": len(facts["children"]), "nbPacF": len(facts["children"])},
        "nmNaiDec1": facts["family_name"].upper(),
        "prnmDec1": facts["given_name"].upper(),
        "dateNaisDec1": {"annee": year[:4], "mois": year[5:7], "jour": year[8:10]},
        "aft": f"{facts['street']} 00420 VILLEBRUME",
        "aftDetail": {"voie": facts["street"], "codePostal": "00420", "commune": "VILLEBRUME"},
        "revenuBrutGlobal": round(income / 0.9),
        "revImposable": income,
        "montTotIr": 0,
        "datRec": f"{facts['year']}-07-31",
        "datEtab": f"{facts['year']}-07-08",
    }
    if facts["spouse"]:
        fields |= {"nmNaiDec2": facts["spouse"]["nom_naissance"], "prnmDec2": facts["spouse"]["prenoms"]}
    return fields


def _error(status: int, code: str, message: str) -> Answer:
    return say({"erreur": {"code": code, "message": message, "horodatage": timezone.now().isoformat()}}, status)
