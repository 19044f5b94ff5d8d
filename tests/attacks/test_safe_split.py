"""One of a couple leaves. The one who stays tries every address with everything they ever saw, and finds nothing of
the other, nor when.

The addresses are the portal's own and the ids are those of every row of the one who left: a new page is tried without
being listed here. An address gets the ids that the tables into which it looks could tell from an unknown one.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pikepdf
import pypdfium2
import pytest
import time_machine
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal, views
from core.models import Job
from services.aids.actions import simulations as aids
from services.aids.actions import together as actions_together
from services.dossiers import across as parts
from services.dossiers.actions import dossiers
from services.dossiers.actions import parts as actions_parts
from tests import addresses
from tests.accounts.factories import signed_in
from tests.services.aids.couple import GROSS, NET, TAXABLE, together
from tests.services.dossiers.made import built, work
from tests.sessions_once import read_once
from tests.vault.couples import agreed, place, shared
from tests.vault.made import add
from tests.vault.sending import notice_pdf, uploaded
from vault.records import actions, gate
from vault.records.content import paper_kinds
from vault.records.models import Record
from vault.sharing.actions import household

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("safe_split")]
LEFT = timezone.now() + timedelta(days=3, hours=5, minutes=17)
LOOKED = LEFT + timedelta(days=40, hours=3, minutes=11)
REFUGE = "Refuge des Iris"
THEIR_RECIPIENT = "Guichet des Glycines"
#: Words that the addresses of the portal take where they do not take an id.
WORDS = (
    "rsa",
    "prime_activite",
    "joint_simulation",
    "shared_facts",
    "loyer",
    "logement.domicile",
    "emploi.revenu",
    "violences",
)
METHODS = ("get", "post")
#: The household is left there, then the session.
LAST = ("/coffre/foyer/quitter/", "/quitter/")
#: Ways out of the account, and of the portal's own files: they end the walk, or are no page of a resident.
NOT_WALKED = re.compile(r"^(admin/|deconnexion/|langue/|static/|mon-compte/)|/fin/$")
#: Rooms of companions, agents, publishers and their programs: a resident is refused at their door, whatever the
#: address names.
OF_A_ROLE = ("/accompagnement/", "/dossiers/accompagnement/", "/agents/", "/editeurs/", "/api/", "/bac-a-sable/api/")


@pytest.fixture
def couple(resident: Any, stranger: Any) -> dict[str, Any]:
    """The resident stays; the stranger, their partner, leaves. Before that each page of the couple was opened."""
    paper_kinds.load()
    today = timezone.localdate()
    together(resident, stranger, today)
    here = {"voie": "9 rue des Bateliers", "commune": "Villebrume"}
    add(stranger, "logement.domicile", {"adresse": here, "statut_occupation": "locataire_vide"})
    agreed(resident, stranger, "joint_simulation")
    shared(stranger, resident, "address")
    shared(resident, stranger, "people")
    mine = signed_in(resident)
    was = place(stranger)
    assert mine.get(reverse("sharing:shared_with_me", args=[was.pk])).status_code == 200
    assert mine.get(reverse("aids:together")).status_code == 200
    with scope(resident=resident.pk):
        joint = Record.objects.get(type="calcul.resultat", subject_person=stranger.pk)
    return {"member": was.pk, "joint": joint.pk}


@pytest.fixture
def home(couple: dict[str, Any], resident: Any, stranger: Any) -> dict[str, Any]:
    """The couple, with papers, jobs and dossiers."""
    theirs = signed_in(stranger)
    actions.confirm_paper(paper=uploaded(theirs, stranger, notice_pdf()), by=stranger.pk)
    built(stranger, drawn=False)
    actions.start_draft(resident_id=stranger.pk, by=stranger.pk, type="logement.domicile")
    with scope(resident=stranger.pk):
        Job.objects.create(
            resident_id=stranger.pk, kind="read_paper", subject_id=stranger.pk, purpose="x", state=Job.State.FAILED
        )
    draft = dossiers.start(resident_id=resident.pk, aids=["prime_activite"])
    asked = in_parts(resident, stranger, draft)
    return {**couple, "dossier": draft, "asked": asked}


def in_parts(resident: Any, stranger: Any, draft: Any) -> list[UUID]:
    """Return the ids of both requests: each asked the other for their part of a dossier; she made hers, he did not."""
    actions_parts.ask(dossier=draft, by=resident.pk)
    theirs = dossiers.start(resident_id=stranger.pk, aids=["prime_activite"], recipient=THEIR_RECIPIENT)
    actions_parts.ask(dossier=theirs, by=stranger.pk)
    [of_her], [of_him] = parts.received(stranger.pk), parts.received(resident.pk)
    made = actions_parts.agree(found=of_her, by=stranger.pk)
    dossiers.build(dossier=made, by=stranger.pk)
    work(drawn=False)
    assert THEIR_RECIPIENT in signed_in(resident).get(reverse("dossiers:home")).content.decode()
    assert "Prête depuis" in signed_in(resident).get(reverse("dossiers:dossier", args=[draft.pk])).content.decode()
    return [of_her.part.pk, of_him.part.pk]


def leave(stranger: Any) -> None:
    """She writes her new address first, as people do, then leaves."""
    with time_machine.travel(LEFT):
        with scope(resident=stranger.pk):
            address = Record.objects.current().get(type="logement.domicile")
        moved = {"adresse": {"voie": REFUGE}, "statut_occupation": "loge_gratuitement"}
        actions.correct_record(record=address, by=stranger.pk, payload=moved)
        household.leave(resident_id=stranger.pk, by=stranger.pk)


def rows_of(person: Any) -> Iterator[UUID]:
    """One id of every table that holds rows of theirs: an address treats them alike."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.table_schema, a.table_name FROM information_schema.columns a JOIN information_schema.columns b"
            " USING (table_schema, table_name)"
            " WHERE a.column_name = 'resident_id' AND b.column_name = 'id' AND b.data_type = 'uuid'"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT id FROM "{schema}"."{table}" WHERE resident_id = %s LIMIT 1', [person.pk])
            yield from (key for (key,) in cursor.fetchall())
    yield person.pk


def tables_naming(ids: list[UUID]) -> dict[str, set[UUID]]:
    """Return, for each table that the portal may read, those of the ids that one of its rows holds in any column."""
    held: dict[str, set[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'keystore', 'campaigns')"
            " AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(f'SELECT string_agg(t::text, \' \') FROM "{schema}"."{table}" t')
            content = str(cursor.fetchone()[0])
            held[table] = {key for key in ids if str(key) in content}
    return held


def requests(
    ids: list[UUID], telling_apart: Callable[[str, str], set[UUID]] | None = None
) -> Iterator[tuple[str, str, bool]]:
    """Return the method and the address of each request; True when it names an id.

    Those that change something come last, since the answers after them would be another person's.

    Args:
        telling_apart: the ids that the answer to an unknown id could tell from it; all of them otherwise.
    """
    found = [*walked()]
    for address in found:
        for method in METHODS if "{}" in address else ():
            # A role's room refuses a resident at its door, before it looks at the id.
            if address.startswith(OF_A_ROLE):
                tried = ids[:1]
            else:
                known = set(ids) if telling_apart is None else telling_apart(method, address)
                tried = [key for key in ids if key in known]
            for key in tried:
                yield method, address.replace("{}", str(key)), True
    others = [address for address in found if "{}" not in address and address not in LAST]
    yield from ((method, address, False) for method in METHODS for address in others)
    yield from ((method, address, False) for address in LAST for method in METHODS)


def walked() -> Iterator[str]:
    """Each address of the portal: with {} where it takes an id, with each word where it takes one."""
    for _name, route in addresses.routes():
        if NOT_WALKED.search(route) or "(?P" in route:
            continue
        if "<uuid:" in route:
            yield "/" + words(route, WORDS[0], ids="{}")
        elif "<" in route:
            for word in WORDS:
                yield "/" + words(route, word)
        else:
            yield "/" + route


def words(route: str, word: str, ids: str = "") -> str:
    return re.sub("<[^>]*>", word, re.sub("<uuid:[^>]*>", ids, route))


def read(client: Client, address: str, method: str) -> tuple[int, str]:
    sent = {"cle": "values:emploi.revenu", "avant": "999"} if method == "get" else {"q": NET}
    response = getattr(client, method)(address, sent)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    getattr(response, "close", lambda: None)()
    typed = f'value="{NET}"'
    return response.status_code, content.decode(errors="replace").replace(typed, "").replace(address, "")


def telling(stranger: Any, home: dict[str, Any]) -> list[str]:
    """Return the texts that no page may show: figures, the refuge, ids, the time of leaving."""
    left = timezone.localtime(LEFT)
    moments = [f"{left:%Y-%m-%d}", f"{left.hour} h {left:%M}", f"{left.hour}\u00a0h\u00a0{left:%M}"]
    figures = [NET, GROSS, TAXABLE, NET.replace(".", ","), "1\u00a0737"]
    return [*figures, REFUGE, "Iris", THEIR_RECIPIENT, "seconde partie", str(stranger.pk), *moments]


def what_it_could_find(client: Client, ids: list[UUID]) -> Callable[[str, str], set[UUID]]:
    """Return a function of a method and an address, which asks for an unknown id there: it answers alike for each id
    that no row names of the tables that it looked into.
    """
    held = tables_naming(ids)

    def found(method: str, address: str) -> set[UUID]:
        with CaptureQueriesContext(connection) as asked:
            read(client, address.replace("{}", str(uuid4())), method)
        tables = {*re.findall(r"\w+", " ".join(query["sql"] for query in asked.captured_queries))} & {*held}
        assert "accounts_user" in tables
        return set().union(*(held[table] for table in tables))

    return found


def page_of_an_error(real: Callable[[HttpRequest, str], str]) -> Callable[[HttpRequest, str], str]:
    """Return a function that renders the page of each error once: it has nothing but the signed-in person."""
    pages: dict[str, str] = {}

    def page(request: HttpRequest, template: str) -> str:
        if template not in pages:
            pages[template] = real(request, template)
        return pages[template]

    return page


def test_no_address_tells_anything_of_the_one_who_left(
    home: dict[str, Any], resident: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [*rows_of(stranger), home["member"], home["joint"], *home["asked"]]
    leave(stranger)
    secrets, wrong = telling(stranger, home), {}
    kept: dict[Any, Any] = {}
    monkeypatch.setattr(views, "_page", page_of_an_error(views._page))
    with time_machine.travel(LOOKED):
        mine = signed_in(resident)
        for method, address, names_one in requests(ids, what_it_could_find(mine, ids)):
            # What names an id is refused and changes nothing, so the session and the account stay what they were.
            with read_once(kept) if names_one else nullcontext():
                status, content = read(mine, address, method)
            found = [secret for secret in secrets if secret in content]
            refused = {401, 403, 405} if address.startswith(OF_A_ROLE) else {404, 405}
            if found or (names_one and status not in refused):
                wrong[f"{method} {address}"] = status, found
    assert wrong == {}


def test_the_walk_would_see_what_is_shared(couple: dict[str, Any], resident: Any) -> None:
    """Before they part, the same walk finds the member's page: an empty walk would prove nothing."""
    mine, member = signed_in(resident), couple["member"]
    asked = [address for method, address, _named in requests([member]) if method == "get" and str(member) in address]
    opened = [address for address in asked if read(mine, address, "get")[0] == 200]
    assert reverse("sharing:shared_with_me", args=[member]) in opened


def test_their_journals_stay_their_own(couple: dict[str, Any], resident: Any, stranger: Any) -> None:
    leave(stranger)
    with time_machine.travel(LOOKED):
        household.learn_of_partings(resident_id=resident.pk, by=resident.pk)
        mine, theirs = (journal.entries(resident_id=one.pk, limit=500) for one in (resident, stranger))
    assert not any(REFUGE in repr(line) or str(stranger.pk) in repr(line) for line in mine)
    assert not any(str(resident.pk) in repr(line) for line in theirs)
    assert not any(LEFT <= line.at < LOOKED for line in mine)
    assert [line.details for line in mine if line.event == "sharing_ended"] == [{"recipient": "Bruno"}]


def test_the_couple_s_computation_is_over_on_every_path(couple: dict[str, Any], resident: Any, stranger: Any) -> None:
    leave(stranger)
    with time_machine.travel(LOOKED):
        assert isinstance(actions_together.simulate(resident_id=resident.pk), actions_together.NotTogether)
        assert gate.own_record(resident_id=resident.pk, purpose="x", record_id=couple["joint"]) is None
        assert gate.own_history(resident_id=resident.pk, purpose="x", record_id=couple["joint"]) == []
        alone = aids.simulate(resident_id=resident.pk)
        assert isinstance(alone, aids.Simulation)
        assert alone.read.household.partner is not None and alone.read.household.partner.incomes is None


def test_a_dossier_made_after_holds_nothing_of_theirs(home: dict[str, Any], resident: Any, stranger: Any) -> None:
    leave(stranger)
    with time_machine.travel(LOOKED):
        made = built(resident, "prime_activite")
        with dossiers.download(dossier=made, by=resident.pk) as file:
            text = everything(file.read())
    assert [secret for secret in telling(stranger, home) if secret in text] == []


def everything(pdf: bytes) -> str:
    """The words of the pages and the data embedded in the file."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        inside = [file.get_file().read_bytes().decode(errors="replace") for file in document.attachments.values()]
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]
    return "\n".join([*inside, *pages])
