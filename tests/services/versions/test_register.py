"""The entries of the register of one code stay together: the id that they share never changes."""

import uuid

import pytest

from services.aids.models import LocalAid, UrgentSituation
from services.official_forms.models import OfficialForm
from services.procedures.models import Procedure

VERSIONS, FORMS = (
    uuid.UUID("6f6a2c0e-5c5f-4d0b-9b51-2f6d0a6a1b15"),
    uuid.UUID("0f5a7a52-6f0e-4f0e-8a0b-3b8a4d1f9c27"),
)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (LocalAid, uuid.uuid5(VERSIONS, "cantine")),
        (UrgentSituation, uuid.uuid5(VERSIONS, "urgent_situation|cantine")),
        (Procedure, uuid.uuid5(VERSIONS, "procedure|cantine")),
        (OfficialForm, uuid.uuid5(FORMS, "cantine")),
    ],
)
def test_the_id_of_a_code_never_changes(model, expected):
    assert model.subject_of("cantine") == expected
