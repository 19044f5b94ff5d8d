"""Pages of a publisher's programs: registered by a member, with a secret that is shown once."""

import re

import pytest
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from django_scopes import scope

from certification.access.actions import clients
from certification.access.models import AccessToken, AuthorizationCode, Client, IDToken, RefreshToken
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.access.program import (
    BACK,
    answer,
    ask,
    body,
    called,
    connected,
    exchange,
    program,
    way_back,
)
from tests.certification.developers.played import basic
from tests.certification.made import SIRETS, member, publisher
from tests.vault.shown import main
from vault.records.models import Grant

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS, TOKEN = "/api/v1/me/fields", f"{settings.SITE_URL}/oauth/token"


def secret_on(page):
    found = re.search(r"gar_(?:live|test)_[\w-]{40,}", page.content.decode())
    assert found
    return found[0]


def test_a_developer_registers_a_program_that_works(label, developer, browser):
    hers = signed_in(developer)
    page = hers.post(
        reverse("access:new_program", args=[label.service_id]), {"environment": "live", "redirect_uris": BACK}
    )
    secret, client = secret_on(page), Client.objects.get()
    assert page["Cache-Control"].startswith(("no-store", "max-age=0"))
    listed = main(hers.get(reverse("access:programs")))
    assert client.client_id in listed and secret not in listed and "Supprimer" not in listed
    assert connected(program(client, secret), browser)["access_token"]


def test_a_wrong_address_is_told(label, developer):
    address = reverse("access:new_program", args=[label.service_id])
    page = signed_in(developer).post(address, {"environment": "live", "redirect_uris": "http://loin.example/"})
    assert "n’est pas une adresse https complète" in main(page) and not Client.objects.exists()


def test_a_second_secret_is_shown_once_and_the_first_is_revoked(client_of_service, developer):
    hers, address = signed_in(developer), reverse("access:new_secret", args=[client_of_service.client_id])
    assert "le temps d’en changer sans arrêt" in main(hers.get(address))
    secret = secret_on(hers.post(address))
    listed = main(hers.get(reverse("access:programs")))
    assert secret not in listed and f"gar_live_…{secret[-4:]}" in listed and "jamais utilisé" in listed
    assert "a déjà deux secrets" in main(hers.post(address, follow=True))
    former = Client.objects.get().secrets[0]
    revoke = reverse("access:revoke_secret", args=[client_of_service.client_id, former.id])
    assert f"…{former.hint}" in main(hers.get(revoke))
    hers.post(revoke)
    [kept] = Client.objects.get().secrets
    assert kept.hint == secret[-4:] and hers.get(revoke).status_code == 404
    alone = reverse("access:revoke_secret", args=[client_of_service.client_id, kept.id])
    assert "son seul secret" in main(hers.post(alone, follow=True))


def test_only_who_answers_for_the_publisher_deletes_a_program(client_of_service, developer, owner):
    address = reverse("access:delete_program", args=[client_of_service.client_id])
    assert signed_in(developer).post(address).status_code == 403
    assert "Supprimer" in main(signed_in(owner).get(reverse("access:programs")))
    assert signed_in(owner).post(address).status_code == 302
    assert not Client.objects.exists()


def test_another_publishers_program_does_not_exist(client_of_service, label, resident):
    addresses = [
        reverse("access:new_program", args=[label.service_id]),
        reverse("access:new_secret", args=[client_of_service.client_id]),
        reverse("access:revoke_secret", args=[client_of_service.client_id, client_of_service.secrets[0].id]),
        reverse("access:delete_program", args=[client_of_service.client_id]),
    ]
    other = signed_in(member(publisher("Autre", SIRETS[1])))
    for address in addresses:
        assert other.get(address).status_code == other.post(address).status_code == 404
        assert signed_in(resident).get(address).status_code == 403
        assert signed_in(AgentFactory()).get(address).status_code == 403
    assert client_of_service.client_id not in main(other.get(reverse("access:programs")))


# Its name


def test_a_program_has_a_name_and_is_renamed(label, developer):
    hers, added = signed_in(developer), reverse("access:new_program", args=[label.service_id])
    for name in ("Serveur de Lyon", ""):
        hers.post(added, {"environment": "live", "redirect_uris": BACK, "name": name})
    named, unnamed = Client.objects.order_by("pk")
    page = main(hers.get(reverse("access:programs")))
    assert "Serveur de Lyon" in page and f"{label.service.name}, {unnamed.get_environment_display()}" in page
    rename = reverse("access:rename_program", args=[named.client_id])
    assert 'value="Serveur de Lyon"' in hers.get(rename).content.decode()
    hers.post(rename, {"name": " Serveur de Brest "})
    assert Client.objects.get(pk=named.pk).name == "Serveur de Brest"
    assert "Serveur de Brest" in main(hers.get(reverse("developers:calls", args=[named.client_id])))
    assert hers.post(rename, {"name": "x" * 61}).status_code == 400


def test_residents_read_the_services_name_and_never_the_programs(client_of_service, developer, session, browser):
    clients.rename(client=client_of_service, by=developer, name="Banque de France")
    page = main(ask(session, browser))
    assert client_of_service.service.name in page and "Banque de France" not in page


# Deleted


def test_the_tokens_of_a_deleted_program_stop_at_once(client_of_service, registered, session, browser, owner, tenant):
    token = connected(session, browser)
    back = way_back(answer(browser, ask(session, browser), answer="keep"))
    assert called(token["access_token"], FIELDS).status_code == 200
    clients.delete(client=client_of_service, by=owner)
    refused = called(token["access_token"], FIELDS)
    assert (refused.status_code, body(refused)["code"]) == (401, "invalid_token")
    for act in (
        lambda: session.refresh_token(TOKEN, refresh_token=token["refresh_token"]),
        lambda: exchange(session, back),
    ):
        with pytest.raises(OAuthError, match="invalid_client"):
            act()
    client, secret = registered
    for address in ("/api/v1/erasures", "/api/v1/events"):
        assert Browser().get(address, headers=basic(client.client_id, secret)).status_code == 401
    assert not any(model.objects.exists() for model in (AccessToken, RefreshToken, AuthorizationCode, IDToken))
    with scope(resident=tenant.pk):
        assert Grant.objects.get(stopped_at=None).stands, "the agreement is the service's"
