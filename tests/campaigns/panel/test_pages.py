"""Pages of the panel: in public, for a resident, an association, agents."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import identities as links
from accounts.models import Organisation
from accounts.sign_in.openid import Identity
from campaigns.debates.actions import identities
from campaigns.panel import draw
from campaigns.panel.actions import panels
from campaigns.panel.enums import Kind, Stance, State
from campaigns.panel.models import Answer, Association, Opinion, Panel, Referral
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.panel import seated
from tests.certification.made import draft_charter

pytestmark = pytest.mark.django_db


def url(name, *more):
    return reverse(f"panel:{name}", args=more)


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode().replace("\N{NO-BREAK SPACE}", " "))


def date_fields(name, day):
    return {f"{name}_day": str(day.day), f"{name}_month": str(day.month), f"{name}_year": str(day.year)}


def test_an_agent_announces_a_draw_and_everybody_reads_it(client):
    agent = signed_in(AgentFactory())
    assert "Aucun panel ne siège" in text_of(client.get(url("home")))
    day = timezone.localdate() + timedelta(days=20)
    sent = {"seats": "15", "hour": "18:00"} | date_fields("day", day) | date_fields("ends_on", day + timedelta(365))
    for wrong in ({"seats": "2"}, {"hour": "26"}, {"day_year": "2020"}, {"ends_on_year": "2020"}, {"ends_on_day": ""}):
        assert "Erreur" in text_of(agent.post(url("announce"), sent | wrong)), wrong
    for _click in range(2):
        answer = agent.post(url("announce"), sent, follow=True)
    assert "Un tirage est déjà annoncé" in text_of(answer) and "Le tirage annoncé" in text_of(answer)
    made = Panel.objects.get()
    assert timezone.localtime(made.draws_at).strftime("%H:%M") == "18:00" and made.seats == 15
    page = text_of(client.get(url("home")))
    assert "Prochain tirage" in page and "Devenir volontaire" in page
    assert "La liste sera figée" in text_of(client.get(url("draw", made.number)))
    assert client.get(url("draw_file", made.number)).status_code == 404
    assert client.get(url("draw", 99)).status_code == 404


def test_a_resident_volunteers_under_a_number_and_withdraws_at_once(resident):
    one = seated.panel(draws_at=timezone.now() + timedelta(days=2))
    browser, page = signed_in(resident), url("own", one.number)
    assert "Prouvez d’abord qui vous êtes" in text_of(browser.get(page))
    assert "Prouvez d’abord" in text_of(browser.post(page, {"act": "enter"}, follow=True))
    session = browser.session
    session[identities.PLACE] = {"user": str(resident.pk), "at": timezone.now().timestamp(), "pseudonym": "ab" * 32}
    session.save()
    assert "vient de prouver" in text_of(browser.get(page))
    browser.post(page, {"act": "prove"})
    links.link(user=resident, identity=Identity("franceconnect", "sub-7", "eidas1"))
    assert "checked" not in browser.get(page).content.decode()
    for _click in range(2):
        shown = text_of(browser.post(page, {"act": "enter"}, follow=True))
    with scope(resident=resident.pk):
        number = seated.number_of(one)
    assert str(number) in shown
    twin = ResidentFactory()
    voted.proven(twin, bytes.fromhex("ab" * 32))
    other = signed_in(twin)
    assert "Une personne a un numéro" in text_of(other.post(page, {"act": "enter"}, follow=True))
    assert str(number) not in text_of(other.get(page))
    agents = text_of(signed_in(AgentFactory()).get(url("inbox")))
    assert resident.name not in agents and str(number) not in agents
    for _click in range(2):
        shown = text_of(browser.post(page, {"act": "withdraw"}, follow=True))
    assert "Je suis volontaire" in shown
    assert browser.post(page, {"act": "nothing"}).status_code == 302
    closed = seated.panel()
    assert "La liste est close" in text_of(browser.post(url("own", closed.number), {"act": "enter"}, follow=True))


def test_a_drawn_resident_accepts_and_writes_and_the_city_answers(resident, client):
    one = seated.panel()
    mine = seated.entered(one, resident.pk)
    held = seated.drawn(one, 4)
    browser, page = signed_in(resident), url("own", held.number)
    assert "Vous êtes tiré au sort" in text_of(browser.get(page))
    assert "Erreur" in text_of(browser.post(page, {"act": "accept", "name": "x" * 41}))
    assert "Vous siégez" in text_of(browser.post(page, {"act": "accept", "name": "Nadia"}, follow=True))
    stale = text_of(browser.post(page, {"act": "accept", "name": "Autre"}, follow=True))
    assert "Rien n’a changé" in stale and "Nadia, membre" in stale
    asked = seated.referral(held)
    write = url("opine", asked.number)
    stranger = signed_in(ResidentFactory())
    assert stranger.get(write).status_code == stranger.post(write, {}).status_code == 404
    assert client.get(write).status_code == 302
    assert signed_in(AgentFactory()).get(write).status_code == 403
    assert "Donner un avis" in text_of(browser.get(page))
    assert "checked" not in browser.get(write).content.decode()
    assert "Erreur" in text_of(browser.post(write, {"stance": "maybe", "reasons": "x"}))
    sent = {"stance": "reserved", "reasons": "Une rue de douze maisons, tout le monde sait qui chauffe."}
    for said in ("Votre avis est publié", "rien n’a changé"):
        assert said in text_of(browser.post(write, sent, follow=True))
    assert Opinion.objects.count() == 1 and browser.get(write).status_code == 404
    public = text_of(client.get(url("referral", asked.number)))
    assert "Nadia, membre" in public and "douze maisons" in public and "Réponse due le" in public
    assert str(mine.number) not in public and resident.name not in public
    # The city answers.
    agent = signed_in(AgentFactory())
    answering = url("answer", asked.number)
    assert "1 avis sans réponse" in text_of(agent.get(url("inbox")))
    assert "checked" not in agent.get(answering).content.decode()
    assert "Erreur" in text_of(agent.post(answering, {"decision": "followed", "words": "Oui."}))
    told = {"opinions": [str(Opinion.objects.get().pk)], "decision": "followed", "words": "Le tableau est retiré."}
    assert agent.post(answering, told).status_code == 302
    assert "Quelqu’un a répondu avant vous" in text_of(agent.post(answering, told, follow=True))
    assert agent.get(answering).status_code == 404 and Answer.objects.count() == 1
    public = text_of(client.get(url("referral", asked.number)))
    assert "Le tableau est retiré." in public and "Suivi, le" in public and "La ville a répondu à tous." in public
    browser.post(page, {"act": "withdraw"})
    assert browser.get(write).status_code == 404
    assert "Nadia, membre" in text_of(client.get(url("referral", asked.number))), "what was published stays"


def test_a_late_answer_is_shown_to_everybody(resident, client):
    held = seated.seated(resident)
    asked = seated.referral(held)
    opinion = Opinion(referral=asked, member=1, stance=Stance.FAVOURABLE, reasons="Oui.")
    opinion.at = timezone.now() - timedelta(days=33)
    opinion.save(force_insert=True)
    page = text_of(client.get(url("referral", asked.number)))
    assert "Réponse en retard de 3 jours" in page and "Elle est en retard." in page
    assert "Réponse en retard" in text_of(client.get(url("home")))
    assert "En retard" in text_of(signed_in(AgentFactory()).get(url("inbox")))


def test_an_association_beside_the_panel_writes_for_itself(resident, client):
    held = seated.seated(resident)
    asked = seated.referral(held)
    companion, other = CompanionFactory(organisation="Un Toit"), CompanionFactory(organisation="Salines vertes")
    writer, outsider, agent = signed_in(companion), signed_in(other), signed_in(AgentFactory())
    write = url("opine_for_association", asked.number)
    assert writer.get(url("association")).status_code == writer.get(write).status_code == 404
    place = Organisation.objects.get(name="Un Toit")
    closed = Organisation.objects.create(name="Fermée", is_active=False)
    assert "Erreur" in text_of(agent.post(url("name_association", held.number), {"organisation": closed.pk}))
    agent.post(url("name_association", held.number), {"organisation": place.pk})
    assert Association.objects.get().organisation == place
    assert "Donner un avis" in text_of(writer.get(url("association")))
    assert outsider.get(write).status_code == outsider.get(url("association")).status_code == 404
    assert signed_in(resident).get(write).status_code == 403
    assert "Erreur" in text_of(writer.post(write, {"stance": "favourable", "reasons": " "}))
    sent = {"stance": "unfavourable", "reasons": "Une facture dit l’absence."}
    for said in ("L’avis est publié", "rien n’a changé"):
        assert said in text_of(writer.post(write, sent, follow=True))
    page = text_of(client.get(url("referral", asked.number)))
    assert "Un Toit, association" in page and companion.name not in page
    assert re.search(r"<dt>Défavorable</dt> <dd>0</dd>", page), "an association has no voice among the members"


def test_an_agent_refers_a_consultation_or_a_draft_of_the_charter(resident, client):
    agent, consultation = signed_in(AgentFactory()), given.opened()
    draft = draft_charter()
    last = timezone.localdate() + timedelta(days=20)
    sent = {"question": "Faut-il ce tableau ?", "subject": f"campaign:{consultation.pk}"} | date_fields(
        "last_day", last
    )
    assert "Aucun panel ne siège" in text_of(agent.post(url("refer"), sent, follow=True))
    seated.seated(resident)
    assert "Entre sept jours et trois mois" in text_of(agent.post(url("refer"), sent | {"last_day_year": "2020"}))
    assert "Erreur" in text_of(agent.post(url("refer"), sent | {"subject": "campaign:x"}))
    for subject in (f"campaign:{consultation.pk}", f"charter:{draft.pk}"):
        assert agent.post(url("refer"), sent | {"subject": subject}).status_code == 302
    first, second = Referral.objects.order_by("number")
    assert second.kind == Kind.CHARTER and second.content["version"] == draft.number
    assert "Le texte soumis au panel" in text_of(client.get(url("referral", second.number)))
    sheet = client.get(reverse("plans:sheet", args=[consultation.code]))
    assert url("referral", first.number) in sheet.content.decode()


def test_the_page_of_a_draw_shows_how_to_repeat_it(client):
    held = seated.drawn(seated.panel(), 70)
    seed = draw.seed_of(held.note)
    page = text_of(client.get(url("draw", held.number)))
    assert seed in page and held.sha256 in page and "10 autres numéros" in page
    assert f"printf '%s' {seed}-{held.order[0]} | sha256sum" in page.replace("&#x27;", "'")
    assert page.index(str(held.order[0])) < page.index(str(held.order[1]))
    file = client.get(url("draw_file", held.number))
    assert file.json()["order"] == held.order
    row = seated.row(held, held.order[0])
    row.write(state=State.SITS, name="Zoé")
    assert "Zoé, membre 1" in text_of(client.get(url("home")))
    panels.end(panel_id=held.pk, now=timezone.now() + timedelta(days=200))
    page = text_of(client.get(url("draw", held.number)))
    assert "Panel terminé" in page and "Zoé" not in page


def test_pages_cost_a_fixed_number_of_queries(client, django_assert_max_num_queries, resident):
    held = seated.seated(resident)
    for _time in range(6):
        asked = seated.referral(held)
        Opinion.objects.create(referral=asked, member=1, stance=Stance.FAVOURABLE, reasons="Oui.")
    with django_assert_max_num_queries(16):
        client.get(url("referral", asked.number))
    with django_assert_max_num_queries(16):
        client.get(url("home"))
    assert not Answer.objects.exists()
