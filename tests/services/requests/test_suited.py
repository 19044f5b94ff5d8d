"""The page where a resident sends a dossier names the right office first, by the aid, then by the commune."""

from dataclasses import replace

import pytest
from django.urls import reverse

from accounts.models import Organisation
from services.aids import catalogue
from services.procedures.rules import of_aid
from services.requests.lines import Content, Line
from services.requests.suited import in_order
from tests.accounts.factories import signed_in
from tests.services.requests.made import finished, opened_office


def office(name: str, town: str = "Villebrume") -> Organisation:
    return Organisation(name=name, address=f"2 place du Lavoir, 17000 {town}")


def content(address: str = "14 rue des Tanneries, 17000 Villebrume") -> Content:
    return Content("Nadia Kervella", "", [Line("l0", "sheet", "Demandeur", f"Adresse : {address}")])


def order(offices, code="ville_cantine", said=None):
    return [one.office.name for one in in_order(offices, [of_aid(catalogue.get(code))], said or content())]


def test_the_office_that_the_aid_names_comes_first_whatever_the_alphabet():
    offices = [office("Accueil des sports"), office("CCAS"), office("Service Éducation")]
    assert order(offices)[0] == "Service Éducation"
    assert order(offices, "ville_pass_sport")[0] == "Accueil des sports"
    assert order(offices, "ville_aide_energie")[0] == "CCAS"


def test_who_handles_the_aid_comes_before_where_one_may_also_go_and_then_the_commune():
    handles, also = office("Conseil départemental", "Rochefort"), office("CCAS", "Rochefort")
    aid = replace(
        of_aid(catalogue.get("ville_cantine")), organisation="Conseil départemental", where_to_send=("CCAS",)
    )
    found = in_order([office("Bureau"), also, handles], [aid], content())
    assert [one.office.name for one in found] == ["Conseil départemental", "CCAS", "Bureau"]
    assert [(one.handles, one.nearby) for one in found] == [(True, False), (True, False), (False, True)]


def test_of_two_that_suit_as_well_the_one_of_the_commune_comes_first():
    near, far = office("Service Éducation Villebrume"), office("Service Éducation Rochefort", "Rochefort")
    assert order([far, near]) == [near.name, far.name]
    assert order([far, near], said=content("1 quai Valin, 17300 Rochefort")) == [far.name, near.name]
    assert order([near, far], said=content("")) == [far.name, near.name], "the alphabet, when nothing else is known"


def test_words_that_every_office_has_name_none():
    found = in_order(
        [office("Guichet de la ville"), office("Service")], [of_aid(catalogue.get("ville_cantine"))], content()
    )
    assert not any(one.handles for one in found)


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_them_in_this_order_and_chooses_none(resident):
    for name in ("Accueil des sports", "Service Éducation"):
        opened_office(name)
    page = signed_in(resident).get(reverse("requests:send", args=[finished(resident).pk]))
    text = page.content.decode()
    assert text.index("Service Éducation") < text.index("Accueil des sports")
    assert "est en premier" in text and " checked" not in text
