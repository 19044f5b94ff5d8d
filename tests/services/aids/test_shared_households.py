"""The shared households at the edge of a rule get what the law gives, or the doubt that it leaves."""

import json
from pathlib import Path

import pytest

from services.aids import results
from services.aids.engine import run as engine
from services.aids.household import Household
from services.aids.household.from_json import read
from tests.services.aids.test_edges import after_tax, is_as

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "law"
#: What `why.md` works from the text, by file. Of 37, the contrary: its son's wages are left out (R822-6 1° CCH).
DUE: dict[str, dict[str, float | bool]] = {
    "03_couple_fr_plus_permit2": {"rsa": 568.94},
    "05_aah_foreigner_permit1": {"p1.aah": 1033.32},
    "07_student_non_eu_2026": {"aide_logement": 0},
    "09_child_turns_3": {"paje_base": 0},
    "11_three_children_one_20": {"af": 246.54, "cf": 294.91},
    "13_aah_60pct_62": {"p1.aah": 0, "aspa": 1034.29},
    "15_aah_18_alone": {"p1.aah": 1033.32},
    "17_separated_this_month": {"rsa": 845.06},
    "19_young_worker_22": {"rsa": 568.94, "cmu_c": True},
    "21_ass_after_are": {"aide_logement": 270, "css_participation_forfaitaire": 21},
    "23_micro_300": {"rsa": 268.94, "ppa": 179.55},
    "25_student_1104": {"ppa": 0},
    "27_aah_partner_4000": {"p1.aah": 1033.32},
    "29_aspa_one_of_couple": {"aspa": 1034.29},
    "31_rent_over_4x": {"aide_logement": 0, "rsa": 646.52},
    "35_asf_alimony_100": {"asf": 99.68},
    "37_child_18_works": {"aide_logement": 191},
    "39_c2s_turned_30": {"css_participation_forfaitaire": 8},
    "41_job_lost_last_month": {"rsa": 568.94, "cmu_c": True, "aide_logement": 304},
    "43_short_job_no_are": {"rsa": 568.94},
    "45_aah_80pct_66_no_pension": {"p1.aah": 1033.32, "aspa": 0},
    "47_lycee_grant_two_years": {"bourse_lycee": True},
    "49_rsa_shared_custody": {"rsa": 652.99},
    "51_widow_two_children": {"asf": 398.37, "af": 151.04},
}
DOUBT = {"01_eu_inactive": "rsa", "33_mortgage_2015": "aide_logement"}
needs_the_folder = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared samples are not beside this repository")


def household(name: str) -> Household:
    return read(json.loads((FOLDER / f"{name}.json").read_text())["case"])


@needs_the_folder
def test_each_shared_household_is_here():
    assert {path.stem for path in FOLDER.glob("*.json")} == {*DUE, *DOUBT}


@needs_the_folder
@pytest.mark.parametrize("name", DUE)
def test_the_household_gets_what_the_law_gives(name):
    [got] = after_tax(engine.run([household(name)]))
    assert is_as(DUE[name], got), {key: got[key] for key in DUE[name]}


@needs_the_folder
@pytest.mark.parametrize("name", DOUBT)
def test_what_nobody_can_say_is_not_promised(name):
    found = {one.code: one for one in results.compute(household(name)).results}
    assert (found[DOUBT[name]].status, found[DOUBT[name]].amount) == ("unknown", 0)
