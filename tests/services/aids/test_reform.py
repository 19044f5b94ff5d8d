"""Our corrections of the published law, one test per value, and the list of parameters to review."""

from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

from services.aids.engine import reform
from services.aids.engine import run as engine
from services.aids.household.from_json import read
from tests.services.aids import people

pytestmark = pytest.mark.slow


def value(path: str, month: str, *, stock: bool) -> Any:
    node = reform.parameter(engine.system(stock), path)
    return next(one.value for one in node.values_list if one.instant_str <= f"{month}-01")


@pytest.mark.parametrize("change", reform.CHANGES, ids=lambda change: change.path.split(".", 1)[1])
def test_each_correction_holds_from_its_date_and_not_before(change):
    since = change.since[:7]
    year, month = int(since[:4]), int(since[5:])
    before = f"{year - (month == 1)}-{(month - 2) % 12 + 1:02d}"
    assert value(change.path, since, stock=False) == change.value
    assert value(change.path, before, stock=False) == value(change.path, before, stock=True)
    assert value(change.path, since, stock=True) != change.value, "the engine caught up: remove this correction"
    assert change.source


CEILINGS = {reform.C2S: 10339, f"{reform.SPORT}.montant": 70, f"{reform.SPORT}.critere_age.age_minimum_profil_ars": 14}


@pytest.mark.parametrize("path", CEILINGS)
def test_the_corrected_values_are_those_published(path):
    assert value(path, "2025-11", stock=False) == CEILINGS[path]


@pytest.mark.parametrize("scale", ["une_uc", "une_uc_a_deux_uc", "plus_de_deux_ucs"])
def test_the_energy_voucher_stops_at_11_000_euros_per_unit(scale):
    assert value(f"{reform.ENERGY}.{scale}.4.threshold", "2025-11", stock=False) == 11000


def test_c2s_ceilings_are_those_of_april_2025():
    run = engine.run([read(people.single())])
    assert run.value(0, "cmu_c_plafond") == 10339
    assert run.value(0, "acs_plafond") == pytest.approx(13957.65, abs=0.1)


def test_the_energy_voucher_is_paid_up_to_its_new_ceiling():
    notices = [{"income_year": year, "rfr": 10900, "parts": 1} for year in (2023, 2024)]
    household = read(people.single(tax_notices=notices))
    assert engine.run([household], stock=True).first[0]["cheque_energie"] == 0
    assert engine.run([household]).first[0]["cheque_energie"] == 48


def children_of(*births: str, **changes):
    household = people.single()
    for rank, born in enumerate(births):
        household["people"].append(
            {"id": f"k{rank}", "role": "child", "birth_date": born, "status": "inactive", "incomes": [], **changes}
        )
    return read(household)


def test_pass_sport_goes_from_14_to_17_with_the_school_allowance():
    amounts = engine.run([children_of("2019-01-01", "2015-01-01", "2010-01-01")]).steady[0]
    assert [amounts[f"k{rank}.pass_sport"] for rank in range(3)] == [0, 0, 70]


def test_pass_sport_is_not_for_a_toddler_whose_brother_has_a_grant():
    household = children_of("2023-01-01", "2013-03-10")
    household = household.with_person("k1", school="college")
    assert engine.run([household], stock=True).steady[0]["k0.pass_sport"] == 50
    assert engine.run([household]).steady[0]["k0.pass_sport"] == 0


def test_pass_sport_is_for_the_disabled_child_and_for_the_student_with_a_grant():
    disabled = children_of("2015-01-01").with_person("k0", disability_rate=0.8, aeeh_category=1)
    assert engine.run([disabled]).steady[0]["k0.pass_sport"] == 70
    student = people.person(
        people.single(), status="student", school="enseignement_superieur", boursier=True, birth_date="2003-01-01"
    )
    assert engine.run([read(student)]).steady[0]["p1.pass_sport"] == 70


def test_before_september_2025_pass_sport_is_as_published():
    household = read({**people.family(), "date": "2025-08"})
    stock, ours = (engine.run([household], stock=stock).steady[0] for stock in (True, False))
    assert ours["k1.pass_sport"] == stock["k1.pass_sport"] == 50


def test_stale_parameters_are_listed():
    """Amounts that usually change each year but did not for thirteen months: to review each April and January."""
    stale = dict(reform.stale(engine.system(), date(2026, 11, 25)))
    assert any(name.endswith("cs.cmu.plafond_base") for name in stale)
    assert not any(name.endswith("montant_de_base_du_rsa") for name in stale)
    assert all(latest < "2025-10-01" for latest in stale.values())
    early = dict(reform.stale(engine.system(), date(2025, 5, 1)))
    assert not any(name.endswith("cs.cmu.plafond_base") for name in early)


def test_the_command_names_what_may_be_out_of_date_and_exits_with_one(capsys):
    with pytest.raises(SystemExit) as exited:
        call_command("check_parameters", on=date(2026, 11, 25))
    told = capsys.readouterr()
    assert exited.value.code == 1
    assert "cs.cmu.plafond_base" in told.out and "to check" in told.err


def test_the_command_exits_with_zero_if_nothing_is_out_of_date(capsys, monkeypatch):
    monkeypatch.setattr(reform, "stale", lambda *_args: [])
    call_command("check_parameters")
    assert "thirteen months" in capsys.readouterr().out
