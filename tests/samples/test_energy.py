"""Real files of meters, beside the repository: the totals are those of their index."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fixtures.readings import SAMPLES, energy, facts, payloads, read
from vault.readers import Reading

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside this repository")
CONSO = "enedis/consoapi_"


def sample(name: str, endpoint: str = "") -> Reading:
    return read((SAMPLES / name).read_bytes(), endpoint=endpoint)


def test_data_connect_curve_is_the_days_energy() -> None:
    curve = sample(f"{CONSO}consumption_load_curve_2023-04-01_2023-04-02.json")
    (block,) = payloads(curve, "energie.serie")
    assert (len(block["valeurs"]), max(block["valeurs"])) == (48, 3150)
    assert facts(curve)["energy_total"] == "11.776"
    assert facts(sample(f"{CONSO}daily_consumption_2023-04-01_2023-04-02.json"))["energy_total"] == "11.776"


def test_data_connect_days() -> None:
    days = sample(f"{CONSO}daily_consumption_2023-04-01_2023-04-04.json")
    (block,) = payloads(days, "energie.serie")
    assert block["valeurs"] == [11776, 14401, 12820]
    assert (facts(days)["energy_total"], facts(days)["last_day"]) == ("38.997", "2023-04-03")


def test_data_connect_powers() -> None:
    (block,) = payloads(sample(f"{CONSO}consumption_max_power_2023-04-01_2023-04-04.json"), "energie.serie")
    assert (block["valeurs"], block["unite"]) == ([4638, 4410, 3570], "VA")


def test_data_connect_production() -> None:
    produced = sample(f"{CONSO}daily_production_2023-04-01_2023-04-02.json", "/metering_data_dp/v5/daily_production")
    assert facts(produced)["energy_produced"] == "0.643"
    assert payloads(produced, "energie.serie")[0]["flux"] == "production"


def test_gas_of_the_customer_site() -> None:
    reading = sample("grdf/monespace_donnees_informatives.json")
    found = facts(reading)
    assert (found["points"], found["gaps"], found["first_day"], found["last_day"]) == (
        "1096",
        "1",
        "2019-11-30",
        "2022-11-29",
    )
    assert (found["energy_total"], found["volume_total"], found["index_difference"]) == ("62213", "5617", "5567")
    by_year: dict[str, int] = {}
    for block in payloads(reading, "energie.serie"):
        if block["unite"] == "Wh":
            by_year[block["debut"][:4]] = (
                by_year.get(block["debut"][:4], 0) + sum(value or 0 for value in block["valeurs"]) // 1000
            )
    assert by_year == {"2019": 3525, "2020": 21160, "2021": 23148, "2022": 14380}
    (august,) = [
        block
        for block in payloads(reading, "energie.serie")
        if block["debut"].startswith("2021-08-01") and block["unite"] == "Wh"
    ]
    assert [rank + 1 for rank, value in enumerate(august["valeurs"]) if value is None] == [10]


def test_adict() -> None:
    used = sample("grdf/adict_v2_donnees_consos_informatives.json")
    assert (facts(used)["energy_total"], facts(used)["volume_total"], facts(used)["first_day"]) == (
        "8",
        "1",
        "2021-08-16",
    )
    (contract,) = payloads(sample("grdf/adict_v2_donnees_contractuelles.json"), "energie.point")
    assert (contract["car_kwh"], contract["tarif_acheminement"]) == (9426, "T2")
    (meter,) = payloads(sample("grdf/adict_v2_donnees_techniques.json"), "energie.point")
    assert meter["frequence_releve"] == "1M"
    access = facts(sample("grdf/adict_droit_acces.json"))
    assert (access["access_state"], access["access_start"], access["access_end"]) == (
        "Active",
        "2021-07-02",
        "2030-01-01",
    )


@pytest.mark.parametrize(
    ("name", "points", "energy_total", "days"),
    [
        ("Enedis_Conso_Heure_20230809-20240725_1429xxxxxxxxxx.csv", 16848, "5830.467", ("2023-08-09", "2024-07-24")),
        ("Enedis_Conso_Heure_20220729-20230729_consoexemple.csv", 17520, "7302.599", ("2022-07-29", "2023-07-28")),
    ],
)
def test_load_curves_of_the_customer_site(name: str, points: int, energy_total: str, days: tuple[str, str]) -> None:
    reading = sample(f"enedis/{name}")
    found = facts(reading)
    assert (found["points"], found["gaps"], found["energy_total"]) == (str(points), "0", energy_total)
    assert (found["first_day"], found["last_day"]) == days
    assert energy(reading) == float(energy_total)


def by_day(reading: Reading) -> dict[str, list[float]]:
    days: dict[str, list[float]] = {}
    for block in payloads(reading, "energie.serie"):
        start = datetime.fromisoformat(block["debut"])
        for rank, value in enumerate(block["valeurs"]):
            day = (
                (start + timedelta(seconds=rank * block["pas_s"]))
                .astimezone(ZoneInfo("Europe/Paris"))
                .date()
                .isoformat()
            )
            days.setdefault(day, []).append(value)
    return days


def test_the_days_the_month_and_the_highest_day_of_a_curve() -> None:
    reading = sample("enedis/Enedis_Conso_Heure_20230809-20240725_1429xxxxxxxxxx.csv")
    days = by_day(reading)
    assert (len(days), len(days["2023-10-29"]), len(days["2024-03-31"])) == (351, 50, 46)
    assert sum(sum(values) for day, values in days.items() if day.startswith("2024-01")) / 2 == 971_500
    assert (facts(reading)["highest_day"], facts(reading)["highest_day_energy"]) == ("2024-01-15", "51.866")


def test_the_days_of_the_other_curve() -> None:
    days = by_day(sample("enedis/Enedis_Conso_Heure_20220729-20230729_consoexemple.csv"))
    assert (len(days), len(days["2022-10-30"]), len(days["2023-03-26"])) == (365, 50, 46)
    assert max(max(values) for values in days.values()) == 5272


def test_soap_of_the_portal() -> None:
    (block,) = payloads(sample("enedis/sge_consulterMesuresDetaillees_v2.xml"), "energie.serie")
    assert (block["debut"], block["pas_s"], block["valeurs"]) == (
        "2020-02-29T23:00:00+00:00",
        600,
        list(range(100, 108)),
    )


def test_gas_workbooks() -> None:
    days, months = (sample(f"grdf/Donnees_informatives_PCE_{name}.xlsx") for name in ("DAILY", "MONTHLY"))
    assert (facts(days)["points"], facts(days)["gaps"]) == ("363", "3")
    assert (facts(days)["volume_total"], facts(days)["energy_total"]) == ("2100", "23181")
    assert (facts(months)["points"], facts(months)["volume_total"], facts(months)["energy_total"]) == (
        "388",
        "2100",
        "23181",
    )
    assert energy(days) == energy(months) == 23181


def test_green_button() -> None:
    reading = sample("greenbutton/espi_test_usage_data_01.xml")
    (block,) = payloads(reading, "energie.serie")
    assert (block["debut"], block["pas_s"], len(block["valeurs"])) == ("2012-03-01T05:00:00+00:00", 900, 96)
    assert sum(block["valeurs"]) == 93_846


def test_pvgis() -> None:
    reading = sample("solaire/pvgis_hourly_Timeseries_45.000_8.000_SA2_10kWp_CIS_5_2a_2013_2014.json")
    (block,) = payloads(reading, "energie.serie")
    assert (block["debut"], len(block["valeurs"]), round(sum(block["valeurs"]), 1)) == (
        "2013-01-01T00:10:00+00:00",
        10,
        5137.3,
    )
    (installation,) = payloads(reading, "solaire.installation")
    assert (installation["puissance_kwc"], installation["pertes_pct"]) == (10, 5)
    sun = facts(sample("solaire/pvgis_hourly_Timeseries_45.000_8.000_SA_30deg_0deg_2016_2016.csv"))
    assert (sun["points"], sun["irradiation_direct"]) == ("14", "49.95")


def test_self_consumption_matches_its_authors_totals() -> None:
    reading = sample("autoconsommation/r15_acc.xml")
    (expected,) = json.loads((SAMPLES / "autoconsommation/flux_r15_acc_peuple.json").read_text())
    (found,) = payloads(reading, "acc.repartition")
    assert found["point"] == expected["pdl"]
    assert datetime.fromisoformat(found["fin"]) == datetime.fromisoformat(expected["date_releve"])
    assert found["autoproduite_kwh"] == expected["ea_autoproduite_index_base_kwh"]
    assert found["alloproduite_kwh"] == expected["ea_alloproduite_index_base_kwh"]
    assert (
        found["autoconsommee_kwh"]
        == expected["ea_autoconsommee_index_hp_kwh"] + expected["ea_autoconsommee_index_hc_kwh"]
    )
    assert found["surplus_kwh"] == expected["ea_surplus_index_base_kwh"]
    assert facts(reading)["index_energy"] == "100"
