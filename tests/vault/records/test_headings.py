"""A record's heading: what tells it apart, and a no that reads as one."""

from typing import Any

import pytest
from django.utils.translation import override

from tests.services.aids.test_from_vault import record
from vault.records import wording


@pytest.mark.parametrize(
    ("type_code", "payload", "heading"),
    [
        ("handicap.decision", {"taux_incapacite": 0}, "Décision de la MDPH\u00a0: non"),
        ("handicap.decision", {"taux_incapacite": 0.8}, "Décision de la MDPH"),
        ("handicap.decision", {"rsdae": True}, "Décision de la MDPH"),
        ("social.prestation", {"prestation": "rsa", "est_beneficiaire": False}, "RSA\u00a0: non"),
        ("social.prestation", {"prestation": "rsa", "est_beneficiaire": True}, "RSA"),
    ],
)
def test_an_answer_that_means_no_is_headed_as_a_no(type_code: str, payload: dict[str, Any], heading: str) -> None:
    assert wording.heading(record(type_code, payload)) == heading


def test_it_reads_so_in_english_too() -> None:
    with override("en"):
        assert (
            wording.heading(record("social.prestation", {"prestation": "rsa", "est_beneficiaire": False})) == "RSA: no"
        )
