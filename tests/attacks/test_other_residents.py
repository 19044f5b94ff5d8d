"""An address that is not one's own: another resident finds nothing, a visitor signs in, an agent is refused, and nothing changes.

The table of addresses is the portal's own, so that a new one fails here until it says what it names.
"""

from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django_scopes import scope

from accounts.models import Session
from core import journal, resumable
from core.models import Job
from demo.holders import reach
from services.dossiers import actions as dossiers
from services.dossiers import actions_parts, parts
from tests import addresses
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.services.dossiers.made import built, fill
from tests.vault.couples import couple, place, shared
from tests.vault.data_samples import bank_table
from tests.vault.entrusted import entrusted, help_of
from tests.vault.lived import brought
from tests.vault.made import add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import linked
from tests.vault.urgent import asked as urgently_asked
from tests.vault.urgent import offered, opened
from vault import actions, holders, paper_kinds
from vault.actions import asking, connections
from vault.enums import Act, AskedFor
from vault.models import Holder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NO_NUMBER = 2**31 - 1
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")

#: Addresses that name a thing of a resident: what it is, and what else the address holds.
OWNED: dict[str, tuple[str, tuple[str, ...]]] = {
    "job": ("job", ()),
    "cancel_job": ("job", ()),
    "retry_job": ("job", ()),
    "end_session": ("session", ()),
    "mfa_edit_webauthn": ("passkey", ()),
    "mfa_remove_webauthn": ("passkey", ()),
    "upload": ("upload", ()),
    "vault:drop_upload": ("upload", ()),
    "vault:paper": ("paper", ()),
    "vault:confirm_paper": ("waiting paper", ()),
    "vault:keep_data": ("data file", ()),
    "vault:name_columns": ("data file", ()),
    "vault:paper_kind": ("paper", ()),
    "vault:paper_dates": ("paper", ()),
    "vault:download": ("paper", ()),
    "vault:preview": ("paper", ()),
    "vault:replace_paper": ("paper", ()),
    "vault:delete_paper": ("paper", ()),
    "vault:check_answers": ("draft", ()),
    "vault:drop_draft": ("draft", ()),
    "vault:question": ("draft", ("loyer",)),
    "vault:connection": ("connection", ()),
    "vault:authorise_connection": ("connection", ()),
    "vault:receive": ("connection", ()),
    "vault:pause_connection": ("connection", ()),
    "vault:stop_connection": ("connection", ()),
    "vault:history": ("record", ()),
    "vault:correct": ("record", ()),
    "vault:withdraw": ("record", ()),
    "vault:shared_with_me": ("member", ()),
    "vault:agree": ("member", ("shared_facts",)),
    "vault:share": ("grant", ()),
    "vault:share_received": ("grant", ()),
    "vault:share_text": ("grant", ()),
    "vault:pause_share": ("grant", ()),
    "vault:shorten_share": ("grant", ()),
    "vault:renew_share": ("grant", ()),
    "vault:stop_sharing": ("grant", ()),
    "vault:receipt": ("grant", ("the receipt",)),
    "vault:renew_link": ("link", ()),
    "vault:download_side": ("paper", ("0",)),
    "vault:preview_side": ("paper", ("0",)),
    "vault:add_side": ("paper", ()),
    "vault:move_side": ("paper", ("the side",)),
    "vault:drop_side": ("paper", ("the side",)),
    "vault:request": ("request", ()),
    "vault:request_part": ("request", ("nom",)),
    "vault:request_step": ("request", ("envoyee",)),
    "vault:request_letter": ("request", ("demande",)),
    "vault:request_pdf": ("request", ("demande",)),
    "vault:delete_request": ("request", ()),
    "vault:brought": ("brought", ()),
    "vault:journal_line": ("line", ()),
    "vault:contest": ("line", ()),
    "vault:withdraw_contest": ("line", ()),
    "vault:access_request": ("access request", ()),
    "vault:withdraw_help": ("help", ()),
    "vault:emergency": ("emergency", ()),
    "dossiers:dossier": ("dossier", ()),
    "dossiers:line": ("dossier", ()),
    "dossiers:choose": ("dossier", ()),
    "dossiers:letter": ("dossier", ()),
    "dossiers:build": ("dossier", ()),
    "dossiers:again": ("built dossier", ()),
    "dossiers:download": ("built dossier", ()),
    "dossiers:delete": ("built dossier", ()),
    "dossiers:ask_part": ("dossier", ()),
    "dossiers:take_back_part": ("dossier", ()),
    "dossiers:part": ("part", ()),
}

#: Addresses with a part that is no resident's thing.
SHARED = {
    "vault:visit": "whoever has the address and the code (test_links.py)",
    "vault:visit_paper": "the same",
    "vault:visit_all": "the same",
    "vault:visit_document": "the same",
    "vault:close_visit": "the same",
    "checkpoint_note": "public: a signed hash, which says nothing of anybody",
    "invitation": "an agent's own link to ProConnect, from their mail: it lets nobody in by itself (test_proconnect.py)",
    "vault:entrust": "a companion's place, the same for all; what is shown is one's own (test_mandate_pages.py of the vault)",
    "vault:ask_help": "an organisation, the same for all",
    "vault:access_code": "a companion's own request (test_asking_by_phone.py of the vault)",
    "vault:help_request": "a companion's; of their own organisation's only (test_helping.py of the vault)",
    "vault:start_typing": "a type of value, the same for all",
    "vault:connect": "a holder, the same for all",
    "vault:connection_back": "an API, the same for all; whose connection it is, the session says (test_pages.py of the connectors)",
    "vault:holder": "an organisation, the same for all; shown with one's own rows",
    "vault:start_request": "the same",
    "vault:of_type": "a type: one's own records of it only (test_listing.py of the vault)",
    "vault:withdraw_data": "the same",
    "vault:data_type": "public: describes a type, says nothing of anybody",
    "vault:data_schema": "the same",
    "aids:situation": "an urgent situation, public",
    "aids:question": "a question; a person in it is looked for in one's own household only (test_pages.py of the aids)",
    "aids:skip": "the same",
    "aids:why_together": "an aid of the household, the same for all; computed with one's own values and those one was granted",
    "aids:why": "an aid, the same for all; computed with one's own values",
    "dossiers:verify_code": "public: says that a seal exists, nothing of whom",
}

#: Pages of one's own that name nothing; everything else without a part is public or the account's own.
PRIVATE = {
    "account",
    "change_name",
    "change_contact_address",
    "choose_reminders",
    "change_phone",
    "confirm_phone",
    "forget_phone",
    "accept_phone_requests",
    "close_vault",
    "confirm_closing",
    "close_now",
    "cancel_closing",
    "account_email",
    "account_email_verification_sent",
    "account_change_password",
    "sessions",
    "end_other_sessions",
    "account_reauthenticate",
    "confirm_code",
    "confirm_by_franceconnect",
    "franceconnect",
    "franceconnect_link",
    "franceconnect_identity",
    "franceconnect_unlink",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "uploads",
    "vault:home",
    "vault:keep_identity",
    "vault:add_paper",
    "vault:choose_type",
    "vault:connections",
    "vault:holders",
    "vault:papers",
    "vault:journal",
    "vault:alerts",
    "vault:check_journal",
    "vault:copy_journal",
    "vault:household",
    "vault:shares",
    "vault:take_away",
    "vault:download_export",
    "vault:delete_export",
    "vault:make_link",
    "vault:stop_links",
    "vault:put_partings_aside",
    "vault:invite",
    "vault:cancel_invitation",
    "vault:join_household",
    "vault:leave_household",
    "vault:helpers",
    "vault:make_appointment",
    "vault:cancel_appointment",
    "aids:together",
    "aids:home",
    "dossiers:home",
    "dossiers:new",
    "demo:confirm",
}
ACCOUNT = {name for name in PRIVATE if ":" not in name or name.startswith("demo:")}

#: A companion's rooms, and what their addresses hold after the mandate.
COMPANIONS: dict[str, tuple[str, ...]] = {
    "vault:accompanied": (),
    "vault:accompanied_paper": (),
    "vault:accompanied_values": ("home",),
}
COMPANIONS_OWN = {"vault:accompanying", "vault:enter_appointment", "vault:ask_access"}

#: Agents' rooms about one vault, that two of them open together (test_emergency_pages.py of the vault), and those that name nothing.
AGENTS: dict[str, tuple[str, ...]] = {"vault:emergency_opened": (), "vault:emergency_values": ("home",), "vault:decide_emergency": ()}
AGENTS_OWN = {"vault:emergencies", "vault:ask_emergency"}
#: Those that an agent opens with its person in front of them, and those that begin a visit (test_desk.py of the vault).
DESK = {f"vault:{name}" for name in ("desk_visit", "desk_paper", "desk_sheet", "desk_values", "finish_desk", "desk_mandate")}
DESK |= {"vault:stop_desk_mandate"}
DESK_OWN = {"vault:desk", "vault:open_at_desk", "vault:come_back_at_desk", "vault:desk_appointment"}

PUBLIC = {
    "home",
    "vault:jwks",
    "checkpoints",
    "language",
    "leave_quickly",
    "theme",
    "logo",
    "legal",
    "privacy",
    "accessibility",
    "cookies",
    "help",
    "promise",
    "sitemap",
    "health",
    "ready",
    "account_login",
    "account_confirm_login_code",
    "sign_in_with_password",
    "account_reset_password",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "account_inactive",
    "account_logout",
    "account_signup",
    "claim",
    "confirm_claim",
    "franceconnect_login",
    "franceconnect_callback",
    "franceconnect_signup",
    "proconnect_login",
    "proconnect_callback",
    "signed_out",
    "vault_closed",
    "vault:data_types",
    "aids:urgent",
    "dossiers:verify",
    "demo:people",
}


def is_admin(route: str) -> bool:
    return route.startswith("admin/")


def test_every_address_is_in_one_of_these_tables() -> None:
    rooms = {name: route for name, route in addresses.routes() if not is_admin(route)}
    with_parts = {name for name, route in rooms.items() if "<" in route}
    assert with_parts == {*OWNED, *SHARED, *COMPANIONS, *AGENTS, *DESK}
    assert {*rooms} - with_parts == PRIVATE | PUBLIC | COMPANIONS_OWN | AGENTS_OWN | DESK_OWN


@pytest.fixture
def things(resident: Any) -> dict[str, Any]:
    """One of each thing that an address may name."""
    paper_kinds.load()
    holders.load()
    browser = signed_in(resident)
    fill(resident)
    kept = uploaded(browser, resident, notice_pdf(income_year=2024))
    actions.confirm_paper(paper=kept, by=resident.pk)
    waiting = uploaded(browser, resident, notice_pdf(income_year=2023))
    done = built(resident)
    dossier = dossiers.start(resident_id=resident.pk, aids=["rsa"])
    with scope(resident=resident.pk):
        job = Job.objects.create(resident_id=resident.pk, kind="read_paper", subject_id=uuid4(), purpose="Essayer", state=Job.State.FAILED)
    partner = ResidentFactory()
    couple(resident, partner)
    actions_parts.ask(dossier=dossiers.start(resident_id=partner.pk, aids=["rsa"]), by=partner.pk)
    grant = shared(resident, partner, "people", "address")
    offered()
    return {
        "member": place(partner).pk,
        "grant": grant.pk,
        "the receipt": first_receipt(grant),
        "link": linked(resident, "identite.pivot#/birthdate").link.grant_id,
        "paper": kept.pk,
        "the side": the_side(kept),
        "waiting paper": waiting.pk,
        "connection": connected_to_caf(resident).pk,
        "data file": uploaded(browser, resident, bank_table(), name="compte.csv").pk,
        "record": add_signed_notice(resident, annee_revenus=2022).pk,
        "draft": actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile").pk,
        "request": actions.start_request(
            resident_id=resident.pk, by=resident.pk, holder=Holder.objects.get(code="caf"), right="access", parts={"name": "Nadia"}
        ).pk,
        "dossier": dossier.pk,
        "built dossier": done.pk,
        "part": parts.received(resident.pk)[0].part.pk,
        "job": job.pk,
        "upload": resumable.start(resident_id=resident.pk, length=10, told={"filename": "a.pdf"}).pk,
        "passkey": Authenticator.objects.create(user=resident, type="webauthn", data={"name": "Téléphone", "credential": {}}).pk,
        "help": help_of(resident).pk,
        "access request": asking.ask(
            companion=CompanionFactory(), address=resident.email, items=["home"], purpose=AskedFor.REVIEW, length="m1"
        ).pk,
        "emergency": urgently_asked(AgentFactory(), resident).pk,
        "line": journal.entries(resident_id=resident.pk, limit=1)[0].id,
        "brought": brought(resident).pk,
        "session": Session.objects.filter(user=resident).earliest("pk").pk,
    }


def connected_to_caf(resident: Any) -> Any:
    with override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1")):
        return connections.connect(resident_id=resident.pk, by=resident.pk, holder="caf", datasets=["quotient"], unattended=True)


def first_receipt(grant: Any) -> Any:
    with scope(resident=grant.resident_id):
        return grant.events.get().pk


def the_side(paper: Any) -> Any:
    with scope(resident=paper.resident_id):
        return paper.files.get().pk


def address(name: str, things: dict[str, Any], thing: Any = None) -> str:
    what, more = OWNED[name]
    return reverse(name, args=[thing or things[what], *(things.get(part, part) for part in more)])


def ask(client: Client, method: str, url: str) -> int:
    """With what a form of any of these pages would send."""
    sent = {
        "answer": "1",
        "kind": "cni",
        "token": str(uuid4()),
        "choice": "yes",
        "key": "paper:rib:applicant",
        "letter": "x",
        "continue": "1",
    }
    if method == "get":
        sent = {"cle": "paper:rib:applicant"}
    response = getattr(client, method)(url, sent if method in {"get", "post"} else None)
    getattr(response, "close", lambda: None)()
    return int(response.status_code)


def rows_of(resident: Any) -> dict[str, str]:
    """Every row that carries this resident's id, in any table, and their account."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_schema, table_name FROM information_schema.columns WHERE column_name = 'resident_id'")
        for schema, table in cursor.fetchall():
            cursor.execute(
                f'SELECT md5(string_agg(t::text, \'|\' ORDER BY t::text)) FROM "{schema}"."{table}" t WHERE resident_id = %s', [resident.pk]
            )
            found[table] = str(cursor.fetchone()[0])
    assert {"vault_record", "vault_paper", "dossiers_dossier", "core_job"} <= {*found}
    return found


def test_another_resident_finds_nothing_by_any_method(things: dict[str, Any], resident: Any, stranger: Any) -> None:
    """A method that a page does not know is refused before it looks: the answer is then the same for a thing that does not exist."""
    theirs, before, wrong = signed_in(stranger), rows_of(resident), {}
    for name in OWNED:
        for method in METHODS:
            status = ask(theirs, method, address(name, things))
            nothing = ask(theirs, method, address(name, things, NO_NUMBER if isinstance(things[OWNED[name][0]], int) else uuid4()))
            if status != nothing or status not in {404, 405}:
                wrong[f"{method} {name}"] = status, nothing
    assert wrong == {}
    assert rows_of(resident) == before


def test_each_page_that_a_stranger_cannot_find_exists_for_its_owner(things: dict[str, Any], resident: Any) -> None:
    """Otherwise the test above would pass on addresses that lead nowhere."""
    mine = signed_in(resident)
    missing = [name for name in OWNED if ask(mine, "get", address(name, things)) == 404]
    assert missing == []


def test_a_visitor_is_sent_to_sign_in(things: dict[str, Any], resident: Any) -> None:
    before, wrong = rows_of(resident), {}
    urls = {name: address(name, things) for name in OWNED}
    urls |= {name: reverse(name) for name in PRIVATE}
    urls |= {"vault:start_typing": reverse("vault:start_typing", args=["logement.domicile"]), "aids:why": reverse("aids:why", args=["rsa"])}
    urls |= {
        "vault:connect": reverse("vault:connect", args=["caf"]),
        "vault:connection_back": reverse("vault:connection_back", args=["enedis"]),
    }
    urls |= {name: reverse(name, args=["caf"]) for name in ("vault:holder", "vault:start_request")}
    urls |= {name: reverse(name, args=["loyer"]) for name in ("aids:question", "aids:skip")}
    for name, url in urls.items():
        for method in METHODS:
            response = getattr(Client(), method)(url)
            if response.status_code != 302 or not response["Location"].startswith("/connexion/"):
                wrong[f"{method} {name}"] = response.status_code
    assert wrong == {}
    assert rows_of(resident) == before


def test_an_agent_is_refused_in_every_room_of_the_residents(things: dict[str, Any], resident: Any) -> None:
    desk, before, wrong = signed_in(AgentFactory()), rows_of(resident), {}
    urls = {name: address(name, things) for name in OWNED}
    urls |= {name: reverse(name) for name in PRIVATE - ACCOUNT}
    for name, url in urls.items():
        for method in METHODS:
            status = ask(desk, method, url)
            if status not in {403, 404, 405}:
                wrong[f"{method} {name}"] = status
    assert wrong == {}
    assert rows_of(resident) == before


def test_a_companion_is_refused_in_every_room_of_the_residents(things: dict[str, Any], resident: Any) -> None:
    """A mandate opens its own pages and no page of its resident's."""
    companion = CompanionFactory()
    entrusted(resident, companion, "home")
    theirs, before, wrong = signed_in(companion), rows_of(resident), {}
    urls = {name: address(name, things) for name in OWNED}
    urls |= {name: reverse(name) for name in PRIVATE - ACCOUNT}
    for name, url in urls.items():
        for method in METHODS:
            status = ask(theirs, method, url)
            if status not in {403, 404, 405}:
                wrong[f"{method} {name}"] = status
    assert wrong == {}
    assert rows_of(resident) == before


def test_nobody_but_the_companion_whom_it_names_acts_under_a_mandate(resident: Any, stranger: Any) -> None:
    """A colleague of the same organisation finds nothing; residents, the one who gave it too, and agents are refused."""
    paper_kinds.load()
    companion = CompanionFactory()
    mandate = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    urls = [reverse(name, args=[mandate.pk, *more]) for name, more in COMPANIONS.items()]
    assert all(ask(signed_in(companion), "get", url) == 200 for url in urls)
    before, wrong = rows_of(resident), {}
    for who, allowed in ((CompanionFactory(), {404, 405}), (resident, {403}), (stranger, {403}), (AgentFactory(), {403})):
        client = signed_in(who)
        for url in urls + ([] if who.is_companion else [reverse(name) for name in COMPANIONS_OWN]):
            for method in METHODS:
                status = ask(client, method, url)
                if status not in allowed:
                    wrong[f"{who} {method} {url}"] = status
    assert wrong == {}
    assert rows_of(resident) == before
    for url in [*urls, *(reverse(name) for name in COMPANIONS_OWN)]:
        assert Client().get(url)["Location"].startswith("/connexion/")


def test_nobody_but_the_agent_who_asked_reads_under_an_urgent_access(resident: Any, stranger: Any) -> None:
    """Other agents, who agreed too, find nothing; residents, the one it is about too, and companions are refused."""
    offered()
    one, two = AgentFactory(), AgentFactory()
    access = opened(one, two, resident)
    urls = [reverse(name, args=[access.pk, *more]) for name, more in AGENTS.items()]
    assert [ask(signed_in(one), "get", url) for url in urls] == [200, 200, 404]
    before, wrong = rows_of(resident), {}
    for who in (two, AgentFactory(), resident, stranger, CompanionFactory()):
        client = signed_in(who)
        for url in urls + ([] if who.is_staff else [reverse(name) for name in AGENTS_OWN]):
            for method in METHODS:
                status = ask(client, method, url)
                if status not in ({404, 405} if who.is_staff else {403}):
                    wrong[f"{who} {method} {url}"] = status
    assert wrong == {}
    assert rows_of(resident) == before
    for url in [*urls, *(reverse(name) for name in AGENTS_OWN)]:
        assert Client().get(url)["Location"].startswith("/connexion/")


def test_the_admin_is_closed_to_residents_and_visitors(resident: Any) -> None:
    """Whatever the address, and whether the thing exists or not."""
    mine, wrong = signed_in(resident), {}
    for name, route in addresses.routes():
        if not is_admin(route) or name in {"admin:login", "admin:logout", "admin:jsi18n"}:
            continue
        url = "/" + route.replace("<path:object_id>", "1").replace("<path:content_type_id>", "1")
        url = url.replace("^(?P<app_label>core|accounts|vault|aids)/$", "core/").replace("(?P<url>.*)$", "nowhere")
        for who, client in (("resident", mine), ("visitor", Client())):
            for method in METHODS:
                response = getattr(client, method)(url)
                elsewhere = response.status_code == 302 and response["Location"].split("?")[0] in {
                    settings.LOGIN_URL,
                    "/admin/login/",
                    "/connexion/",
                }
                if not elsewhere and response.status_code not in {403, 404, 405}:
                    wrong[f"{who} {method} {url}"] = response.status_code, response.get("Location")
    assert wrong == {}
