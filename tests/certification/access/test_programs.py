"""Pages of a publisher's programs: registered by a member, with a secret that is shown once."""

import re

import pytest
from django.urls import reverse

from certification.access.models import Client
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.access.program import BACK, connected, program
from tests.certification.made import SIRETS, member, publisher
from tests.vault.shown import main

pytestmark = pytest.mark.django_db(transaction=True)


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
