"""Green Button, PVGIS and the self-consumption flow R15."""

import io
import json
from typing import Any

import pytest

from tests.fixtures.readings import facts, payloads, read
from vault import readers
from vault.readers import Unreadable
from vault.readers.sentences import NO_POWER, NO_READING_TYPE, PART_NOT_READ

BASE = "/espi/1_1/resource/RetailCustomer/1/UsagePoint/AB12"


def kind(rank: int, **changes: str) -> str:
    words = {
        "commodity": "1",
        "flowDirection": "1",
        "powerOfTenMultiplier": "0",
        "uom": "72",
        "accumulationBehaviour": "4",
    } | changes
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in words.items())
    return entry(
        f"<ReadingType xmlns='http://naesb.org/espi'>{inside}</ReadingType>", f"/espi/1_1/resource/ReadingType/{rank}"
    )


def entry(content: str, itself: str, **links: str) -> str:
    links_xml = "".join(
        f'<link rel="{relation}" href="{target}"/>' for relation, target in {"self": itself, **links}.items()
    )
    return f"<entry>{links_xml}<content>{content}</content></entry>"


def meter(rank: int) -> str:
    return entry(
        "<MeterReading xmlns='http://naesb.org/espi'/>",
        f"{BASE}/MeterReading/{rank}",
        related=f"/espi/1_1/resource/ReadingType/{rank}",
    )


def block(*values: int, step: int = 900, start: int = 1704063600, rank: int = 1) -> str:
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>{step}</duration><start>{start + step * number}</start></timePeriod>"
        f"<value>{value}</value></IntervalReading>"
        for number, value in enumerate(values)
    )
    content = f"<IntervalBlock xmlns='http://naesb.org/espi'>{readings}</IntervalBlock>"
    return entry(
        content, f"{BASE}/MeterReading/{rank}/IntervalBlock/1", up=f"{BASE}/MeterReading/{rank}/IntervalBlock"
    )


def feed(*entries: str) -> str:
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}</feed>'


def test_intervals_start_at_their_stamp_and_are_scaled() -> None:
    (found,) = payloads(read(feed(kind(1, powerOfTenMultiplier="3"), block(1, 2, 3))), "energie.serie")
    assert (found["point"], found["debut"], found["pas_s"], found["valeurs"]) == (
        "AB12",
        "2023-12-31T23:00:00+00:00",
        900,
        [1000, 2000, 3000],
    )


def test_each_block_has_the_type_of_its_meter() -> None:
    entries = [kind(1), kind(2, flowDirection="19"), kind(3, commodity="7"), meter(1), meter(2), meter(3)]
    reading = read(feed(*entries, *(block(100 * rank, rank=rank) for rank in (1, 2, 3))))
    assert {(found["flux"], found["valeurs"][0]) for found in payloads(reading, "energie.serie")} == {
        ("soutirage", 100),
        ("injection", 200),
        ("gaz", 300),
    }


def test_five_minutes_become_ten_and_an_incomplete_interval_is_a_gap() -> None:
    (found,) = payloads(read(feed(kind(1), block(1, 2, 3, 4, 5, step=300))), "energie.serie")
    assert (found["pas_s"], found["valeurs"]) == (600, [3, 7, None])


def test_days_are_local_days() -> None:
    (found,) = payloads(read(feed(kind(1), block(5000, 6000, step=86400))), "energie.serie")
    assert (found["pas_s"], found["debut"], found["valeurs"]) == (86400, "2023-12-31T23:00:00+00:00", [5000, 6000])


@pytest.mark.parametrize("changes", [{"uom": "61"}, {"accumulationBehaviour": "3"}])
def test_other_quantities_and_indexes_are_left_out(changes: dict[str, str]) -> None:
    reading = read(feed(kind(1, **changes), block(1, 2)))
    assert (reading.records, reading.warnings) == ([], [PART_NOT_READ])


def pvgis(**fixed: Any) -> dict[str, Any]:
    module = {"technology": "c-Si", "peak_power": 3.0, "system_loss": 14.0}
    inputs = {
        "location": {"latitude": 46.16, "longitude": -1.15},
        "meteo_data": {"radiation_db": "PVGIS-SARAH2"},
        "mounting_system": {"fixed": {"slope": {"value": 35}, "azimuth": {"value": -10}} | fixed},
        "pv_module": module,
    }
    hours = [{"time": f"20200601:{hour:02}10", "P": 100.0 * hour, "G(i)": 1.0} for hour in (10, 11, 13)]
    return {"inputs": inputs, "outputs": {"hourly": hours}}


def test_pvgis_is_estimated_and_names_its_installation() -> None:
    reading = read(json.dumps(pvgis()))
    (found,) = payloads(reading, "energie.serie")
    assert (found["debut"], found["flux"], found["qualite"], found["valeurs"]) == (
        "2020-06-01T10:10:00+00:00",
        "production",
        "estime",
        [1000, 1100, None, 1300],
    )
    (installation,) = payloads(reading, "solaire.installation")
    assert (
        installation["puissance_kwc"],
        installation["inclinaison_deg"],
        installation["azimut_deg"],
        installation["pertes_pct"],
    ) == (
        3,
        35,
        -10,
        14,
    )
    assert facts(reading)["energy_produced"] == "3.4"


def test_panels_that_turn_have_no_slope() -> None:
    (installation,) = payloads(
        read(json.dumps(pvgis(slope={"value": "-"}, azimuth={"value": "-"}))), "solaire.installation"
    )
    assert "inclinaison_deg" not in installation


TOP = (
    "Latitude (decimal degrees):\t46.160\r\nLongitude (decimal degrees):\t-1.150\r\n"
    "Radiation database:\tPVGIS-SARAH2\r\n"
    "\r\n\r\nSlope: 35 deg. \r\nAzimuth: -10 deg. \r\n"
)


def test_pvgis_csv_is_read() -> None:
    power = (
        f"{TOP}Nominal power of the PV system (c-Si) (kWp):\t3.0\r\nSystem losses (%):\t14.0\r\n"
        "time,P,G(i),H_sun,T2m,WS10m,Int\r\n"
    )
    reading = read(
        f"{power}20200601:1010,1000.0,1,1,1,1,0\r\n20200601:1110,1100.0,1,1,1,1,0\r\n\r\nP: PV system power (W)\r\n"
    )
    assert payloads(reading, "energie.serie")[0]["valeurs"] == [1000, 1100]
    (installation,) = payloads(reading, "solaire.installation")
    assert (installation["puissance_kwc"], installation["inclinaison_deg"], installation["latitude"]) == (3, 35, 46.16)


def test_a_power_of_pvgis_in_its_own_unit_is_read_and_words_are_refused() -> None:
    text = json.dumps(pvgis())
    assert payloads(read(text.replace("1000.0", '"1,5 kW"')), "energie.serie")[0]["valeurs"][0] == 1500
    assert payloads(read(text.replace("1000.0", '"1.234,5"')), "energie.serie")[0]["valeurs"][0] == 1234.5
    with pytest.raises(Unreadable) as refusal:
        read(text.replace("1000.0", '"soleil"'))
    assert refusal.value.code == "measure_unclear"


def test_irradiation_alone_is_shown_and_not_stored() -> None:
    reading = read(
        f"{TOP}time,Gb(i),Gd(i),Gr(i)\r\n20200601:1010,26.71,8,0\r\n20200601:1110,14.69,6,0\r\n\r\nGb(i): Beam\r\n"
    )
    assert (reading.records, reading.warnings, facts(reading)["irradiation_direct"]) == ([], [NO_POWER], "41.4")


def dial(
    kind: str, value: str, period: str = "BASE", before: str = "", unit: str = "kWh", grid: str = "_Distributeur"
) -> str:
    classes = (
        f"<Id_Classe_Temporelle>{period}</Id_Classe_Temporelle><Classe_Mesure>{kind}</Classe_Mesure>"
        f"<Unite_Mesure>{unit}</Unite_Mesure>"
    )
    last = f"<Valeur_Precedent>{before}</Valeur_Precedent>" if before else ""
    return (
        f"<Classe_Temporelle{grid}>{classes}<Sens_Mesure>0</Sens_Mesure>"
        f"<Valeur>{value}</Valeur>{last}</Classe_Temporelle{grid}>"
    )


def r15(*dials: str, shared: str = "1") -> str:
    dates = (
        "<Date_Releve>2024-07-30T00:01:00+02:00</Date_Releve>"
        "<Date_Releve_Precedent>2024-07-01T00:00:00+02:00</Date_Releve_Precedent>"
    )
    calendars = (
        "<Libelle_Calendrier_Distributeur>Réseau</Libelle_Calendrier_Distributeur>"
        "<Libelle_Calendrier>Offre</Libelle_Calendrier>"
    )
    inside = f"{dates}{calendars}<Autoconsommation_Collective>{shared}</Autoconsommation_Collective>{''.join(dials)}"
    return f"<R15><PRM><Id_PRM>14000000000000</Id_PRM><Donnees_Releve>{inside}</Donnees_Releve></PRM></R15>"


SHARES = [
    dial("3", "500"),
    dial("4", "400"),
    dial("5", "70", "HP"),
    dial("5", "30", "HC"),
    dial("6", "50"),
    dial("2", "101", grid=""),
]


def test_shared_energy_sums_its_periods_and_is_not_an_index() -> None:
    reading = read(r15(*SHARES))
    assert payloads(reading, "energie.index") == []
    (found,) = payloads(reading, "acc.repartition")
    assert (
        found["autoproduite_kwh"],
        found["alloproduite_kwh"],
        found["autoconsommee_kwh"],
        found["surplus_kwh"],
    ) == (500, 400, 100, 50)
    assert (found["debut"], found["fin"]) == ("2024-06-30T22:00:00+00:00", "2024-07-29T22:01:00+00:00")
    assert facts(reading)["acc_used"] == "100"


def test_the_network_s_and_the_supplier_s_indexes_are_separate() -> None:
    reading = read(r15(dial("1", "10160", before="10060"), dial("1", "15276", before="15175", grid="")))
    assert [(one["calendrier"], one["total"]) for one in payloads(reading, "energie.index")] == [
        ("Réseau", 10_060_000),
        ("Réseau", 10_160_000),
        ("Offre", 15_175_000),
        ("Offre", 15_276_000),
    ]
    assert facts(reading)["index_energy"] == "100"


def test_a_meter_outside_any_sharing_has_only_its_index() -> None:
    assert payloads(read(r15(dial("1", "10160"), *SHARES, shared="0")), "acc.repartition") == []


@pytest.mark.parametrize(
    "text",
    [
        feed(kind(1), block(1)).replace("<start>1704063600</start>", "<start>demain</start>"),
        feed(kind(1), block(1)).replace("<start>1704063600</start>", f"<start>{10**17}</start>"),
        feed(kind(1), block(1))[:-20],
        json.dumps(pvgis()).replace("20200601:1010", "20201301:1010"),
        json.dumps(pvgis()).replace("1000.0", "1e400"),
        r15(*SHARES).replace("2024-07-01", "2024-07-99"),
        '<!DOCTYPE a [<!ENTITY b "1">]>' + r15(*SHARES).replace(">500<", ">&b;<"),
    ],
)
def test_a_broken_file_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(text)
    assert refusal.value.code in {"damaged", "other_shape"}


def test_without_a_reading_type_nothing_is_kept_and_it_is_said() -> None:
    reading = read(feed(meter(1), block(12)))
    assert (reading.records, reading.warnings) == ([], [NO_READING_TYPE])


def test_an_unsaid_direction_is_asked() -> None:
    text = feed(kind(1, flowDirection=""), meter(1), block(12))
    assert readers.read(io.BytesIO(text.encode()), trust_test_authority=False).asks_direction
    (block_read,) = payloads(read(text, direction="injection"), "energie.serie")
    assert block_read["flux"] == "injection"
