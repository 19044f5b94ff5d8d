"""Rehearsal on personas: what each of the sandbox's residents would send, by the code that coarsens real records."""

from datetime import date

import pytest

from campaigns.noise.plan import Plan
from campaigns.noise.rows import check_row
from campaigns.plans import drafting
from campaigns.plans.presenting import personas
from certification.developers.personas import everyone, find, records
from tests.campaigns.made import zones
from vault import types

TODAY = date(2026, 11, 28)
ELODIE = next(one for one in everyone() if one.slug == "elodie")


def template(name):
    zoning = {"code": "zones", "label": {"fr": "Zones", "en": "Zones"}, "source": "Insee", "zones": zones()}
    title = {"fr": "Essai", "en": "Trial"}
    document = drafting.from_template(name, code="t", title=title, sponsor="Ville", zoning=zoning, today=TODAY)
    return Plan.from_json(document)


@pytest.mark.parametrize("name", sorted(set(drafting.templates()) - {"empty", "portability"}))
def test_personas_have_records_of_each_type_that_a_template_reads(name):
    plan = template(name)
    rows = [personas.row_of(plan, one, TODAY) for one in everyone()]
    for row in rows:
        check_row(plan, row)
    read = [one.code for one in (*plan.dimensions, *plan.measures) if one.source]
    given = {code: sum(row[code] is not None for row in rows) for code in read}
    assert all(count >= 4 for count in given.values()), given
    assert personas.row_of(plan, find("tess") or ELODIE, TODAY) == dict.fromkeys(rows[0])


def test_their_records_are_what_their_types_allow():
    for one in everyone():
        for given in records(one, TODAY):
            assert types.validate(given.type, given.payload) == [], (one.slug, given.type)


def test_a_persona_lives_in_the_zones_of_the_plan_and_only_what_is_rounded_is_shown():
    plan = template("travel")
    found = personas.rehearsed(plan, TODAY)
    lines = [*found.first, *found.others]
    line = next(one["value"] for one in lines if one["key"].startswith(ELODIE.name))
    assert "Quartier 22" in line and "Bus et train" in line and "km" in line
    assert "4100" not in line and "07:50" not in line
    assert f"{len(lines)} habitants fictifs sur 20" in found.sentence
    assert len(found.first) == personas.SHOWN
