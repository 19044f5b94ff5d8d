"""An office asks for what was never sent: a paper or a value that the procedure lists."""

import pytest
from django.urls import reverse
from django_scopes import scope

from core import journal
from services.procedures import shipping
from services.requests.actions import answering
from services.requests.actions import office as actions
from services.requests.enums import Fault, State
from tests.accounts.factories import signed_in
from tests.services.dossiers.made import add_paper
from tests.services.procedures.written import CANTEEN
from tests.services.requests.made import finished, fresh, member, sent
from tests.services.requests.test_pages import text
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db(transaction=True)
IDENTITY = "Identité"


@pytest.fixture
def row(resident, office, claire):
    """A request without identity, which its agent studies."""
    paper_kinds.load()
    shipping.load()
    found = sent(resident, office, finished(resident, aids=[CANTEEN], versions={CANTEEN: 1}))
    actions.take(request=found, place=claire)
    return fresh(found)


def absent(row, place):
    opened = actions.open_request(request=fresh(row), place=place)
    return {line.label: line for line in actions.list_lines_not_sent(fresh(row), opened.content)}


def test_the_office_sees_what_was_not_sent_and_asks_for_it_with_one_button(resident, row, claire):
    agent, browser = signed_in(claire.person), signed_in(resident)
    url = reverse("requests:office", args=[row.pk])
    page = text(agent.get(url))
    missing = absent(row, claire)
    assert "Dans la liste, mais pas envoyé" in page and page.count('value="yes"') >= len(missing)
    assert all(" : " in line.label or line.kind == line.kind.partition("#")[0] for line in missing.values())
    wanted = next(line for line in missing.values() if line.sort == "paper")
    assert f">{wanted.label}</span>" in page and "Quotient familial" not in missing
    ask = reverse("requests:ask", args=[row.pk, wanted.code])
    answer = agent.post(ask, {"missing": "yes"}, follow=True)
    assert "C’est demandé à la personne" in text(answer) and "Demandé" in text(answer)
    again = agent.post(ask, {"missing": "yes"}, follow=True)
    assert "rien n’a changé" in text(again)
    for code in ("l1", "m000000000"):
        assert agent.post(reverse("requests:ask", args=[row.pk, code]), {"missing": "yes"}).status_code == 404
    asked = fresh(row)
    assert asked.state == State.CORRECTION and asked.stopped_since is not None
    with scope(resident=resident.pk):
        correction = asked.corrections.get()
    assert correction.fault == Fault.MISSING
    said = text(browser.get(reverse("requests:request", args=[row.pk])))
    assert f"« {wanted.label} » n’est pas dans votre demande." in said and "à envoyer" in said
    events = [line.event for line in journal.lines(resident_id=resident.pk)]
    assert "request_missing_asked" in events
    assert "ce qui manque à votre demande" in text(browser.get(reverse("journal:journal")))

    fix = reverse("requests:correct", args=[row.pk, correction.pk])
    form = text(browser.get(fix))
    assert wanted.label in form and "Aujourd’hui" not in form
    assert browser.post(fix, {"text": ""}).status_code == 400
    paper = add_paper(resident, wanted.kind)
    browser.post(fix, {"text": "", "paper": str(paper.pk)})
    assert fresh(row).state == State.REVIEW and wanted.code in fresh(row).codes
    assert wanted.label not in absent(row, claire)
    page = text(agent.get(url))
    assert "Ajouté" in page and reverse("requests:office_paper", args=[row.pk, paper.pk]) in page
    assert agent.get(reverse("requests:office_paper", args=[row.pk, paper.pk])).status_code == 200


def test_a_value_that_was_never_sent_is_answered_in_words_and_can_be_mended_again(resident, row, claire):
    wanted = absent(row, claire)[IDENTITY]
    correction = actions.ask_missing(request=row, place=claire, line=wanted.code)
    answering.correct(correction=correction, by=resident.pk, text="Kervella Nadia")
    opened = actions.open_request(request=fresh(row), place=claire)
    line = opened.content.line(wanted.code)
    assert line is not None and (line.text, line.assurance, line.before) == ("Kervella Nadia", "declared", "")
    actions.ask_correction(
        request=fresh(row), place=claire, line=wanted.code, fault=Fault.INCOMPLETE, message="Le prénom entier."
    )


def test_only_who_studies_the_request_asks_and_the_form_of_a_sent_line_never_says_missing(resident, row, claire):
    wanted = next(iter(absent(row, claire).values()))
    other = member(row.organisation, "Idriss Vasseur")
    with pytest.raises(actions.NotNow):
        actions.ask_missing(request=row, place=other, line=wanted.code)
    assert "Demander" not in text(signed_in(other.person).get(reverse("requests:office", args=[row.pk])))
    ask = reverse("requests:ask", args=[row.pk, "l1"])
    wrong = signed_in(claire.person).post(ask, {"fault": "missing", "message": "Non."})
    assert wrong.status_code == 400
    with scope(resident=resident.pk):
        assert not fresh(row).corrections.exists()


def test_views_that_an_agent_repeats_are_one_line_of_what_happened(row, claire):
    agent = signed_in(claire.person)
    url = reverse("requests:office", args=[row.pk])
    page = "".join(text(agent.get(url)) for _ in range(3))
    assert "Ouverte, " in page and "Ouverte 2 fois, " in page
