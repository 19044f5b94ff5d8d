"""Calendars: days, moments, private zones, added dates, and events without a date."""

import io
from typing import Any

import pytest

from tests.fixtures import documents
from vault import readers, types
from vault.readers import Reading, sentences
from vault.types import envelope


def read(*events: str, zone: str = "") -> Reading:
    reading = readers.read(io.BytesIO(documents.agenda(*events, zone=zone)), trust_test_authority=False)
    for record in reading.records:
        envelope.validate(record)
        assert types.validate("agenda.evenement", record["payload"]) == []
    return reading


def only(event: str, zone: str = "") -> dict[str, Any]:
    (record,) = read(event, zone=zone).records
    payload: dict[str, Any] = record["payload"]
    return payload


def starts(reading: Reading) -> list[str]:
    return [record["payload"]["debut"] for record in reading.records]


def test_an_event_is_read_whole() -> None:
    event = "UID:1\nSUMMARY:Rendez-vous\\, PMI\nLOCATION:Maison des solidarités\nRRULE:FREQ=WEEKLY;COUNT=4\n"
    event += "DTSTART:20261124T090000Z\nDTEND:20261124T093000Z"
    assert only(event) == {
        "uid": "1",
        "debut": "2026-11-24T09:00:00+00:00",
        "fin": "2026-11-24T09:30:00+00:00",
        "titre": "Rendez-vous, PMI",
        "lieu": "Maison des solidarités",
        "rrule": "FREQ=WEEKLY;COUNT=4",
    }


@pytest.mark.parametrize("written", ["DTSTART:20261124", "DTSTART;VALUE=DATE:20261124"])
def test_a_day_is_recognised_without_value_date(written: str) -> None:
    assert only(f"UID:1\n{written}")["debut"] == "2026-11-24"


def test_the_last_day_is_the_one_before_the_written_end() -> None:
    assert only("UID:1\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261127")["fin"] == "2026-11-26"


@pytest.mark.parametrize("end", ["20261125", "20261124"])
def test_one_day_has_no_end(end: str) -> None:
    assert "fin" not in only(f"UID:1\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:{end}")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("DTSTART;TZID=Europe/Paris:20260701T090000", "2026-07-01T09:00:00+02:00"),
        ("DTSTART;TZID=Europe/Paris:20261201T090000", "2026-12-01T09:00:00+01:00"),
        ("DTSTART;TZID=Indian/Reunion:20260701T090000", "2026-07-01T09:00:00+04:00"),
        ("DTSTART;TZID=Romance Standard Time:20260701T090000", "2026-07-01T09:00:00+02:00"),
        ("DTSTART:20260701T090000", "2026-07-01T09:00:00+02:00"),
    ],
)
def test_a_moment_has_the_offset_of_its_place(written: str, moment: str) -> None:
    assert only(f"UID:1\n{written}")["debut"] == moment


@pytest.mark.parametrize(("day", "offset"), [("20260701", "+02:00"), ("20261201", "+01:00")])
def test_a_calendar_may_define_its_own_zone(day: str, offset: str) -> None:
    assert only(f"UID:1\nDTSTART;TZID=Mairie:{day}T090000", zone=documents.PARIS_ZONE)["debut"].endswith(
        f"T09:00:00{offset}"
    )


def test_a_length_gives_the_end() -> None:
    assert only("UID:1\nDTSTART:20261124T090000Z\nDURATION:PT45M")["fin"] == "2026-11-24T09:45:00+00:00"


def test_an_event_without_a_date_is_left_out_with_a_warning() -> None:
    reading = read("UID:1\nSUMMARY:Un jour", "UID:2\nDTSTART:20261124")
    assert starts(reading) == ["2026-11-24"]
    assert reading.warnings == [sentences.EVENT_WITHOUT_DATE]
    assert {fact.code: fact.value for fact in reading.facts} == {
        "events": "2",
        "occurrences": "1",
        "without_date": "1",
    }


def test_each_added_date_is_an_event_of_its_own() -> None:
    event = "UID:1\nDTSTART:20261124T090000Z\nDTEND:20261124T100000Z\nRDATE:20261201T090000Z,20261208T090000Z\n"
    event += "RDATE;VALUE=PERIOD:20261215T090000Z/PT2H"
    reading = read(event)
    assert [(one["payload"]["uid"], one["payload"]["fin"]) for one in reading.records] == [
        ("1", "2026-11-24T10:00:00+00:00"),
        ("1#2026-12-01T09:00:00+00:00", "2026-12-01T10:00:00+00:00"),
        ("1#2026-12-08T09:00:00+00:00", "2026-12-08T10:00:00+00:00"),
        ("1#2026-12-15T09:00:00+00:00", "2026-12-15T11:00:00+00:00"),
    ]


def test_an_added_date_equal_to_the_first_one_is_not_repeated() -> None:
    assert len(read("UID:1\nDTSTART:20261124T090000Z\nRDATE:20261124T090000Z").records) == 1


def test_a_moved_meeting_of_a_series_is_a_separate_event() -> None:
    series = "UID:1\nDTSTART:20261124T090000Z\nRRULE:FREQ=WEEKLY"
    moved = "UID:1\nRECURRENCE-ID:20261201T090000Z\nDTSTART:20261202T090000Z"
    assert [one["payload"]["uid"] for one in read(series, moved).records] == ["1", "1#2026-12-01T09:00:00+00:00"]


def test_an_event_without_a_uid_gets_the_same_one_at_each_reading() -> None:
    assert only("DTSTART:20261124\nSUMMARY:Marché")["uid"] == only("DTSTART:20261124\nSUMMARY:Marché")["uid"]
    assert only("DTSTART:20261124\nSUMMARY:Marché")["uid"] != only("DTSTART:20261124\nSUMMARY:Piscine")["uid"]


@pytest.mark.parametrize("start", ["00010101", "99991231T235959Z", "20261399", "demain"])
def test_an_implausible_year_is_not_a_date(start: str) -> None:
    assert read(f"UID:1\nDTSTART:{start}").records == []


def test_only_the_unreadable_line_is_left_out() -> None:
    assert only("UID:1\nDTSTART:20261124\nSUMMARY=x") == {"uid": "1", "debut": "2026-11-24"}


@pytest.mark.parametrize("body", ["", "BEGIN:VTODO\nUID:1\nDUE:20261124\nEND:VTODO\n"])
def test_a_calendar_without_an_event_says_so(body: str) -> None:
    reading = read(zone=body)
    assert (reading.records, reading.warnings) == ([], [sentences.NO_EVENT])


def test_cancelled_events_are_left_out_and_said() -> None:
    reading = read("UID:1\nDTSTART:20261124\nSTATUS:CANCELLED", "UID:2\nDTSTART:20261125\nSTATUS:CONFIRMED")
    assert (starts(reading), reading.warnings) == (["2026-11-25"], [sentences.CANCELLED_EVENTS])
    withdrawn = read("UID:1\nDTSTART:20261124", zone="METHOD:CANCEL\n")
    assert (withdrawn.records, withdrawn.warnings) == ([], [sentences.CANCELLED_EVENTS])


@pytest.mark.parametrize("written", ["DTSTART;TZID=Europe/Paris:20261124", "DTSTART;VALUE=DATE;TZID=Mairie:20261124"])
def test_a_day_with_a_zone_is_a_day(written: str) -> None:
    assert only(f"UID:1\n{written}")["debut"] == "2026-11-24"


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("Romance Standard Time", "+02:00"),
        ('"W. Europe Standard Time"', "+02:00"),
        ("GMT Standard Time", "+01:00"),
        ("/freeassociation.sourceforge.net/Europe/Lisbon", "+01:00"),
    ],
)
def test_outlook_s_names_of_zones_are_known(zone: str, offset: str) -> None:
    reading = read(f"UID:1\nDTSTART;TZID={zone}:20260701T090000")
    assert (starts(reading), reading.warnings) == ([f"2026-07-01T09:00:00{offset}"], [])


def test_an_unknown_zone_is_said() -> None:
    reading = read("UID:1\nDTSTART;TZID=Chez moi:20260701T090000")
    assert (starts(reading), reading.warnings) == (["2026-07-01T09:00:00+02:00"], [sentences.UNKNOWN_ZONE])


def test_a_calendar_that_is_cut_keeps_its_whole_events_and_says_so() -> None:
    whole = documents.agenda("UID:1\nDTSTART:20261124", "UID:2\nDTSTART:20261125")
    reading = readers.read(io.BytesIO(whole[: whole.index(b"20261125") + 6]), trust_test_authority=False)
    assert (starts(reading), reading.warnings) == (["2026-11-24"], [sentences.CALENDAR_CUT])


def test_an_alarm_is_not_its_event() -> None:
    alarm = "BEGIN:VALARM\nTRIGGER:-PT10M\nDURATION:PT2H\nSUMMARY:Rappel\nEND:VALARM"
    assert only(f"UID:1\nSUMMARY:Marché\nDTSTART:20261124T090000Z\n{alarm}") == {
        "uid": "1",
        "debut": "2026-11-24T09:00:00+00:00",
        "titre": "Marché",
    }


def test_folded_and_escaped_lines_are_joined() -> None:
    event = only("UID:1\nDTSTART:20261124\nSUMMARY:Une réunion\n  longue\\; à la\\nmairie")
    assert event["titre"] == "Une réunion longue; à la mairie"


WEEKLY = "UID:1\nDTSTART:20261102T090000Z\nDTEND:20261102T100000Z\nRRULE:FREQ=WEEKLY;COUNT=4\n"


def test_the_dates_that_a_series_leaves_out_are_kept_with_it() -> None:
    written = "EXDATE:20261109T090000Z,20261116T090000Z\nEXDATE;TZID=Europe/Paris:20261109T100000"
    assert only(f"{WEEKLY}{written}")["sauf"] == ["2026-11-09T09:00:00+00:00", "2026-11-16T09:00:00+00:00"]
    assert only(f"{WEEKLY}EXDATE;VALUE=DATE:20261109")["sauf"] == ["2026-11-09T09:00:00+00:00"]
    assert "sauf" not in only(WEEKLY)


def test_a_moved_date_of_a_series_is_at_its_new_place_only() -> None:
    moved = "UID:1\nRECURRENCE-ID:20261109T090000Z\nDTSTART:20261110T140000Z\nDTEND:20261110T150000Z"
    series, other = (record["payload"] for record in read(WEEKLY, moved).records)
    assert series["sauf"] == ["2026-11-09T09:00:00+00:00"]
    assert (other["debut"], "rrule" in other) == ("2026-11-10T14:00:00+00:00", False)


def test_a_cancelled_date_of_a_series_is_left_out_of_it() -> None:
    reading = read(WEEKLY, "UID:1\nRECURRENCE-ID:20261109T090000Z\nDTSTART:20261109T090000Z\nSTATUS:CANCELLED")
    assert [record["payload"]["sauf"] for record in reading.records] == [["2026-11-09T09:00:00+00:00"]]


def test_an_added_date_that_is_left_out_too_is_no_event() -> None:
    dates = "RDATE:20261105T090000Z,20261106T090000Z\nEXDATE:20261106T090000Z"
    assert starts(read(f"UID:1\nDTSTART:20261102T090000Z\n{dates}")) == [
        "2026-11-02T09:00:00+00:00",
        "2026-11-05T09:00:00+00:00",
    ]
