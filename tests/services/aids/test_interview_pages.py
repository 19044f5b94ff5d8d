"""Pages of the interview: answers sealed in the session, few runs, nothing of a vault, kept only after a yes."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.account.adapter import get_adapter
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from accounts.models import Session, User
from core import journal
from core.database import locks
from core.models import City
from services.aids import catalogue, shipping
from services.aids.interview import running, slots, state
from services.aids.models import LocalAid
from tests.accounts.factories import ResidentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.services.aids import people
from tests.services.aids.interviews import COUPLE, SINGLE, posted
from vault.records import gate
from vault.records.models import Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
START, RESULT, SHEET, KEEP = (f"/faire-le-point/{page}" for page in ("", "resultat/", "feuille/", "garder/"))
ERASE = "/faire-le-point/effacer/"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture(autouse=True)
def city() -> City:
    return City.objects.update_or_create(
        pk=1, defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042"}
    )[0]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return people.counting(monkeypatch)


def address(name: str) -> str:
    return f"/faire-le-point/{name}/"


def main_of(response: Any) -> str:
    main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main).replace("\u00a0", " ").replace("&#x27;", "'"))


def question_of(response: Any) -> str:
    heading = re.search(r"<h1.*?</h1>", response.content.decode(), re.S)
    assert heading is not None
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", heading[0])).strip()
    return text.replace("\u00a0", " ")


def tell(client: Client, story: dict[str, str], most: int = 40) -> list[str]:
    """Answer until the result, by the texts of the questions. Return the addresses passed."""
    passed: list[str] = []
    response = client.get(START)
    while (place := response.headers["Location"]) != RESULT:
        page = client.get(place)
        assert page.status_code == 200 and "Pourquoi cette question" in main_of(page), place
        answer = story.get(question_of(page))
        passed.append(place)
        response = client.post(place, posted(answer) if answer is not None else {"skip": "unknown"})
        assert response.status_code == 302 and len(passed) <= most, (place, answer)
    return passed


TOLD: dict[str, Any] = {}


def has_told(client: Client, story: dict[str, str]) -> None:
    """Give a visitor the session of one who told the story: telling it takes two seconds."""
    name = json.dumps(story)
    if name not in TOLD:
        first = Client()
        tell(first, story)
        TOLD[name] = kept(first)
    client.post(address("couple"), {"answer": "no"})
    session = client.session
    session[state.KEY] = copy.deepcopy(TOLD[name])
    session.save()


def kept(client: Client) -> Any:
    return client.session.get(state.KEY)


# From nothing to a sheet


def test_a_visitor_goes_from_nothing_to_amounts_with_reasons_and_a_sheet(runs):
    client = Client()
    assert len(tell(client, SINGLE)) <= 12
    page = main_of(client.get(RESULT))
    order = ["Au total", "À demander", "Qui voir", "Pas aujourd’hui"]
    assert [page.index(title) for title in order] == sorted(page.index(title) for title in order)
    assert "Prime d’activité" in page and "par mois" in page and "Pourquoi : Prime d’activité" in page
    sheet = main_of(client.get(SHEET))
    assert "Fait le 20 novembre 2025" in sheet and "Prime d’activité" in sheet and "Loyer : 520 €" in sheet
    estimates = kept(client)["runs"] - 1
    assert len(runs) == estimates + 1 and estimates > 4, "one for each answer that changes it; the sheet runs nothing"


def test_a_first_amount_is_shown_before_the_end(runs):
    client = Client()
    passed = tell(client, SINGLE)
    shown = [place for place in passed if "civic-num" in client.get(place).content.decode()]
    assert shown and kept(client)["estimate"]["high"] and len(runs) == kept(client)["runs"]


def test_a_page_shown_again_runs_nothing_and_a_correction_runs_once(runs):
    client = Client()
    tell(client, SINGLE)
    for _ in range(3):
        client.get(RESULT)
    before = len(runs)
    assert client.post(address("loyer"), {"answer": "480"}).headers["Location"] == RESULT
    client.get(RESULT)
    assert len(runs) == before + 1


def test_the_english_page_is_computed_for_itself(runs):
    client = Client()
    tell(client, SINGLE)
    client.get(RESULT)
    client.cookies["garant_language"] = "en"
    page = client.get(RESULT).content.decode()
    assert '<html lang="en"' in page and "par mois" not in main_of(client.get(SHEET))


def test_a_homeless_person_reads_whom_to_call_first():
    client = Client()
    client.post(address("logement"), {"answer": "sans_domicile"})
    page = main_of(client.get(RESULT))
    assert page.index("115") < page.index("À demander")


def test_the_question_about_the_rent_says_whom_to_call_when_it_is_late():
    client = Client()
    client.post(address("logement"), {"answer": "locataire_vide"})
    page = client.get(address("loyer")).content.decode()
    assert reverse("aids:situation", args=["expulsion"]) in page and "Un loyer en retard" in page
    client.get(reverse("aids:situation", args=["expulsion"]))
    assert kept(client)["answers"] == {"logement": "locataire_vide"}


def test_every_page_offers_to_pass_not_to_know_and_to_erase():
    client = Client()
    client.post(address("couple"), {"answer": "yes"})
    for name in ("naissance", "enfants", "activite", "logement", "nationalite"):
        page = main_of(client.get(address(name)))
        assert "Je ne sais pas" in page and "Passer cette question" in page, name
        assert "Effacer mes réponses maintenant" in page and "question" in page


def test_a_skipped_question_is_not_asked_again_and_may_be_answered_later():
    client = Client()
    first = client.get(START).headers["Location"]
    second = client.post(first, {"skip": "pass"}).headers["Location"]
    assert second != first and "pas de réponse" in main_of(client.get(second))
    assert client.get(first).status_code == 200


def test_a_person_who_knows_nothing_reaches_a_result_too():
    client = Client()
    assert tell(client, {})
    page = main_of(client.get(RESULT))
    assert "Rien de sûr" in page and "Ces réponses resserreraient" in page


# What is kept, and where


def test_answers_lie_in_no_row_in_clear_no_url_and_no_log(caplog):
    client = Client()
    with caplog.at_level("DEBUG"):
        passed = tell(client, SINGLE)
        client.get(RESULT)
    row = Session.objects.get()
    for secret in (b"1250", b"locataire_meuble", b"1996-11-30", b"activite"):
        assert secret not in bytes(row.data)
    assert not re.search(r"1250|1996|locataire_meuble", " ".join([*passed, caplog.text]))
    assert kept(client)["answers"]["revenus"] == "1250.00"


def test_reading_the_pages_opens_no_session():
    client = Client()
    client.get(client.get(START).headers["Location"])
    assert not Session.objects.exists()


def test_answers_are_gone_after_two_hours():
    client = Client()
    client.post(address("couple"), {"answer": "no"})
    with time_machine.travel("2025-11-20 11:59:00+01:00", tick=True):
        assert "En couple : Non" in main_of(client.get(address("enfants")))
    with time_machine.travel("2025-11-20 12:01:00+01:00", tick=True):
        assert "En couple" not in main_of(client.get(address("enfants")))


def test_a_resident_s_answers_are_gone_too_whatever_page_they_open(resident):
    """A resident's session lasts longer than an interview."""
    client = signed_in(resident)
    client.post(address("couple"), {"answer": "no"})
    with time_machine.travel("2025-11-20 11:30:00+01:00", tick=True):
        client.get("/")
        assert kept(client)
    with time_machine.travel("2025-11-20 12:10:00+01:00", tick=True):
        client.get("/")
        assert kept(client) is None


def test_erasing_leaves_nothing():
    client = Client()
    has_told(client, SINGLE)
    assert client.post(ERASE).headers["Location"] == "/"
    assert kept(client) is None and client.get(RESULT).headers["Location"] == START


def test_no_page_is_kept_by_the_browser():
    client = Client()
    client.post(address("couple"), {"answer": "no"})
    for place in (address("enfants"), RESULT):
        assert "no-store" in client.get(place).headers["Cache-Control"]


# Bad input


def test_two_tabs_share_one_interview():
    client = Client()
    client.post(address("couple"), {"answer": "yes"})
    client.post(address("enfants"), {"answer": "1"})
    assert client.post(address("couple"), {"answer": "no"}).status_code == 302
    assert client.post(address("activite-conjoint"), {"answer": "actif"}).status_code == 302
    answers = kept(client)["answers"]
    assert answers == {"enfants": "1", "couple": False}


def test_a_cookie_deleted_half_way_starts_again_and_says_so():
    client = Client()
    client.post(address("activite"), {"answer": "actif"})
    assert 'name="begun"' in client.get(address("revenus")).content.decode()
    client.cookies.pop("garant_session")
    response = client.post(address("revenus"), {"answer": "1250", "begun": "1"}, follow=True)
    page = main_of(response)
    assert response.status_code == 200 and "Vos réponses d’avant n’étaient plus là" in page
    assert kept(client)["answers"] == {"revenus": "1250.00"}


def test_beginning_with_any_question_does_not_speak_of_lost_answers():
    client = Client()
    assert 'name="begun"' not in client.get(address("revenus")).content.decode()
    assert "n’étaient plus là" not in main_of(client.post(address("revenus"), {"answer": "1250"}, follow=True))


def test_a_child_older_than_its_parent_is_refused_with_a_sentence():
    client = Client()
    client.post(address("naissance"), posted("4 4 1984"))
    client.post(address("couple"), {"answer": "no"})
    client.post(address("enfants"), {"answer": "1"})
    response = client.post(address("naissance_enfant-enfant-1"), posted("1 1 1970"))
    assert response.status_code == 422
    assert "cet enfant serait plus âgé que ses parents" in main_of(response)
    assert "naissance_enfant-enfant-1" not in kept(client)["answers"]


def test_a_parent_made_younger_than_a_child_is_refused_too():
    client = Client()
    for name, text in (("naissance", "4 4 1984"), ("couple", "no"), ("enfants", "1")):
        client.post(address(name), posted(text))
    client.post(address("naissance_enfant-enfant-1"), posted("1 1 2015"))
    response = client.post(address("naissance"), posted("1 1 2020"))
    assert response.status_code == 422 and "se contredisent" in main_of(response)
    assert kept(client)["answers"]["naissance"] == "1984-04-04"


ODD = [
    ({}, "naissance", "1 1 1900", "1er janvier 1900"),
    ({}, "naissance", "1 1 2015", "10 ans"),
    ({"naissance": "4 4 1984", "couple": "yes"}, "naissance_conjoint-conjoint", "1 1 2020", "5 ans"),
    ({"naissance": "4 4 1991", "couple": "no", "enfants": "0"}, "activite", "retraite", "34 ans"),
    ({"naissance": "4 4 1950", "couple": "no", "enfants": "1"}, "naissance_enfant-enfant-1", "1 1 1980", "45 ans"),
    ({"naissance": "4 4 1998", "couple": "no", "enfants": "1"}, "naissance_enfant-enfant-1", "1 1 2010", "11 ans"),
    ({"naissance": "4 4 1940", "couple": "no", "enfants": "1"}, "naissance_enfant-enfant-1", "1 1 2020", "79 ans"),
]


def begun_with(story: dict[str, str]) -> Client:
    client = Client()
    for name, text in story.items():
        assert client.post(address(name), posted(text)).status_code == 302, name
    return client


@pytest.mark.parametrize(("story", "name", "text", "odd"), ODD)
def test_what_is_possible_and_rare_is_asked_again_then_kept(story, name, text, odd):
    client, given = begun_with(story), posted(text)
    asked = client.post(address(name), given)
    assert asked.status_code == 422 and odd in main_of(asked) and "bien cela" in main_of(asked)
    assert name not in (kept(client)["answers"] if story else {})
    sure = asked.context["form"]["answer_sure"].field.widget.attrs["value"]
    assert client.post(address(name), {**given, "answer_sure": sure}).status_code == 302
    assert name in kept(client)["answers"]


def test_a_confirmation_of_one_answer_is_none_of_another():
    client = begun_with({"naissance": "4 4 1991", "couple": "no", "enfants": "0"})
    assert client.post(address("activite"), {"answer": "retraite", "answer_sure": "actif"}).status_code == 422


def test_what_was_confirmed_is_not_asked_again_with_the_next_answers():
    client = begun_with({"couple": "no", "enfants": "0"})
    client.post(address("naissance"), {**posted("1 1 1918"), "answer_sure": "1918-01-01"})
    assert client.post(address("activite"), {"answer": "retraite"}).status_code == 302


def test_a_parent_too_young_for_a_child_is_refused():
    client = begun_with({"naissance": "4 4 2006", "couple": "no", "enfants": "1"})
    response = client.post(address("naissance_enfant-enfant-1"), {**posted("1 1 2015"), "answer_sure": "2015-01-01"})
    assert response.status_code == 422 and "assez âgé" in main_of(response)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("couple", "peut-être"),
        ("couple", ""),
        ("enfants", "40"),
        ("enfants", "-1"),
        ("naissance", "30 2 1990"),
        ("naissance", "1 1 2090"),
        ("naissance", "1 1 1700"),
        ("logement", "château"),
        ("activite", "<script>"),
    ],
)
def test_an_answer_that_is_none_of_the_choices_is_asked_again(name, answer):
    client = Client()
    response = client.post(address(name), posted(answer))
    assert response.status_code == 422 and "govuk-error-message" in response.content.decode()
    assert kept(client) is None


@pytest.mark.parametrize("answer", ["beaucoup", "", "-12", "9999999999", "nan"])
def test_an_amount_that_is_none_is_asked_again_and_shown_as_typed(answer):
    client = Client()
    client.post(address("activite"), {"answer": "actif"})
    response = client.post(address("revenus"), {"answer": answer})
    assert response.status_code == 422 and f'value="{answer}"' in response.content.decode()


@pytest.mark.parametrize("name", ["licorne", "revenus-voisin", "..", "naissance-enfant-99"])
def test_an_unknown_question_is_not_found_or_leads_onward(name):
    assert Client().get(address(name)).status_code in {302, 404}


@pytest.mark.parametrize("place", [ERASE, "/faire-le-point/plus-vrai/00000000-0000-4000-8000-000000000000/"])
def test_what_changes_something_is_never_a_link(place):
    assert Client().get(place).status_code in {302, 405}


def test_a_form_from_another_site_is_refused():
    client = Client(enforce_csrf_checks=True)
    assert client.post(address("couple"), {"answer": "no"}).status_code == 403


# The commune


def given_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode().replace("\u00a0", " ")))


def test_the_city_s_commune_is_supposed_and_said_with_its_source():
    client = Client()
    page = given_of(client.get(address("couple")))
    assert "Villebrume D’où cela vient : celle de ce portail Changer de commune" in page
    has_told(client, SINGLE)
    result, sheet = (main_of(client.get(place)) for place in (RESULT, SHEET))
    assert "n’apparaissent pas" not in result + sheet and "Commune : Villebrume (celle de ce portail)" in sheet


def test_a_corrected_commune_reaches_the_engine_and_the_result_says_what_is_left_out(runs):
    client = Client()
    passed = tell(client, SINGLE)
    before = main_of(client.get(RESULT))
    runs.clear()
    form = client.get(address("commune"))
    assert form.status_code == 200 and " sur " not in question_of(form)
    assert client.post(address("commune"), {"answer": "La Rochelle 17"}).headers["Location"] == RESULT
    response = client.get(RESULT)
    after = main_of(response)
    assert kept(client)["answers"]["commune"] == "17300" and len(runs) == 1
    assert "La Rochelle (17) D’où cela vient : votre réponse" in given_of(response)
    assert "les aides locales réservées à ses habitants n’apparaissent pas" in after
    assert "aides locales" not in before and "n’apparaissent pas" in main_of(client.get(SHEET))
    assert len(passed) <= 12 and tell(client, SINGLE) == []


def test_a_family_of_another_commune_sees_no_aid_for_residents_and_its_correction_runs_the_engine_once(runs):
    people.local_aids(codes=[aid["code"] for aid in catalogue.local_aids()])
    names = {aid.code: aid.name for aid in LocalAid.objects.all()}
    client = Client()
    assert len(tell(client, COUPLE)) <= 19
    here = titles_of(client) & set(names.values())
    runs.clear()
    client.post(address("commune"), {"answer": "La Rochelle 17"})
    elsewhere = titles_of(client) & set(names.values())
    open_to_all = {names[code] for code in ("cantine-hors-commune", "mediatheque-gratuite")}
    assert {names["cantine-qf"], names["transport-moins-18"]} <= here and elsewhere == open_to_all
    assert len(runs) == 1


def titles_of(client: Client) -> set[str]:
    return {line["title"] for line in client.get(RESULT).context["page"]["claims"]}


def test_in_mayotte_each_question_says_that_no_amount_will_come():
    client = Client()
    client.get(START, follow=True)
    client.post(address("commune"), {"answer": "Mamoudzou"})
    asked = client.get(START, follow=True)
    assert "Nos règles ne couvrent pas la commune où vous vivez" in main_of(asked)
    client.post(address("commune"), {"answer": "La Rochelle 17"})
    assert "ne couvrent pas" not in main_of(client.get(START, follow=True))


def test_a_name_of_several_communes_offers_a_list_and_an_unknown_one_a_sentence():
    client = Client()
    response = client.post(address("commune"), {"answer": "Saint-Denis"})
    assert response.status_code == 422 and "communes ont ce nom" in main_of(response)
    assert 'name="answer_choice"' in response.content.decode() and kept(client) is None
    chosen = client.post(address("commune"), {"answer": "Saint-Denis", "answer_choice": "93066"})
    assert chosen.status_code == 302 and kept(client)["answers"]["commune"] == "93066"
    response = client.post(address("commune"), {"answer": "Xyzzy"})
    assert response.status_code == 422 and "Nous ne trouvons pas cette commune" in main_of(response)
    assert kept(client)["answers"]["commune"] == "93066"


def test_passing_the_commune_goes_back_to_the_city_s():
    client = Client()
    client.post(address("commune"), {"answer": "17300"})
    client.post(address("commune"), {"skip": "pass"})
    assert "Villebrume D’où cela vient : celle de ce portail" in given_of(client.get(address("couple")))


def test_the_commune_does_not_count_among_the_questions():
    client = Client()
    client.post(address("logement"), {"answer": "proprietaire"})
    place = client.get(START).headers["Location"]
    before = given_of(client.get(place))
    client.post(address("commune"), {"answer": "17300"})
    assert client.get(START).headers["Location"] == place
    after = given_of(client.get(place))
    counted = re.search(r"question \d+ \(\d+ au plus\)", before)
    assert counted is not None and counted[0] in after and "Votre réponse jusqu’ici" in after


# Abuse


def test_a_visit_with_two_corrections_runs_the_engine_once_for_each_result(runs):
    client = Client()
    tell(client, SINGLE)
    estimates = len(runs)
    for page in (RESULT, SHEET, address("loyer"), RESULT):
        client.get(page)
    assert len(runs) == estimates + 1
    for name, answer in (("loyer", "480"), ("revenus", "950")):
        client.post(address(name), {"answer": answer})
        for page in (RESULT, SHEET):
            client.get(page)
    # Another income opens a question again, and so an estimate.
    assert len(runs) == estimates + 4 < state.MOST_ESTIMATES


def test_a_correction_drops_the_estimate_of_before(monkeypatch, runs):
    client = Client()
    tell(client, SINGLE)
    assert kept(client)["estimate"]
    monkeypatch.setattr(running, "MOST_ESTIMATES", 0)
    client.post(address("revenus"), {"answer": "950"})
    assert kept(client)["estimate"] == {}


def test_an_interview_has_few_runs(runs, monkeypatch):
    monkeypatch.setattr(running, "MOST_RUNS", 3)
    monkeypatch.setattr(running, "MOST_ESTIMATES", 1)
    client = Client()
    tell(client, SINGLE)
    client.get(RESULT)
    for rent in ("480", "490"):
        client.post(address("loyer"), {"answer": rent})
        response = client.get(RESULT)
    assert len(runs) == 3 and response.status_code == 429
    assert "refait beaucoup de fois" in main_of(response) and kept(client)["answers"]["loyer"] == "490.00"


def test_a_robot_is_slowed_without_a_captcha_and_its_answers_are_kept(settings, runs):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "interview_run": "2/m/ip"}
    statuses = []
    with time_machine.travel(NOW, tick=False):  # a slow machine would count a second minute
        for _ in range(4):
            client = Client()
            client.post(address("logement"), {"answer": "sans_domicile"})
            response = client.get(RESULT)
            statuses.append(response.status_code)
    assert statuses == [200, 200, 429, 429] and len(runs) == 2
    assert "Vos réponses sont gardées" in main_of(response) and kept(client)["answers"]


def test_two_hundred_interviews_from_one_address_are_slowed_before_they_fill_the_table():
    """The desk of a town hall shares one address: sixty may begin each minute, the others are told to wait."""
    with time_machine.travel(NOW, tick=False):  # a slow machine would count a second minute
        answered = [Client().post(address("couple"), {"answer": "no"}) for _ in range(200)]
    assert answered[-1].headers["Retry-After"] == "60" and "n’est pas gardée" in main_of(answered[-1])
    statuses = [response.status_code for response in answered]
    assert statuses.count(302) == 60 and statuses.count(429) == 140
    assert Session.objects.count() == 60


def test_a_busy_engine_is_told_within_two_seconds_and_keeps_the_answers(monkeypatch, runs):
    def busy(longest: float = 0) -> None:
        raise slots.Busy

    client = Client()
    client.post(address("logement"), {"answer": "sans_domicile"})
    monkeypatch.setattr(slots, "held", busy)
    response = client.get(RESULT)
    assert response.status_code == 503 and response.headers["Refresh"] == "3" and not runs
    assert "Vos réponses sont gardées" in main_of(response)
    monkeypatch.undo()
    assert client.get(RESULT).status_code == 200


def test_only_two_runs_go_on_at_a_time():
    others = [connection.copy() for _slot in slots.SLOTS]
    for other, slot in zip(others, slots.SLOTS, strict=True):
        with slots.held():
            pass
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [locks.key(slots.KIND, slot)])
    with pytest.raises(slots.Busy), slots.held(longest=0.1):
        pass
    for other in others:
        other.close()
    with slots.held():
        pass


def test_many_answers_do_not_grow_the_session():
    interview = state.Interview.begin("")
    for rank in range(500):
        interview.answer(f"naissance_enfant-enfant-{rank}", "2020-01-01")
    assert len(interview.answers) == state.MOST_ANSWERS


def test_a_question_costs_few_queries():
    client = Client()
    client.post(address("couple"), {"answer": "no"})
    client.get(address("enfants"))
    with CaptureQueriesContext(connection) as found:
        client.get(address("enfants"))
    assert len(found) <= 6


# Sign-in


def sign_in(client: Client, user: User, to: str = "") -> Any:
    """Sign in by the code of an e-mail."""
    client.post(reverse("account_login") + (f"?next={to}" if to else ""), {"email": user.email})
    return client.post(reverse("account_confirm_login_code"), {"code": sent_code()})


def test_signing_in_without_a_yes_carries_nothing_over(resident):
    client = Client()
    has_told(client, SINGLE)
    sign_in(client, resident)
    assert kept(client) is None
    assert client.get(KEEP).headers["Location"] == "/aides/"
    with scope(resident=resident.pk):
        assert not Record.objects.exists()


def test_after_a_yes_the_answers_are_shown_then_kept(resident):
    client = Client()
    has_told(client, SINGLE)
    assert client.post(KEEP).headers["Location"] == f"/connexion/?next={KEEP}"
    assert "Vos réponses attendent ici" in client.get(f"/connexion/?next={KEEP}").content.decode()
    assert sign_in(client, resident, KEEP).headers["Location"] == KEEP
    page = main_of(client.get(KEEP))
    assert "Loyer" in page and "520 €" in page and "déclarées" in page
    with scope(resident=resident.pk):
        assert not Record.objects.exists()
    assert client.post(KEEP).headers["Location"] == "/aides/"
    with scope(resident=resident.pk):
        written = list(Record.objects.current().exclude(type="calcul.resultat"))
    assert {record.assurance for record in written} == {"declared"}
    assert {"foyer.composition", "foyer.situation", "logement.domicile", "emploi.revenu", "fiscal.avis_ir"} <= {
        record.type for record in written
    }
    assert kept(client) is None


def test_the_vault_gives_the_amounts_of_the_interview_and_asks_nothing_again(resident):
    client = Client()
    has_told(client, SINGLE)
    shown = re.search(r"Au total, d’après vos réponses ([\d  ]+ €)", main_of(client.get(RESULT)))
    client.post(KEEP)
    sign_in(client, resident, KEEP)
    client.post(KEEP)
    page = main_of(client.get("/aides/"))
    assert shown is not None and shown[1].strip() in page
    found = people.simulated(resident)
    asked = [asked.question.key for asked in found.results.asked]
    assert asked == []


def test_a_commune_is_kept_and_leaves_the_street_of_the_former_home(resident):
    home = {"lignes": ["3 rue du Lavoir"], "code_postal": "99042", "commune": "Villebrume", "cog": "00042"}
    people.put(resident, "logement.domicile", {"adresse": home, "statut_occupation": "proprietaire"})
    client = signed_in(resident)
    assert "Villebrume D’où cela vient : Logement, déclaré" in given_of(client.get(address("couple")))
    client.post(address("commune"), {"answer": "La Rochelle 17"})
    assert "Commune La Rochelle (17)" in main_of(client.get(KEEP))
    client.post(KEEP)
    with scope(resident=resident.pk):
        kept_home = gate.read_own(resident_id=resident.pk, purpose="essai", fields=["logement.domicile#/adresse"])
    assert kept_home.value("logement.domicile#/adresse") == {"commune": "La Rochelle", "cog": "17300"}


def test_the_commune_of_the_vault_said_again_keeps_its_street(resident):
    home = {"lignes": ["3 rue de la Paix"], "code_postal": "17000", "commune": "La Rochelle", "cog": "17300"}
    people.put(resident, "logement.domicile", {"adresse": home, "statut_occupation": "proprietaire"})
    client = signed_in(resident)
    client.post(address("commune"), {"answer": "La Rochelle 17"})
    client.post(address("couple"), {"answer": "no"})
    client.post(KEEP)
    with scope(resident=resident.pk):
        kept_home = gate.read_own(resident_id=resident.pk, purpose="essai", fields=["logement.domicile#/adresse"])
    assert kept_home.value("logement.domicile#/adresse") == home


def test_a_family_is_kept_with_its_members(resident):
    client = Client()
    has_told(client, COUPLE)
    client.post(KEEP)
    sign_in(client, resident, KEEP)
    client.post(KEEP)
    household = people.simulated(resident).read.household
    assert household.partner is not None and household.partner.birth_date.isoformat() == "1985-05-05"
    assert [child.birth_date.isoformat() for child in household.children] == ["2021-02-02", "2016-02-02"]
    assert household.applicant.birth_date.isoformat() == "1984-04-04"
    assert household.partner.received("2025-10", "salary") == 900


def test_a_vault_opened_twice_from_one_interview_has_one_value_of_each(resident):
    client = Client()
    has_told(client, SINGLE)
    client.post(KEEP)
    sign_in(client, resident, KEEP)
    copy = Client()
    copy.cookies["garant_session"] = client.cookies["garant_session"].value
    assert client.post(KEEP).status_code == 302
    assert copy.post(KEEP).headers["Location"] == "/aides/"
    with scope(resident=resident.pk):
        assert Record.objects.current().filter(type="logement.domicile").count() == 1


def test_another_person_s_sign_in_wipes_the_answers(resident, stranger):
    client = signed_in(resident)
    client.post(address("couple"), {"answer": "no"})
    assert kept(client)["owner"] == str(resident.pk)
    client.force_login(stranger)
    assert kept(client) is None
    assert "En couple" not in main_of(client.get(address("couple")))


def test_a_yes_is_worth_half_an_hour(resident):
    client = Client()
    has_told(client, SINGLE)
    client.post(KEEP)
    with time_machine.travel("2025-11-20 10:40:00+01:00", tick=True):
        sign_in(client, resident, KEEP)
        assert kept(client) is None


def test_every_way_in_drops_what_the_visitor_did_not_ask_to_keep(resident):
    request = RequestFactory().post("/")
    request.user = AnonymousUser()
    request.session = Client().session
    state.save(request.session, state.Interview.begin(""))
    get_adapter(request).login(request, resident)
    assert state.KEY not in request.session


def test_signing_out_wipes_the_answers(resident):
    client = signed_in(resident)
    client.post(address("couple"), {"answer": "no"})
    client.post(reverse("account_logout"))
    assert kept(client) is None


# With a vault


def test_a_resident_is_asked_only_what_is_missing_and_sees_what_is_known(resident):
    people.identity(resident)
    people.notice(resident, 2023)
    client = signed_in(resident)
    client.get(START)
    page = main_of(client.get(address("couple")))
    assert "Ce que votre coffre sait déjà" in page and "Revenu fiscal de référence 2023 : 10 080 €" in page
    assert "déclaré" in page and "Ce n’est plus vrai" in page
    assert client.get(address("naissance")).status_code == 302 and client.get(address("avis")).status_code == 302


def test_a_figure_that_is_no_longer_true_is_asked_again_and_replaced(resident):
    people.identity(resident)
    people.notice(resident, 2023)
    client = signed_in(resident)
    with scope(resident=resident.pk):
        notice = Record.objects.current().get(type="fiscal.avis_ir")
    client.post(f"/faire-le-point/plus-vrai/{notice.pk}/")
    assert client.get(address("avis")).status_code == 200
    client.post(address("avis"), {"answer": "8000"})
    client.post(KEEP)
    with scope(resident=resident.pk):
        assert Record.objects.current().filter(type="fiscal.avis_ir").count() == 1
    assert people.simulated(resident).read.household.notice(2023).rfr == 8000


def test_a_notice_then_few_answers_give_a_first_amount(resident):
    people.identity(resident)
    people.notice(resident, 2023, rfr=14000, parts=1)
    client = signed_in(resident)
    answers = 0
    response = client.get(START)
    while "civic-num" not in (page := client.get(response.headers["Location"])).content.decode():
        response = client.post(response.headers["Location"], posted(SINGLE[question_of(page)]))
        answers += 1
    assert answers <= 5


def test_another_person_s_figure_cannot_be_set_aside(resident, stranger):
    people.notice(resident, 2023)
    with scope(resident=resident.pk):
        notice = Record.objects.current().get(type="fiscal.avis_ir")
    assert signed_in(stranger).post(f"/faire-le-point/plus-vrai/{notice.pk}/").status_code == 404
    response = Client().post(f"/faire-le-point/plus-vrai/{notice.pk}/")
    assert response.status_code == 302 and response.headers["Location"].startswith("/connexion/")


def test_a_visitor_reads_no_vault_and_writes_no_journal(resident):
    people.full_vault(resident)
    before = len(journal.entries(resident_id=resident.pk, limit=500))
    client = Client()
    tell(client, SINGLE)
    client.get(RESULT)
    assert len(journal.entries(resident_id=resident.pk, limit=500)) == before
    assert "Ce que votre coffre" not in main_of(client.get(address("couple")))


def test_a_resident_s_reading_is_a_line_of_their_journal(resident):
    people.notice(resident, 2023)
    before = len(journal.entries(resident_id=resident.pk, limit=500))
    page = main_of(signed_in(resident).get(address("couple")))
    assert "que si vous le demandez à la fin" in page and "Pas de compte" not in page
    assert len(journal.entries(resident_id=resident.pk, limit=500)) == before + 1


def test_an_agent_takes_stock_as_a_visitor_and_has_no_vault_to_keep_it_in(agent):
    client = signed_in(agent)
    client.post(address("couple"), {"answer": "no"})
    assert client.get(address("enfants")).status_code == 200
    assert client.post(KEEP).status_code == 403


def test_an_interview_kept_after_the_end_of_the_month_keeps_its_months(resident):
    with time_machine.travel("2025-11-30 23:50:00+01:00", tick=True):
        client = Client()
        tell(client, SINGLE)
        client.post(KEEP)
    with time_machine.travel("2025-12-01 00:10:00+01:00", tick=True):
        sign_in(client, resident, KEEP)
        assert client.post(KEEP).headers["Location"] == "/aides/"
        with scope(resident=resident.pk):
            slips = Record.objects.current().filter(type="emploi.revenu").values_list("period_start", flat=True)
            assert max(f"{start:%Y-%m}" for start in slips) == "2025-10"


def test_two_residents_never_share_the_ids_of_their_families():
    found = []
    for _ in range(2):
        user = ResidentFactory()
        client = signed_in(user)
        client.post(address("naissance"), posted("4 4 1984"))
        client.post(address("couple"), {"answer": "no"})
        client.post(address("enfants"), {"answer": "1"})
        client.post(address("naissance_enfant-enfant-1"), posted("2 2 2016"))
        client.post(KEEP)
        found.append(people.simulated(user).read.household.children[0].id)
    assert found[0] != found[1]


# The city's aids


INTERIM = "Travaillez-vous pour une agence d’intérim ?"


def temp_agency_aid() -> None:
    """Publish an aid of the city that reads only whether somebody works for a temp agency."""
    (found,) = (item for item in catalogue.local_aids() if item["code"] == "interim-mobilite")
    cases = [
        {"persona": "Ilan", "facts": {"temp_agency": True}, "expect": {"status": "granted", "amount": 40}},
        {"persona": "Jeanne", "facts": {"temp_agency": False}, "expect": {"status": "refused"}},
    ]
    open_now = {"valid_from": "2025-01-01", "valid_to": None}
    shipping.write({**found, **open_now, "conditions": {"all": [{"type": "temp_agency"}]}, "tests": cases})


def test_the_city_s_question_comes_last_runs_no_engine_and_is_not_asked_without_its_aid(runs, resident):
    client = Client()
    usual = tell(client, SINGLE)
    assert address("interim") not in usual
    client.get(RESULT)
    before = len(runs)
    temp_agency_aid()
    assert client.get(START).headers["Location"] == address("interim")
    page = client.get(address("interim"))
    assert question_of(page) == INTERIM and "Une aide de la ville" in main_of(page)
    assert "Aide à la mobilité" not in main_of(client.get(RESULT))
    client.post(address("interim"), {"answer": "yes"})
    assert client.get(START).headers["Location"] == RESULT
    (aid,) = LocalAid.objects.all()
    assert aid.label in main_of(client.get(RESULT)) and len(runs) == before, "local rules only"
    assert "Intérim : Oui" in main_of(client.get(SHEET))
    client.post(address("interim"), {"answer": "no"})
    assert aid.label not in main_of(client.get(RESULT)) and len(runs) == before


def test_a_skipped_question_of_the_city_is_not_asked_again():
    temp_agency_aid()
    client = Client()
    assert tell(client, SINGLE)[-1] == address("interim")
    assert client.get(START).headers["Location"] == RESULT


def test_an_answer_for_the_city_is_kept_in_the_vault(resident):
    temp_agency_aid()
    client = signed_in(resident)
    tell(client, {**SINGLE, INTERIM: "yes"})
    assert "Intérim" in main_of(client.get(KEEP))
    assert client.post(KEEP).status_code == 302
    with scope(resident=resident.pk):
        values = gate.read_own(resident_id=resident.pk, purpose="x", fields=["foyer.situation#/interimaire"])
    assert values.value("foyer.situation#/interimaire") is True


def test_a_question_of_money_has_a_no():
    client = Client()
    client.post(address("enfants"), {"answer": "0"})
    client.post(address("activite"), {"answer": "inactif"})
    page = client.get(address("revenus"))
    assert 'name="answer" value="0"' in page.content.decode() and "Non, 0 €" in main_of(page)
    assert client.post(address("revenus"), {"answer": ["", "0"]}).status_code == 302
    assert kept(client)["answers"]["revenus"] == "0.00"


def test_a_child_of_unknown_age_is_told_apart_by_rank():
    client = Client()
    client.post(address("enfants"), {"answer": "2"})
    client.post(address("naissance_enfant-enfant-1"), {"skip": "unknown"})
    page = main_of(client.get(address("handicap_foyer")))
    assert "à mon enfant n° 1" in page and "à mon enfant n° 2" in page and "à mon enfant de" not in page
