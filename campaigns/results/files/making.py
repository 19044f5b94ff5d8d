"""The files of a publication. A hidden cell has no figure in any of them; each names the plan's hash and ρ.

Files are in French and English at once, so that the same publication always gives the same bytes.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_settings
from django.urls import reverse

from campaigns.contributions import freezing
from campaigns.noise.statements import LICENCE
from campaigns.results.published import Cell, Published
from core import canonical
from core.files.csv_cells import harmless
from core.journal import signed_notes

MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
NOT_GIVEN = {"fr": "Non indiqué", "en": "Not given"}
COLUMNS = (
    "table",
    "dimension_1",
    "cell_1",
    "label_1_fr",
    "label_1_en",
    "dimension_2",
    "cell_2",
    "label_2_fr",
    "label_2_en",
    "measure",
    "unit",
    "shown",
    "value",
    "low",
    "high",
    "count",
    "count_low",
    "count_high",
    "sigma",
    "rounding",
    "table_rho",
)
#: Repeated on each line: the settings of privacy.
REPEATED = ("campaign", "window", "date", "rho", "epsilon", "delta", "plan_sha256", "publication_sha256", "interval")


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    name: str
    content_type: str
    make: Callable[[Published], bytes]


def as_csv(published: Published) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *REPEATED, "sample"])
    repeated = published.settings
    for table, cell in _cells(published):
        row = [*_place(published, table, cell), *_figures(published, table, cell)]
        writer.writerow([harmless(one) for one in [*row, *(repeated[name] for name in REPEATED), repeated["sample"]]])
    return out.getvalue().encode("utf-8-sig")


def as_sdmx(published: Published) -> bytes:
    """Return SDMX-CSV 2.0: one dataflow for each table; a hidden cell has OBS_STATUS Q and CONF_STATUS C."""
    plan, repeated = published.plan, published.settings
    agency = re.sub(r"[^A-Z0-9]+", "_", str(django_settings.TENANT).upper()) or "GARANT"
    names = [_upper(one.code) for one in plan.dimensions]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    fixed = ["MEASURE", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"]
    fixed += ["UNIT_MEASURE", "LOWER_CI", "UPPER_CI"]
    settings_of = ("RHO", "EPSILON", "DELTA", "PLAN_SHA256", "PUBLICATION_SHA256")
    writer.writerow(["STRUCTURE", "STRUCTURE_ID", "ACTION", *names, *fixed, *settings_of])
    for table, cell in _cells(published):
        codes = dict(zip(table["dimensions"], published.codes(table, cell), strict=True))
        shown = cell["shown"]
        row = ["dataflow", f"{agency}:{_upper(plan.code)}_{_upper(table['code'])}(1.0)", "I"]
        row += [codes.get(one.code, "_T") for one in plan.dimensions]
        row += [table["measure"] or "N", repeated["date"], cell["value"] if shown else "", "A" if shown else "Q"]
        row += ["F" if shown else "C", _unit(published, table)]
        row += [cell["low"] if shown else "", cell["high"] if shown else ""]
        row += [repeated[name.lower()] for name in settings_of]
        writer.writerow([harmless(one) for one in row])
    return out.getvalue().encode()


def as_geojson(published: Published) -> bytes:
    """Return one feature for each zone of the plan, with the figures of the tables over zones."""
    zoning = published.plan.zoning
    features: list[dict[str, Any]] = []
    for zone in zoning.zones if zoning else ():
        properties: dict[str, Any] = {
            "code": zone.code,
            "label_fr": zone.label.fr,
            "label_en": zone.label.en,
            "population": zone.population,
            "parent": zone.parent,
            "tables": {},
        }
        features.append({"type": "Feature", "geometry": dict(zone.geometry) if zone.geometry else None})
        features[-1]["properties"] = properties
    by_code = {str(one["properties"]["code"]): one["properties"] for one in features}
    for table, cell in _cells(published):
        kinds = [published.plan.dimension(code).kind for code in table["dimensions"]]
        codes = published.codes(table, cell)
        if "zone" not in kinds or codes[kinds.index("zone")] not in by_code:
            continue
        found = by_code[codes.pop(kinds.index("zone"))]["tables"].setdefault(table["code"], {})
        found[".".join(codes) or "all"] = _figure(cell)
    return canonical.encode({"type": "FeatureCollection", "features": features, "privacy": published.settings})


def as_json(published: Published) -> bytes:
    """Return the frozen document with all that verifies it: its plan, its hash, the signed note, the public keys."""
    return canonical.encode(
        {
            "publication": dict(published.document),
            "sha256": published.sha256,
            "previous_sha256": published.row.previous_sha256,
            "note": published.row.note,
            "log": freezing.log_name(),
            "public_keys": signed_notes.public_keys(freezing.log_name()),
            "plan": published.plan_document,
            **_find_unsigned(published),
        }
    )


def _find_unsigned(published: Published) -> dict[str, Any]:
    """Return the statements that a document of version 1 does not hold."""
    if "statements" in published.document:
        return {}
    return {**published.statements, "privacy": published.settings}


def as_dcat(published: Published) -> bytes:
    """Return the description for catalogues of open data (DCAT 3, JSON-LD), with the hash of each file."""
    plan, texts = published.plan, published.settings
    page = _address("results:window", plan.code, published.window)
    distributions = [_distribution(published, kind) for kind in KINDS.values() if kind.name != "dcat.jsonld"]
    return canonical.encode(
        {
            "@context": {
                "dcat": "http://www.w3.org/ns/dcat#",
                "dcterms": "http://purl.org/dc/terms/",
                "foaf": "http://xmlns.com/foaf/0.1/",
                "spdx": "http://spdx.org/rdf/terms#",
                "xsd": "http://www.w3.org/2001/XMLSchema#",
                "garant": "urn:garant:terms:",
            },
            "@type": "dcat:Dataset",
            "@id": page,
            "dcterms:identifier": f"{plan.code}/{published.window}",
            "dcterms:title": _in_both(plan.title.fr, plan.title.en),
            "dcterms:description": _in_both(plan.purpose.fr, plan.purpose.en),
            "dcterms:publisher": {"@type": "foaf:Organization", "foaf:name": plan.sponsor},
            "dcterms:issued": {"@type": "xsd:date", "@value": texts["date"]},
            "dcterms:license": {"@id": LICENCE},
            "dcterms:accrualPeriodicity": {"@id": "http://publications.europa.eu/resource/authority/frequency/NEVER"},
            "dcat:landingPage": {"@id": page},
            "dcat:distribution": distributions,
            "garant:privacy": {f"garant:{name}": value for name, value in texts.items()},
        }
    )


def _distribution(published: Published, kind: Kind) -> dict[str, Any]:
    content = kind.make(published)
    address = _address("results:file", published.plan.code, published.window, kind.name)
    return {
        "@type": "dcat:Distribution",
        "dcterms:title": kind.name,
        "dcat:downloadURL": {"@id": address},
        "dcat:mediaType": {"@id": MEDIA_TYPES + kind.content_type.partition(";")[0]},
        "dcat:byteSize": len(content),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": hashlib.sha256(content).hexdigest(),
        },
    }


KINDS = {
    one.name: one
    for one in (
        Kind("csv", "text/csv; charset=utf-8", as_csv),
        Kind("geojson", "application/geo+json", as_geojson),
        Kind("sdmx.csv", "application/vnd.sdmx.data+csv; version=2.0; charset=utf-8", as_sdmx),
        Kind("json", "application/json", as_json),
        Kind("dcat.jsonld", "application/ld+json", as_dcat),
    )
}


def _cells(published: Published) -> Iterator[tuple[Mapping[str, Any], Cell]]:
    for table in published.tables:
        for cell in table["cells"]:
            yield table, cell


def _place(published: Published, table: Mapping[str, Any], cell: Cell) -> list[Any]:
    found: list[Any] = [table["code"]]
    french, english = (published.labels(table, cell, name, NOT_GIVEN[name]) for name in ("fr", "en"))
    for place in (0, 1):
        if place < len(table["dimensions"]):
            code = published.codes(table, cell)[place]
            found += [table["dimensions"][place], code, french[place], english[place]]
        else:
            found += [""] * 4
    return found


def _figures(published: Published, table: Mapping[str, Any], cell: Cell) -> list[Any]:
    shown = cell["shown"]
    figures = [cell["value"], cell["low"], cell["high"]] if shown else ["", "", ""]
    count = cell.get("count") if shown else None
    counts = [count["value"], count["low"], count["high"]] if count else ["", "", ""]
    columns = [table["measure"] or "", _unit(published, table), "yes" if shown else "hidden"]
    return [*columns, *figures, *counts, table["sigma"], table["rounding"], table["rho"]]


def _unit(published: Published, table: Mapping[str, Any]) -> str:
    return published.plan.measure(table["measure"]).unit if table["measure"] else published.plan.unit


def _figure(cell: Cell) -> dict[str, Any]:
    """Return the fields of a cell; of a hidden one, none but that it is hidden."""
    return {name: value for name, value in cell.items() if name != "at"} if cell["shown"] else {"shown": False}


def _upper(code: str) -> str:
    return code.upper().replace("-", "_")


def _in_both(french: str, english: str) -> list[dict[str, str]]:
    return [{"@language": "fr", "@value": french}, {"@language": "en", "@value": english}]


def _address(name: str, *parts: str) -> str:
    return str(django_settings.SITE_URL) + reverse(name, args=parts)
