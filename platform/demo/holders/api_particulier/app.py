"""API Particulier, v3 and v4: family benefits, students, pupils, France Travail, as in its OpenAPI file."""

from typing import Any

from demo.holders.cases import Case, cases
from demo.holders.frame import Answer, App, Request, say
from demo.holders.reach import TOKEN

APP = App("api_particulier", "API Particulier (CAF, France Travail, CROUS…)")
#: How the real service names the provider that did not answer: (number, name).
PROVIDERS = {
    "dss": ("37", "CNAV"),
    "cnous": ("26", "CNOUS"),
    "france_travail": ("24", "France Travail"),
    "men": ("31", "MEN"),
    "mesri": ("27", "MESRI"),
}
#: Resources removed in the mode "masked", as if the city's token lacked their scopes.
MASKED = {"enfants", "adresse", "identite", "contact", "date_debut_droit", "etablissement_etudes", "montant_autres"}
PUPILS = "scolarites"
NEEDED = ("nomNaissance", "prenoms[]")


@APP.route("GET", "/<version>/<provider>/<resource>/identite")
def by_identity(request: Request, version: str, provider: str, resource: str) -> Answer:
    if refusal := _refusal(request):
        return refusal
    if missing := [name for name in NEEDED if not request.one(name)]:
        return _error("00365", "Entité non traitable", f"Le paramètre {missing[0]} est absent ou mal formé.", 422)
    return _pupil(request) if resource == PUPILS else _about(request, provider, resource, _of(request))


@APP.route("GET", "/<version>/<provider>/<resource>/identifiant")
def by_number(request: Request, version: str, provider: str, resource: str) -> Answer:
    if refusal := _refusal(request):
        return refusal
    asked = request.one("identifiant")
    return _about(
        request,
        provider,
        resource,
        next((case for case in cases().values() if _number(case, provider) == asked), None),
    )


def _refusal(request: Request) -> Answer | None:
    if request.bearer != TOKEN:
        return _error("00101", "Interdit", "Votre token n'est pas valide ou n'est pas renseigné", 401)
    if not request.one("recipient").isdecimal():
        return _error("00201", "Mauvais appel", "Le paramètre recipient n'est pas un numéro de SIRET", 422)
    return None


def _pupil(request: Request) -> Answer:
    """Answer about a case's child, found by first name, family name and birth date."""
    for case in cases().values():
        for child in case.facts["children"]:
            first, born = request.one("prenoms[]").casefold(), child["date_naissance"].split("-")
            asked = [
                request.one(name).zfill(2) for name in ("anneeDateNaissance", "moisDateNaissance", "jourDateNaissance")
            ]
            same = (request.one("nomNaissance").casefold(), first) == (
                child["nom_naissance"].casefold(),
                child["prenoms"].casefold(),
            )
            known = ((case.of("api_particulier") or {}).get(PUPILS) or {}).get(child["prenoms"])
            if same and asked == born and known and request.mode(case.slug) != "not_found":
                return say({"data": known, "links": {}, "meta": {}}, about=case.slug)
    return _error("31003", "Élève non trouvé", "L'élève n'a pas été trouvé.", 404, "MEN")


def _about(request: Request, provider: str, resource: str, case: Case | None) -> Answer:
    number, name = PROVIDERS.get(provider, ("00", "inconnu"))
    mode = request.mode(case.slug if case else "*")
    if mode == "city_refused":
        return _error("00103", "Jeton expiré", "Votre token est expiré. Vous devez refaire une demande", 401)
    if mode == "expired":
        return _error(
            "00100", "Privilèges insuffisants", "Votre token est valide mais vos privilèges sont insuffisants.", 403
        )
    data = ((case.of("api_particulier") or {}) if case else {}).get(resource)
    if case is None or data is None or mode == "not_found":
        return _error(f"{number}003", "Dossier absent", "Le dossier n'a pas été trouvé.", 404, name)
    if mode == "down":
        return _error(
            f"{number}001",
            "Service non disponible",
            "Service temporairement indisponible ou en maintenance.",
            502,
            name,
        )
    return say({"data": _apply_mode(data, mode), "links": {}, "meta": {}}, about=case.slug)


def _apply_mode(data: dict[str, Any], mode: str) -> dict[str, Any]:
    if mode == "masked":
        return {name: value for name, value in data.items() if name not in MASKED}
    if mode == "stale" and "quotient_familial" in data:
        quotient = data["quotient_familial"]
        return data | {
            "quotient_familial": quotient
            | {"annee": quotient["annee"] - 2, "annee_calcul": quotient["annee_calcul"] - 2}
        }
    if mode == "wrong_person":
        other = {"nom_naissance": "AUTRE", "prenoms": "PERSONNE", "date_naissance": "1950-01-01"}
        changed = {name: [one | other for one in data[name]] for name in ("allocataires",) if name in data}
        return (
            data
            | changed
            | ({"identite": data["identite"] | {"nom_naissance": "AUTRE"}} if "identite" in data else {})
        )
    return data


def _error(code: str, title: str, detail: str, status: int, provider: str = "") -> Answer:
    meta = {"provider": provider} if provider else {}
    return say({"errors": [{"code": code, "title": title, "detail": detail, "source": None, "meta": meta}]}, status)


def _of(request: Request) -> Case | None:
    return next((case for case in cases().values() if _is(request, case)), None)


def _is(request: Request, case: Case) -> bool:
    year, month, day = (int(part) for part in case.facts["birthdate"].split("-"))
    parts = {"anneeDateNaissance": year, "moisDateNaissance": month, "jourDateNaissance": day}
    same = all(not request.one(name) or request.one(name).lstrip("0") == str(value) for name, value in parts.items())
    first = request.one("prenoms[]").split(" ")[0].casefold()
    return (
        same
        and request.one("nomNaissance").casefold() == case.facts["family_name"].casefold()
        and first == _first(case)
    )


def _first(case: Case) -> str:
    return str(case.facts["given_name"]).casefold()


def _number(case: Case, provider: str) -> str:
    return str((case.of("api_particulier") or {}).get(f"{provider}_identifiant", ""))
