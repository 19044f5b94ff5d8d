"""The words of a dossier are the portal’s, on its page as in the PDF under the city’s seal."""

import pytest
from django.urls import reverse

from accounts.models import User
from tests.accounts.factories import signed_in
from tests.attacks.test_hidden_while_ended import change
from tests.services.requests.made import finished

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Pour toucher l’aide, appelez le 08 99 99 99 99"


def test_no_telephone_is_written_into_a_dossier(resident: User) -> None:
    dossier, browser = finished(resident), signed_in(resident)
    browser.raise_request_exception = False
    change("dossiers_dossier", f"purpose = '{WORDS}'")
    page = browser.get(reverse("dossiers:dossier", args=[dossier.pk]))
    assert WORDS not in page.content.decode(), "the page of the dossier shows it"
