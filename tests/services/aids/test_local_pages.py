"""Pages of local aids: an agent writes one without JSON, another publishes it, everybody reads its rules."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from services.aids import catalogue, shipping
from services.aids.actions import local_aids as actions
from services.aids.local import rule_tree
from services.aids.models import LinkState, LocalAid
from services.versions import yaml_files
from services.versions.actions import versions
from services.versions.models import State
from tests.accounts.factories import AgentFactory, signed_in

pytestmark = pytest.mark.django_db

SHEET = {
    "label": "Carte de bus solidaire",
    "level": "commune",
    "institution_id": "00042",
    "institution_name": "Ville de Villebrume",
    "audience": "person",
    "kind": "price",
    "per": "person",
    "periodicity": "month",
    "instructions": "Au guichet.",
    "contact": "Maison des services",
    "legal_act": "Délibération 2026-118",
    "link": "https://villebrume.example/bus",
    "checked_later": "L’employeur ne rembourse pas tout.",
    **{f"valid_from_{part}": value for part, value in (("day", "1"), ("month", "1"), ("year", "2026"))},
    **{f"review_on_{part}": value for part, value in (("day", "1"), ("month", "12"), ("year", "2026"))},
}


@pytest.fixture
def author(villebrume):
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def pages(author) -> Client:
    return signed_in(author)


def at(name, *args, **query):
    return reverse(f"aids:local_{name}", args=args, query=query or None)


def text(answer):
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def begun(pages) -> LocalAid:
    assert pages.post(at("new"), SHEET).status_code == 302
    return LocalAid.objects.latest("pk")


def written(pages) -> LocalAid:
    """Write an aid by its forms: residents of the town, with a small quotient or looking for a job, not too rich."""
    aid = begun(pages)

    def add(inside, kind, **told):
        answer = pages.post(at("condition", aid.pk, dans=inside, kind=kind), told)
        assert answer.status_code == 302, text(answer)

    add("tout", "any")
    add("1", "qf", op="<=", value="650", period="month")
    add("1", "profile", values=["chomeur"])
    add("tout", "not")
    add("2-0", "receives", values=["apa"])
    amount = {"on": "qf", "lines": "400 ; 9\n ; 15", "when_missing": "15"}
    assert pages.post(at("amount", aid.pk, sorte="bands"), amount).status_code == 302
    for persona, quotient, profile, apa, status, price in (
        ("Nadia", "526", "", "", "granted", "15"),
        ("Lucien", "380", "", "", "granted", "9"),
        ("Samir", "720", "chomeur", "", "granted", "15"),
        ("Odile", "526", "", "apa", "refused", ""),
        ("Marc", "526", "", "", "refused", ""),
    ):
        told = {
            "persona": persona,
            "fact_commune": "00043" if persona == "Marc" else "00042",
            "fact_qf": quotient,
            "fact_profiles": [profile or "salarie"],
            "fact_receives": [apa or "rsa"],
            "status": status,
            "amount": price,
        }
        answer = pages.post(at("case", aid.pk), told)
        assert answer.status_code == 302, text(answer)
    aid.refresh_from_db()
    return aid


def test_an_aid_is_written_tried_and_published_by_pages(pages, author):
    aid = written(pages)
    page = text(pages.get(at("version", aid.pk)))
    assert "Au moins une de ces conditions" in page and "Sauf si" in page and "Ne passe pas" not in page
    assert "Publier cette version" not in page
    assert pages.get(at("publish", aid.pk)).status_code == 404
    pages.post(at("try", aid.pk))
    hugo = AgentFactory(name="Hugo Bastide")
    second = signed_in(hugo)
    assert "Publier cette version" in text(second.get(at("version", aid.pk)))
    assert second.post(at("publish", aid.pk), {"shown": aid.mark}).status_code == 302
    aid.refresh_from_db()
    assert aid.state == State.PUBLISHED and aid.published_by == hugo
    public = text(Client().get(reverse("aids:local_aid", args=[aid.code])))
    assert "Délibération 2026-118" in public and "L’employeur ne rembourse pas tout." in public
    assert "L312-1-3" in public and "Samir" in public and "Awa Sorel" not in public
    assert aid.name in text(Client().get(reverse("aids:local_aids")))


def test_a_red_case_and_an_idle_condition_are_named_on_the_page(pages, author):
    aid = written(pages)
    pages.post(at("amount", aid.pk, sorte="fixed"), {"value": "12"})
    pages.post(at("condition", aid.pk, dans="1", kind="age"), {"op": ">=", "value": "130"})
    cases = [{**one.as_json(), "facts": {**one.facts, "age": 30}} for one in aid.cases.all()]
    actions.change(aid=aid, by=author, cases=cases)
    page = text(pages.get(at("version", aid.pk)))
    assert "Le cas « Nadia » attend accordée (15) et la règle donne accordée (12)." in page
    assert "Aucun cas ne dépend de la condition « avoir au moins 130 ans »." in page
    pages.post(at("try", aid.pk))
    assert LocalAid.objects.get().state == State.DRAFT


def test_conditions_are_changed_and_removed_in_their_place(pages):
    aid = written(pages)
    edit = at("condition", aid.pk, place="1-0")
    assert 'value="650"' in text(pages.get(edit))
    assert pages.post(edit, {"op": "between", "value": "100", "until": "50", "period": "month"}).status_code == 400
    pages.post(edit, {"op": "between", "value": "100", "until": "700,5", "period": "year", "fallback": "on"})
    pages.post(at("remove_condition", aid.pk), {"place": "2"})
    aid.refresh_from_db()
    quotient = {"type": "qf", "min": 100, "max": 700.5, "source": "caf", "period": "year", "fallback": "rfr_parts_12"}
    assert aid.rules["conditions"]["all"][1]["any"][0] == quotient and len(aid.rules["conditions"]["all"]) == 2
    for place in ("9", "1-9", "1-0-0", "x"):
        assert pages.post(at("remove_condition", aid.pk), {"place": place}).status_code == 404
    assert pages.post(at("remove_condition", aid.pk)).status_code == 302
    assert pages.get(at("condition", aid.pk, place="7")).status_code == 404
    assert pages.get(at("condition", aid.pk, dans="1-0", kind="age")).status_code == 404


def links_of(page, name):
    """Return the addresses of a page's links to a form, as a browser follows them."""
    return [one.replace("&amp;", "&") for one in re.findall(rf'href="([^"]*/{name}/[^"]*)"', page.content.decode())]


def test_the_condition_that_a_page_showed_is_the_one_that_changes(pages):
    aid = written(pages)
    shown = pages.get(reverse("aids:local_version", args=[aid.pk]))
    [edit] = [one for one in links_of(shown, "condition") if one.endswith("place=1-0")]
    [add] = [one for one in links_of(shown, "condition") if one.endswith("dans=tout")]
    mark = re.search(r'name="lu" value="(\w+)"', shown.content.decode())
    assert mark is not None
    # In another tab, the first condition goes: the places of the others are other ones.
    pages.post(at("remove_condition", aid.pk), {"place": "0", "lu": mark[1]})
    aid.refresh_from_db()
    left = aid.rules["conditions"]
    assert "a agi avant vous" in text(pages.get(edit, follow=True))
    assert "a agi avant vous" in text(pages.post(edit, {"value": "yes"}, follow=True))
    assert "a agi avant vous" in text(pages.post(f"{add}&kind=age", {"op": ">=", "value": "18"}, follow=True))
    again = pages.post(at("remove_condition", aid.pk), {"place": "0", "lu": mark[1]}, follow=True)
    assert "a agi avant vous" in text(again)
    aid.refresh_from_db()
    assert aid.rules["conditions"] == left
    shown = pages.get(reverse("aids:local_version", args=[aid.pk]))
    [add] = [one for one in links_of(shown, "condition") if one.endswith("dans=tout")]
    pages.post(f"{add}&kind=age", {"op": ">=", "value": "18"})
    aid.refresh_from_db()
    assert aid.rules["conditions"]["all"][-1] == {"type": "age", "op": ">=", "value": 18}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("territory", {"level": "epci", "mode": "out", "codes": "000000042"}),
        ("postcode", {"codes": "00420 00430"}),
        ("children", {"count_min": "1", "age_min": "3"}),
        ("single_parent", {"value": "no"}),
        ("resources", {"op": "<", "value": "1100", "per": "person"}),
        ("date", {"since_day": "1", "since_month": "10", "since_year": "2026"}),
        ("manual", {"text": "Projet examiné"}),
    ],
)
def test_each_sort_of_condition_comes_back_in_its_form(pages, kind, told):
    aid = begun(pages)
    pages.post(at("condition", aid.pk, dans="tout", kind=kind), told)
    aid.refresh_from_db()
    before = aid.rules["conditions"]["all"][1]
    assert before["type"] == kind
    pages.post(at("condition", aid.pk, place="1"), told)
    aid.refresh_from_db()
    assert aid.rules["conditions"]["all"][1] == before
    assert pages.get(at("condition", aid.pk, place="1")).status_code == 200


def test_an_author_chooses_what_an_aid_excludes(pages):
    aid = begun(pages)
    address = at("sheet", aid.pk)
    assert pages.post(address, SHEET | {"excludes": ["rsa", "xyzzy"]}).status_code == 400, "an aid that nobody knows"
    assert pages.post(address, SHEET | {"excludes": ["rsa"]}).status_code == 302
    aid.refresh_from_db()
    assert aid.rules["excludes"] == ["rsa"] and aid.rules["checked_later"]
    assert "Ne se cumule pas avec" in text(pages.get(at("version", aid.pk)))
    assert yaml_files.load(yaml_files.dump(aid.document).encode())["excludes"] == ["rsa"]
    pages.post(address, SHEET)
    aid.refresh_from_db()
    assert aid.rules["excludes"] == []


def test_shipped_aids_come_back_as_they_are_from_every_form(pages, author):
    """Saving each form unchanged changes nothing, for all thirty aids."""
    from services.aids.local import forms, sheets

    for item in catalogue.local_aids():
        amount = item["amount"]
        form = forms.AmountForm(kind=amount["kind"], amount=amount)
        again = forms.AmountForm(_told(form), kind=amount["kind"], amount=amount)
        assert again.is_valid(), (item["code"], again.errors)
        assert {**again.amount(), "unit": "EUR"} == {**amount, "unit": "EUR"}
        for case in item["tests"]:
            first = sheets.CaseForm(rule=item, case=case)
            same = sheets.CaseForm(_told(first), rule=item, case=case)
            listed = ("scheme", "bac_honours", "study_year", "housing_status", "family_status")
            facts = {n: [v] if n in listed and isinstance(v, str) else v for n, v in case["facts"].items()}
            assert same.is_valid() and same.case() == {**case, "facts": facts}, (item["code"], same.errors)


def _told(form) -> dict[str, Any]:
    """Return what a browser would send back for a form shown as it is."""
    told: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if value is not None and value is not False:
            told[name] = value if isinstance(value, list) else str(value)
        if hasattr(value, "year"):
            told |= {f"{name}_day": value.day, f"{name}_month": value.month, f"{name}_year": value.year}
    if told.get("fact_on"):
        year, month, day = told.pop("fact_on").split("-")
        told |= {"fact_on_day": day, "fact_on_month": month, "fact_on_year": year}
    return told


def test_bad_input_is_said_and_nothing_is_written(pages):
    aid = begun(pages)
    before = aid.rules
    for name, query, told in (
        ("condition", {"dans": "tout", "kind": "territory"}, {"level": "commune", "mode": "in", "codes": "<script>"}),
        ("condition", {"dans": "tout", "kind": "age"}, {"op": "<=", "value": "vingt"}),
        ("condition", {"dans": "tout", "kind": "profile"}, {"values": ["astronaute"]}),
        ("amount", {"sorte": "bands"}, {"on": "qf", "lines": "400 ; 9\n300 ; 8"}),
        ("amount", {"sorte": "bands"}, {"on": "qf", "lines": "beaucoup"}),
        ("amount", {"sorte": "percent"}, {"on": "qf", "meaning": "grant"}),
        ("case", {}, {"persona": "Léa", "status": "granted"}),
        ("sheet", {}, {**SHEET, "link": "http://villebrume.example/"}),
        ("sheet", {}, {**SHEET, "label": "???"}),
    ):
        answer = pages.post(at(name, aid.pk, **query), told)
        assert answer.status_code == 400 and "govuk-error-summary" in text(answer), (name, told)
    aid.refresh_from_db()
    assert aid.rules == before and not aid.cases.exists()


def test_another_agents_draft_is_read_and_not_changed(pages):
    aid = begun(pages)
    other = signed_in(AgentFactory())
    assert other.get(at("version", aid.pk)).status_code == 200
    for name in ("sheet", "condition", "amount", "case", "drop"):
        assert other.get(at(name, aid.pk)).status_code == 404
    for name in ("try", "remove_condition", "remove_case"):
        assert other.post(at(name, aid.pk)).status_code == 404
    assert Client().get(reverse("aids:local_aid", args=[aid.code])).status_code == 404


def test_the_next_version_says_what_it_changes_and_the_former_stays_public(pages, author):
    (first, *_others) = shipping.load_local_aids()
    pages.post(at("renew", first.pk))
    later = LocalAid.objects.get(code=first.code, version=2)
    pages.post(at("amount", later.pk, sorte="fixed"), {"value": "3"})
    page = text(pages.get(at("differences", later.pk)))
    assert "Montant" in page and "Un montant fixe" in page and "jusqu’à 300" in page
    assert pages.get(at("differences", first.pk)).status_code == 404
    versions.close(row=first)
    public = reverse("aids:local_aid", args=[first.code])
    assert "n’est plus en vigueur" in text(Client().get(public))
    for wanted, status in (("1", 200), ("2", 404), ("zéro", 404), ("9" * 30, 404)):
        assert Client().get(public, {"version": wanted}).status_code == status
    assert "n’est plus en vigueur" not in text(pages.get(at("preview", later.pk)))


def test_the_label_of_a_draft_is_on_no_public_page(author):
    """One agent writes it alone, of an aid that another one names."""
    shipping.load_local_aids(codes=["transport-solidaire", "transport-moins-18"])
    (former,) = [one for one in catalogue.local_aids() if one["code"] == "transport-moins-18"]
    actions.begin(by=author, item={**former, "label": "Écrit par un seul"})
    page = text(Client().get(reverse("aids:local_aid", args=["transport-solidaire"])))
    assert "Ne se cumule pas avec" in page and former["label"] in page and "Écrit par un seul" not in page


def test_the_list_is_searched_and_names_what_is_late(pages):
    shipping.load_local_aids(codes=[aid["code"] for aid in catalogue.local_aids()])
    LinkState.objects.create(url="https://villebrume.example/", problem="404")
    page = text(pages.get(at("list")))
    assert "Tarif de cantine" in page and "À revoir le" in page
    found = text(pages.get(at("list"), {"q": "permis"})).split('role="search"')[1].split("civic-actions")[0]
    assert "Permis" in found and "Tarif de cantine" not in found
    assert "Aucune aide n’a ce mot" in text(pages.get(at("list"), {"q": "xyzzy"}))


def upload(pages, content, name="aide.yaml"):
    return pages.post(at("import"), {"file": SimpleUploadedFile(name, content)})


def test_a_version_goes_out_as_yaml_and_comes_back(pages):
    (first, *_others) = shipping.load_local_aids()
    out = pages.get(at("yaml", first.pk))
    assert out["Content-Disposition"].endswith('"cantine-qf-1.yaml"')
    assert upload(pages, out.content).status_code == 302
    again = LocalAid.objects.get(version=2)
    added = {"description": "", "link": "", "checked_later": []}
    assert again.state == State.DRAFT and {**again.document, "version": 1} == first.document | added
    assert Client().get(reverse("aids:local_rules", args=[first.code])).content == out.content


@pytest.mark.parametrize(
    "content",
    [
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        b"!!python/object/apply:os.system ['true']\n",
        b"[" * 5000,
        b"conditions: " + b"[" * 60 + b"]" * 60,
        b"x" * (yaml_files.MOST_BYTES + 1),
        b"\xff\xfe\x00",
        b"- 1\n- 2\n",
        b"conditions: {type: star_sign}\namount: {kind: none}\n",
        b"{1: 2, ? [a] : b}",
        b"",
    ],
)
def test_a_file_that_is_no_aid_is_refused_in_a_sentence(pages, content):
    answer = upload(pages, content)
    assert answer.status_code == 400 and "govuk-error-summary" in text(answer)
    assert not LocalAid.objects.exists()


def test_places_of_a_rule_are_changed_alone():
    rule: dict[str, Any] = {"all": [{"type": "age", "min": 1}, {"not": {"any": [{"type": "temp_agency"}]}}]}
    assert rule_tree.at(rule, "1-0-0") == {"type": "temp_agency"}
    assert rule_tree.removed(rule, "1-0") == {"all": [{"type": "age", "min": 1}]}
    added = rule_tree.added(rule, "1-0", {"type": "age", "max": 9})
    assert len(added["all"][1]["not"]["any"]) == 2 and len(rule["all"][1]["not"]["any"]) == 1
    with pytest.raises(rule_tree.NoPlace):
        rule_tree.added(rule, "0", {"type": "age", "max": 9})
