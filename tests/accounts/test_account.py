"""A user's own account: name, addresses, password. Only they can change it, and their input is displayed as text."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.actions import accounts as actions
from accounts.models import Session, User
from tests.accounts.factories import ResidentFactory, has_verified_address, signed_in
from tests.accounts.mailbox import sent_code

pytestmark = pytest.mark.django_db
PAGES = [
    "account",
    "change_name",
    "change_contact_address",
    "account_email",
    "account_change_password",
    "sessions",
    "mfa_index",
]
SCRIPT = "<script>alert(1)</script>"
PASSWORD = "quatre mots au hasard"
WRONG = [("change_name", {"name": " "}, "name"), ("change_contact_address", {"contact_email": "x"}, "contact_email")]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_needs_signing_in(resident, page):
    assert signed_in(resident).get(reverse(page)).status_code == 200
    response = Client().get(reverse(page))
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("page", PAGES)
def test_markup_in_a_name_or_an_address_is_escaped(page):
    resident = ResidentFactory(name=SCRIPT)
    resident.contact_email = '"<img src=x>"@courriel.example'
    resident.save()
    content = signed_in(resident).get(reverse(page)).content.decode()
    assert SCRIPT not in content and "<img src=x>" not in content
    assert "&lt;script&gt;" in content


def test_markup_in_a_next_url_is_escaped():
    page = Client().get(reverse("account_login"), {"next": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


def test_the_name_and_the_contact_address_change(resident):
    client = signed_in(resident)
    client.post(reverse("change_name"), {"name": "Awa D."})
    client.post(reverse("change_contact_address"), {"contact_email": "famille@courriel.example"})
    resident.refresh_from_db()
    assert (resident.name, resident.contact_email) == ("Awa D.", "famille@courriel.example")


@pytest.mark.parametrize(("page", "data", "field"), WRONG)
def test_an_invalid_value_gets_an_error_next_to_its_field(resident, page, data, field):
    response = signed_in(resident).post(reverse(page), data)
    assert response.status_code == 400
    assert response.context["form"].errors[field]


def test_the_sign_in_address_changes_once_the_new_one_is_verified(resident):
    client, elsewhere = signed_in(resident), signed_in(resident)
    old = resident.email
    client.post(reverse("account_email"), {"email": "Nouvelle@courriel.example"})
    assert mail.outbox[-1].to == ["nouvelle@courriel.example"]
    resident.refresh_from_db()
    assert resident.email == old, "nothing changes before the code"

    client.post(reverse("account_email_verification_sent"), {"code": sent_code()})

    resident.refresh_from_db()
    assert resident.email == "nouvelle@courriel.example"
    assert has_verified_address(resident)
    assert (mail.outbox[-1].to, "adresse" in mail.outbox[-1].subject) == ([old], True)
    assert client.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302


def test_an_address_of_another_account_shows_the_same_page_and_changes_nothing(resident, stranger):
    client = signed_in(resident)
    taken = client.post(reverse("account_email"), {"email": stranger.email})
    assert mail.outbox[-1].to == [stranger.email]
    with pytest.raises(AssertionError, match="no code"):
        sent_code()
    free = client.post(reverse("account_email"), {"email": "libre@courriel.example"})
    assert (taken.status_code, taken["Location"]) == (free.status_code, free["Location"])


def test_an_address_taken_before_the_code_is_entered_stays_with_the_first(resident):
    client = signed_in(resident)
    client.post(reverse("account_email"), {"email": "libre@courriel.example"})
    first = ResidentFactory(email="libre@courriel.example")
    client.post(reverse("account_email_verification_sent"), {"code": sent_code()})
    assert User.objects.signing_in_as("libre@courriel.example").get() == first


def test_a_code_is_valid_only_for_its_use(resident):
    client = signed_in(resident)
    client.post(reverse("account_reauthenticate"))
    assert client.post(reverse("account_email_verification_sent"), {"code": sent_code()})["Location"] == reverse(
        "account_email"
    )
    client.post(reverse("account_email"), {"email": "libre@courriel.example"})
    assert client.post(reverse("confirm_code"), {"code": sent_code()})["Location"] == reverse("account_reauthenticate")


def test_setting_a_password_ends_other_sessions_and_sends_an_email(resident):
    client, elsewhere = signed_in(resident), signed_in(resident)
    client.post(reverse("account_change_password"), {"password": PASSWORD})
    assert client.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302
    assert Session.objects.filter(user=resident).count() == 1
    assert mail.outbox[-1].to == [resident.email]


@pytest.mark.parametrize("password", ["court", "qwerty123456", "motdepasse", "958210374652", "habitante.durand"])
def test_a_weak_or_common_password_is_refused(password):
    resident = ResidentFactory(name="Habitante Durand", email="habitante.durand@courriel.example")
    response = signed_in(resident).post(reverse("account_change_password"), {"password": password})
    assert response.context["form"].errors["password"]
    resident.refresh_from_db()
    assert not resident.has_usable_password()


def test_signing_in_with_the_password_and_with_a_wrong_one():
    resident = ResidentFactory(email="awa@courriel.example", password=PASSWORD)
    client, page = Client(), reverse("sign_in_with_password")
    wrong = client.post(page, {"login": resident.email, "password": "quatre autres mots"})
    unknown = client.post(page, {"login": "personne@courriel.example", "password": PASSWORD})
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert client.post(page, {"login": "AWA@courriel.example", "password": PASSWORD}).status_code == 302
    assert client.get(reverse("account")).status_code == 200


def test_a_password_is_hashed_for_an_unknown_address_too(monkeypatch):
    """Otherwise the response time would reveal whether the address is known."""
    hashed = []

    def encode(hasher, password, salt):
        hashed.append(password)
        return "x$y$z"

    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.encode", encode)
    Client().post(reverse("sign_in_with_password"), {"login": "personne@courriel.example", "password": PASSWORD})
    assert hashed == [PASSWORD]


def test_a_contact_address_does_not_sign_in(resident):
    actions.change_contact_address(user=resident, email="famille@courriel.example")
    client = Client()
    client.post(reverse("account_login"), {"email": "famille@courriel.example"})
    response = client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    assert response["Location"] == reverse("account_signup")


def test_emails_have_no_name_and_no_markup():
    """A name is free text: in an e-mail from the city it could carry anyone's message."""
    resident = ResidentFactory(name="Gagnez un lot http://piege.example")
    client = signed_in(resident)
    client.post(reverse("account_change_password"), {"password": PASSWORD})
    client.post(reverse("account_email"), {"email": "libre@courriel.example"})
    texts = [f"{message.subject} {message.body}" for message in mail.outbox]
    assert len(texts) == 2
    assert not any("piege" in text or "&#" in text for text in texts)
