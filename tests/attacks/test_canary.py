"""What a resident gives is found in clear nowhere that a thief could look: database, files, broker, logs, mail, temporary files.

Strings that exist nowhere else are planted in values, papers, file names, typed answers and a letter, through real web and worker
processes. Then everything that these left behind is searched, in every spelling that a careless line of code could produce.
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
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import psycopg
import pytest
from psycopg import sql

from demo import papers
from demo.visitor import FileToSend, Page, Visitor
from tests.attacks.searching import found_in_files, inflated, spellings
from tests.live import Live, portal

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live")]

# Letters only, so that what cleans names and addresses leaves them whole, and no other test plants the same. It starts with
# one whose code has a letter in it (6e): hexadecimal in capitals is then always another spelling, in every worker.
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
}
INCOME = 90_000_000 + secrets.randbelow(9_999_999)
SCRATCH = f"epreuve{TAG}"


NEEDLES = {needle: f"{what}, {how}" for what, word in CANARIES.items() for needle, how in spellings(word).items()}
NEEDLES |= {needle: f"an amount, {how}" for needle, how in spellings(str(INCOME)).items()}
# What a test below writes in clear to see it found: the log of changes keeps it, whichever test comes next.
ON_PURPOSE = "a word in clear on purpose"
NEEDLES |= {needle: f"{ON_PURPOSE}, {how}" for needle, how in spellings(SCRATCH).items()}


# Every canary ends with the tag: where no spelling of it is, none of them is.
QUICK = (*spellings(TAG), *spellings(str(INCOME)))


def plainly(content: bytes) -> list[str]:
    if not any(needle in content for needle in QUICK):
        return []
    return [how for needle, how in NEEDLES.items() if needle in content]


def found_in(content: bytes) -> list[str]:
    """Also inside whatever a zlib or gzip stream in these bytes holds."""
    return plainly(content) + [f"{how}, compressed" for inner in inflated(content) for how in plainly(inner)]


@dataclass
class Temporary:
    """Watches a folder while people work: what lives there for a moment is read before it goes."""

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
class Lived:
    live: Live
    temporary: Temporary
    dossier: bytes


@pytest.fixture(scope="module")
def lived(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A resident who uses all that the portal offers, with a canary in each thing that they give."""
    folder = tmp_path_factory.mktemp("temporary")
    temporary = Temporary(folder)
    watching = threading.Thread(target=temporary.watch, daemon=True)
    watching.start()
    with portal(
        databases, name="canary", extra={"TMPDIR": str(folder), "TMP": str(folder), "TEMP": str(folder)}
    ) as live:
        dossier = live_through_it(live)
        yield Lived(live, temporary, dossier)
    temporary.over.set()
    watching.join()


def live_through_it(live: Live) -> bytes:
    visitor = Visitor(live.url)
    page = visitor.open("/demonstration/")
    visitor.submit(page, page.form("person"), {"person": "nadia"})
    holder = papers.Holder(family_name=CANARIES["a name on a paper"], given_name="Leo")
    home = papers.Home(street=f"3 {CANARIES['a street']}")
    notice = papers.tax_notice(
        declarants=[holder],
        home=home,
        income_year=date.today().year - 1,
        income=INCOME,
        parts=Decimal(1),
        issued_on=date(date.today().year, 1, 2),
    )
    # The signed notice: read, refused once because it names nobody, then kept as one's own.
    page = visitor.wait_for_job(send(visitor, "/coffre/ajouter/", f"{CANARIES['the name of a file']}.pdf", notice))
    assert page.path.endswith("/confirmer/"), page.text[:300]
    page = visitor.submit(page, page.form("whose"), {"whose": "own"})
    # A paper without a code, of which only the picture speaks.
    landlord, rent = CANARIES["the text of a paper without a code"], Decimal(400)
    receipt = papers.rent_receipt(
        person=holder, home=home, landlord=landlord, month=date(2026, 10, 1), rent=rent, charges=Decimal(0)
    )  # fmt: skip
    page = visitor.wait_for_job(
        send(visitor, "/coffre/ajouter/", f"{CANARIES['the name of a file']}.pdf", receipt, kind="quittance_loyer")
    )
    visitor.submit(page, page.form())
    # A file that is refused all the same, a search, a question left in the middle.
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
        {"answer": CANARIES["a value typed by hand"], **filled(question, CANARIES["a value typed by hand"])},
    )
    type_contact(visitor)
    visitor.open("/aides/")
    visitor.open("/aides/prime_activite/pourquoi/")
    return make_dossier(visitor)


def send(visitor: Visitor, address: str, name: str, content: bytes, *, kind: str = "") -> Page:
    page = visitor.open(address)
    values = {"kind": kind} if kind else {}
    return visitor.submit(
        page, page.form("file"), values, files={"file": FileToSend(name, "application/pdf", content)}
    )


def filled(page: Page, word: str) -> dict[str, str]:
    """The word in each text field of the question."""
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
            page = visitor.submit(page, page.form(), filled(page, f"{CANARIES['a contact']}@courriel.example"))
        else:
            page = visitor.submit(page, page.form(), {"skip": "1"})
    raise AssertionError(f"the questions never end: {page.text[:300]}")


def make_dossier(visitor: Visitor) -> bytes:
    page = visitor.open("/dossiers/nouveau/?aide=prime_activite")
    page = visitor.submit(page, page.form("recipient"), {"recipient": CANARIES["whom a dossier is for"]})
    letter = visitor.open(page.links("/lettre/")[0])
    page = visitor.submit(letter, letter.form("letter"), {"letter": f"Bonjour, {CANARIES['a letter']}."})
    page = visitor.wait_for_job(visitor.submit(page, page.form("/fabriquer/")))
    return visitor.open(page.links("/telecharger/")[0]).body


def test_what_was_planted_comes_out_for_its_owner(lived: Lived) -> None:
    """Without this everything below could pass because nothing was given."""
    with pikepdf.open(io.BytesIO(lived.dossier)) as document:
        data = b"".join(bytes(document.attachments[name].get_file().read_bytes()) for name in document.attachments)
    assert CANARIES["a letter"].encode() in data or found_in(lived.dossier)
    visitor = Visitor(lived.live.url)
    page = visitor.open("/demonstration/")
    visitor.submit(page, page.form("person"), {"person": "nadia"})
    vault = visitor.open("/coffre/").text.replace(" ", "")
    assert CANARIES["whom a dossier is for"] in visitor.open("/dossiers/").text
    assert str(INCOME) in vault and CANARIES["a contact"] in vault and CANARIES["a street"].upper() in vault.upper()


def tables(live: Live) -> Iterator[tuple[str, bytes]]:
    """Each table as COPY writes it, in text and in binary."""
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
    """Not inside compressed streams: a cluster is large, and its tables are searched whole."""
    name = live.environment["DATABASE_URL"].partition("?")[0].rsplit("/", 1)[1]
    return found_in_files(databases, name, since=(live.var / "keyring.json").stat().st_mtime, look=plainly)


def test_no_table_holds_one(lived: Lived) -> None:
    assert in_database(lived.live) == []


def test_no_file_of_the_database_holds_one(lived: Lived, databases: "Databases") -> None:
    assert [found for found in in_files(databases, lived.live) if ON_PURPOSE not in found] == []


def test_no_file_of_the_portal_holds_one(lived: Lived) -> None:
    """Sealed files, broker folder, mail, logs of web, worker and scheduler: contents and names."""
    seen = {path for path in lived.live.var.rglob("*") if path.is_file() and "static" not in path.parts}
    assert {path.relative_to(lived.live.var).parts[0] for path in seen} >= {"files", "log", "keyring.json"}
    assert {path.name for path in (lived.live.var / "log").iterdir()} >= {"web.log", "worker.log", "scheduler.log"}
    assert (lived.live.var / "log" / "worker.log").stat().st_size > 1000
    names = [f"{path}: its name" for path in seen if found_in(str(path).encode())]
    assert names + [f"{path}: {how}" for path in seen for how in found_in(path.read_bytes())] == []


def test_no_temporary_file_ever_held_one(lived: Lived) -> None:
    lived.temporary.look()
    assert lived.temporary.found == set()


def test_no_process_of_the_portal_was_told_one(lived: Lived) -> None:
    """Command lines and environments are open to whoever runs on the machine."""
    told = {}
    for name, process in lived.live.services.processes.items():
        for part in ("cmdline", "environ"):
            told[f"{name} {part}"] = found_in(Path(f"/proc/{process.pid}/{part}").read_bytes())
    assert set(told) and not any(told.values()), told


# The searches are tried on what they should find: a search that finds nothing proves nothing.


def test_a_value_in_clear_in_a_table_is_found(lived: Lived, databases: "Databases") -> None:
    lived.live.sql(f'CREATE TABLE "{SCRATCH}" (said text, kept bytea)')
    try:
        assert in_database(lived.live) == []
        lived.live.sql(f'INSERT INTO "{SCRATCH}" VALUES (%s, NULL)', f"x{SCRATCH}x")
        assert any(f"{ON_PURPOSE}, in clear" in found for found in in_database(lived.live))
        assert in_files(databases, lived.live) != []
        lived.live.sql(f'UPDATE "{SCRATCH}" SET said = NULL, kept = %s', zlib.compress(SCRATCH.encode() * 3))
        assert any(f"{ON_PURPOSE}, in clear, compressed" in found for found in in_database(lived.live))
    finally:
        lived.live.sql(f'DROP TABLE "{SCRATCH}"')


@pytest.mark.parametrize("spelling", sorted(set(spellings(SCRATCH).values())))
def test_each_spelling_is_found_wherever_it_starts(spelling: str) -> None:
    word = CANARIES["a street"]
    for needle in (needle for needle, how in spellings(word).items() if how == spelling):
        for before in range(3):
            assert found_in(b"\x00" * before + needle + b"\xff") != [], spelling
    for before in range(3):
        assert any("base64" in how for how in found_in(base64.b64encode(b"-" * before + word.encode() + b"---")))


def test_a_temporary_file_that_lives_a_moment_is_found(tmp_path: Path) -> None:
    temporary = Temporary(tmp_path)
    (tmp_path / "upload").write_bytes(b"%PDF " + CANARIES["a letter"].encode())
    temporary.look()
    assert len(temporary.found) == 1
