"""A procedure names its aids, its office and its form: what leads to it, who receives it, what is filled for it."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.models import Organisation
from services.aids import catalogue
from services.aids import shipping as aids
from services.aids.actions import local_aids
from services.procedures import finding, shipping
from services.procedures.actions import procedures as actions
from services.procedures.models import Procedure
from services.versions.actions import versions
from tests.accounts.factories import signed_in
from tests.services.official_forms.made import FLAT
from tests.services.official_forms.made import published as published_form
from tests.services.procedures.test_pages import SHEET
from tests.services.procedures.written import CANTEEN, asking, document, published
from tests.services.requests.made import opened_office

pytestmark = pytest.mark.django_db
TAKEN, NOT_PUBLISHED = "se demande déjà par", "Son formulaire n’est pas publié"


def text(answer: Any) -> str:
    return str(answer.content.decode()).replace("\u00a0", " ").replace("\u202f", " ")


def test_an_aid_leads_to_the_procedure_that_names_it_else_to_the_one_of_the_catalogue(author, second):
    assert [finding.applying(code) for code in ("cantine-qf", "paje_base", "rien")] == ["ville_cantine", "paje", ""]
    row = published(author, second, document(for_aids=["cantine-qf"]))
    found = finding.open_for("cantine-qf")
    assert found is not None and (found.code, found.version) == (CANTEEN, 1)
    versions.close(row=row)
    found = finding.open_for("cantine-qf")
    assert found is not None and found.code == "ville_cantine"


def test_a_national_aid_costs_no_query_and_is_not_answered_here(django_assert_num_queries):
    with django_assert_num_queries(0):
        found = finding.open_for("paje_base")
    assert found is not None and not finding.is_answered_here(found)


def test_a_partner_answers_here_only_if_its_office_is_here(author, second):
    outside = published(author, second, asking(code="ailleurs", kind="partner"))
    inside = published(author, second, asking(code="ici", kind="partner", office=opened_office().name))
    assert [finding.is_answered_here(row.asks) for row in (outside, inside)] == [False, True]


def test_an_aid_has_one_procedure(author, second):
    published(author, second, document(for_aids=["cantine-qf"]))
    other = actions.begin(by=author, item=asking(code="autre", for_aids=["cantine-qf"]))
    assert any(TAKEN in fault for fault in other.faults)
    with pytest.raises(versions.Faulty):
        versions.try_out(row=other, by=author)
    newer = actions.begin(by=author, item=document(for_aids=["cantine-qf"]))
    assert newer.faults == [], "its own next version takes nothing from it"


def test_a_form_that_is_not_in_force_stops_the_publication(author, second):
    draft = actions.begin(by=author, item=asking(form="demande"))
    assert any(NOT_PUBLISHED in fault for fault in draft.faults)
    form = published_form(author, second, FLAT, aids=[])
    row = versions.try_out(row=draft, by=author)
    versions.close(row=form)
    with pytest.raises(versions.Faulty):
        versions.publish(row=row, by=second)


def test_the_second_person_covers_what_it_names(author, second):
    """The office, the aids and the form are in what the second person read, and the database freezes them."""
    published_form(author, second, FLAT, aids=[])
    office = opened_office()
    item = asking(office=office.name, form="demande", for_aids=["cantine-qf"])
    draft = versions.try_out(row=actions.begin(by=author, item=item), by=author)
    read = Procedure.objects.get(pk=draft.pk)
    actions.change(row=draft, by=author, seen=0, office=None)
    versions.try_out(row=draft, by=author)
    with pytest.raises(versions.NotNow):
        versions.publish(row=read, by=second)
    row = versions.publish(row=Procedure.objects.get(pk=draft.pk), by=second)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE procedures_procedure SET office_id = %s WHERE id = %s", [office.pk, row.pk])


def test_a_file_names_the_office_and_a_portal_that_lacks_it_leaves_it_out(author):
    office = opened_office()
    row = actions.begin(by=author, item=asking(office=office.name))
    assert row.document["office"] == office.name and row.asks.office == office.pk
    assert actions.begin(by=author, item=asking(office="Un service d’ailleurs")).office is None
    Organisation.objects.filter(pk=office.pk).update(is_active=False)
    assert actions.begin(by=author, item=row.document).office is None, "a closed office receives nothing"


def test_an_agent_chooses_them_on_the_sheet_which_keeps_and_says_them(author, second):
    aids.load_local_aids(codes=["cantine-qf"])
    form = published_form(author, second, FLAT, aids=[])
    office = opened_office()
    pages = signed_in(author)
    chosen = {"office": str(office.pk), "for_aids": ["cantine-qf"], "form": form.code}
    assert pages.post(reverse("procedures:new"), {**SHEET, **chosen}).status_code == 302
    row = Procedure.objects.get()
    assert (row.office, row.asks.for_aids, row.asks.form) == (office, ("cantine-qf",), form.code)
    page = text(pages.get(reverse("procedures:version", args=[row.pk])))
    assert office.name in page and "Demande d’aide (99999*01)" in page and "Aides de la ville" in page
    sheet = text(pages.get(reverse("procedures:sheet", args=[row.pk])))
    assert sheet.count(" selected") >= 2 and sheet.count(" checked") == 1, "what was chosen is still chosen"
    versions.close(row=form)
    Organisation.objects.filter(pk=office.pk).update(is_active=False)
    page = text(pages.get(reverse("procedures:version", args=[row.pk])))
    assert "fermé : les dossiers se font sans lui" in page and "ne reçoit plus de demandes" in page


def test_a_sheet_names_and_keeps_an_aid_that_is_not_in_force(author, second):
    aids.load_local_aids(codes=["cantine-qf"])
    row = actions.begin(by=author, item=document(for_aids=["cantine-qf", "periscolaire-effort", "parti"]))
    pages = signed_in(author)
    page = text(pages.get(reverse("procedures:version", args=[row.pk])))
    assert "(pas en vigueur), parti (pas en vigueur)" in page and "periscolaire-effort" not in page
    at = reverse("procedures:sheet", args=[row.pk])
    sheet = pages.get(at)
    kept = sheet.context["form"]["for_aids"].value()
    assert text(sheet).count(" checked") == 3
    assert pages.post(at, {**SHEET, "for_aids": kept}).status_code == 302
    assert Procedure.objects.get().asks.for_aids == ("cantine-qf", "periscolaire-effort", "parti")


def test_the_label_of_a_draft_aid_is_on_no_public_page(author, second, client):
    """One agent writes it alone, of an aid that has ended or of one that is not in force yet."""
    (ended,) = aids.load_local_aids(codes=["cantine-qf"])
    versions.close(row=ended)
    published(author, second, document(for_aids=["cantine-qf", "parti"]))
    (item,) = [one for one in catalogue.local_aids() if one["code"] == "cantine-qf"]
    for code in ("cantine-qf", "parti"):
        local_aids.begin(by=author, item={**item, "code": code, "label": "Écrit par un seul"})
    page = text(client.get(reverse("procedures:page", args=[CANTEEN])))
    assert "parti (pas en vigueur)" in page and item["label"] in page and "Écrit par un seul" not in page


def test_an_aid_an_office_or_a_form_that_is_not_offered_is_refused(author):
    pages = signed_in(author)
    for wrong in ({"office": "0" * 32}, {"for_aids": ["rien"]}, {"form": "rien"}):
        assert pages.post(reverse("procedures:new"), {**SHEET, **wrong}).status_code in {200, 400}
    assert not Procedure.objects.exists()


def test_what_comes_with_the_portal_names_known_aids():
    known = {aid["code"] for aid in catalogue.local_aids()}
    for item in shipping.shipped():
        assert set(item.get("for_aids", ())) <= known, item["code"]
    for aid in catalogue.all_aids():
        assert set(aid.for_aids) <= known, aid.code
