"""What Unicode calls a digit and is no number: `isdigit` is true of “²”, which `int` refuses."""

import pytest

from accounts.models import User
from tests.accounts.factories import signed_in
from tests.vault.made import add

pytestmark = pytest.mark.django_db(transaction=True)
NOTICE = {"annee_revenus": 2024, "revenu_fiscal_reference": 12000, "nombre_parts": 1.0}


@pytest.mark.parametrize(
    "address", ["/coffre/?page=²", "/coffre/papiers/?page=²", "/coffre/tout/fiscal.avis_ir/?annee=²²²²"]
)
def test_a_superscript_is_no_number(resident: User, address: str) -> None:
    add(resident, "fiscal.avis_ir", NOTICE)
    assert signed_in(resident).get(address).status_code == 200
