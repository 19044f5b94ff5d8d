"""A resident's use of FranceConnect: linking, confirming, removing. Its `sub` alone identifies them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django_scopes import scope
from lxml import html

from accounts.actions import identities
from accounts.models import Session, User
from accounts.sign_in import openid
from accounts.sign_in.openid import Identity
from core import journal
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.accounts.oidc import engines
from tests.accounts.oidc.engines import Demonstration

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running() -> Iterator[Demonstration]:
    with engines.demonstration() as engine:
        yield engine


@pytest.fixture
def engine(running: Demonstration, settings: Any) -> Demonstration:
    settings.SOCIALACCOUNT_PROVIDERS = engines.provider(running)
    cache.clear()
    openid._documents.clear()
    return running


def go(
    client: Client, engine: Demonstration, name: str, *, person: str = "nadia", fault: str = "normal", **data: str
) -> Any:
    page = client.post(reverse(name), data)
    assert page.status_code == 200, (page.status_code, page.get("Location"))
    address = str(html.fromstring(page.content).xpath("string(//main//a[@class='civic-go']/@href)"))
    return client.get(engine.sign_in(address, person=person, fault=fault))


def link(user: User, engine: Demonstration, person: str = "nadia") -> User:
    identities.link(user=user, identity=Identity("franceconnect", engine.provider.sub(person), "eidas1"))
    return user


def events(user: User) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=user.pk, limit=20)]


def test_a_known_address_does_not_open_its_account(engine: Demonstration) -> None:
    """FranceConnect's address is only declared: it must not open the vault of the resident who has it here."""
    owner = ResidentFactory(email="nadia@courriel.example", name="La vraie")
    owner_of_seed = ResidentFactory(email="kervella@courriel.example", name="La vraie aussi")
    client = Client()
    assert go(client, engine, "franceconnect_login")["Location"] == reverse("franceconnect_signup")
    page = client.get(reverse("franceconnect_signup"))
    assert page.context["form"].initial == {"name": "Nadia Kervella", "contact_email": "kervella@courriel.example"}
    client.post(reverse("franceconnect_signup"), {"name": "Nadia", "contact_email": "kervella@courriel.example"})
    user = User.objects.get(name="Nadia")
    assert user.pk not in {owner.pk, owner_of_seed.pk} and user.email == ""


def test_the_page_of_a_newcomer_is_only_for_a_newcomer(engine: Demonstration, resident: User) -> None:
    assert Client().get(reverse("franceconnect_signup"))["Location"] == reverse("account_login")
    assert signed_in(resident).get(reverse("franceconnect_signup"))["Location"] == reverse("account_login")
    client = Client()
    go(client, engine, "franceconnect_login")
    assert (
        client.post(reverse("franceconnect_signup"), {"name": "", "contact_email": "pas une adresse"}).status_code
        == 400
    )
    assert not User.objects.exclude(pk=resident.pk).exists()


def test_a_resident_links_it_then_signs_in_with_it(engine: Demonstration, resident: User) -> None:
    client = signed_in(resident)
    back = go(client, engine, "franceconnect_link")
    assert back["Location"].startswith(reverse("records:keep_identity"))
    assert SocialAccount.objects.get(user=resident).extra_data == {
        "sub": engine.provider.sub("nadia"),
        "acr": "eidas1",
    }
    assert "identity_linked" in events(resident)
    other = Client()
    assert go(other, engine, "franceconnect_login")["Location"] == reverse("home")
    assert other.get(reverse("account")).context["user"] == resident


def test_an_identity_is_linked_to_one_account_only(engine: Demonstration, resident: User, stranger: User) -> None:
    link(stranger, engine)
    back = go(signed_in(resident), engine, "franceconnect_link")
    assert back.status_code == 409 and not SocialAccount.objects.filter(user=resident).exists()


def test_an_account_has_one_identity_only(engine: Demonstration, resident: User) -> None:
    link(resident, engine, "paul")
    back = go(signed_in(resident), engine, "franceconnect_link")
    assert back.status_code == 409
    assert SocialAccount.objects.get(user=resident).uid == engine.provider.sub("paul")


def test_linking_needs_a_recent_confirmation(engine: Demonstration, resident: User) -> None:
    client = signed_in(resident)
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time() - 3600}]
    session.save()
    assert client.post(reverse("franceconnect_link"))["Location"].startswith(reverse("account_reauthenticate"))


def test_the_returning_user_must_be_the_one_who_left(engine: Demonstration, resident: User, stranger: User) -> None:
    """Two people on one computer: the first one's identity must not be linked to the second one's account."""
    client = signed_in(resident)
    page = client.post(reverse("franceconnect_link"))
    address = str(html.fromstring(page.content).xpath("string(//main//a[@class='civic-go']/@href)"))
    path = engine.sign_in(address)
    session = client.session
    session["_auth_user_id"] = str(stranger.pk)
    session.save()
    assert client.get(path).status_code in {302, 400}
    assert not SocialAccount.objects.exists()


def test_it_confirms_the_users_identity(engine: Demonstration) -> None:
    resident = link(ResidentFactory(email="", name="Sans adresse"), engine)
    client = signed_in(resident)
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time() - 3600}]
    session.save()
    asked = client.get(reverse("account_change_password"))["Location"]
    assert "Confirmer avec FranceConnect" in client.get(asked).content.decode()
    wrong = go(client, engine, "confirm_by_franceconnect", person="paul", next=reverse("account_change_password"))
    assert wrong.status_code == 403 and client.get(reverse("account_change_password")).status_code == 302
    right = go(client, engine, "confirm_by_franceconnect", next=reverse("account_change_password"))
    assert right["Location"] == reverse("account_change_password")
    assert client.get(reverse("account_change_password")).status_code == 200


def test_the_only_way_to_sign_in_cannot_be_removed(engine: Demonstration) -> None:
    resident = link(ResidentFactory(email="", name="Sans adresse"), engine)
    client = signed_in(resident)
    assert client.post(reverse("franceconnect_unlink"))["Location"] == reverse("franceconnect")
    assert SocialAccount.objects.filter(user=resident).exists()
    with pytest.raises(identities.LastWayIn):
        identities.unlink(user=resident, provider="franceconnect", current_key=None)


def test_removing_it_ends_other_sessions(engine: Demonstration, resident: User) -> None:
    link(resident, engine)
    elsewhere, client = signed_in(resident), signed_in(resident)
    client.post(reverse("franceconnect_unlink"))
    assert not SocialAccount.objects.exists() and "identity_unlinked" in events(resident)
    assert client.get(reverse("account")).status_code == 200 and elsewhere.get(reverse("account")).status_code == 302
    assert go(Client(), engine, "franceconnect_login")["Location"] == reverse("franceconnect_signup")


def test_a_second_factor_is_still_required(engine: Demonstration, resident: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    from tests.accounts.factories import TOTP_SECRET

    TOTP.activate(link(resident, engine), TOTP_SECRET)
    client = Client()
    assert go(client, engine, "franceconnect_login")["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("account")).status_code == 302


def test_a_closed_account_stays_closed(engine: Demonstration, resident: User) -> None:
    User.objects.filter(pk=link(resident, engine).pk).update(is_active=False)
    client = Client()
    assert go(client, engine, "franceconnect_login")["Location"] == reverse("account_inactive")
    assert client.get(reverse("account")).status_code == 302


def test_a_previous_users_session_data_is_cleared(engine: Demonstration, resident: User, stranger: User) -> None:
    link(stranger, engine)
    client = signed_in(resident)
    session = client.session
    session["pivot"] = {"user": str(resident.pk), "at": time.time(), "told": {"family_name": "X"}}
    session.save()
    go(client, engine, "franceconnect_login")
    assert client.get(reverse("account")).context["user"] == stranger and "pivot" not in client.session


def test_agents_cannot_use_franceconnect(engine: Demonstration) -> None:
    client = signed_in(AgentFactory())
    assert client.get(reverse("franceconnect")).status_code == 403
    for name in ("franceconnect_link", "franceconnect_identity", "franceconnect_proof", "franceconnect_unlink"):
        assert client.post(reverse(name)).status_code == 403, name


def test_without_configuration_there_is_no_button_and_no_page(resident: User, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "FranceConnect" not in Client().get(reverse("account_login")).content.decode()
    assert Client().post(reverse("franceconnect_login")).status_code == 404
    assert Client().get(reverse("franceconnect_callback")).status_code == 404
    assert "FranceConnect" not in signed_in(resident).get(reverse("account")).content.decode()


def test_a_half_configured_provider_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from config import environment

    for word in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"FRANCECONNECT_{word}", raising=False)
    assert "franceconnect" not in environment.openid_providers()
    monkeypatch.setenv("FRANCECONNECT_CLIENT_ID", "garant")
    monkeypatch.setenv("FRANCECONNECT_ISSUER", "https://oidc.example")
    with pytest.raises(ImproperlyConfigured, match="FRANCECONNECT_CLIENT_SECRET"):
        environment.openid_providers()
    monkeypatch.setenv("FRANCECONNECT_CLIENT_SECRET", "s")
    assert environment.openid_providers()["franceconnect"]["APPS"][0]["settings"] == {"issuer": "https://oidc.example"}


def test_production_refuses_an_unencrypted_issuer(settings: Any) -> None:
    from config import checks

    settings.SOCIALACCOUNT_PROVIDERS = {"franceconnect": {"APPS": [{"settings": {"issuer": "https://oidc.example"}}]}}
    assert not [sentence for number, sentence in checks.unsafe() if number == 12]
    settings.SOCIALACCOUNT_PROVIDERS = {"franceconnect": {"APPS": [{"settings": {"issuer": "http://oidc.example"}}]}}
    assert [sentence for number, sentence in checks.unsafe() if number == 12]


def test_allauths_table_of_apps_is_ignored(settings: Any) -> None:
    from allauth.socialaccount.models import SocialApp

    settings.SOCIALACCOUNT_PROVIDERS = {}
    SocialApp.objects.create(
        provider="franceconnect", name="x", client_id="x", secret="x", settings={"issuer": "http://127.0.0.1:1"}
    )
    assert Client().post(reverse("franceconnect_login")).status_code == 404


def test_a_provider_that_is_down_shows_an_error(settings: Any) -> None:
    cache.clear()
    openid._documents.clear()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "franceconnect": {"APPS": [{"client_id": "x", "secret": "x", "settings": {"issuer": "http://127.0.0.1:9"}}]}
    }
    page = Client().post(reverse("franceconnect_login"), {"next": reverse("records:home")})
    text = page.content.decode()
    assert (
        page.status_code == 503
        and "ne répond pas" in text
        and f"?next={reverse('records:home')}".replace("/", "%2F") in text
    )


# The civil status


def answer(client: Client, choice: str, next_page: str = "") -> Any:
    return client.post(reverse("records:keep_identity"), {"answer": choice, "next": next_page})


def records(user: User) -> list[Any]:
    from vault.records.models import Record

    with scope(resident=user.pk):
        return list(Record.objects.filter(type="identite.pivot"))


def newcomer(engine: Demonstration, person: str = "nadia") -> tuple[Client, User]:
    client = Client()
    go(client, engine, "franceconnect_login", person=person)
    asked = client.post(reverse("franceconnect_signup"), {"name": "Nouvelle", "contact_email": ""})
    assert asked["Location"].startswith(reverse("records:keep_identity"))
    return client, User.objects.get(name="Nouvelle")


def test_the_identity_is_copied_only_on_request(engine: Demonstration) -> None:
    from vault.records import gate

    client, user = newcomer(engine)
    page = client.get(reverse("records:keep_identity")).content.decode()
    assert all(value in page for value in ("KERVELLA", "Nadia", "Villebrume (00)", "France")) and "checked" not in page
    assert "Le premier des trois niveaux" in page and "eidas1" not in page
    assert records(user) == [], "looking keeps nothing"
    assert answer(client, "yes", reverse("records:home"))["Location"] == reverse("records:home")
    [record] = records(user)
    assert (record.holder, record.method, record.assurance) == ("FranceConnect", "api_pull", "holder_verified")
    opened = gate.read_own(
        resident_id=user.pk, purpose="Essayer", fields=["identite.pivot#/family_name", "identite.pivot#/acr"]
    )
    assert next(iter(opened)).payload == {"family_name": "KERVELLA", "acr": "eidas1"}
    assert "identity_kept" in events(user)


def test_refusing_the_copy_keeps_nothing_and_continues(engine: Demonstration) -> None:
    client, user = newcomer(engine)
    assert answer(client, "no")["Location"] == reverse("home")
    assert records(user) == [] and "pivot" not in client.session
    assert client.get(reverse("home")).status_code == 200 and client.get(reverse("aids:home")).status_code == 200
    assert answer(client, "yes")["Location"] == reverse("records:home") and records(user) == [], (
        "too late: it was forgotten"
    )


def test_an_empty_answer_is_a_refusal(engine: Demonstration) -> None:
    client, user = newcomer(engine)
    client.post(reverse("records:keep_identity"))
    assert records(user) == []


def test_the_identity_waits_half_an_hour_for_its_user_only(engine: Demonstration, stranger: User) -> None:
    client, _user = newcomer(engine)
    session = client.session
    kept = session["pivot"]
    session["pivot"] = {**kept, "at": kept["at"] - 1900}
    session.save()
    assert client.get(reverse("records:keep_identity"))["Location"] == reverse("records:home")
    theirs = signed_in(stranger)
    session = theirs.session
    session["pivot"] = kept
    session.save()
    assert theirs.get(reverse("records:keep_identity"))["Location"] == reverse("records:home")


def test_it_can_be_asked_again_from_the_account(engine: Demonstration) -> None:
    client, user = newcomer(engine)
    answer(client, "no")
    again = go(client, engine, "franceconnect_identity")
    assert again["Location"].startswith(reverse("records:keep_identity"))
    answer(client, "yes")
    assert len(records(user)) == 1
    assert go(client, engine, "franceconnect_identity", person="paul").status_code == 403, (
        "someone else's identity is not copied"
    )


def test_a_page_may_ask_who_somebody_is_and_nothing_is_offered_to_the_vault(engine: Demonstration) -> None:
    client, _user = newcomer(engine)
    answer(client, "no")
    back = go(client, engine, "franceconnect_proof", next=reverse("help"))
    assert back["Location"] == reverse("help") and "pivot" not in client.session
    assert go(client, engine, "franceconnect_proof", next="https://evil.example/")["Location"] == reverse("account")
    assert go(client, engine, "franceconnect_proof", person="paul", next=reverse("help")).status_code == 403


@pytest.mark.parametrize(
    ("person", "shown", "kept"),
    [
        ("ailleurs", "Algérie", {"birthplace": None, "birthdate": "1988-05-17"}),
        ("annee", "1992", {"birthdate": "1992-00-00", "birthplace": None}),
        ("mois", "novembre 1992", {"birthdate": "1992-11-00"}),
        ("usage", "MOREL", {"preferred_username": "MOREL", "birthplace": "2A004"}),
    ],
)
def test_an_unusual_civil_status_is_kept_unchanged(
    engine: Demonstration, person: str, shown: str, kept: dict[str, Any]
) -> None:
    from vault.records import gate

    client, user = newcomer(engine, person)
    assert shown in client.get(reverse("records:keep_identity")).content.decode()
    answer(client, "yes")
    fields = [f"identite.pivot#/{name}" for name in kept]
    payload = next(iter(gate.read_own(resident_id=user.pk, purpose="Essayer", fields=fields))).payload
    assert {name: payload.get(name) for name in kept} == kept


def test_the_residents_own_record_is_superseded_not_lost(engine: Demonstration) -> None:
    from vault.records import actions, gate

    client, user = newcomer(engine)
    typed = {
        "family_name": "Autre",
        "given_name": "N.",
        "birthdate": "1990-01-01",
        "gender": "female",
        "birthcountry": "99100",
    }
    actions.add_record(
        resident_id=user.pk,
        by=user.pk,
        subject=actions.Subject(type="identite.pivot", person=user.pk),
        payload=typed | {"preferred_username": "Doe"},
    )
    answer(client, "yes")
    old, new = sorted(records(user), key=lambda record: record.created_at)
    assert new.supersedes_id == old.pk
    fields = ["identite.pivot#/family_name", "identite.pivot#/preferred_username"]
    opened = next(iter(gate.read_own(resident_id=user.pk, purpose="Essayer", fields=fields)))
    assert opened.payload == {"family_name": "KERVELLA", "preferred_username": "Doe"}
    assert (
        opened.origin("preferred_username").assurance == "declared"
        and opened.origin("family_name").assurance == "holder_verified"
    )


def test_an_incomplete_identity_is_not_copied(engine: Demonstration) -> None:
    client, user = newcomer(engine)
    session = client.session
    status = {name: value for name, value in session["pivot"]["told"].items() if name != "gender"}
    session["pivot"] = {**session["pivot"], "told": status}
    session.save()
    page = client.post(
        reverse("records:keep_identity"), {"answer": "yes", "next": reverse("records:home")}, follow=True
    )
    assert "n’a pas tout dit" in page.content.decode() and records(user) == []


def test_the_identity_is_not_stored_as_plaintext(engine: Demonstration) -> None:
    client, _user = newcomer(engine)
    assert not [row for row in Session.objects.all() if b"KERVELLA" in bytes(row.data)]
    assert not SocialAccount.objects.filter(extra_data__icontains="kervella").exists()
    assert client.session["pivot"]["told"]["family_name"] == "KERVELLA"
