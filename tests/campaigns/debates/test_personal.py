"""What a post says of somebody is pointed out to its author, then to who freezes a vote."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.debates.actions import votes
from campaigns.debates.models import Post
from campaigns.debates.personal import find_personal
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.campaigns.debates.test_pages import text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote_asked(campaign, resident):
    sent = {"title": "Un bus", "text": "Comme dit Paul Astruc.", "keep": "on"}
    signed_in(resident).post(url("propose"), sent)
    asker = AgentFactory()
    assert "« Un bus » donne : Paul Astruc" in text_of(signed_in(asker).get(url("propose_vote")))
    return votes.propose(campaign=campaign, by=asker, closes_at=timezone.now() + timedelta(days=9))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C’est cher, dit Paul Astruc.", ["Paul Astruc"]),
        ("Mme Kervella le sait.", ["Mme Kervella"]),
        ("Demandez à Monsieur Jean-Marc d’Ormesson !", ["Monsieur Jean-Marc d’Ormesson"]),
        ("Marie de La Tour le dira.", ["Marie de La Tour"]),
        ("Au 12 bis, rue des Lilas, chez moi.", ["12 bis, rue des Lilas"]),
        ("Appelez le 06 12 34 56 78 !", ["0612345678"]),
        ("Écrivez à nadia@exemple.fr", ["nadia@exemple.fr"]),
        ("Un arrêt rue Jean Moulin, au Pont Neuf, avant la gare Saint Jean.", []),
        ("Toutes les 15 minutes. Le Rhône passe là. La Ville décide, en 2027.", []),
        ("30 km/h dans les rues du centre, 3 arrêts place du marché.", []),
    ],
)
def test_names_homes_and_numbers_are_found(text, found):
    assert find_personal(text) == found


@pytest.mark.parametrize("name", ["propose", "argue"])
def test_its_author_reads_what_a_text_gives_then_keeps_it_or_takes_it_out(name, campaign, resident):
    author = signed_in(resident)
    signed_in(ResidentFactory()).post(url("propose"), {"title": "Un bus", "text": "Toutes les 15 minutes."})
    post = Post.objects.get()
    to = url("propose") if name == "propose" else url("argue", post.pk)
    sent = {"title": "Un tram", "side": "for", "text": "Comme dit Paul Astruc, au 06 12 34 56 78."}
    page = author.post(to, sent)
    assert page.status_code == 400 and Post.objects.count() == 1
    assert "Paul Astruc, 0612345678" in text_of(page) and "Comme dit Paul Astruc" in text_of(page)
    assert 'name="keep"' in text_of(page) and "checked" not in text_of(page).split('name="keep"')[1].split(">")[0]
    author.post(to, sent | {"text": "Comme dit un voisin."})
    author.post(to, sent | {"keep": "on"})
    assert Post.objects.count() == 3


def test_who_asks_for_a_vote_and_who_decides_read_what_it_would_freeze(campaign, resident, vote_asked):
    assert "« Un bus » donne : Paul Astruc" in text_of(signed_in(AgentFactory()).get(url("agents_vote")))
    page = text_of(signed_in(AgentFactory()).get(url("decide_vote")))
    assert "À relire avant de figer" in page and "« Un bus » donne : Paul Astruc" in page
