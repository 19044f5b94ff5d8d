"""Enedis's files: the customer's CSV and workbook, R63, home automation, the portal's SOAP."""

import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.fixtures.readings import energy, facts, payloads, read
from tests.fixtures.workbooks import workbook
from vault import readers
from vault.readers import Unreadable
from vault.readers.sentences import HEAD_GOES_FURTHER, PART_NOT_READ

PARIS = ZoneInfo("Europe/Paris")
PRM = "14000000000000"
TOP = (
    "\ufeffIdentifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;"
    "Etape metier;Unite;Pas en minutes\n"
)
CURVE = (
    f"{TOP}{PRM};Courbe de charge;01/01/2023;01/01/2024;Energie active;Consommation;Comptage Brut;W;\n"
    "Horodate;Valeur\n"
)
INDEX = (
    f"{TOP}{PRM};Index;01/01/2023;01/01/2024;Energie active;Consommation;Comptage Brut;Wh\n"
    "Horodate;Type de releve;EAS F1;EAS F2;EAS D1;EAS T\n"
)
POWER = (
    f"{TOP}{PRM};Puissance maximale quotidienne;01/01/2023;01/01/2024;Puissance maximale atteinte;"
    "Consommation;Comptage Brut;VA\n"
)


def rows(start: str, end: str, minutes: int, watts: int = 100) -> str:
    """Build rows whose stamps end each interval, with the local offset of that moment."""
    moment, last = (
        datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(ZoneInfo("UTC")) for text in (start, end)
    )
    lines = []
    while moment < last:
        moment += timedelta(minutes=minutes)
        lines.append(f"{moment.astimezone(PARIS).isoformat()};{watts}\n")
    return "".join(lines)


@pytest.mark.parametrize(("day", "count"), [("2023-03-26", 46), ("2023-06-01", 48), ("2023-10-29", 50)])
def test_each_day_has_its_half_hours(day: str, count: int) -> None:
    following = (datetime.fromisoformat(day) + timedelta(days=1)).isoformat()
    reading = read(CURVE + rows(day, following, 30))
    assert (facts(reading)["points"], facts(reading)["gaps"], facts(reading)["last_day"]) == (str(count), "0", day)


def test_energy_follows_a_change_of_step() -> None:
    """A year half at 60 minutes and half at 30 would lose a quarter of its energy if read at 30 throughout."""
    reading = read(
        CURVE
        + rows("2023-01-01", "2023-01-11", 60)
        + rows("2023-01-11", "2023-01-21", 30)
        + rows("2023-01-21", "2023-01-31", 10)
    )
    assert facts(reading)["energy_total"] == "72"
    assert energy(reading) == 72
    assert facts(reading)["gaps"] == "0"
    assert sorted(block["pas_s"] for block in payloads(reading, "energie.serie")) == [600, 1800, 3600]
    assert reading.records[0]["provenance"]["quality"] == ["mixed_step"]


def test_a_blank_value_and_a_missing_line_are_gaps() -> None:
    lines = rows("2023-06-01", "2023-06-02", 30).splitlines(keepends=True)
    lines[4] = lines[4].replace(";100", ";")
    del lines[8]
    (block,) = payloads(read(CURVE + "".join(lines)), "energie.serie")
    assert [rank for rank, value in enumerate(block["valeurs"]) if value is None] == [4, 8]


def test_the_summer_index_is_that_of_midnight_and_equals_the_curve() -> None:
    """With its own stamp, 01:00+02:00, two half-hours of the curve would be on the wrong side."""
    days = [datetime(2023, 7, day, tzinfo=PARIS) for day in (1, 2, 3)]
    lines = "".join(
        f"{day:%Y-%m-%d}T01:00:00+02:00;Arrêté quotidien;{rank * 900};{rank * 1500};{rank * 2400};{rank * 2400}\n"
        for rank, day in enumerate(days)
    )
    reading = read(INDEX + lines)
    indexes = payloads(reading, "energie.index")
    assert [one["horodate"] for one in indexes] == [
        "2023-06-30T22:00:00+00:00",
        "2023-07-01T22:00:00+00:00",
        "2023-07-02T22:00:00+00:00",
    ]
    curve = read(CURVE + rows("2023-07-01", "2023-07-03", 30))
    assert indexes[-1]["total"] - indexes[0]["total"] == energy(curve) * 1000
    assert facts(reading)["index_energy"] == facts(curve)["energy_total"] == "4.8"


def test_the_winter_index_and_a_reading_at_noon_keep_their_moment() -> None:
    winter = "2023-01-10T00:00:00+01:00;Arrêté quotidien;1;2;3;3\n"
    noon = "2023-07-10T12:00:00+02:00;Relevé réel;1;2;3;3\n"
    assert [one["horodate"] for one in payloads(read(INDEX + winter + noon), "energie.index")] == [
        "2023-01-09T23:00:00+00:00",
        "2023-07-10T10:00:00+00:00",
    ]


def test_an_index_has_its_dials_and_the_calendar_of_its_day() -> None:
    line = "2023-01-10T00:00:00+01:00;Arrêté quotidien;10;20;;30\n"
    calendar = "Periode;Identifiant calendrier fournisseur;Libelle calendrier fournisseur\n"
    periods = (
        "Du 2022-01-01T00:00:00+01:00 au 2023-01-01T00:00:00+01:00;FC1;Base\n"
        "Du 2023-01-01T00:00:00+01:00 au;FC2;Heures Creuses\n"
    )
    (index,) = payloads(read(INDEX + line + calendar + periods), "energie.index")
    assert (index["cadrans"], index["total"], index["calendrier"]) == (
        {"EAS F1": 10, "EAS F2": 20},
        30,
        "Heures Creuses",
    )


def test_the_highest_power_of_a_day() -> None:
    reading = read(
        f"{POWER}Horodate;Valeur\n2023-06-01T15:17:24+02:00;3695\n2023-06-02T01:34:50+02:00;2345\n"
        "2023-06-02T20:00:00+02:00;5000\n"
    )
    (block,) = payloads(reading, "energie.serie")
    assert (block["grandeur"], block["unite"], block["valeurs"]) == ("puissance_max", "VA", [3695, 5000])


def test_several_parts_of_one_file_are_read() -> None:
    reading = read(
        CURVE
        + rows("2023-06-01", "2023-06-02", 30)
        + POWER.lstrip("\ufeff")
        + "Horodate;Valeur\n2023-06-01T15:17:24+02:00;3695\n"
    )
    assert [block["grandeur"] for block in payloads(reading, "energie.serie")] == [
        "puissance_moyenne",
        "puissance_max",
    ]


def test_production_is_separate_and_reactive_energy_is_left_out() -> None:
    reading = read(CURVE.replace("Consommation", "Production") + rows("2023-06-01", "2023-06-02", 30))
    assert facts(reading)["energy_produced"] == "2.4"
    assert "energy_total" not in facts(reading)
    reactive = read(CURVE.replace("Energie active", "Energie réactive") + rows("2023-06-01", "2023-06-02", 30))
    assert (reactive.records, reactive.warnings) == ([], [PART_NOT_READ])


R63 = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;"
    "Horodate;Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
)


def r63(stamp: str, value: str = "1000", quantity: str = "PA", step: str = "PT30M", nature: str = "B") -> str:
    unit = "W" if quantity == "PA" else "V"
    return (
        f"{PRM};2023-01-01 00:00:00;2024-01-01 00:00:00;{quantity};CONS;BRUT;{unit};{stamp};{value};"
        f"{nature};{step};0;0\n"
    )


def test_r63_stamps_end_their_interval_with_their_own_step() -> None:
    text = (
        R63
        + r63("2023-06-01 01:00:00", step="PT60M")
        + r63("2023-06-01 01:30:00", nature="E")
        + r63("2023-06-01 01:30:00", "230", "E")
    )
    reading = read(text)
    assert facts(reading)["energy_total"] == "1.5"
    assert [(block["debut"], block["pas_s"], block["qualite"]) for block in payloads(reading, "energie.serie")] == [
        ("2023-05-31T23:00:00+00:00", 1800, "estime"),
        ("2023-05-31T22:00:00+00:00", 3600, "brut"),
    ]


def test_r63_in_autumn_counts_the_hour_twice() -> None:
    text = R63 + "".join(
        r63(f"2023-10-29 {hour}:00") for hour in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")
    )
    assert (facts(read(text))["points"], facts(read(text))["gaps"]) == ("6", "0")


TABLE: list[list[object]] = [
    ["01/06/2023 00:00:00", "01/06/2023 00:30:00", "0,5"],
    ["01/06/2023 00:30:00", "01/06/2023 01:00:00", "NA"],
    ["01/06/2023 01:00:00", "01/06/2023 01:30:00", "1,25"],
]


def test_the_workbook_of_2025_is_read() -> None:
    notice: list[list[object]] = [["Notice"], ["Ce fichier…"]]
    table: list[list[object]] = [["PRM", PRM], [], [None, None], ["Début", "Fin", "Valeur (en kW)"], *TABLE]
    reading = read(workbook({"Notice": notice, "Consommation Horaire": table}))
    assert reading.format == "enedis_xlsx"
    (block,) = payloads(reading, "energie.serie")
    assert (block["point"], block["debut"], block["valeurs"]) == (PRM, "2023-05-31T22:00:00+00:00", [500, None, 1250])


def test_the_workbooks_dates_may_be_excels() -> None:
    """45078 is 1 June 2023."""
    table: list[list[object]] = [
        ["Début", "Fin", "Valeur (en kW)"],
        [45078.0, 45078 + 1 / 48, 0.5],
        [45078 + 1 / 48, 45078 + 2 / 48, 0.25],
    ]
    (block,) = payloads(read(workbook({"Consommation Horaire": table})), "energie.serie")
    assert (block["debut"], block["valeurs"]) == ("2023-05-31T22:00:00+00:00", [500, 250])


def test_the_table_of_the_workbook_is_read_as_csv() -> None:
    (block,) = payloads(
        read("Début;Fin;Valeur (en kW)\n" + "".join(";".join(map(str, row)) + "\n" for row in TABLE)), "energie.serie"
    )
    assert (block["point"], block["valeurs"]) == ("inconnu", [500, None, 1250])


def test_the_table_is_read_across_the_spring_clock_change() -> None:
    text = (
        "Début;Fin;Valeur (en kW)\n26/03/2023 01:30:00;26/03/2023 03:00:00;1\n"
        "26/03/2023 03:00:00;26/03/2023 03:30:00;1\n"
    )
    (block,) = payloads(read(text), "energie.serie")
    assert (block["pas_s"], block["valeurs"]) == (1800, [1000, 1000])


def test_home_automation_stamps_start_their_interval() -> None:
    (block,) = payloads(read("debut;kW\n2023-06-01 00:00:00;0.5\n2023-06-01 00:30:00;1,25\n"), "energie.serie")
    assert (block["debut"], block["valeurs"]) == ("2023-05-31T22:00:00+00:00", [500, 1250])


SOAP = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<n:consulterMesuresDetailleesResponse xmlns:n="urn:x">'
    "<pointId>14000000000000</pointId><grandeur><grandeurMetier>{business}</grandeurMetier>"
    "<grandeurPhysique>{quantity}</grandeurPhysique>"
    "<unite>{unit}</unite>{measures}</grandeur></n:consulterMesuresDetailleesResponse></soap:Body></soap:Envelope>"
)


def soap(*stamps: str, business: str = "CONS", quantity: str = "PA", unit: str = "W", step: str = "PT10M") -> str:
    measures = "".join(f"<mesure><v>600</v><d>{stamp}</d><p>{step}</p><n>B</n></mesure>" for stamp in stamps)
    return SOAP.format(business=business, quantity=quantity, unit=unit, measures=measures)


def test_the_portals_stamp_starts_the_interval() -> None:
    (block,) = payloads(read(soap("2020-03-01T00:00:00.000+01:00", "2020-03-01T00:10:00.000+01:00")), "energie.serie")
    assert (block["debut"], block["pas_s"], block["valeurs"]) == ("2020-02-29T23:00:00+00:00", 600, [600, 600])


def test_the_portal_gives_days_and_directions() -> None:
    days = read(soap("2020-03-01T00:00:00.000+01:00", business="PROD", quantity="EA", unit="Wh", step="P1D"))
    assert facts(days)["energy_produced"] == "0.6"
    assert read(soap("2020-03-01T00:00:00.000+01:00", quantity="PRI", unit="VAr")).warnings == [PART_NOT_READ]


@pytest.mark.parametrize(
    "data",
    [
        CURVE + "demain;100\n",
        CURVE + "2023-06-01T00:30:00+02:00;1e15\n",
        INDEX + "2023-06-01;Arrêté quotidien;1e15;;;\n",
        R63 + f"{PRM};x\n",
        "Début;Fin;Valeur (en kW)\nlundi;mardi;1\n",
        soap("hier"),
        soap("2020-03-01T00:00:00+01:00")[:-20],
        '<!DOCTYPE a [<!ENTITY b "1">]>' + soap("2020-03-01T00:00:00+01:00").replace("600", "&b;"),
    ],
)
def test_a_broken_file_is_refused(data: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(data)
    assert refusal.value.code in {"damaged", "other_shape"}


def days_sheet(direction: str, *values: object, until: str = "11/07/2026") -> list[list[object]]:
    top: list[list[object]] = [[None, "Type de comptage : ", f"{direction} Quotidienne"], [None, "PRM", PRM]]
    top += [[None, "Date de fin : ", until], [None, "Date", "Valeur (en kWh)"]]
    return top + [[None, f"{day:02}/07/2026", value] for day, value in enumerate(values, 8)]


def test_the_workbook_of_days_has_a_sheet_for_each_direction() -> None:
    reading = read(
        workbook(
            {
                "Page d'accueil": [["Votre consommation et votre production"]],
                "Export Consommation Quotidienne": days_sheet("Consommation", 1.361, "NA", 4.966),
                "Export Injection Quotidienne": days_sheet("Injection", 33.53, 28.1),
            }
        )
    )
    assert [(one["point"], one["flux"], one["valeurs"]) for one in payloads(reading, "energie.serie")] == [
        (PRM, "soutirage", [1361, None, 4966]),
        (PRM, "injection", [33530, 28100]),
    ]
    assert (facts(reading)["energy_total"], facts(reading)["energy_injected"]) == ("6.327", "61.63")
    assert not reading.asks_direction


@pytest.mark.parametrize(
    ("text", "flux"),
    [
        ("Date;Consommation (en kWh)\n01/06/2026;12,5\n02/06/2026;9\n", "soutirage"),
        ("Date,Injection (en Wh)\n2026-06-01,12500\n2026-06-02,9000\n", "injection"),
        ("Type\tProduction quotidienne\nDate\tValeur (en kWh)\n01/06/2026\t12,5\n02/06/2026\t9\n", "production"),
    ],
)
def test_a_table_of_days_is_read_with_any_delimiter(text: str, flux: str) -> None:
    (block,) = payloads(read(text), "energie.serie")
    assert (block["flux"], block["pas_s"], block["valeurs"]) == (flux, 86400, [12500, 9000])


def test_the_site_s_days_are_read_without_the_column_of_the_unit() -> None:
    head = f"Identifiant PRM;Type de donnees;Date de debut;Date de fin\n{PRM};"
    for kind, values, flux in (
        ("Injection quotidienne", "Date;Valeur (en kWh)\n2026-06-01;12,5\n2026-06-02;9\n", "injection"),
        ("Consommation quotidienne", "Date;Valeur\n2026-06-01;12500\n2026-06-02;9000\n", "soutirage"),
    ):
        (block,) = payloads(read(f"{head}{kind};01/06/2026;03/06/2026\n{values}"), "energie.serie")
        assert (block["flux"], block["valeurs"]) == (flux, [12500, 9000])


UNSAID = [
    "debut;kW\n2023-06-01 00:00:00;0.5\n",
    "Début;Fin;Valeur (en kW)\n01/06/2023 00:00:00;01/06/2023 00:30:00;0,5\n",
    "Date;Valeur (en kWh)\n01/06/2026;12,5\n",
    CURVE.replace("Consommation", "") + rows("2023-06-01", "2023-06-02", 30),
]


@pytest.mark.parametrize("text", UNSAID)
def test_a_direction_that_the_file_does_not_say_is_asked(text: str) -> None:
    """Consumption is never supposed: a roof's production would become a household's expense."""
    asked = readers.read(io.BytesIO(text.encode()), trust_test_authority=False)
    assert asked.asks_direction
    assert all("flux" not in record["payload"] for record in asked.records)
    assert "energy_total" not in facts(asked) and "energy_measured" in facts(asked)
    answered = read(text, direction="production")
    assert {one["flux"] for one in payloads(answered, "energie.serie")} == {"production"}
    assert "energy_produced" in facts(answered)


def test_a_curve_cut_before_the_end_of_its_head_is_said() -> None:
    whole = CURVE.replace("01/01/2024", "03/06/2023") + rows("2023-06-01", "2023-06-03", 30)
    assert read(whole).warnings == []
    lines = whole.splitlines(keepends=True)
    assert read("".join(lines[:20])).warnings == [HEAD_GOES_FURTHER]


def test_a_workbook_cut_before_the_end_of_its_head_is_said() -> None:
    sheet = {"Export Consommation Quotidienne": days_sheet("Consommation", 1.3, 2.2, until="31/07/2026")}
    assert read(workbook(sheet)).warnings == [HEAD_GOES_FURTHER]


def test_r63_may_give_energy() -> None:
    text = R63 + r63("2024-01-01 00:30:00", value="250", quantity="EA").replace(";V;", ";Wh;")
    (block,) = payloads(read(text), "energie.serie")
    assert (block["grandeur"], block["unite"], block["valeurs"]) == ("energie", "Wh", [250])
