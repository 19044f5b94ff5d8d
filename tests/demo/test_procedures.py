"""The town's canteen procedure names its form and its office, published by two agents, once."""

import pytest

from demo.seeding import city, offices, official_forms, procedures
from services.procedures import finding
from services.procedures.models import Procedure
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db


def test_the_canteen_procedure_names_its_form_and_its_office_once():
    city.fill_city()
    paper_kinds.load()
    for _twice in range(2):
        official_forms.publish()
        office = offices.open_office()
        procedures.name_form_and_office(office)
    found = finding.open_for("cantine-qf")
    assert found is not None and (found.code, found.version, found.office) == (procedures.CODE, 2, office.pk)
    row = Procedure.objects.published().get(code=procedures.CODE)
    assert found.form == "fiche-dinscription-a-la-cantine" and row.faults == []
    assert row.written_by != row.published_by
