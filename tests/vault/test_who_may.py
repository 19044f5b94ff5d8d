"""Who may open each page of a vault: its owner. A stranger finds nothing, a visitor signs in, an agent owns no vault."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from core import journal
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.vault.couples import couple, place, shared
from tests.vault.data_samples import bank_table
from tests.vault.entrusted import help_of
from tests.vault.lived import brought
from tests.vault.made import add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, linked
from tests.vault.urgent import asked as urgently_asked
from tests.vault.urgent import offered
from vault import actions
from vault.actions import asking, contests
from vault.enums import AskedFor
from vault.models import Draft, Holder, Paper, Record
from vault.urls import urlpatterns

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

# page: (what it names, method, the owner's answer)
OWNED = {
    "paper": ("paper", "get", 200),
    "confirm_paper": ("paper", "get", 302),
    "keep_data": ("data", "get", 302),
    "name_columns": ("data", "get", 200),
    "paper_kind": ("paper", "get", 200),
    "paper_dates": ("paper", "get", 200),
    "download": ("paper", "get", 200),
    "preview": ("paper", "get", 200),
    "replace_paper": ("paper", "get", 200),
    "delete_paper": ("paper", "get", 200),
    "check_answers": ("draft", "get", 200),
    "question": ("draft question", "get", 200),
    "drop_draft": ("draft", "post", 302),
    "history": ("record", "get", 200),
    "correct": ("record", "get", 200),
    "withdraw": ("record", "get", 200),
    "shared_with_me": ("member", "get", 200),
    "agree": ("member agreement", "get", 200),
    "share": ("grant", "get", 200),
    "share_received": ("grant", "get", 200),
    "share_text": ("grant", "get", 200),
    "pause_share": ("grant", "post", 302),
    "shorten_share": ("grant", "get", 200),
    "renew_share": ("grant", "get", 200),
    "stop_sharing": ("grant", "get", 200),
    "receipt": ("grant receipt", "get", 200),
    "renew_link": ("link", "get", 200),
    "download_side": ("paper file", "get", 200),
    "preview_side": ("paper file", "get", 200),
    "add_side": ("paper", "get", 200),
    "move_side": ("side", "post", 302),
    "drop_side": ("side", "get", 200),
    "request": ("request", "get", 200),
    "request_part": ("request part", "get", 200),
    "request_step": ("request step", "get", 200),
    "request_letter": ("request letter", "get", 302),
    "request_pdf": ("request letter", "get", 200),
    "delete_request": ("request", "get", 200),
    "brought": ("brought", "get", 200),
    "journal_line": ("line", "get", 200),
    "contest": ("line", "get", 200),
    "withdraw_contest": ("contested", "post", 302),
    "access_request": ("access request", "get", 200),
    "withdraw_help": ("help", "get", 200),
    "emergency": ("emergency", "get", 200),
}
OPEN_TO_RESIDENTS = {
    "home": [],
    "add_paper": [],
    "choose_type": [],
    "start_typing": ["logement.domicile"],
    "papers": [],
    "journal": [],
    "check_journal": [],
    "copy_journal": [],
    "alerts": [],
    "household": [],
    "shares": [],
    "helpers": [],
    "make_appointment": [],
    "take_away": [],
    "make_link": [],
    "stop_links": [],
    "invite": [],
    "join_household": [],
    "leave_household": [],
    "holders": [],
    "holder": ["caf"],
    "start_request": ["caf"],
}
#: Tested with what they are about: an upload under way, what an identity provider said, types of data, a companion (test_mandate_pages.py).
APART = {
    "ask_help",
    "entrust",
    "drop_upload",
    "keep_identity",
    "of_type",
    "withdraw_data",
    "data_types",
    "data_type",
    "data_schema",
    "jwks",
}
#: A copy of all is tried in test_export.py.
APART |= {"download_export"}
#: Tried with a holder's server (tests/vault/connectors), and by tests/attacks with every other address.
CONNECTIONS = {pattern.name for pattern in urlpatterns if str(pattern.pattern).startswith("coffre/connexions/")}
#: A companion's own (test_companion_pages.py).
COMPANIONS = {pattern.name for pattern in urlpatterns if str(pattern.pattern).startswith("accompagnement/")}
#: What whoever has a link's address and code opens (test_visits.py).
APART |= {"visit", "visit_paper", "visit_document", "visit_all", "close_visit"}
#: Agents': urgent accesses (test_emergency_pages.py), the desk (test_desk.py).
AGENTS = {pattern.name for pattern in urlpatterns if str(pattern.pattern).startswith("agents/")}
#: Forms that name nothing and are sent to one's own vault.
ACTS = ["put_partings_aside", "cancel_invitation", "cancel_appointment", "delete_export"]
POSTS = [
    "confirm_paper",
    "keep_data",
    "name_columns",
    "paper_kind",
    "paper_dates",
    "replace_paper",
    "delete_paper",
    "check_answers",
    "question",
    "correct",
    "withdraw",
    "agree",
    "pause_share",
    "shorten_share",
    "renew_share",
    "stop_sharing",
    "renew_link",
    "contest",
    "withdraw_contest",
    "access_request",
    "withdraw_help",
    "emergency",
]


@pytest.fixture
def held(resident, browser):
    """One of each thing that a page may name."""
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    record = add_signed_notice(resident, annee_revenus=2023)
    draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile")
    data = uploaded(browser, resident, bank_table(), name="compte.csv")
    partner = ResidentFactory()
    couple(resident, partner)
    member = place(partner).pk
    grant = shared(resident, partner, "people")
    return {
        "member": [member],
        "member agreement": [member, "shared_facts"],
        "grant": [grant.pk],
        "grant receipt": [grant.pk, _receipt(grant)],
        "brought": [brought(resident).pk],
        "link": [linked(resident, INCOME).link.grant_id],
        "data": [data.pk],
        "paper": [paper.pk],
        "record": [record.pk],
        "draft": [draft.pk],
        "draft question": [draft.pk, "loyer"],
        "paper file": [paper.pk, 0],
        "side": [paper.pk, _side(resident, paper)],
        **_request(resident),
        "access request": [_asked(resident)],
        "help": [help_of(resident).pk],
        "emergency": [_urgent(resident)],
        **_lines(resident),
    }


def _lines(resident):
    """Two lines of the journal, one of them contested."""
    line, contested = journal.entries(resident_id=resident.pk, limit=2)
    contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=contested.id, message="Je ne comprends pas.")
    return {"line": [line.id], "contested": [contested.id]}


def _asked(resident):
    """What a companion asks to see."""
    companion = CompanionFactory()
    return asking.ask(companion=companion, address=resident.email, items=["home"], purpose=AskedFor.REVIEW, length="m1").pk


def _urgent(resident):
    """What an agent asked for, that waits for a second one."""
    offered()
    return urgently_asked(AgentFactory(), resident).pk


def _receipt(grant):
    with scope(resident=grant.resident_id):
        return grant.events.get().pk


def _side(resident, paper):
    with scope(resident=resident.pk):
        return paper.files.get().pk


def _request(resident):
    """A letter that waits to be sent."""
    caf = Holder.objects.get(code="caf")
    made = actions.start_request(resident_id=resident.pk, by=resident.pk, holder=caf, right="access", parts={"name": "Awa"})
    more = {"request part": "nom", "request step": "envoyee", "request letter": "demande"}
    return {"request": [made.pk], **{name: [made.pk, slug] for name, slug in more.items()}}


def ask(client, method, name, args):
    return getattr(client, method)(reverse(f"vault:{name}", args=args))


def test_every_page_is_in_these_tables():
    assert {pattern.name for pattern in urlpatterns} == {*OWNED, *OPEN_TO_RESIDENTS, *ACTS, *APART, *CONNECTIONS, *COMPANIONS, *AGENTS}


def test_the_owner_opens_each_of_their_pages(held, browser):
    for name, (thing, method, status) in OWNED.items():
        response = ask(browser, method, name, held[thing])
        assert response.status_code == status, name
        getattr(response, "close", lambda: None)()


def test_a_stranger_finds_nothing(held, other_browser):
    for name, (thing, method, _status) in OWNED.items():
        assert ask(other_browser, method, name, held[thing]).status_code == 404, name


def test_a_stranger_who_posts_finds_nothing_and_changes_nothing(held, other_browser, resident):
    for name in POSTS:
        response = other_browser.post(
            reverse(f"vault:{name}", args=held[OWNED[name][0]]), {"answer": "1", "kind": "cni", "token": str(held["paper"][0])}
        )
        assert response.status_code == 404, name
    with scope(resident=resident.pk):
        assert Paper.objects.get(pk=held["paper"][0]).kind == "avis_impot"
        assert Record.objects.get(pk=held["record"][0]).withdrawn_at is None
        assert Draft.objects.filter(pk=held["draft"][0]).exists()


def test_a_visitor_is_asked_to_sign_in(held):
    for name, (thing, method, _status) in OWNED.items():
        response = ask(Client(), method, name, held[thing])
        assert response.status_code == 302 and response["Location"].startswith("/connexion/"), name
    for name, args in OPEN_TO_RESIDENTS.items():
        response = Client().get(reverse(f"vault:{name}", args=args))
        assert response.status_code == 302 and response["Location"].startswith("/connexion/"), name


def test_an_agent_owns_no_vault_and_opens_nobody_s(held, agent):
    client = signed_in(agent)
    for name, (thing, method, _status) in OWNED.items():
        assert ask(client, method, name, held[thing]).status_code == 403, name
    for name, args in OPEN_TO_RESIDENTS.items():
        assert client.get(reverse(f"vault:{name}", args=args)).status_code == 403, name


@pytest.mark.parametrize("name", ACTS)
def test_an_act_on_one_s_own_vault_is_open_to_residents_only(name, other_browser, agent):
    address = reverse(f"vault:{name}")
    assert other_browser.post(address).status_code == 302
    assert other_browser.get(address).status_code == 405
    assert Client().post(address)["Location"].startswith("/connexion/")
    assert signed_in(agent).post(address).status_code == 403


def test_a_resident_opens_their_own_empty_pages(other_browser):
    for name, args in OPEN_TO_RESIDENTS.items():
        assert other_browser.get(reverse(f"vault:{name}", args=args)).status_code == 200, name


def test_a_stranger_s_paper_cannot_be_the_proof_of_a_value(held, stranger, other_browser):
    address = reverse("vault:start_typing", args=["logement.domicile"])
    other_browser.post(f"{address}?papier={held['paper'][0]}")
    with scope(resident=stranger.pk):
        assert Draft.objects.get().paper_id is None


@pytest.mark.parametrize("verb", [actions.delete_paper, actions.confirm_paper])
def test_the_verbs_refuse_another_person(held, resident, stranger, verb):
    with scope(resident=resident.pk):
        paper = Paper.objects.get(pk=held["paper"][0])
    with pytest.raises(PermissionDenied):
        verb(paper=paper, by=stranger.pk)
    with scope(resident=resident.pk):
        assert Paper.objects.get(pk=paper.pk).state == "kept"
