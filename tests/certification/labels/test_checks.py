"""The machine's part of the charter: each check, against pages of this machine that are good, and that are bad."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.translation import override
from django_scopes import scope

from accounts.actions.personas import open_persona
from certification.labels import agreements, checks
from certification.labels.actions import granting
from certification.labels.checks import axe, connection, declared, pages, practice, signals
from certification.labels.checks.html import Html, same_site
from certification.labels.checks.sentences import NAMES, SENTENCES
from certification.labels.checks.subject import Found, Subject
from certification.labels.models import Criterion, LabelRequest, PurposeField, Service
from core.outgoing import Client
from ops.prepare import BROWSERS
from tests.browser import CHROMIUM
from tests.certification.made import INCOME, PARTS, asked, charter, filled, given, member, publisher, service
from tests.outside import Authority, Page, dripping, redirect, running
from vault.records.enums import Happened, Mode, Outcome
from vault.records.models import GrantEvent, GrantReading
from vault.sharing.enums import ErasureAnswer, ErasureCause
from vault.sharing.models import ErasureRequest

pytestmark = pytest.mark.django_db

HOST = "service.example"
SIRET = "13002526500013"
POLICY = """<!doctype html><html lang="fr"><title>Vos données</title><body><h1>Politique</h1>
<p>Version du 3 mars 2026. Finalités : comparer les loyers. Durée de conservation : 12 mois.
Déléguée à la protection des données : donnees@loyerjuste.example. Vos droits. La CNIL reçoit les plaintes.</p>
<p>Sous-traitants : Serveurs du Lac.</p></body></html>"""
HOME = (
    '<!doctype html><html lang="fr"><head><title>Loyer</title></head><body><main><h1>Loyer</h1></main></body></html>'
)
SAFE = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Set-Cookie", "session=1; Secure; HttpOnly; SameSite=Lax"),
]
SECRET = b"secret-of-the-trial-signals"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def served(authority):
    with running(authority.certificate(HOST)) as site:
        yield site


@pytest.fixture
def site(served, settings):
    """The publisher's site, and the two registers, all at one place."""
    served.received.clear()
    served.pages = {
        "/": Page(HOME, headers=SAFE),
        "/donnees": Page(POLICY),
        "/signaux": Page(raw=signed_only(served)),
        "/.well-known/security.txt": security(days=30),
        **register(company()),
    }
    settings.OUTGOING_ALLOWED = [served.allowed]
    settings.COMPANIES_URL = served.url("/annuaire")
    settings.RDAP_URL = served.url("/rdap")
    return served


@pytest.fixture
def request_(db):
    house = publisher(siret=SIRET)
    owner = member(house)
    made = filled(owner, service(owner, house))
    PurposeField.objects.all().update(why="Pour comparer avec le quartier.")
    made.refresh_from_db()
    return made


@pytest.fixture
def subject(site, request_) -> Subject:
    request_.service.url = site.url("/")
    request_.privacy_url = site.url("/donnees")
    return Subject(request_, site.client(), signal_url=site.url("/signaux"), signal_secret=SECRET)


def company(**changed):
    place = {"siret": SIRET, "etat_administratif": "A", "date_fermeture": None}
    unit = {
        "siren": SIRET[:9],
        "nom_raison_sociale": "UN TOIT",
        "etat_administratif": "A",
        "nature_juridique": "9220",
        "siege": place | changed.pop("place", {}),
        "matching_etablissements": [],
    }
    return unit | changed


def register(*found, status=200):
    body = json.dumps({"results": list(found), "total_results": len(found)})
    path = f"/annuaire/search?q={SIRET}&page=1&per_page=1"
    return {path: Page(body, status, headers=[("Content-Type", "application/json")])}


def security(*, days=30, text=None):
    ends = (timezone.now() + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")
    body = f"# Bonjour\nContact: mailto:securite@{HOST}\nExpires: {ends}\n" if text is None else text
    return Page(body, headers=[("Content-Type", "text/plain; charset=utf-8")])


def signed_only(site):
    """Answer 204 to a signal with the right signature, 401 to another."""

    def answer(send):
        got = site.received[-1]
        signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        right = "v1," + base64.b64encode(hmac.digest(SECRET, signed, "sha256")).decode()
        status = "204 No Content" if got.headers["webhook-signature"] == right else "401 Unauthorized"
        send(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


def says(found: Found, outcome: Outcome, code: str) -> None:
    assert (found.outcome, found.code) == (outcome, code)
    for language in ("fr", "en"):
        with override(language):
            names = {
                key: ", ".join(value) if isinstance(value, list) else value for key, value in found.details.items()
            }
            assert str(SENTENCES[code]) % names


def test_each_criterion_with_a_machine_has_a_check(request_) -> None:
    with_machine = set(Criterion.objects.exclude(machine="").values_list("code", flat=True))
    assert set(checks.codes()) == with_machine


def test_a_good_request_passes_whatever_can_be_looked_at(subject) -> None:
    found = {code: checks.look(code, subject) for code in checks.codes()}
    assert {one.outcome for one in found.values()} == {Outcome.PASSED, Outcome.INCONCLUSIVE}
    unsure = {code: one.code for code, one in found.items() if one.outcome == Outcome.INCONCLUSIVE}
    assert unsure == {
        "C02": "contact_waits",
        "C05": "optional_untried",
        "C11": "contact_waits",
        "C12": "country_unknown",
        "C16": "trials_missing",
        "C17": "no_program",
        "C21": "statement_unknown",
        "C26": "nothing_due",
    }


def test_a_page_is_fetched_once_for_all_checks(site, subject) -> None:
    for code in checks.codes():
        checks.look(code, subject)
    asked = [one.path for one in site.received if one.method == "GET"]
    assert len(asked) == len(set(asked))


# C01


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        (company(etat_administratif="C", date_fermeture="2025-01-31"), "company_closed"),
        (company(place={"etat_administratif": "F", "date_fermeture": "2025-01-31"}), "siret_closed"),
        (company(siren="999999999"), "siret_unknown"),
        (company(place={"siret": "13002526500021"}), "siret_unknown"),
        (company(nature_juridique="1000"), "natural_person"),
    ],
)
def test_a_company_that_is_closed_or_unknown_fails_with_the_reason(site, subject, unit, code) -> None:
    site.pages |= register(unit)
    says(declared.legal_person(subject), Outcome.FAILED, code)


def test_an_open_establishment_that_is_no_seat_passes(site, subject) -> None:
    open_one = {"siret": SIRET, "etat_administratif": "A"}
    site.pages |= register(company(place={"siret": "13002526500021"}, matching_etablissements=[open_one]))
    found = declared.legal_person(subject)
    says(found, Outcome.PASSED, "siret_open")
    assert found.details["name"] == "UN TOIT"


def test_an_unknown_siret_fails(site, subject) -> None:
    site.pages |= register()
    says(declared.legal_person(subject), Outcome.FAILED, "siret_unknown")


@pytest.mark.parametrize(
    "page",
    [
        Page("trop de demandes", 429),
        Page("panne", 500),
        Page("{", 200),
        Page('{"results": 3}', 200),
        Page('{"results": ["x"]}', 200),
        Page("[]", 200),
        Page("[" * 100_000, 200),
        Page(json.dumps({"results": [company(etat_administratif=None)]}), 200),
    ],
)
def test_a_register_that_does_not_answer_is_inconclusive(site, subject, page) -> None:
    site.pages = {"*": page}
    says(declared.legal_person(subject), Outcome.INCONCLUSIVE, "register_silent")


@pytest.mark.parametrize(("siret", "code"), [("13002526500014", "siret_key"), ("35600000000049", "siret_unknown")])
def test_the_key_of_a_siret_is_luhns_or_la_postes(site, subject, siret, code) -> None:
    site.pages["*"] = Page('{"results": []}')
    subject.request.service.publisher.siret = siret
    assert declared.legal_person(subject).code in {code, "siret_key"}
    subject.request.service.publisher.siret = "35600000049837"
    says(declared.legal_person(subject), Outcome.FAILED, "siret_unknown")


# C02, C11


def test_a_contact_counts_once_confirmed(subject) -> None:
    says(declared.contact_for_data(subject), Outcome.INCONCLUSIVE, "contact_waits")
    subject.contact_confirmed = timezone.now()
    says(declared.contact_for_data(subject), Outcome.PASSED, "contact_confirmed")
    says(declared.address_for_rights(subject), Outcome.PASSED, "rights_confirmed")
    subject.request.data_contact = ""
    says(declared.contact_for_data(subject), Outcome.FAILED, "no_contact")


# C03, C04, C06, C08


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Il compare votre loyer.", "purposes_plain"),
        ("Il améliorer nos services.", "purpose_vague"),
        ("mot " * 31, "purpose_hard"),
        ("a" * 201, "purpose_long"),
    ],
)
def test_purposes_are_short_and_plain(subject, text, code) -> None:
    subject.purposes[0].text = text
    found = declared.plain_purposes(subject)
    says(found, Outcome.PASSED if code == "purposes_plain" else Outcome.FAILED, code)


def test_two_purposes_with_the_same_words_fail(subject) -> None:
    subject.purposes.append(subject.purposes[0])
    says(declared.plain_purposes(subject), Outcome.FAILED, "purpose_twice")


def test_a_request_without_a_purpose_fails(subject) -> None:
    subject.request.purposes.all().delete()
    says(declared.plain_purposes(subject), Outcome.FAILED, "no_purpose")
    says(declared.justified(subject), Outcome.FAILED, "nothing_asked")
    says(declared.bounded(subject), Outcome.FAILED, "no_purpose")


def test_each_thing_asked_for_has_a_reason(subject, request_) -> None:
    says(declared.justified(subject), Outcome.PASSED, "all_justified")
    request_.purposes.get().fields.filter(field=INCOME).update(why="Voilà.")
    found = declared.justified(Subject(request_))
    says(found, Outcome.FAILED, "reason_missing")
    assert found.details["asked"] == [INCOME]
    PurposeField.objects.all().update(why="Pour comparer avec le quartier.", required=True)
    says(declared.justified(Subject(request_)), Outcome.INCONCLUSIVE, "all_required")


@pytest.mark.parametrize(
    ("days", "outcome", "code"),
    [
        (None, Outcome.PASSED, "keeps_nothing"),
        (365, Outcome.PASSED, "keeps_for"),
        (373, Outcome.INCONCLUSIVE, "keeps_longer"),
        (36 * 31 + 1, Outcome.FAILED, "keeps_too_long"),
    ],
)
def test_keeping_is_bounded_and_compared_with_the_agreement(subject, days, outcome, code) -> None:
    subject.purposes[0].keep_days, subject.purposes[0].mode = days, Mode.KEEP
    says(declared.bounded(subject), outcome, code)


def test_a_number_by_which_files_are_matched_is_left_to_an_agent(subject, request_) -> None:
    says(declared.own_number(subject), Outcome.PASSED, "no_common_number")
    owner = request_.service.publisher.members.get().person
    asked(request_.purposes.get(), owner, "fiscal.avis_ir#/numero_fiscal_declarant1")
    says(declared.own_number(Subject(request_)), Outcome.INCONCLUSIVE, "common_number")


def test_the_numbers_are_fields_that_exist() -> None:
    from vault import types

    assert all(types.field_exists(field) for field in declared.IDENTIFIERS)


# C07, C09, C13


@pytest.mark.parametrize(
    ("inside", "outcome", "code"),
    [
        ('<script src="/own.js"></script>', Outcome.PASSED, "no_third_party"),
        ('<img src="https://images.service.example/a.png">', Outcome.PASSED, "no_third_party"),
        ('<a href="https://www.facebook.com/untoit">Nous suivre</a>', Outcome.PASSED, "no_third_party"),
        ('<script src="//www.googletagmanager.com/gtm.js"></script>', Outcome.FAILED, "trackers"),
        ('<img src="https://www.facebook.com/tr?id=1" width=1>', Outcome.FAILED, "trackers"),
        ('<img src="https://bing.com/tr">', Outcome.FAILED, "trackers"),
        ('<img src="https://climbing.com/rope.png">', Outcome.INCONCLUSIVE, "third_parties"),
        (
            '<link rel="stylesheet" href="https://polices.ailleurs.example/a.css">',
            Outcome.INCONCLUSIVE,
            "third_parties",
        ),
        ('<base href="https://ailleurs.example/"><script src="a.js"></script>', Outcome.INCONCLUSIVE, "third_parties"),
    ],
)
def test_trackers_of_the_policys_page(site, subject, inside, outcome, code) -> None:
    site.pages["/donnees"] = Page(POLICY.replace("<body>", "<body>" + inside))
    says(pages.no_tracker(subject), outcome, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('lang="fr"', 'lang="en"'), "policy_language"),
        (('lang="fr"', ""), "policy_language"),
        (("La CNIL reçoit les plaintes.", ""), "policy_lacks"),
        (("Finalités : comparer les loyers.", ""), "policy_lacks"),
        (("Version du 3 mars 2026.", ""), "policy_undated"),
        (("<body>", "<body><script>/*"), "policy_lacks"),
    ],
)
def test_a_policy_in_another_language_undated_or_with_a_gap_fails(site, subject, change, code) -> None:
    site.pages["/donnees"] = Page(POLICY.replace(*change))
    says(pages.policy(subject), Outcome.FAILED, code)


def test_a_policy_that_changed_since_the_label_is_said(site, subject) -> None:
    subject.baseline = str(pages.policy(subject).details["sha256"])
    says(pages.policy(subject), Outcome.PASSED, "policy_whole")
    site.pages["/donnees"] = Page(POLICY.replace("<p>", "\n  <p class='x'>"))
    again = Subject(subject.request, site.client(), baseline=subject.baseline)
    says(pages.policy(again), Outcome.PASSED, "policy_whole")
    site.pages["/donnees"] = Page(POLICY.replace("12 mois", "36 mois"))
    again = Subject(subject.request, site.client(), baseline=subject.baseline)
    says(pages.policy(again), Outcome.FAILED, "policy_changed")


@pytest.mark.parametrize(
    ("page", "outcome", "code"),
    [
        (Page("?", 404), Outcome.FAILED, "page_gone"),
        (Page("?", 403), Outcome.FAILED, "page_gone"),
        (Page("?", 503), Outcome.INCONCLUSIVE, "page_busy"),
        (Page("?", 429), Outcome.INCONCLUSIVE, "page_busy"),
        (Page(b"%PDF", headers=[("Content-Type", "application/pdf")]), Outcome.FAILED, "not_html"),
        (redirect("https://127.0.0.1/"), Outcome.FAILED, "refused_private"),
        (redirect("http://service.example/"), Outcome.FAILED, "refused_not_https"),
        (redirect("/donnees"), Outcome.FAILED, "answer_redirect"),
        (Page(writes=dripping()), Outcome.INCONCLUSIVE, "answer_slow"),
        (Page("x" * 300_000), Outcome.FAILED, "answer_too_long"),
    ],
)
def test_a_page_that_is_not_there_says_why(site, subject, page, outcome, code) -> None:
    site.pages["/donnees"] = page
    limited = Subject(subject.request, site.client(total_seconds=0.5, max_bytes=200_000))
    says(checks.look("C09", limited), outcome, code)


def test_a_name_that_is_unknown_is_inconclusive_and_a_private_one_fails(subject) -> None:
    subject.client = Client(resolve=lambda host, port: [])
    says(checks.look("C09", subject), Outcome.INCONCLUSIVE, "answer_unknown")
    private = Subject(subject.request, Client(resolve=lambda host, port: ["10.0.0.1"]))
    says(checks.look("C09", private), Outcome.FAILED, "refused_private")


@pytest.mark.parametrize(
    ("named", "outcome", "code"),
    [
        ("Aucun", Outcome.PASSED, "no_processor"),
        ("Néant.", Outcome.PASSED, "no_processor"),
        ("Serveurs du Lac", Outcome.PASSED, "processors_published"),
        ("SERVEURS DU LAC (Annecy) : hébergement", Outcome.PASSED, "processors_published"),
        ("Serveurs du Lac\nCourrier & Cie", Outcome.FAILED, "processors_absent"),
    ],
)
def test_the_published_list_of_processors_is_the_requests(subject, named, outcome, code) -> None:
    subject.request.subprocessors = named
    says(pages.processors(subject), outcome, code)


# C10, C19, C25


@pytest.mark.parametrize("check", [signals.erases, signals.drilled, signals.announced_end])
def test_a_receiver_that_checks_signatures_passes(site, subject, check) -> None:
    says(check(subject), Outcome.PASSED, "signal_answered")
    sent = [json.loads(one.body) for one in site.received]
    assert all(one["data"]["trial"] is True for one in sent)
    events = {signals.erases: ["consent.withdrawn", "erasure.requested", "erasure.requested"]}
    assert [one["type"] for one in sent] == events.get(
        check, ["incident.drill"] if check is signals.drilled else ["service.ending"]
    )


def test_a_receiver_that_accepts_a_false_signature_fails(site, subject) -> None:
    site.pages["/signaux"] = Page(status=204)
    says(signals.erases(subject), Outcome.FAILED, "signal_not_checked")


@pytest.mark.parametrize(
    ("page", "outcome", "code"),
    [
        (Page(status=500), Outcome.FAILED, "signal_refused"),
        (redirect("https://127.0.0.1/"), Outcome.FAILED, "signal_refused"),
        (redirect("/ailleurs", 307), Outcome.FAILED, "signal_refused"),
        (Page(writes=dripping()), Outcome.FAILED, "signal_slow"),
    ],
)
def test_a_receiver_that_refuses_redirects_or_is_slow_fails(site, subject, page, outcome, code) -> None:
    site.pages["/signaux"] = page
    subject.client = site.client(total_seconds=0.5)
    says(signals.erases(subject), outcome, code)
    assert {one.path for one in site.received} == {"/signaux"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/signaux", "refused_private"),
        ("https://[::1]/signaux", "refused_private"),
        ("https://169.254.169.254/latest/meta-data", "refused_private"),
        ("https://10.1.2.3/", "refused_private"),
        ("http://service.example/", "refused_not_https"),
        ("https://service.example:8080/", "refused_port"),
        ("https://who:secret@service.example/", "refused_password"),
    ],
)
def test_a_receiver_inside_is_never_called(site, subject, url, code) -> None:
    public = "93.184.215.14"
    subject.client = Client(resolve=lambda host, port: [public if host == HOST else host])
    subject.signal_url = url
    says(signals.erases(subject), Outcome.FAILED, code)
    assert site.received == []


def test_a_receiver_whose_name_changes_its_address_is_never_called_inside(site, subject, settings) -> None:
    """Its name leads outside when it is declared, and inside when the signal leaves."""
    settings.OUTGOING_ALLOWED = []
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    subject.client = site.client(resolve=lambda host, port: next(answers))
    subject.client.check(f"https://{HOST}/signaux")
    subject.signal_url = f"https://{HOST}/signaux"
    says(signals.erases(subject), Outcome.FAILED, "refused_private")
    assert site.received == []


def test_without_an_address_signals_are_inconclusive(subject) -> None:
    subject.signal_url = ""
    says(signals.drilled(subject), Outcome.INCONCLUSIVE, "signal_unknown")


# C12, C14, C15


@pytest.mark.parametrize(
    ("body", "outcome", "code"),
    [
        ({"country": "FR"}, Outcome.PASSED, "country_inside"),
        ({"country": "re"}, Outcome.PASSED, "country_inside"),
        ({"country": "US"}, Outcome.INCONCLUSIVE, "country_outside"),
        ({}, Outcome.INCONCLUSIVE, "country_unknown"),
        ({"country": "<script>"}, Outcome.INCONCLUSIVE, "country_unknown"),
        ([], Outcome.INCONCLUSIVE, "country_unknown"),
    ],
)
def test_the_country_of_the_address_is_a_clue(site, subject, settings, body, outcome, code) -> None:
    address = "93.184.215.14"
    subject.request.service.url = f"https://{HOST}/"
    settings.RDAP_URL = site.url("/rdap", "registre.example").replace("registre.example", "127.0.0.1")
    site.pages[f"/rdap/ip/{address}"] = Page(json.dumps(body))
    plain = {HOST: address, "127.0.0.1": "127.0.0.1"}
    with running() as register_:
        register_.pages = site.pages
        settings.OUTGOING_ALLOWED = [register_.allowed]
        settings.RDAP_URL = register_.url("/rdap", "127.0.0.1")
        subject.client = Client(resolve=lambda host, port: [plain[host]])
        says(connection.country(subject), outcome, code)


def test_a_modern_connection_passes_and_hsts_is_required(site, subject) -> None:
    says(connection.encrypted(subject), Outcome.PASSED, "tls_modern")
    for value in ("max-age=3600", "", "includeSubDomains"):
        site.pages["/"] = Page(HOME, headers=[("Strict-Transport-Security", value)])
        says(connection.encrypted(Subject(subject.request, site.client())), Outcome.FAILED, "no_hsts")


@pytest.mark.parametrize(("days", "code"), [(10, "certificate_ends"), (-1, "answer_expired")])
def test_a_certificate_that_ends_fails(authority, subject, settings, days, code) -> None:
    with running(authority.certificate(HOST, days=days, from_days=-20)) as old:
        settings.OUTGOING_ALLOWED = [old.allowed]
        old.pages["/"] = Page(HOME, headers=SAFE)
        subject.request.service.url = old.url()
        subject.client = old.client()
        says(connection.encrypted(subject), Outcome.FAILED, code)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_site_that_only_speaks_an_old_tls_fails(authority, subject, settings) -> None:
    with running(authority.certificate(HOST), old=True) as old:
        settings.OUTGOING_ALLOWED = [old.allowed]
        subject.request.service.url, subject.client = old.url(), old.client()
        says(connection.encrypted(subject), Outcome.FAILED, "tls_old")


def test_a_certificate_for_another_name_fails(site, subject) -> None:
    subject.request.service.url = site.url("/", "autre.example")
    says(connection.encrypted(subject), Outcome.FAILED, "answer_certificate")


@pytest.mark.parametrize(
    ("changed", "lacking"),
    [
        ({"Content-Security-Policy": ""}, ["csp", "frames"]),
        ({"Content-Security-Policy": "script-src 'self' 'unsafe-inline'; frame-ancestors 'self'"}, ["unsafe_inline"]),
        ({"Content-Security-Policy": "script-src 'nonce-a' 'unsafe-inline'; frame-ancestors 'self'"}, []),
        ({"Content-Security-Policy": "default-src https:; frame-ancestors 'self'"}, ["csp_open"]),
        ({"Content-Security-Policy": "default-src 'self'; frame-ancestors *"}, ["frames"]),
        ({"Content-Security-Policy": "default-src 'self'"}, ["frames"]),
        ({"Content-Security-Policy": "default-src 'self'", "X-Frame-Options": "DENY"}, []),
        ({"Content-Security-Policy": "default-src *, default-src 'self'; frame-ancestors 'none'"}, []),
        ({"X-Content-Type-Options": "none"}, ["nosniff"]),
        ({"Set-Cookie": "a=1; HttpOnly; SameSite=Lax"}, ["cookie_secure"]),
        ({"Set-Cookie": "a=1; path=/"}, ["cookie_secure", "cookie_httponly", "cookie_samesite"]),
    ],
)
def test_headers_and_cookies(site, subject, changed, lacking) -> None:
    site.pages["/"] = Page(HOME, headers=list({**dict(SAFE), **changed}.items()))
    found = connection.safe_headers(subject)
    says(found, Outcome.FAILED if lacking else Outcome.PASSED, "headers_lacking" if lacking else "headers_safe")
    assert found.details.get("lacking", []) == lacking
    assert set(lacking) <= NAMES.keys()


# C18, C22


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (security(days=30), "security_there"),
        (security(days=-1), "security_over"),
        (security(text="Contact: mailto:a@b.example\n"), "security_undated"),
        (security(text="Contact: mailto:a@b.example\nExpires: demain\n"), "security_undated"),
        (security(text="Expires: 2090-01-01T00:00:00Z\n"), "security_contact"),
        (security(text="Contact: http://a.example\nExpires: 2090-01-01T00:00:00Z\n"), "security_contact"),
        (Page("?", 404), "security_absent"),
        (Page(HOME), "security_absent"),
    ],
)
def test_security_txt(site, subject, page, code) -> None:
    site.pages["/.well-known/security.txt"] = page
    says(pages.security_txt(subject), Outcome.PASSED if code == "security_there" else Outcome.FAILED, code)


def test_the_weight_of_the_home_page_counts_what_it_loads(site, subject) -> None:
    site.pages["/"] = Page(HOME.replace("</head>", '<script src="/a.js"></script></head>'))
    site.pages["/a.js"] = Page(b"x" * 500_000)
    found = pages.light(subject)
    says(found, Outcome.PASSED, "page_light")
    assert int(str(found.details["kilobytes"])) >= 500
    site.pages["/a.js"] = Page(b"x" * 1_100_000)
    says(pages.light(Subject(subject.request, site.client())), Outcome.FAILED, "page_heavy")


def test_a_home_page_of_a_thousand_parts_is_not_followed_to_its_end(site, subject) -> None:
    images = "".join(f'<img src="/{number}.png">' for number in range(1000))
    site.pages["/"] = Page(HOME.replace("</body>", images + "</body>"))
    says(pages.light(subject), Outcome.FAILED, "page_heavy")
    assert len(site.received) <= pages.PARTS + 1


# C21


@pytest.fixture
def stated(site, subject, request_):
    site.pages["/accessibilite"] = Page(HOME.replace("<h1>Loyer", "<h1>Accessibilité : partiellement conforme"))
    request_.answers.filter(criterion__code="C21").update(proof_url=site.url("/accessibilite"))
    return subject


def test_without_a_browser_beside_the_worker_the_pages_are_inconclusive(stated, settings) -> None:
    settings.CHROMIUM = settings.AXE_SCRIPT = ""
    says(pages.accessible(stated), Outcome.INCONCLUSIVE, "axe_absent")
    settings.CHROMIUM, settings.AXE_SCRIPT = "/nowhere/chromium", str(Path("tests/vendor/axe.min.js"))
    says(pages.accessible(stated), Outcome.INCONCLUSIVE, "axe_absent")


def test_a_browser_that_crashes_or_hangs_is_inconclusive(stated, settings, tmp_path, monkeypatch) -> None:
    settings.AXE_SCRIPT = str(Path("tests/vendor/axe.min.js").absolute())
    monkeypatch.setattr(axe, "SECONDS", 0.5)
    for script in ("exit 1", "sleep 20", "echo '<pre>[]</pre>'"):
        program = tmp_path / "chromium"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        settings.CHROMIUM = str(program)
        says(pages.accessible(stated), Outcome.INCONCLUSIVE, "axe_absent")


def test_a_statement_that_says_nothing_fails(site, stated) -> None:
    site.pages["/accessibilite"] = Page(HOME)
    says(pages.accessible(stated), Outcome.FAILED, "statement_silent")


@pytest.mark.skipif(CHROMIUM is None, reason=f"none of {BROWSERS} is installed")
def test_axe_sees_faults_in_a_real_browser_and_runs_nothing_of_the_page(site, stated, settings) -> None:
    settings.CHROMIUM, settings.AXE_SCRIPT = CHROMIUM, str(Path("tests/vendor/axe.min.js").absolute())
    says(pages.accessible(stated), Outcome.PASSED, "axe_sound")
    bad = f"""<script>document.documentElement.innerHTML = ""</script>
        <meta http-equiv="refresh" content="0;url={site.url("/ailleurs", "127.0.0.1")}">
        <iframe src="{site.url("/cadre", "127.0.0.1")}"></iframe><img src="{site.url("/image", "127.0.0.1")}">"""
    site.pages["/"] = Page(HOME.replace("</main>", bad + "</main>"))
    site.received.clear()
    found = pages.accessible(Subject(stated.request, site.client()))
    says(found, Outcome.FAILED, "axe_faults")
    assert found.details["rules"] == ["frame-title", "image-alt"]
    assert {one.path for one in site.received} == {"/", "/accessibilite"}


# The rest


def test_a_higher_app_registers_the_check_of_what_it_knows(subject, monkeypatch) -> None:
    monkeypatch.setattr(checks, "REGISTERED", {})
    says(checks.look("C16", subject), Outcome.INCONCLUSIVE, "needs_sandbox")
    checks.register("C16", lambda looked_at: Found(Outcome.PASSED, "signal_answered", {"url": "x"}))
    says(checks.look("C16", subject), Outcome.PASSED, "signal_answered")


def test_a_fault_of_ours_is_inconclusive(subject, monkeypatch) -> None:
    def broken(looked_at):
        raise KeyError

    monkeypatch.setattr(checks, "REGISTERED", {"C03": broken})
    says(checks.look("C03", subject), Outcome.INCONCLUSIVE, "our_fault")


def test_a_finding_has_a_sentence() -> None:
    with pytest.raises(ValueError, match="no_such"):
        Found(Outcome.PASSED, "no_such")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("service.example", "www.service.example", True),
        ("service.example", "service.exemple", False),
        ("un.asso.fr", "autre.asso.fr", False),
        ("a.un.asso.fr", "un.asso.fr", True),
    ],
)
def test_what_is_one_site(one, other, same) -> None:
    assert same_site(one, other) is same


@pytest.mark.parametrize(
    "source",
    ["<" * 1_000_000, "<meta " * 300_000, "<a " * 500_000, "<!--" * 400_000, "<div>" * 300_000, "&" * 1_000_000],
)
def test_a_page_made_to_be_slow_is_read_in_time(source) -> None:
    began = time.monotonic()
    Html.of(source, "https://a.example/")
    axe._staying(source)
    assert time.monotonic() - began < 15


def test_a_long_base_before_many_addresses_fills_no_memory() -> None:
    source = f"<base href='https://a.example/{'a' * 900_000}/'>" + "".join(f"<a href={n}>" for n in range(50_000))
    page = Html.of(source, "https://a.example/")
    assert sum(map(len, page.links)) < 1_000_000
    many = Html.of("".join(f"<img src={n}>" for n in range(100_000)), f"https://a.example/{'a' * 1900}/")
    assert sum(map(len, many.loads)) < 25_000_000


def test_a_long_row_of_accents_is_read_in_time() -> None:
    began = time.monotonic()
    assert pages.plain("a" + "\u0300\u0316" * 300_000 + "\u00e9") == "ae"
    assert time.monotonic() - began < 15


def test_html_that_is_cut_or_strange_is_read() -> None:
    page = Html.of(
        "<html lang=FR><p>a<script>b</script><img src='http://[x'><a href='javascript:1'>c", "https://a.example/"
    )
    assert (page.language, page.text, page.loads, page.links) == ("fr", "a c", [], [])


def test_the_hash_of_a_policy_is_of_its_words(subject) -> None:
    text = pages.plain(Html.of(POLICY, "https://a.example/").text)
    assert pages.policy(subject).details["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert Service.objects.exists() and LabelRequest.objects.exists() and charter()


# What a service did


def tried(subject, *fields, read=True, back=False):
    """Let a persona agree to these fields, and the program read, or give it back."""
    [purpose] = subject.purposes
    service, persona, now = subject.request.service, open_persona(id=uuid4(), name="Camille")[0], timezone.now()
    grant = given(persona, granting.version_of(agreements.frozen(purpose, service), service), *fields)
    told = {"resident_id": persona.pk, "grant": grant, "at": now}
    with scope(resident=persona.pk):
        if read:
            GrantReading.objects.create(line=1, fields=[*fields], **told)
        if back:
            GrantEvent.objects.create(happened=Happened.RETURNED, ends_at=now, **told)


def test_a_service_works_when_a_persona_refuses_what_is_optional(subject) -> None:
    look = practice.works_without_optional
    says(look(subject), Outcome.INCONCLUSIVE, "optional_untried")
    tried(subject, INCOME, PARTS)
    says(look(subject), Outcome.INCONCLUSIVE, "optional_untried")
    tried(subject, INCOME, read=False)
    says(look(subject), Outcome.INCONCLUSIVE, "optional_unread")
    tried(subject, INCOME)
    says(look(subject), Outcome.PASSED, "works_without_optional")
    tried(subject, INCOME, read=False, back=True)
    says(look(subject), Outcome.FAILED, "optional_needed")


def test_without_an_optional_line_nothing_is_to_refuse(subject) -> None:
    PurposeField.objects.update(required=True)
    says(practice.works_without_optional(subject), Outcome.PASSED, "nothing_optional")


def test_requests_to_erase_are_answered_in_time(subject, resident) -> None:
    [purpose] = subject.purposes
    service = subject.request.service
    grant = given(resident, granting.version_of(agreements.frozen(purpose, service), service), INCOME)
    says(practice.keeps_deadlines(subject), Outcome.INCONCLUSIVE, "nothing_due")
    before = subject.now - timedelta(days=1)
    with scope(resident=resident.pk):
        row = ErasureRequest.objects.create(
            resident_id=resident.pk, grant=grant, cause=ErasureCause.ASKED, due_at=before, fields=[INCOME]
        )
        says(practice.keeps_deadlines(subject), Outcome.FAILED, "erasures_late")
        row.answered_at, row.answer = before - timedelta(days=1), ErasureAnswer.CONFIRMED
        row.save()
    says(practice.keeps_deadlines(subject), Outcome.PASSED, "deadlines_kept")
