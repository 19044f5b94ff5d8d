"""GRDF: gas days that start at 06:00 local time, volumes that disagree with the index, readings longer than a day."""

import json
from typing import Any

import pytest

from tests.fixtures.readings import energy, facts, payloads, read
from tests.fixtures.workbooks import workbook
from vault.readers import Unreadable
from vault.readers.sentences import GAS_SHARED_OUT, GAS_TWO_KINDS

PCE = "23000000000000"


def site(*readings: dict[str, Any]) -> str:
    return json.dumps({PCE: {"idPce": PCE, "releves": list(readings)}})


def day(date: str, following: str, volume: int | None = 7, used: int | None = 75, **more: Any) -> dict[str, Any]:
    dates = {
        "journeeGaziere": date,
        "dateDebutReleve": f"{date}T06:00:00+00:00",
        "dateFinReleve": f"{following}T06:00:00+00:00",
    }
    return dates | {"volumeBrutConsomme": volume, "energieConsomme": used, "qualificationReleve": "Mesuré"} | more


def adict(**consumption: Any) -> dict[str, Any]:
    used = {
        "date_debut_consommation": "2021-08-16T06:00:00+02:00",
        "date_fin_consommation": "2021-08-17T06:00:00+02:00",
        "volume_brut": 1,
        "energie": 8,
        "type_qualif_conso": "Mesuré",
        "sens_flux_gaz": "Consommation",
        "journee_gaziere": "2021-08-16",
    }
    index = {"index_brut_fin": {"valeur_index": 1325}}
    return {"pce": {"id_pce": PCE}, "releve_debut": None, "releve_fin": index, "consommation": used | consumption}


@pytest.mark.parametrize(
    ("date", "following", "start"), [("2022-01-10", "2022-01-11", "05"), ("2022-07-10", "2022-07-11", "04")]
)
def test_a_gas_day_starts_at_six_local_time_although_the_file_has_utc(date: str, following: str, start: str) -> None:
    energy, volume = payloads(read(site(day(date, following))), "energie.serie")
    assert energy["debut"] == volume["debut"] == f"{date}T{start}:00:00+00:00"
    assert (energy["unite"], energy["valeurs"], volume["unite"], volume["valeurs"]) == ("Wh", [75000], "m3", [7])


def test_a_day_without_measure_is_null() -> None:
    absent = day("2022-01-11", "2022-01-12", None, None, qualificationReleve="Absence de Données")
    reading = read(site(day("2022-01-10", "2022-01-11"), absent, day("2022-01-12", "2022-01-13")))
    assert [block["valeurs"] for block in payloads(reading, "energie.serie")] == [[75000, None, 75000], [7, None, 7]]
    assert (facts(reading)["points"], facts(reading)["gaps"]) == ("3", "1")


def test_volumes_and_index_that_disagree_are_both_shown() -> None:
    first = day("2022-01-10", "2022-01-11", indexDebut=100, indexFin=107)
    second = day("2022-01-11", "2022-01-12", 6, 60, indexDebut=107, indexFin=112)
    found = facts(read(site(first, second)))
    assert (found["volume_total"], found["index_difference"]) == ("13", "12")


def test_an_estimated_day_makes_its_month_estimated() -> None:
    reading = read(
        site(day("2022-01-10", "2022-01-11"), day("2022-01-11", "2022-01-12", qualificationReleve="Estimé"))
    )
    assert {block["qualite"] for block in payloads(reading, "energie.serie")} == {"estime"}
    assert reading.records[0]["provenance"]["quality"] == ["estimated"]


def test_a_later_export_that_revises_a_month_has_another_hash() -> None:
    """It is stored as a new version: with the same hash it would be skipped as known."""
    before, after = (
        read(site(day("2022-01-10", "2022-01-11", used=used))).records[0]["provenance"] for used in (75, 76)
    )
    assert before["raw_sha256"] != after["raw_sha256"]
    assert before["raw_sha256"] == read(site(day("2022-01-10", "2022-01-11"))).records[0]["provenance"]["raw_sha256"]


HALF_YEAR = {
    "dateDebutReleve": "2021-11-14T23:00:00+00:00",
    "dateFinReleve": "2022-05-14T22:00:00+00:00",
    "journeeGaziere": None,
    "indexDebut": 100,
    "indexFin": 700,
    "volumeBrutConsomme": 600,
    "energieConsomme": 6700,
}


def test_a_reading_of_months_keeps_its_index_and_its_days_are_estimated() -> None:
    reading = read(site(HALF_YEAR))
    assert [(one["horodate"], one["total"]) for one in payloads(reading, "energie.index")] == [
        ("2021-11-15T05:00:00+00:00", 100),
        ("2022-05-15T04:00:00+00:00", 700),
    ]
    blocks = payloads(reading, "energie.serie")
    assert {block["qualite"] for block in blocks} == {"estime"}
    assert sum(len(block["valeurs"]) for block in blocks if block["unite"] == "Wh") == 181
    assert (energy(reading), facts(reading)["energy_total"], facts(reading)["points"]) == (6700, "6700", "181")
    assert reading.warnings == [GAS_SHARED_OUT]


def test_measured_days_are_not_estimated() -> None:
    reading = read(site(HALF_YEAR, day("2022-01-10", "2022-01-11")))
    assert [(block["valeurs"], block["qualite"]) for block in payloads(reading, "energie.serie")] == [
        ([75000], "mesure"),
        ([7], "mesure"),
    ]
    assert len(payloads(reading, "energie.index")) == 2
    assert reading.warnings == [GAS_TWO_KINDS]


def test_adict_json_lines_are_read() -> None:
    lines = "\n".join(json.dumps(adict(journee_gaziere=f"2021-08-{number}")) for number in (16, 17, 18))
    reading = read(lines)
    assert reading.format == "grdf_adict"
    assert (facts(reading)["energy_total"], facts(reading)["volume_total"], facts(reading)["points"]) == (
        "24",
        "3",
        "3",
    )


def test_adict_injected_gas_is_not_consumption() -> None:
    assert {
        block["flux"] for block in payloads(read(json.dumps(adict(sens_flux_gaz="Injection"))), "energie.serie")
    } == {"injection"}


def test_adict_contract_and_meter_make_one_point_without_its_postal_address() -> None:
    contract = {
        "pce": {"id_pce": PCE},
        "donnees_contractuelles": {"car": 9426, "tarif_acheminement": "T2", "date_mes": "2020-12-07"},
    }
    meter = {"situation_compteur": {"commune": "LAMBDAVILLE"}, "caracteristiques_compteur": {"frequence": "1M"}}
    lines = f"{json.dumps(contract)}\n{json.dumps({'pce': {'id_pce': PCE}, 'donnees_techniques': meter})}"
    (payload,) = payloads(read(lines), "energie.point")
    assert (payload["car_kwh"], payload["tarif_acheminement"], payload["frequence_releve"]) == (9426, "T2", "1M")
    assert "LAMBDAVILLE" not in json.dumps(payload)


def test_adict_without_data_gives_a_warning() -> None:
    refusal = {
        "pce": {"id_pce": PCE},
        "consommation": None,
        "statut_restitution": {"code": "1000008", "message": "Aucune donnée"},
    }
    reading = read(json.dumps(refusal))
    assert (reading.records, len(reading.warnings)) == ([], 1)


@pytest.mark.parametrize(
    "data", [f'{{"{PCE}": {{"releves": [{{"journeeGaziere": "hier"}}]}}}}', '{"x": {"releves": 3, "idPce": 1}}']
)
def test_a_broken_file_is_refused(data: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(data)
    assert refusal.value.code in {"damaged", "other_shape"}


DAYS = [
    "Date de relevé",
    "Index de début de période (m3)",
    "Index de fin de période (m3)",
    "Volume consommé (m3)",
    "Energie consommée (kWh)",
]


def book(columns: list[str], *rows: list[object]) -> bytes:
    top: list[list[object]] = [
        [None, "Données informatives et détaillées", None, None, "Export du 24/11/2021"],
        [None, None, "N° PCE :", PCE],
        [],
    ]
    return workbook({"Historique par mois": [*top, [None, *columns], *([None, *row] for row in rows)]})


def test_the_workbook_of_days_is_read() -> None:
    reading = read(
        book(
            [*DAYS, "Qualification du relevé"],
            ["24/11/2020", 100, 112, 12, 133, "Mesuré"],
            ["25/11/2020", None, None, 0, 0, "Absence de Données"],
        )
    )
    energy_block, volume_block = payloads(reading, "energie.serie")
    assert (energy_block["point"], energy_block["debut"]) == (PCE, "2020-11-24T05:00:00+00:00")
    assert (energy_block["valeurs"], volume_block["valeurs"]) == ([133000, None], [12, None])
    assert facts(reading)["gaps"] == "1"


def test_the_workbook_of_months_is_estimated_and_adds_up() -> None:
    reading = read(
        book(
            ["Date de relevé", "Volume consommé (m3)", "Energie consommée (kWh)"],
            ["Octobre 2021 ", 114, 1226],
            ["Novembre 2021 ", 155, 1737],
        )
    )
    assert energy(reading) == 2963
    assert (facts(reading)["points"], facts(reading)["last_day"]) == ("54", "2021-11-23")
    assert {block["qualite"] for block in payloads(reading, "energie.serie")} == {"estime"}


def test_the_workbook_of_weeks_is_read() -> None:
    reading = read(book(DAYS, ["Du 01/11/2021 au 07/11/2021", 100, 170, 70, 700]))
    (block,) = [block for block in payloads(reading, "energie.serie") if block["unite"] == "Wh"]
    assert block["valeurs"] == [100000] * 7
    assert [one["total"] for one in payloads(reading, "energie.index")] == [100, 170]


def test_overlapping_weeks_end_where_the_next_one_begins() -> None:
    """At New Year the first week ends on 3 January and the second begins on the 1st: no day is counted twice."""
    weeks = [["Du 28/12/2020 au 03/01/2021", 100, 170, 70, 700], ["Du 01/01/2021 au 10/01/2021", 140, 240, 100, 1000]]
    reading = read(book(DAYS, *weeks))
    assert energy(reading) == float(facts(reading)["energy_total"]) == 1700
    blocks = [one for one in payloads(reading, "energie.serie") if one["unite"] == "Wh"]
    assert [block["valeurs"] for block in blocks] == [[175000] * 4, [100000] * 10]


def test_of_two_readings_that_begin_together_the_last_is_kept() -> None:
    weeks = [["Du 01/11/2021 au 07/11/2021", 100, 170, 70, 700], ["Du 01/11/2021 au 07/11/2021", 100, 170, 71, 710]]
    assert energy(read(book(DAYS, *weeks))) == 710


UNITS = [("7 m³", "1.234,5 kWh", 7, 1234500), ("7000 dm3", "75 000 Wh", 7, 75000), ("7,5", "1,5 MWh", 7.5, 1500000)]


@pytest.mark.parametrize(("volume", "used", "metres", "watts"), UNITS)
def test_a_cell_that_names_its_unit_is_read_in_it(volume: str, used: str, metres: float, watts: int) -> None:
    in_json = site(day("2022-01-10", "2022-01-11", volumeBrutConsomme=volume, energieConsomme=used))
    in_book = book(DAYS, ["10/01/2022", "100 m3", "107 m3", volume, used])
    in_adict = json.dumps(adict(volume_brut=volume, energie=used))
    for data in (in_json, in_book, in_adict):
        energy, gas = payloads(read(data), "energie.serie")
        assert (energy["valeurs"], gas["valeurs"]) == ([watts], [metres])


@pytest.mark.parametrize("cell", ["1.234", "1.234 kWh", "beaucoup", "7 kg"])
def test_a_cell_of_two_meanings_or_of_none_is_refused_and_said(cell: str) -> None:
    in_json = site(day("2022-01-10", "2022-01-11", energieConsomme=cell))
    for data in (in_json, book(DAYS, ["10/01/2022", 100, 107, 7, cell]), json.dumps(adict(energie=cell))):
        with pytest.raises(Unreadable) as refusal:
            read(data)
        assert refusal.value.code == "measure_unclear"


def test_a_number_of_json_with_three_decimals_has_one_meaning() -> None:
    energy, _gas = payloads(read(site(day("2022-01-10", "2022-01-11", energieConsomme=1.234))), "energie.serie")
    assert energy["valeurs"] == [1234]
