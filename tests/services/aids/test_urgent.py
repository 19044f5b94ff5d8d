"""Urgent situations: versions that agents write, deadlines that become dates, days that stay their resident's own."""

import json
from datetime import date

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from accounts.two_persons import NotTwo
from core import journal
from core.journal import register
from core.models.rows import Forged
from services.aids import catalogue, shipping, urgent
from services.aids.actions import urgent_dates
from services.aids.actions import urgent_situations as actions
from services.aids.models import UrgentDates, UrgentSituation
from services.aids.urgent import days
from services.versions.actions import versions
from services.versions.models import State
from tests.accounts.factories import AgentFactory, signed_in
from vault.records.content import paper_kinds

SHIPPED = {item["code"]: item for item in catalogue.urgent_situations()}


def due(code, what, **told):
    found = urgent.situation(code, SHIPPED[code]["title"], SHIPPED[code])
    (line,) = (line for line in found.deadlines if line.what.startswith(what))
    return line.due({event.replace("__", "-"): date.fromisoformat(day) for event, day in told.items()})


def text(answer):
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


# Deadlines


@pytest.mark.parametrize("code", SHIPPED)
def test_each_shipped_situation_may_be_published_and_names_the_source_of_what_it_counts(code):
    item = SHIPPED[code]
    assert urgent.faults(item) == []
    assert all(line["source"] for line in item["deadlines"] if "since" in line)


@pytest.mark.parametrize(
    ("died", "declared"),
    [
        ("2026-10-23", "2026-10-24"),  # a Friday: Saturday counts
        ("2026-10-24", "2026-10-26"),  # a Saturday before the clocks change: Sunday does not count
        ("2026-10-25", "2026-10-26"),  # the day of 25 hours
        ("2026-03-28", "2026-03-30"),  # a Saturday before the day of 23 hours
        ("2026-12-24", "2026-12-26"),  # Christmas does not count, the Saturday after it does
        ("2026-05-22", "2026-05-23"),
        ("2026-05-23", "2026-05-26"),  # then Sunday and Whit Monday
    ],
)
def test_a_death_is_declared_within_24_hours_without_sundays_and_holidays(died, declared):
    assert due("deces", "Déclarer", deces=died) == date.fromisoformat(declared)


def test_calendar_days_count_all():
    assert due("deces", "Obsèques", deces="2026-12-20") == date(2027, 1, 3)


@pytest.mark.parametrize(
    ("died", "last"),
    [
        ("2026-02-28", "2026-08-31"),  # from the last day of a month to the last day of a month
        ("2026-08-31", "2027-03-01"),  # 28 February 2027 is a Sunday: the next working day
        ("2026-05-15", "2026-11-16"),  # 15 November is a Sunday
        ("2026-05-01", "2026-11-02"),  # All Saints' Day, a Sunday
        ("2026-06-25", "2026-12-28"),  # Christmas, a Friday, then a weekend
        ("2026-06-10", "2026-12-10"),
    ],
)
def test_an_inheritance_is_declared_as_the_tax_office_counts(died, last):
    assert due("deces", "Déclaration de succession", deces=died) == date.fromisoformat(last)


def test_months_end_with_shorter_months_and_are_not_moved_where_no_source_says_so():
    assert due("expulsion", "Quitter", commandement_quitter="2025-12-31") == date(2026, 2, 28)
    assert due("sans_abri", "Domiciliation", domiciliation="2026-06-14") == date(2026, 8, 14)
    assert due("expulsion", "Payer", commandement_payer="2026-09-27") == date(2026, 11, 8), "a Sunday, and stays"


def test_working_days_leave_out_weekends_and_holidays():
    assert due("violences", "Aide", demande="2026-11-10") == date(2026, 11, 16)


def test_a_deadline_without_its_day_has_no_date():
    assert due("expulsion", "Payer", commandement_quitter="2026-01-05") is None
    assert due("deces", "Prévenir", deces="2026-01-05") is None, "no source counts it"


def test_easter_moves_its_holidays():
    assert {date(2027, 3, 29), date(2027, 5, 6), date(2027, 5, 17)} <= days.holidays(2027)
    assert {date(2038, 4, 26), date(2038, 6, 3)} <= days.holidays(2038), "the latest Easter, 25 April"
    assert len(days.holidays(2026)) == 11


# Versions


@pytest.fixture
def author(db, villebrume):
    paper_kinds.load()
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def second(db):
    return AgentFactory(name="Hugo Bastide")


@pytest.fixture
def draft(author) -> UrgentSituation:
    (first, *_others) = shipping.load_urgent_situations()
    return versions.renew(row=first, by=author, begin=actions.begin)


def at(name, *args, **query):
    return reverse(f"aids:urgent_{name}", args=args, query=query or None)


def test_two_agents_write_and_publish_and_the_register_says_so(draft, author, second):
    actions.change(row=draft, by=author, label="Quelqu’un est mort")
    with pytest.raises(versions.NotNow):
        versions.publish(row=draft, by=second)
    draft = versions.try_out(row=draft, by=author)
    with pytest.raises(NotTwo):
        versions.publish(row=draft, by=author)
    versions.publish(row=draft, by=second)
    in_force = shipping.urgent_situation("deces")
    assert in_force is not None and in_force.label == "Quelqu’un est mort"
    versions.close(row=draft)
    assert shipping.urgent_situation("deces") is None, "a closed one does not come back as shipped"
    subject = UrgentSituation.subject_of("deces")
    told = [entry.event for entry in register.of("urgent_situation", subject)]
    assert told == ["urgent_situation_published", "urgent_situation_closed"]
    shipping.load_urgent_situations()
    assert shipping.urgent_situation("deces") is None


@pytest.mark.django_db
def test_before_they_are_loaded_the_shipped_ones_are_shown():
    assert [row.code for row in shipping.urgent_situations()] == list(SHIPPED)
    assert "3919" in text(Client().get(reverse("aids:situation", args=["violences"])))


def test_what_keeps_a_version_from_being_published_is_named(draft, author):
    lost = [{**line, "since": "autre"} if "since" in line else line for line in draft.rules["deadlines"]]
    held = actions.change(row=draft, by=author, rules={"calls": [], "deadlines": lost})
    with pytest.raises(versions.Faulty) as found:
        versions.try_out(row=held, by=author)
    named = " ".join(found.value.faults)
    assert "un numéro à appeler" in named and "Obsèques" in named and "Le jour du décès" in named
    held = actions.change(row=draft, by=author, rules={"calls": [{"number": "0800", "why": "x"}]})
    assert "0800" in " ".join(held.faults)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE aids_urgentsituation SET label = 'x'",
        "UPDATE aids_urgentsituation SET rules = '{}'",
        "UPDATE aids_urgentsituation SET review_on = '2030-01-01'",
        "UPDATE aids_urgentsituation SET state = 'draft'",
        "UPDATE aids_urgentsituation SET state = 'closed', shipped = false",
        "DELETE FROM aids_urgentsituation",
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_to_change_a_published_version(change):
    shipping.write_situation(SHIPPED["deces"])
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_refuses_one_person_alone(draft, author):
    versions.try_out(row=draft, by=author)
    one = UrgentSituation.objects.filter(pk=draft.pk)
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        one.update(state=State.PUBLISHED, published_by=author, code="x")


# Pages of agents


def test_a_situation_is_written_proposed_and_published_by_pages(author, second):
    pages = signed_in(author)
    sheet = {
        "title": "Mon logement a brûlé",
        "intro": "D’abord, un toit pour ce soir.",
        "first_days": "Prévenir l’assurance\nDemander un hébergement",
        "rights": "Hébergement d’urgence",
        "places": "CCAS",
        "papers": ["bail"],
        "dossiers": ["aide_logement"],
        **{f"review_on_{part}": value for part, value in (("day", "1"), ("month", "12"), ("year", "2027"))},
    }
    assert pages.post(at("new"), sheet).status_code == 302
    row = UrgentSituation.objects.get(label="Mon logement a brûlé")
    page = text(pages.get(at("version", row.pk)))
    assert "Ajoutez un numéro à appeler." in page and "Proposer à la publication" not in page
    assert pages.get(at("preview", row.pk)).status_code == 404, "nobody to call yet"

    def add(part, **told):
        answer = pages.post(at("part", row.pk, part), told)
        assert answer.status_code == 302, text(answer)

    add("numero", number="115", why="pour un toit ce soir")
    add("evenement", label="Le jour de l’incendie")
    counted = {"what": "Prévenir l’assurance", "when": "5 jours ouvrés", "since": "le-jour-de-lincendie"}
    counted |= {"unit": "day", "days": "working"}
    answer = pages.post(at("part", row.pk, "delai"), {**counted, "count": "5"})
    assert answer.status_code == 400 and "Écrivez où c’est écrit." in text(answer)
    add("delai", **counted, count="5", source="article L113-2 du code des assurances")
    row.refresh_from_db()
    assert row.rules["deadlines"][0]["days"] == "working" and "moved" not in row.rules["deadlines"][0]
    assert "5 jours après : Le jour de l’incendie" in text(pages.get(at("version", row.pk)))
    assert 'value="5"' in text(pages.get(at("part", row.pk, "delai", rang="1")))
    assert "un toit" in text(pages.get(at("preview", row.pk)))
    assert pages.get(at("publish", row.pk)).status_code == 404
    assert pages.post(at("try", row.pk)).status_code == 302
    other = signed_in(second)
    assert other.get(at("sheet", row.pk)).status_code == 404, "only its author changes a draft"
    assert f"?lu={row.mark}" in text(other.get(at("version", row.pk)))
    assert other.post(at("publish", row.pk), {"shown": row.mark}).status_code == 302
    public = text(Client().get(reverse("aids:situation", args=[row.code])))
    assert "pour un toit ce soir" in public and "Awa Sorel" not in public
    assert "Mon logement a brûlé" in text(Client().get(reverse("aids:urgent")))
    shown = Client().post(reverse("aids:dates", args=[row.code]), three("le-jour-de-lincendie", "2026-11-06"))
    assert "Jusqu’au 16 novembre 2026" in text(shown), "five working days, without 11 November"


def three(name, day):
    year, month, rest = day.split("-")
    return {f"{name}_day": rest, f"{name}_month": month, f"{name}_year": year}


def test_places_that_do_not_exist_are_404_and_nothing_is_lost(draft, author):
    pages = signed_in(author)
    for query in ("99", "0", "x", "-1"):
        assert pages.get(at("part", draft.pk, "delai", rang=query)).status_code == 404
        assert pages.post(at("remove", draft.pk, "delai"), {"rang": query}).status_code == 404
    assert pages.get(at("part", draft.pk, "autre")).status_code == 404
    pages.post(at("remove", draft.pk, "numero"), {"rang": "2"})
    draft.refresh_from_db()
    assert [call["number"] for call in draft.rules["calls"]] == ["15"]
    assert "Avant" in text(pages.get(at("differences", draft.pk)))


def test_a_shipped_situation_that_was_not_loaded_becomes_the_citys_own(author):
    pages = signed_in(author)
    assert "Écrire celle de la ville" in text(pages.get(at("list")))
    assert pages.post(at("take_up", "violences")).status_code == 302
    row = UrgentSituation.objects.get()
    assert row.state == State.DRAFT and row.rules["discreet"] and row.written_by == author
    assert pages.post(at("take_up", "autre")).status_code == 404


# The days of a resident


@pytest.fixture
def told(resident):
    urgent_dates.note(resident_id=resident.pk, by=resident.pk, code="violences", days={"demande": date(2026, 11, 10)})
    return resident


def content(resident) -> bytes:
    with scope(resident=resident.pk):
        return bytes(UrgentDates.objects.get().content)


@pytest.mark.django_db
@time_machine.travel("2026-11-12 10:00+01:00", tick=False)
def test_a_resident_tells_a_day_sees_dates_and_erases_them_at_once(resident, villebrume):
    browser, page = signed_in(resident), reverse("aids:dates", args=["deces"])
    assert "Vos délais" not in text(browser.get(page))
    assert browser.post(page, three("deces", "2026-11-11")).status_code == 302
    shown = text(browser.get(page))
    assert "Jusqu’au 12 novembre 2026" in shown and "Aujourd’hui" in shown
    assert "Jusqu’au 25 novembre 2026" in shown and "Dans 13 jours" in shown
    browser.post(reverse("aids:forget_dates", args=["deces"]))
    with scope(resident=resident.pk):
        assert not UrgentDates.objects.exists()
    assert "Vos délais" not in text(browser.get(page))


@pytest.mark.django_db
@time_machine.travel("2026-11-12 10:00+01:00", tick=False)
@pytest.mark.parametrize("day", ["", "2026-02-30", "1990-01-01", "2030-01-01"])
def test_no_day_or_an_impossible_one_is_refused_and_nothing_is_kept(resident, villebrume, day):
    sent = three("deces", day) if day else {}
    answer = signed_in(resident).post(reverse("aids:dates", args=["deces"]), sent)
    assert answer.status_code == 400 and "Écrivez une date" in text(answer)
    with scope(resident=resident.pk):
        assert not UrgentDates.objects.exists()


@pytest.mark.django_db
def test_a_visitor_sees_dates_and_nothing_is_kept(villebrume):
    answer = Client().post(reverse("aids:dates", args=["deces"]), three("deces", "2026-11-11"))
    assert "Jusqu’au 12 novembre 2026" in text(answer) and "Rien n’est gardé" in text(answer)
    assert "Effacer" not in text(answer)


@pytest.mark.django_db
def test_a_reader_of_the_database_does_not_learn_which_situation(told, stranger):
    urgent_dates.note(
        resident_id=stranger.pk,
        by=stranger.pk,
        code="deces",
        days={"deces": date(2026, 11, 10)},
    )
    urgent_dates.note(resident_id=stranger.pk, by=stranger.pk, code="maladie", days={"arret": date(2026, 11, 10)})
    assert len(content(told)) == len(content(stranger)), "its size would tell"
    for table in ("aids_urgentdates", "core_journalentry", "records_record", "core_job", "core_message"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if not cursor.fetchone()[0]:
                continue
            cursor.execute(f"SELECT row_to_json({table})::text FROM {table}")
            rows = json.dumps(cursor.fetchall())
        assert "violence" not in rows and "demande" not in rows and "2026-11-10" not in rows, table


@pytest.mark.django_db
def test_nobody_who_looks_over_a_shoulder_reads_it(told, stranger, villebrume, mailoutbox):
    browser, other = signed_in(told), signed_in(stranger)
    browser.get(reverse("aids:dates", args=["violences"]))
    for page in (reverse("home"), reverse("journal:journal"), reverse("aids:home"), reverse("dossiers:home")):
        shown, usual = (text(one.get(page)).count("iolence") for one in (browser, other))
        assert shown == usual, f"{page}: the public notice is for all, nothing more"
    title = text(browser.get(reverse("aids:dates", args=["violences"]))).partition("<title>")[2].partition("<")[0]
    assert "iolence" not in title and mailoutbox == []
    events = {line.event for line in journal.entries(resident_id=told.pk, limit=9)}
    assert events >= {"dates_told", "dates_opened"}


@pytest.mark.django_db
def test_another_person_writes_nothing_and_a_row_that_was_changed_is_refused(told, stranger):
    with pytest.raises(PermissionDenied):
        urgent_dates.note(resident_id=told.pk, by=stranger.pk, code="deces", days={"deces": date(2026, 11, 10)})
    with pytest.raises(PermissionDenied):
        urgent_dates.forget(resident_id=told.pk, by=stranger.pk, code="violences")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE aids_urgentdates SET version = version + 1")
    with pytest.raises(Forged):
        urgent_dates.noted(resident_id=told.pk)


@pytest.mark.django_db
def test_a_second_situation_stays_when_the_first_is_erased(told):
    urgent_dates.note(resident_id=told.pk, by=told.pk, code="deces", days={"deces": date(2026, 11, 10)})
    urgent_dates.forget(resident_id=told.pk, by=told.pk, code="violences")
    assert urgent_dates.noted(resident_id=told.pk) == {"deces": {"deces": date(2026, 11, 10)}}


@pytest.mark.django_db
def test_an_aid_of_the_situation_is_concerned_and_no_other(told):
    dossiers = SHIPPED["violences"]["dossiers"]
    assert urgent_dates.concern(resident_id=told.pk, aids=dossiers[:1])
    assert not urgent_dates.concern(resident_id=told.pk, aids=["bourse_lycee"])


def test_the_note_has_one_size_whatever_it_says():
    from core import canonical

    most = {code: {event["code"]: "2026-11-10" for event in item["events"]} for code, item in SHIPPED.items()}
    for kept in ({}, {"deces": {"deces": "2026-11-10"}}, most):
        assert len(canonical.encode(urgent_dates.padded(kept))) == urgent_dates.SIZE


def test_a_note_of_many_situations_has_the_next_size():
    from core import canonical

    many = {f"situation-{number}": {f"jour-{day}": "2026-11-10" for day in range(6)} for number in range(60)}
    more = {**many, "une-autre": {"jour": "2026-11-10"}}
    assert {len(canonical.encode(urgent_dates.padded(kept))) for kept in (many, more)} == {2 * urgent_dates.SIZE}


def test_a_number_that_left_the_catalogue_is_not_shown(monkeypatch):
    numbers = catalogue.numbers()
    item, (first, *others) = SHIPPED["violences"], SHIPPED["violences"]["calls"]
    left = {number: one for number, one in numbers.items() if number != first["number"]}
    monkeypatch.setattr(catalogue, "numbers", lambda: left)
    found = urgent.situation("violences", item["title"], item)
    assert [call.number for call in found.calls] == [one["number"] for one in others]
    alone = urgent.situation("violences", item["title"], {**item, "calls": [first]})
    assert [call.number for call in alone.calls] == [urgent.EMERGENCY] and alone.first_call.name


@pytest.mark.django_db
def test_a_dossier_for_it_is_urgent_and_its_office_reads_so_only_if_told(told, villebrume):
    from services.dossiers.actions import dossiers
    from services.dossiers.models import Dossier

    code = SHIPPED["violences"]["dossiers"][0]
    row = dossiers.start(resident_id=told.pk, aids=[code])
    browser, page = signed_in(told), reverse("dossiers:dossier", args=[row.pk])
    assert "Vous avez noté une date qui presse." in text(browser.get(page))
    assert not dossiers.letter_of(row, dossiers.read_note(row)).startswith("Demande urgente."), "nothing is pre-ticked"
    browser.post(reverse("dossiers:choose", args=[row.pk]), {"key": "urgent", "choice": "yes"})
    with scope(resident=told.pk):
        row = Dossier.objects.get()
    letter = dossiers.letter_of(row, dossiers.read_note(row))
    assert letter.startswith("Demande urgente.\n\nMadame")
    dossiers.write_letter(dossier=row, by=told.pk, text=letter.replace("\n", "\r\n"))
    with scope(resident=told.pk):
        row = Dossier.objects.get()
    assert dossiers.letter_of(row, dossiers.read_note(row)) == letter, "its first line is not written twice"
    browser.post(reverse("dossiers:choose", args=[row.pk]), {"key": "urgent", "choice": "undo"})
    urgent_dates.forget(resident_id=told.pk, by=told.pk, code="violences")
    assert "Urgent" not in text(browser.get(page))
