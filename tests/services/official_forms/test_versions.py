"""A version of a form: mapped by one agent, published by another, never changed afterwards."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from core.journal import register
from core.models.rows import Forged
from services.official_forms.actions import official_forms as actions
from services.official_forms.models import OfficialForm
from services.versions.actions import versions
from services.versions.models import State
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.services.official_forms.made import FIELDED, FLAT, draft, map_text, published, sha256

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(db):
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def second(db):
    return AgentFactory(name="Hugo Bastide")


def at(name, *args):
    return reverse(f"official_forms:{name}", args=args)


def text(answer):
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def file(content, name="formulaire.pdf"):
    return SimpleUploadedFile(name, content, "application/pdf")


def test_a_form_goes_from_its_blank_to_its_end(author, second):
    """By the pages: load, map, look at the pages, publish by another, renew, close."""
    pages, theirs = signed_in(author), signed_in(second)
    sent = {"title": "Demande d’aide", "number": "", "aids": ["rsa"], "blank": file(FIELDED)}
    begun = pages.post(at("new"), sent)
    form = OfficialForm.objects.get()
    assert begun["Location"] == at("version", form.pk) and form.sha256 == sha256(FIELDED)
    shown = text(pages.get(at("version", form.pk)))
    assert "Retiré du PDF" in shown and "des scripts" in shown
    kept = pages.post(at("map", form.pk), {"mapping": map_text(FIELDED)})
    assert kept["Location"] == at("preview", form.pk)
    preview = text(pages.get(at("preview", form.pk)))
    assert preview.count("data:image/jpeg;base64,") == 1
    publishing = theirs.get(at("publish", form.pk))
    assert "data:image/jpeg;base64," in text(publishing)
    theirs.post(at("publish", form.pk), {"shown": publishing.context["row"].mark})
    form = OfficialForm.objects.get()
    assert (form.state, form.published_by) == (State.PUBLISHED, second)
    told = register.of(OfficialForm.KIND, OfficialForm.subject_of(form.code))
    assert [entry.event for entry in told] == ["official_form_published"]
    # Another blank: its map is of the former one until it is written again.
    pages.post(at("renew", form.pk), {"blank": file(FLAT)})
    later = OfficialForm.objects.get(version=2)
    assert "écrit pour un autre formulaire" in text(pages.get(at("version", later.pk)))
    with pytest.raises(versions.Faulty, match="autre formulaire"):
        versions.publish(row=later, by=second)
    pages.post(at("map", later.pk), {"mapping": map_text(FLAT)})
    later.refresh_from_db()
    versions.publish(row=later, by=second)
    assert OfficialForm.objects.get(version=1).state == State.CLOSED
    theirs.post(at("close", later.pk))
    assert OfficialForm.objects.get(version=2).state == State.PUBLISHED, "one agent alone closes nothing"
    versions.close(row=later)
    assert not OfficialForm.objects.filter(state=State.PUBLISHED).exists()


def test_what_is_published_is_what_was_shown(author, second):
    form = draft(author)
    shown = form.mark
    actions.write_map(form=form, by=author, text=map_text(FLAT, nom={"label": "Autre"}))
    with pytest.raises(versions.NotNow):
        versions.publish(row=form, by=second)
    answer = signed_in(second).post(at("publish", form.pk), {"shown": shown}, follow=True)
    assert "a agi avant vous" in text(answer)


def test_an_example_that_does_not_fit_stops_the_publication(author, second):
    form = draft(author, map_text=map_text(FLAT, naissance={"box": [38, 24, 8, 2], "cells": 8}))
    with pytest.raises(versions.Faulty, match="Nom"):
        narrow = map_text(FLAT, nom={"box": [38, 14, 3, 6]})
        held = draft(author, code="etroit", map_text=narrow)
        versions.publish(row=held, by=second)
    assert form.state == State.DRAFT


def test_only_its_author_changes_a_draft(author, second):
    form = draft(author)
    for act in (
        lambda: actions.write_map(form=form, by=second, text=map_text(FLAT)),
        lambda: versions.drop(row=form, by=second),
        lambda: actions.begin(by=ResidentFactory(), title="A", number="", aids=["rsa"], content=FLAT),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert signed_in(second).get(at("map", form.pk)).status_code == 404


def test_a_published_version_never_changes(author, second):
    form = published(author, second)
    for act in (
        lambda: actions.write_map(form=form, by=author, text=map_text(FLAT)),
        lambda: versions.drop(row=form, by=author),
        lambda: versions.publish(row=form, by=second),
    ):
        with pytest.raises(versions.NotNow):
            act()
    for change in ("map_text = 'x'", "blank = 'x'", "state = 'draft'", "aids = '[]'"):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE official_forms_officialform SET {change} WHERE id = %s", [form.pk])
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        form.delete()
    with pytest.raises(DatabaseError, match="begins as a draft"), transaction.atomic():
        draft(author, code="autre", state=State.PUBLISHED, published_by=second)


def test_a_map_that_somebody_wrote_in_the_database_is_refused(author):
    form = draft(author)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE official_forms_officialform SET map_text = 'x' WHERE id = %s", [form.pk])
    with pytest.raises(Forged):
        OfficialForm.objects.get(pk=form.pk)


def test_a_refused_map_writes_nothing_and_stays_in_its_field(author):
    form = draft(author)
    answer = signed_in(author).post(at("map", form.pk), {"mapping": "lines: [*a]"})
    assert "d’un endroit à un autre" in text(answer) and "lines: [*a]" in text(answer)
    assert OfficialForm.objects.get().map_text == form.map_text


@pytest.mark.parametrize(("content", "said"), [(b"%PDF-1.7 x", "abîmé"), (b"%PDF" + bytes(5_000_000), "5 Mo")])
def test_a_bad_blank_begins_nothing(author, content, said):
    sent = {"title": "A", "number": "", "aids": ["rsa"], "blank": file(content)}
    assert said in text(signed_in(author).post(at("new"), sent))
    assert not OfficialForm.objects.exists()


def test_two_forms_of_one_name_have_two_codes(author):
    for _time in range(2):
        actions.begin(by=author, title="Demande", number="", aids=["rsa"], content=FLAT)
    assert set(OfficialForm.objects.values_list("code", flat=True)) == {"demande", "demande-2"}


def test_the_list_shows_each_form_once(author, second, django_assert_max_num_queries):
    form = published(author, second)
    actions.renew(form=form, by=author)
    pages = signed_in(author)
    with django_assert_max_num_queries(25):
        shown = text(pages.get(at("list")))
    assert shown.count("Demande d’aide") == 1 and "Version 2" in shown
