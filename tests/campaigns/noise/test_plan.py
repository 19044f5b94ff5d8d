"""A plan is read whole or refused with its reasons; each refusal closes an attack on published tables."""

from typing import Any

import jsonschema
import pytest

from campaigns.noise.plan import Plan, sha256_of
from campaigns.noise.refusals import PlanRefused, of_shape, schema
from tests.campaigns.made import document, plan, words, zones


def reasons(told: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlanRefused) as refused:
        Plan.from_json(told)
    return [(one.code, one.path) for one in refused.value.reasons]


def test_a_plan_is_read():
    found = plan()
    assert [len(found.dimension(code).cells) for code in ("mode", "home", "trip", "age")] == [3, 6, 4, 3]
    assert [found.size(table) for table in found.tables] == [4, 28, 5, 7, 4]
    assert found.rho == pytest.approx(0.194 + 2 * 0.002)
    assert (found.closes.isoformat(), found.last_day.isoformat()) == ("2027-03-09", "2027-03-01")
    assert found.sources[0] == "mobilite.trajet#/segments/*/mode"


def test_the_schema_is_one_and_accepts_the_plan():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert of_shape(document()) == []


def test_the_hash_is_of_the_whole_document_whatever_the_order_of_its_keys():
    told = document()
    assert plan().sha256 == sha256_of(dict(reversed(told.items())))
    assert plan(minimum=150).sha256 != plan().sha256


def table(**changes: Any) -> dict[str, Any]:
    return {**document()["tables"][0], **changes}


def dimension(number: int, **changes: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document()["dimensions"]
    found[number].update(changes)
    return found


def zoning(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {**document()["zoning"], "zones": listed}


def circle() -> list[dict[str, Any]]:
    found = zones()
    found[0]["parent"], found[2]["parent"] = "q11", "s1"
    return found


def with_population(code: str, population: int, parent: int) -> list[dict[str, Any]]:
    found = zones()
    for zone in found:
        zone["population"] = {code: population, "s1": parent}.get(zone["code"], zone["population"])
    return found


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"colour": "blue"}, "unknown_field", ""),
        ({"tables": [table(seed=1)]}, "unknown_field", "tables/0"),
        ({"zoning": [zoning(zones()), zoning(zones())]}, "two_zonings", "zoning"),
        ({"zoning": zoning(with_population("q11", 4_000, 15_000))}, "two_zonings", "zoning/zones/0"),
        ({"dimensions": dimension(1, cells=[{"code": "x", "label": words("X")}] * 2)}, "two_zonings", None),
        ({"zoning": zoning(with_population("q11", 1_999, 11_999))}, "small_zone", "zoning/zones/2"),
        ({"zoning": zoning(circle())}, "cyclic_zoning", "zoning/zones"),
        ({"tables": [table(dimensions=["mode", "home", "age"])]}, "three_dimensions", "tables/0/dimensions"),
        ({"dimensions": dimension(3, edges="quantiles")}, "edges_from_data", "dimensions/3/edges"),
        ({"dimensions": dimension(3, known_from=None)}, "wrong_shape", "dimensions/3/known_from"),
        ({"measures": [{**document()["measures"][0], "high": "p99"}]}, "edges_from_data", "measures/0/high"),
        ({"tables": [table(rho=0.21)]}, "over_budget", "tables"),
        ({"sensitivity": "sensitive"}, "over_budget", "tables"),
        ({"windows": [{"after": 500}]}, "dates_from_data", "windows/0"),
        ({"windows": ["2027-02-31"]}, "dates_from_data", "windows"),
        ({"windows": ["2027-03-09", "2027-02-09"]}, "dates_in_order", "windows"),
        ({"threshold": {"on": "true_count", "residents": 11}}, "other_threshold", "threshold/on"),
        ({"threshold": {"on": "noisy_residents", "residents": 3}}, "other_threshold", "threshold/residents"),
        ({"tables": [table()] * 7}, "too_many", "tables"),
        ({"tables": [table(dimensions=["trip"])]}, "per_resident", "tables/0"),
        ({"minimum": 10}, "wrong_shape", "minimum"),
        ({"retention_months": 13}, "wrong_shape", "retention_months"),
    ],
)
def test_a_plan_is_refused_with_the_reason(changes: dict[str, Any], code: str, path: str | None):
    found = reasons(document(**changes))
    assert any(one == code and path in {None, where} for one, where in found), found


def test_edges_without_a_public_source_are_refused():
    listed = document()["dimensions"]
    del listed[3]["known_from"]
    assert ("edges_from_data", "dimensions/3") in reasons(document(dimensions=listed))


def test_a_million_cells_are_refused_at_once():
    cells = [{"code": f"c{one}", "label": words("Case")} for one in range(1_000_000)]
    assert reasons(document(dimensions=dimension(0, cells=cells))) == [("too_many_cells", "dimensions")]


def test_a_million_cells_of_pairs_are_refused_at_once():
    listed = [{"code": f"z{one}", "label": words("Zone"), "population": 3_000} for one in range(500)]
    found = reasons(document(zoning=zoning(listed)))
    assert ("too_many_cells", "tables") in found


@pytest.mark.parametrize("told", [None, [], "plan", 3, {}])
def test_what_is_no_plan_is_refused(told: Any):
    assert reasons(told)
