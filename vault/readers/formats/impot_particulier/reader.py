"""API Impôt particulier's answers (`…/ir/assiettes/…`): one tax notice, or several under `situationsIR`.

The path's `annrev` is the year of the income; most answers repeat it as `annRevenu`. Scopes may mask any field, even
`rfr`.
"""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import guarded, json_has, json_of, path_of
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "impot_particulier"
VERSION = "1.0.0"
SHOWS = ("nmNaiDec1", "situationsIR", "aftDetail", "nbPart", "dptNaissDec1", "sitParDeclaree")
PATH = re.compile(r"/(ir|ifiisf|th)/(assiettes|factures)(?:/|$)")
YEAR_OF_PATH = re.compile(r"/annrev/(\d{4})(?:/|$)")
TAX_NUMBER_OF_PATH = re.compile(r"/spi/(\d{13})(?:/|$)")
#: The code of an unknown person. Error bodies are {"erreur": {"code": 40410, "message": …}} or flat.
NOT_FOUND = re.compile(r"404\d*")
MAX_NOTICES = 10


def recognises(data: bytes, ask: Ask) -> bool:
    if ask.endpoint:
        return PATH.search(path_of(ask.endpoint)) is not None and json_has(data)
    return json_has(data, *SHOWS)


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    found = Found(data, reader=FORMAT, version=VERSION, media_type="application/json", holder="dgfip")
    answer, path = json_of(data), path_of(ask.endpoint)
    if not isinstance(answer, dict):
        raise Unreadable("other_shape")
    if error := _error(answer):
        found.check("holder_answer", "inconclusive" if NOT_FOUND.fullmatch(error) else "failed")
        return found.reading()
    found.check("holder_answer", "passed")
    if path and "/ir/assiettes" not in path:
        found.check("no_type", "inconclusive")
        return found.reading()
    several = answer.get("situationsIR")
    for notice in several[:MAX_NOTICES] if isinstance(several, list) else [answer]:
        if isinstance(notice, dict):
            _keep(notice, path, found)
    if not found.records:
        found.warn(sentences.MASKED)
    return found.reading()


def _keep(notice: Mapping[str, Any], path: str, found: Found) -> None:
    in_path, number = YEAR_OF_PATH.search(path), TAX_NUMBER_OF_PATH.search(path)
    year = plain.integer(notice.get("annRevenu")) or (int(in_path[1]) if in_path else None)
    payload = {
        "annee_revenus": year,
        "numero_fiscal_declarant1": number[1] if number else None,
        "declarant1": _name(notice, "1"),
        "declarant2": _name(notice, "2"),
        "revenu_fiscal_reference": plain.integer(notice.get("rfr")),
        "nombre_parts": plain.shares(notice.get("nbPart")),
        "revenu_brut_global": plain.integer(notice.get("revenuBrutGlobal")),
        "revenu_imposable": plain.integer(notice.get("revImposable")),
        "impot_revenu_net": plain.integer(notice.get("montTotIr")),
        "situation_familiale": plain.text(notice.get("sitFam")),
        "personnes_a_charge": _dependants(notice.get("pac")),
        "date_mise_en_recouvrement": plain.day(notice.get("datRec")),
        "date_etablissement": plain.day(notice.get("datEtab")),
        "adresse": _address(notice),
    }
    if not plain.known({name: value for name, value in payload.items() if name != "annee_revenus"}):
        return
    partial = plain.yes_no(notice.get("sitPart")) is True
    quality = ["truncated"] if partial else []
    found.keep("fiscal.avis_ir", payload | {"type_document": "api"}, role="household", quality=quality)
    if partial:
        found.warn(sentences.PARTIAL_NOTICE)
    if None in (year, payload["revenu_fiscal_reference"], payload["nombre_parts"]):
        found.warn(sentences.MASKED)


def _name(notice: Mapping[str, Any], which: str) -> str | None:
    """Return a name as printed on a notice: the usual name, else the birth name, then the first names."""
    family = plain.text(notice.get(f"nmUsaDec{which}")) or plain.text(notice.get(f"nmNaiDec{which}"))
    return plain.joined(family, notice.get(f"prnmDec{which}"))


def _dependants(value: object) -> int | None:
    return plain.integer(value.get("nbPac")) if isinstance(value, dict) else None


def _address(notice: Mapping[str, Any]) -> dict[str, Any]:
    """Return the postal address, from its parts (`aftDetail`) or one line (`aft`)."""
    apart = notice.get("aftDetail")
    if isinstance(apart, dict):
        place = plain.joined(apart.get("getcodePostal"), apart.get("getcommune"))
        return plain.address(street=apart.get("voie"), complement=apart.get("complementAdresse"), code_and_town=place)
    line = plain.text(notice.get("aft"))
    return {"lignes": [line]} if line else {}


def _error(answer: Mapping[str, Any]) -> str | None:
    error = answer.get("erreur", answer.get("error"))
    if isinstance(error, dict):
        return plain.text(error.get("code")) or "unknown"
    alone = answer.keys() <= {
        "code",
        "message",
        "error",
        "erreur",
        "description",
        "timestamp",
        "status",
        "path",
        "horodatage",
    }
    return (plain.text(answer.get("code", answer.get("status"))) or "unknown") if alone and answer else None
