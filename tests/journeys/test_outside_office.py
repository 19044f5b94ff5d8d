"""A request to the CAF, which is outside Garant, followed by hand: noted, a paper asked and sent, answered."""

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Walker, move_in, only_row, sign_in
from tests.live import Live

ADDRESS = "nadia.caf@courriel.example"
FINISHED = """
from accounts.models import User
from tests.services.requests.made import finished
finished(User.objects.signing_in_as("{address}").get(), aids=["prime_activite"], title="Prime d’activité")
"""


def test_in_french_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    move_in(live, ADDRESS)
    live.run(FINISHED.format(address=ADDRESS))
    page = visitor(width=320, language="fr-FR", javascript=False)
    keyboard, said = Keyboard(page), page.locator("main")
    walk = Walker(page, "fr", keyboard)
    sign_in(page, live, ADDRESS)

    def act(words: str) -> None:
        walk.act(words, words)
        walk.eyes.look()

    # From the finished dossier: the office and its number are typed, the day is today's.
    page.goto("/dossiers/")
    act("Prime d’activité")
    act("Noter que je l’ai envoyé")
    walk.write("main [name=office]", "CAF de Villebrume")
    act("Suivre cette demande")
    expect(said).to_contain_text("L’organisme a jusqu’au")
    followed = f"/demandes/ailleurs/{only_row(live, 'requests_outsiderequest', ADDRESS)}/"
    assert page.url.endswith(followed)

    # Its number, when a letter gives it.
    act("Noter son numéro")
    walk.write("main [name=number]", "0427781")
    act("Noter")
    expect(said).to_contain_text("n° 0427781")

    # It asks for a paper: the time stops, and the home of requests says what waits.
    act("On me demande un papier")
    act("Noter")
    expect(said).to_contain_text("Son délai est arrêté")
    page.goto("/demandes/")
    walk.eyes.look()
    expect(said).to_contain_text("Papier à envoyer")
    act("Prime d’activité")
    act("J’ai envoyé le papier")
    act("Noter")
    expect(said).to_contain_text("Réponse avant le")

    # It answers no: the ways to appeal come first.
    act("La réponse est arrivée")
    keyboard.choose("answer", "Refusée")
    act("Noter")
    expect(said).to_contain_text("L’organisme a dit non")
    expect(page.locator("main h2").first).to_have_text("Contester, dans cet ordre")
    page.goto("/demandes/")
    expect(said).to_contain_text("Refusée")
