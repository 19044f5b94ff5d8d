"""A resident's data is nowhere in plaintext: database, files, broker, logs, e-mails, temporary files.

Unique strings are put into values, papers, file names, typed answers and a letter, through real web and worker
processes. Then everything left by these is searched, in every spelling that careless code could produce.
"""

import base64
import io
import secrets
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pikepdf
import psycopg
import pytest
from psycopg import sql

from demo.papers import specimens
from demo.tour.visitor import FileToSend, Page, Visitor
from tests.attacks.searching import found_in_files, inflated, spellings
from tests.live import Live, portal

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live")]

# Letters only, so that normalisation of names and addresses keeps them; different for each test. The first one has a
# code with a letter (6e), so that upper-case hexadecimal always differs from lower-case.
TAG = "n" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(11))
CANARIES = {
    "a value typed by hand": f"nom{TAG}",
    "a street": f"rue{TAG}",
    "a name on a paper": f"porteur{TAG}",
    "the text of a paper without a code": f"bailleur{TAG}",
    "the name of a file": f"fichier{TAG}",
    "a letter": f"lettre{TAG}",
    "a contact": f"joindre{TAG}",
    "whom a dossier is for": f"organisme{TAG}",
    "a publisher's evidence": f"clause{TAG}",
}
INCOME = 10_000_000 + secrets.randbelow(9_999_999)
SCRATCH = f"epreuve{TAG}"


NEEDLES = {needle: f"{what}, {how}" for what, word in CANARIES.items() for needle, how in spellings(word).items()}
NEEDLES |= {needle: f"an amount, {how}" for needle, how in spellings(str(INCOME)).items()}
# Plaintext written by the test below to check the search. The log keeps it for the following tests.
ON_PURPOSE = "a word in clear on purpose"
NEEDLES |= {needle: f"{ON_PURPOSE}, {how}" for needle, how in spellings(SCRATCH).items()}


# Every canary ends with the tag, so a file without any spelling of the tag has no canary.
QUICK = (*spellings(TAG), *spellings(str(INCOME)))


def spellings_in(content: bytes) -> list[str]:
    if not any(needle in content for needle in QUICK):
        return []
    return [how for needle, how in NEEDLES.items() if needle in content]


def found_in(content: bytes) -> list[str]:
    """Return the spellings found, also inside any zlib or gzip stream."""
    return spellings_in(content) + [f"{how}, compressed" for inner in inflated(content) for how in spellings_in(inner)]


@dataclass
class Temporary:
    """Watches a folder while residents work, to read short-lived files."""

    folder: Path
    files: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.over.wait(0.01):
            self.look()

    def look(self) -> None:
        for path in self.folder.rglob("*"):
            try:
                if not path.is_file():
                    continue
                content = path.read_bytes()
            except OSError:
                continue
            self.files.add(path.name)
            self.found |= {f"{path}: {how}" for how in (*found_in(content), *found_in(str(path).encode()))}


@dataclass
class UsedPortal:
    live: Live
    temporary: Temporary
    dossier: bytes


@pytest.fixture(scope="module")
def used_portal(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[UsedPortal]:
    """Yield a resident who uses everything in the portal, with a canary in each input."""
    folder = tmp_path_factory.mktemp("temporary")
    temporary = Temporary(folder)
    watching = threading.Thread(target=temporary.watch, daemon=True)
    watching.start()
    with portal(
        databases, name="canary", extra={"TMPDIR": str(folder), "TMP": str(folder), "TEMP": str(folder)}
    ) as live:
        dossier = use_everything(live)
        yield UsedPortal(live, temporary, dossier)
    temporary.over.set()
    watching.join()


def use_everything(live: Live) -> bytes:
    visitor = Visitor(live.url)
    page = visitor.open("/demonstration/")
    visitor.submit(page, page.form("person"), {"person": "nadia"})
    holder = specimens.Holder(family_name=CANARIES["a name on a paper"], given_name="Leo")
    home = specimens.Home(street=f"3 {CANARIES['a street']}")
    notice = specimens.tax_notice(
        declarants=[holder],
        home=home,
        income_year=date.today().year - 1,
        income=INCOME,
        parts=Decimal(1),
        issued_on=date.today(),
    )
    # The signed notice: read, refused once because it names another person, then kept as the resident's own.
    page = visitor.wait_for_job(send(visitor, "/coffre/ajouter/", f"{CANARIES['the name of a file']}.pdf", notice))
    assert page.path.endswith("/confirmer/"), page.text[:300]
    page = visitor.submit(page, page.form("whose"), {"whose": "own"})
    # A paper without a code, which has only its picture.
    landlord, rent = CANARIES["the text of a paper without a code"], Decimal(400)
    receipt = specimens.rent_receipt(
        person=holder, home=home, landlord=landlord, month=date(2026, 10, 1), rent=rent, charges=Decimal(0)
    )  # fmt: skip
    page = visitor.wait_for_job(
        send(visitor, "/coffre/ajouter/", f"{CANARIES['the name of a file']}.pdf", receipt, kind="quittance_loyer")
    )
    visitor.submit(page, page.form("whose"), {"whose": "own"})
    # A refused file, a search, and a question left unanswered.
    visitor.wait_for_job(
        send(
            visitor,
            "/coffre/ajouter/",
            f"{CANARIES['the name of a file']}.exe",
            f"MZ {CANARIES['a letter']}".encode() * 99,
        )
    )
    visitor.open(f"/coffre/?q={CANARIES['a value typed by hand']}")
    start = visitor.open("/coffre/saisir/identite.pivot/")
    question = visitor.submit(start, start.form())
    visitor.submit(
        question,
        question.form(),
        {"answer": CANARIES["a value typed by hand"], **fill(question, CANARIES["a value typed by hand"])},
    )
    type_contact(visitor)
    visitor.open("/aides/")
    visitor.open("/aides/prime_activite/pourquoi/")
    send_evidence(live)
    fill_form(visitor)
    protect_paper(visitor, receipt)
    return make_dossier(visitor)


PUBLISHER = """
from tests.certification import made
from tests.journeys.filling import cookie
house = made.publisher("Canari", made.SIRETS[2])
owner = made.member(house)
print(made.filled(owner, made.service(owner, house, "Canari")).pk, cookie(owner))
"""


class Given:
    """An answer that gives a session's cookie."""

    def __init__(self, session: str) -> None:
        self.headers = Message()
        self.headers["Set-Cookie"] = f"garant_session={session}; Path=/"

    def info(self) -> Message:
        return self.headers


def send_evidence(live: Live) -> None:
    """Add evidence to a request, as a publisher does."""
    request, session = live.run(PUBLISHER).split()
    visitor = Visitor(live.url)
    jar = CookieJar()
    [given] = jar.make_cookies(Given(session), Request(live.url))  # type: ignore[arg-type]  # it reads the headers only
    jar.set_cookie(given)
    visitor.opener = build_opener(HTTPCookieProcessor(jar))
    page = visitor.open(f"/editeurs/demandes/{request}/preuves/")
    content = b"%PDF-1.4\n" + CANARIES["a publisher's evidence"].encode() * 50_000 + b"\n%%EOF\n"
    form = page.form("file")
    page = visitor.submit(
        page, form, {"title": "Contrat"}, files={"file": FileToSend("a.pdf", "application/pdf", content)}
    )
    assert "Contrat" in page.text, page.text[:300]


def send(visitor: Visitor, address: str, name: str, content: bytes, *, kind: str = "") -> Page:
    page = visitor.open(address)
    values = {"kind": kind} if kind else {}
    return visitor.submit(
        page, page.form("file"), values, files={"file": FileToSend(name, "application/pdf", content)}
    )


def fill(page: Page, word: str) -> dict[str, str]:
    """Return the word for each text field of the question."""
    fields = page.tree.xpath("//main//form[1]//input[@type='text' or @type='email']/@name")
    return {str(name): word for name in fields}


def type_contact(visitor: Visitor) -> None:
    page = visitor.open("/coffre/saisir/identite.contact/")
    page = visitor.submit(page, page.form())
    for _ in range(10):
        if page.path.endswith("/verifier/"):
            visitor.submit(page, page.form())
            return
        if page.tree.xpath("//main//input[@type='email']"):
            page = visitor.submit(page, page.form(), fill(page, f"{CANARIES['a contact']}@courriel.example"))
        else:
            page = visitor.submit(page, page.form(), {"skip": "1"})
    raise AssertionError(f"the questions never end: {page.text[:300]}")


def fill_form(visitor: Visitor) -> None:
    """Type an answer of an official form, look at its pages and download it."""
    page = visitor.open("/dossiers/nouveau/?aide=ville_pass_sport")
    page = visitor.submit(page, page.form("recipient"), {"recipient": CANARIES["whom a dossier is for"]})
    page = visitor.open(page.links("/formulaire/")[0])
    page = visitor.submit(page, page.form("club"), {"club": CANARIES["a value typed by hand"]})
    assert CANARIES["a value typed by hand"] in page.text
    page = visitor.open(page.links("/pages/")[0])
    visitor.open(page.links("/pdf/")[0])


def protect_paper(visitor: Visitor, paper: bytes) -> None:
    page = visitor.open("/filigrane/")
    words = {"purpose": CANARIES["a letter"], "recipient": CANARIES["whom a dossier is for"]}
    file = FileToSend(f"{CANARIES['the name of a file']}.pdf", "application/pdf", paper)
    assert visitor.submit(page, page.form("purpose"), words, files={"file": file}).body.startswith(b"%PDF")


def make_dossier(visitor: Visitor) -> bytes:
    page = visitor.open("/dossiers/nouveau/?aide=prime_activite")
    page = visitor.submit(page, page.form("recipient"), {"recipient": CANARIES["whom a dossier is for"]})
    letter = visitor.open(page.links("/lettre/")[0])
    page = visitor.submit(letter, letter.form("letter"), {"letter": f"Bonjour, {CANARIES['a letter']}."})
    page = visitor.wait_for_job(visitor.submit(page, page.form("/fabriquer/")))
    sent = visitor.open(page.links("/ailleurs/dossier/")[0])
    visitor.submit(sent, sent.form("office"), {"number": CANARIES["whom a dossier is for"]})
    return visitor.open(page.links("/telecharger/")[0]).body


def test_the_owner_can_read_the_canaries(used_portal: UsedPortal) -> None:
    """Otherwise every test below could pass because no data was entered."""
    with pikepdf.open(io.BytesIO(used_portal.dossier)) as document:
        data = b"".join(bytes(document.attachments[name].get_file().read_bytes()) for name in document.attachments)
    assert CANARIES["a letter"].encode() in data or found_in(used_portal.dossier)
    visitor = Visitor(used_portal.live.url)
    page = visitor.open("/demonstration/")
    visitor.submit(page, page.form("person"), {"person": "nadia"})
    vault = visitor.open("/coffre/").text.replace(" ", "")
    assert CANARIES["whom a dossier is for"] in visitor.open("/dossiers/").text
    assert str(INCOME) in vault and CANARIES["a contact"] in vault and CANARIES["a street"].upper() in vault.upper()


def tables(live: Live) -> Iterator[tuple[str, bytes]]:
    """Yield each table as COPY writes it, in text and in binary."""
    with psycopg.connect(live.environment["MIGRATION_DATABASE_URL"], autocommit=True) as connection:
        named = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in named:
            for shape in ("TEXT", "BINARY"):
                command = sql.SQL("COPY {} TO STDOUT (FORMAT {})").format(
                    sql.Identifier(schema, table), sql.SQL(shape)
                )
                with connection.cursor().copy(command) as copy:
                    yield f"{schema}.{table}", b"".join(bytes(block) for block in copy)


def in_database(live: Live) -> list[str]:
    return [f"{table}: {how}" for table, content in tables(live) for how in found_in(content)]


def in_files(databases: "Databases", live: Live) -> list[str]:
    """Search the files without decompressing: a cluster is large, and its tables are searched completely."""
    name = live.environment["DATABASE_URL"].partition("?")[0].rsplit("/", 1)[1]
    return found_in_files(databases, name, since=(live.var / "keyring.json").stat().st_mtime, look=spellings_in)


def test_no_table_has_a_canary(used_portal: UsedPortal) -> None:
    assert in_database(used_portal.live) == []


def test_no_file_of_the_database_has_a_canary(used_portal: UsedPortal, databases: "Databases") -> None:
    assert [found for found in in_files(databases, used_portal.live) if ON_PURPOSE not in found] == []


def test_no_file_of_the_portal_has_a_canary(used_portal: UsedPortal) -> None:
    """Search contents and names: sealed files, broker folder, e-mails, logs of web, worker and scheduler."""
    paths = {path for path in used_portal.live.var.rglob("*") if path.is_file() and "static" not in path.parts}
    assert {path.relative_to(used_portal.live.var).parts[0] for path in paths} >= {"files", "log", "keyring.json"}
    assert {path.name for path in (used_portal.live.var / "log").iterdir()} >= {
        "web.log",
        "worker.log",
        "scheduler.log",
    }
    assert (used_portal.live.var / "log" / "worker.log").stat().st_size > 1000
    names = [f"{path}: its name" for path in paths if found_in(str(path).encode())]
    assert names + [f"{path}: {how}" for path in paths for how in found_in(content_of(path))] == []


def content_of(path: Path) -> bytes:
    """Return what a file holds: nothing if it is a message that a worker took and removed meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        assert "broker" in path.parts
        return b""


def test_no_temporary_file_had_a_canary(used_portal: UsedPortal) -> None:
    used_portal.temporary.look()
    assert used_portal.temporary.found == set()


def test_no_process_has_a_canary_in_its_arguments_or_environment(used_portal: UsedPortal) -> None:
    """Other users of the machine can read command lines and environments."""
    spellings_found = {}
    for name, process in used_portal.live.services.processes.items():
        for part in ("cmdline", "environ"):
            try:
                shown = Path(f"/proc/{process.pid}/{part}").read_bytes()
            except PermissionError:  # Root alone may look into a process of the portal.
                shown = b""
            spellings_found[f"{name} {part}"] = found_in(shown)
    assert set(spellings_found) and not any(spellings_found.values()), spellings_found


# Each search is also run on data that it must find.


def test_plaintext_in_a_table_is_found(used_portal: UsedPortal, databases: "Databases") -> None:
    used_portal.live.sql(f'CREATE TABLE "{SCRATCH}" (said text, kept bytea)')
    try:
        assert in_database(used_portal.live) == []
        used_portal.live.sql(f'INSERT INTO "{SCRATCH}" VALUES (%s, NULL)', f"x{SCRATCH}x")
        assert any(f"{ON_PURPOSE}, in clear" in found for found in in_database(used_portal.live))
        assert in_files(databases, used_portal.live) != []
        used_portal.live.sql(f'UPDATE "{SCRATCH}" SET said = NULL, kept = %s', zlib.compress(SCRATCH.encode() * 3))
        assert any(f"{ON_PURPOSE}, in clear, compressed" in found for found in in_database(used_portal.live))
    finally:
        used_portal.live.sql(f'DROP TABLE "{SCRATCH}"')


@pytest.mark.parametrize("spelling", sorted(set(spellings(SCRATCH).values())))
def test_each_spelling_is_found_at_any_offset(spelling: str) -> None:
    word = CANARIES["a street"]
    for needle in (needle for needle, how in spellings(word).items() if how == spelling):
        for before in range(3):
            assert found_in(b"\x00" * before + needle + b"\xff") != [], spelling
    for before in range(3):
        assert any("base64" in how for how in found_in(base64.b64encode(b"-" * before + word.encode() + b"---")))


def test_a_short_lived_temporary_file_is_found(tmp_path: Path) -> None:
    temporary = Temporary(tmp_path)
    (tmp_path / "upload").write_bytes(b"%PDF " + CANARIES["a letter"].encode())
    temporary.look()
    assert len(temporary.found) == 1
