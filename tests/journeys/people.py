"""Steps shared by the journeys: reading an e-mailed code, entering the demonstration, checking a page."""

import email
import email.policy
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser import Visitors, faults
from tests.journeys.keyboard import Keyboard
from tests.live import Live

#: A second Nadia, at another address, with the same values from her holders and no paper.
NEIGHBOUR = """
from django.utils import timezone
from accounts.actions import accounts
from demo.seeding import residents
account = accounts.register_resident(email="{address}", name="Nadia Kervella")
residents.fill_vault(account, "nadia", timezone.localdate())
"""

UNLINK = """
from allauth.socialaccount.models import SocialAccount
for linked in SocialAccount.objects.filter(provider="franceconnect"):
    linked.uid = f"{linked.uid}-{linked.pk}"
    linked.save()
"""


def move_in(live: Live, address: str) -> None:
    live.run(NEIGHBOUR.format(address=address))


def forget_franceconnect(live: Live) -> None:
    """Unlink FranceConnect from all accounts: whoever comes by it opens a new vault."""
    live.run(UNLINK)


def mail_for(live: Live, address: str) -> str:
    """Return the last e-mail sent to this address."""
    for path in sorted((live.var / "mail").iterdir(), key=lambda file: file.stat().st_mtime, reverse=True):
        for part in reversed(path.read_bytes().split(b"-" * 79)):
            message = email.message_from_bytes(part.strip(), policy=email.policy.default)
            if address in str(message["To"]):
                return str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    raise AssertionError(f"no mail for {address}")


def code_in(text: str) -> str:
    found = re.search(r"\b\d{6}\b", text)
    assert found, "no code in the mail"
    return found[0]


@dataclass
class Eyes:
    """Checks each page of a journey with the rules for all pages, and remembers its URL."""

    page: Page
    language: str
    without: tuple[str, ...] = ()
    seen: list[str] = field(default_factory=list)

    def look(self) -> None:
        found = faults(self.page, language=self.language, without=self.without)
        assert found == [], f"{self.page.url}: {found}"
        self.seen.append(self.page.url)


@dataclass
class Hands:
    """Presses a button or follows a link of the main part, and waits for the next page."""

    page: Page

    def press(self, name: str | re.Pattern[str], *, within: str = "main") -> None:
        with self.page.expect_navigation():
            self.page.locator(within).get_by_role("button", name=name).first.click()

    def follow(self, name: str | re.Pattern[str], *, within: str = "main") -> None:
        with self.page.expect_navigation():
            self.page.locator(within).get_by_role("link", name=name).first.click()

    def follow_to(self, named: str) -> None:
        """Follow the link whose URL contains this id."""
        with self.page.expect_navigation():
            self.page.locator(f"main a[href*='{named}']").first.click()


@dataclass
class Walker:
    """Walks one journey in either language, with the mouse or with the keyboard alone; looks at each page."""

    page: Page
    language: str
    keys: Keyboard | None = None

    def __post_init__(self) -> None:
        self.eyes = Eyes(self.page, self.language)

    def say(self, french: str, english: str) -> str:
        return french if self.language == "fr" else english

    def act(self, french: str, english: str) -> None:
        """Press the button or follow the link of the main part that begins with these words."""
        begins = re.escape(self.say(french, english))
        if self.keys:
            self.keys.follow(f"^{begins}")
        else:
            self.press(self.page.locator("main").locator("a, button").filter(has_text=re.compile(rf"^\s*{begins}")))

    def press(self, what: Locator) -> None:
        if self.keys:
            self.keys.follow(f"^{re.escape(' '.join(what.first.inner_text().split()))}")
            return
        with self.page.expect_navigation():
            what.first.click()

    def write(self, field: str, text: str) -> None:
        """Write in the field of this selector."""
        box = self.page.locator(field)
        if self.keys:
            self.keys.write(re.escape(" ".join(box.evaluate("field => field.labels[0].innerText").split())), text)
        else:
            box.fill(text)

    def choose_file(self, path: Path) -> None:
        if self.keys:
            self.keys.choose_file(self.say("Votre fichier", "Your file"), path)
        else:
            self.page.locator("input[type=file]").set_input_files(path)

    def wait(self) -> None:
        """Wait for the job of this page, then go to its result."""
        result = self.say("Voir le résultat", "See the result")
        wait_for_job(self.page, result, script=self.keys is None)
        if self.keys:
            self.act(result, result)

    def open_vault(self, live: Live, address: str, name: str) -> None:
        """Type the address on the page of sign-in, the code, then the name: the address is a new one."""
        self.write("main input[type=email]", address)
        self.act("Recevoir un code", "Get a code")
        self.write("main input[name=code]", code_in(mail_for(live, address)))
        self.act("Continuer", "Continue")
        self.eyes.look()
        self.write("main form input[type=text]", name)
        self.act("Ouvrir mon coffre", "Open my vault")


def walker(visitor: Visitors, language: str) -> Walker:
    """Return a walker in French on a wide screen, or in English on a telephone, without scripts and by keyboard."""
    if language == "fr":
        return Walker(visitor(width=1280), "fr")
    page = visitor(width=320, language="en-GB", javascript=False)
    return Walker(page, "en", Keyboard(page))


def only_row(live: Live, table: str, address: str) -> str:
    """Return the id of the resident's only row in a table that several journeys fill."""
    found = live.sql(
        f"SELECT t.id FROM {table} t JOIN accounts_user u ON u.id = t.resident_id WHERE u.email = %s", address
    )
    [(named,)] = found
    return str(named)


def euros(text: str) -> int:
    """Return the first whole amount of a text, French or English: “€1,180”, “1 180 €”."""
    found = re.search(r"€\s?(\d[\d,]*)|(\d[\d\s\u00a0\u202f]*)(?:,\d+)?\s?€", text)
    assert found, f"no amount in “{text}”"
    return int(re.sub(r"\D", "", found[1] or found[2]))


def wait_for_job(page: Page, link: str, *, script: bool) -> None:
    """Wait on a job's page until the job is done.

    With scripts, the page moves on to the result by itself, unless the job was done when it opened. Without, it shows
    a link to it after it was refreshed by another.
    """
    done = page.get_by_role("link", name=link)
    if script:
        waits = page.locator("#job[data-state=waiting], #job[data-state=running]")
        expect(waits).to_have_count(0, timeout=60_000)
        if page.locator("#job").count():
            Hands(page).follow(link)
        return
    expect(page.locator("#job")).to_be_visible()
    for _ in range(120):
        if done.count():
            return
        page.wait_for_timeout(500)
        page.locator("#job a").first.click()
    raise AssertionError(f"{page.url}: still not done")


def write_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def take_session(page: Page, live: Live, key: str) -> None:
    """Use the session of a cookie that a command made, with the second factor already given."""
    page.context.add_cookies([{"name": "garant_session", "value": key, "url": live.url}])


def sign_in(page: Page, live: Live, address: str) -> None:
    """Sign in with the e-mailed code, in any language."""
    page.goto("/connexion/")
    for box in ("input[type=email]", "input[name=code]"):
        page.locator(f"main {box}").fill(address if "email" in box else code_in(mail_for(live, address)))
        with page.expect_navigation():
            page.locator(f"main form:has({box}) button[type=submit]").click()


#: Another Claire and another Yann, at other addresses; a household with agreements if `together`.
COUPLE = """
from django.utils import timezone
from accounts.actions import accounts
from demo.seeding import residents
today = timezone.localdate()
one = accounts.register_resident(email="{one}", name="Claire Lemoine")
other = accounts.register_resident(email="{other}", name="Yann Lemoine")
residents.fill_vault(one, "claire", today)
residents.fill_vault(other, "yann", today)
if {together}:
    from tests.vault.couples import agreed, couple, shared
    from vault.records.enums import Mode
    couple(one, other)
    agreed(one, other, "joint_simulation", "nationality", "disability", mode=Mode.COUNT)
    agreed(other, one, "joint_simulation", "nationality", "disability", mode=Mode.COUNT)
    shared(one, other, "address")
"""


def move_in_together(live: Live, one: str, other: str, *, together: bool) -> None:
    live.run(COUPLE.format(one=one, other=other, together=together))


def come_in(page: Page, live: Live, address: str) -> None:
    """Sign in, in French, with the e-mailed code."""
    press = Hands(page).press
    page.goto("/connexion/")
    page.get_by_role("textbox", name="adresse e-mail").fill(address)
    press("Recevoir un code")
    page.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, address)))
    press("Continuer")
