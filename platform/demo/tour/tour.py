"""The tour: the main job over HTTP, as by a newcomer: first without an account, then from a tax notice to aids with
reasons and a sealed dossier.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from uuid import UUID

import pikepdf
from django.utils import timezone

from accounts.models import User
from demo.papers import drawer
from demo.people import vaults
from demo.people.accounts import find
from demo.tour import (
    bank,
    connectors,
    consultation,
    interview,
    leaving,
    letter,
    link,
    lots,
    meeting,
    office,
    service,
    watch,
)
from demo.tour.visitor import FileToSend, Page, Unexpected, Visitor
from vault.journal.presenting import verification

WHO = vaults.BRINGS_THEIR_NOTICE
AID = "prime_activite"


@dataclass
class Tour:
    """The steps of the tour. Each one returns what it observed, and starts from the previous step's page."""

    visitor: Visitor
    folder: Path
    page: Page | None = None
    dossier: bytes = b""
    code: str = ""
    resident_id: UUID | None = None

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "Take stock without an account", self.take_stock
        yield "Sign in", self.sign_in
        yield "Upload a tax notice", self.upload
        yield "Confirm its values", self.confirm
        yield "Values in the vault", self.look_at_vault
        yield "Simulate the aids", self.simulate
        yield "Read why", self.read_why
        yield "Prepare a dossier", self.prepare
        yield "Build the dossier", self.build
        yield "Download it", self.download
        yield "Verify its seal", self.verify_seal
        yield "A request sent, corrected and decided", self.send_a_request
        yield "A right that the watch found", self.read_the_watch
        yield "Add a bank file", self.add_a_bank_file
        yield "Write a letter", self.write_a_letter
        yield "A link shared and stopped", self.share_by_link
        yield "Two connectors pulled", self.pull_two
        yield "Four holders send lots", self.receive_lots
        yield "A service used and stopped", self.use_a_service
        yield "A companion's appointment", self.meet_a_companion
        yield "A consultation joined, left and verified", self.take_part_in_a_consultation
        yield "Leave with everything", self.leave_and_arrive
        yield "Verify the journal", self.verify_journal
        yield "Come in with FranceConnect", self.come_in_with_franceconnect

    def take_stock(self) -> str:
        return interview.take_stock(self.visitor.base_url)

    def sign_in(self) -> str:
        start = self.visitor.open("/demonstration/")
        self.visitor.submit(start, start.form("person"), {"person": WHO})
        person = find(WHO)
        self.resident_id = User.objects.signing_in_as(person.email).get().pk if person else None
        return f"as {person.name if person else WHO}, a fictional resident"

    def come_in_with_franceconnect(self) -> str:
        """Sign in as another person, in a separate browser. Their vault exists after the first run."""
        other = Visitor(self.visitor.base_url)
        start = other.open("/connexion/")
        between = other.submit(start, start.form("/connexion/franceconnect/"))
        there = other.open(next(iter(between.links("/franceconnect/authorize")), ""))
        page = other.submit(there, there.form("person"), {"person": "ailleurs"})
        if page.path.endswith("/inscription/"):
            page = other.submit(page, page.form("name"))
            page = other.submit(page, page.form("next"), {"answer": "yes"})
        if "BENALI" not in other.open("/coffre/").text:
            raise Unexpected(f"{page.path}: the identity was not copied: {page.text[:200]}")
        return "as Amina Benali, identity copied because she said yes"

    def upload(self) -> str:
        notice = drawer.tax_notice(WHO, timezone.localdate())
        form_page = self.visitor.open("/coffre/ajouter/")
        form = form_page.form("file")
        sent = self.visitor.submit(
            form_page, form, files={"file": FileToSend("avis-impot.pdf", "application/pdf", notice)}
        )
        self.page = self.visitor.wait_for_job(sent)
        if "signature est valable" not in self.page.text and "/confirmer/" in self.page.path:
            raise Unexpected("the signature of the notice was not found valid")
        return f"{len(notice) // 1024} kB, 2D-Doc found, signature verified"

    def confirm(self) -> str:
        page = self._page
        if not page.path.endswith("/confirmer/"):
            return "kept before: this is not the first tour"
        read = len(page.tree.xpath("//button[@name='edit']"))
        form = page.form("edited") if "edited" in page.tree.forms[0].fields else page.form()
        self.page = self.visitor.submit(page, form)
        if self.page.path.endswith("/confirmer/"):
            raise Unexpected(f"the values were not kept: {self.page.text[:200]}")
        return f"{read} values read, confirmed in one click"

    def look_at_vault(self) -> str:
        vault = self.visitor.open("/coffre/")
        income = vaults.stories(timezone.localdate())[WHO].income
        shown = f"{income[1]:,}".replace(",", " ") if income else ""
        if shown not in vault.text:
            raise Unexpected(f"/coffre/: the income of the notice ({shown}) is not shown")
        return f"{len(vault.tree.xpath('//dl/div'))} values, reference income {shown} €"

    def simulate(self) -> str:
        self.page = self.visitor.open("/aides/")
        total = " ".join(str(self.page.tree.xpath("string(//*[@class='civic-headline__number'])")).split())
        reasons = self.page.links("/pourquoi/")
        if "€" not in total or not reasons:
            raise Unexpected(f"/aides/: no amount: {self.page.text[:300]}")
        return f"{len(set(reasons))} aids explained, {total} not claimed, typed fields: {self.visitor.typed}"

    def read_why(self) -> str:
        why = self.visitor.open(
            next((link for link in self._page.links("/pourquoi/") if AID in link), self._page.links("/pourquoi/")[0])
        )
        sources = len(why.tree.xpath("//main//table//tr"))
        if not sources:
            raise Unexpected(f"{why.path}: no table of figures")
        return f"{sources} figures with their source"

    def prepare(self) -> str:
        start = self.visitor.open(f"/dossiers/nouveau/?aide={AID}")
        form = start.form("recipient")
        self.page = self.visitor.submit(start, form)
        if "/dossiers/" not in self.page.path or "nouveau" in self.page.path:
            raise Unexpected(f"the dossier was not started: {self.page.text[:200]}")
        return self.page.title

    def build(self) -> str:
        page = self._page
        self.page = self.visitor.wait_for_job(self.visitor.submit(page, page.form("/fabriquer/")))
        return self.page.title

    def download(self) -> str:
        answer = self.visitor.open(self._page.links("/telecharger/")[0])
        if answer.media_type != "application/pdf":
            raise Unexpected(f"{answer.path}: {answer.media_type} instead of a PDF")
        self.dossier = answer.body
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / "dossier.pdf"
        target.write_bytes(self.dossier)
        with pikepdf.open(io.BytesIO(self.dossier)) as document:
            pages = len(document.pages)
        return f"{pages} pages, {len(self.dossier) // 1024} kB, {target}"

    def verify_seal(self) -> str:
        page = self.visitor.open("/verifier/")
        sound = self._verify(page, self.dossier)
        middle = len(self.dossier) // 2
        altered = self._verify(
            page, self.dossier[:middle] + bytes([self.dossier[middle] ^ 1]) + self.dossier[middle + 1 :]
        )
        if sound == altered:
            raise Unexpected("/verifier/: an altered dossier gets the same answer as the genuine one")
        return f"“{sound}”; with one byte changed: “{altered}”"

    def send_a_request(self) -> str:
        return office.send_and_be_answered(self.visitor)

    def read_the_watch(self) -> str:
        return watch.read_and_answer(self.visitor.base_url)

    def add_a_bank_file(self) -> str:
        return bank.add_a_bank_file(self.visitor, timezone.localdate())

    def write_a_letter(self) -> str:
        return letter.write_a_letter(self.visitor)

    def share_by_link(self) -> str:
        return link.share_and_stop(self.visitor)

    def meet_a_companion(self) -> str:
        return meeting.meet_a_companion(self.visitor)

    def leave_and_arrive(self) -> str:
        return leaving.leave_and_arrive(self.visitor, self.folder)

    def pull_two(self) -> str:
        return connectors.walk(self.visitor.base_url)

    def use_a_service(self) -> str:
        return service.use_and_stop(self.visitor.base_url)

    def take_part_in_a_consultation(self) -> str:
        return consultation.contribute_withdraw_verify(self.visitor.base_url, self.folder)

    def receive_lots(self) -> str:
        return lots.receive_lots(self.visitor)

    def verify_journal(self) -> str:
        if self.resident_id is None:
            raise Unexpected("nobody has signed in")
        found = verification.check(self.resident_id)
        if found.problems or not found.lines:
            raise Unexpected(f"journal: {'; '.join(found.problems) or 'no line'}")
        return f"{found.lines} lines, chain whole, {found.points} checkpoints followed to their copy outside"

    def _verify(self, page: Page, content: bytes) -> str:
        form = page.form("file")
        answer = self.visitor.submit(page, form, files={"file": FileToSend("dossier.pdf", "application/pdf", content)})
        return answer.title

    @property
    def _page(self) -> Page:
        if self.page is None:
            raise Unexpected("the step before left no page")
        return self.page


def walk(base_url: str, folder: Path, say: Callable[[str], None]) -> bool:
    """Walk the tour, writing a line with milliseconds per step. Return False if a step failed."""
    tour = Tour(Visitor(base_url), folder)
    for name, step in tour.steps():
        start = perf_counter()
        try:
            seen = step()
        except (Unexpected, OSError, LookupError) as problem:
            say(f"FAILED {name}: {problem}")
            return False
        say(f"ok {(perf_counter() - start) * 1000:7.0f} ms  {name}: {seen}")
    return True
