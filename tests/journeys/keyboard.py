"""A user with a keyboard and no mouse: Tab to each stop, Enter or Space to act, with a visible focus everywhere."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

MOST_STOPS = 250
# Style of a stop before it has the focus, to compare with its style after.
LOOK = """element => {
    const shown = element.matches("input[type=radio], input[type=checkbox]") && element.nextElementSibling || element;
    return [element, shown].flatMap(one => ["", "::before"].map(part => {
        const look = getComputedStyle(one, part);
        return [
            look.outlineStyle, look.outlineWidth, look.outlineColor,
            look.boxShadow, look.backgroundColor, look.borderColor
        ].join();
    })).join("|");
}"""
REMEMBER = f"""() => {{
    const look = {LOOK};
    const stops = document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]");
    window.looks = new Map([...stops].map(stop => [stop, look(stop)]));
}}"""
STOP = f"""() => {{
    const look = {LOOK}, element = document.activeElement, box = element.getBoundingClientRect();
    const label = element.labels?.[0]?.innerText ?? "";
    const group = element.closest("fieldset")?.querySelector("legend")?.innerText ?? "";
    const words = [element.getAttribute("aria-label"), label, element.innerText].filter(Boolean).join(" ");
    const name = words || element.name || "";
    return {{
        nowhere: element === document.body, name: name.replace(/\\s+/g, " ").trim(),
        tag: element.tagName, group: group,
        seen: window.looks?.get(element) !== look(element),
        on_screen: box.bottom > 0 && box.top < innerHeight,
        main: Boolean(element.closest("main"))
    }};
}}"""


class Lost(AssertionError):
    """A stop that Tab cannot reach, or whose focus is invisible."""


@dataclass
class Keyboard:
    page: Page
    stops: int = 0

    def __post_init__(self) -> None:
        # Listen from the start: listening only when the key is pressed missed one file chooser in 150.
        self.page.on("filechooser", lambda _: None)

    def go_to(self, name: str, *, in_main: bool = True) -> None:
        """Tab to the stop whose name matches a pattern.

        Raises:
            Lost: there is no such stop, or the focus of a stop before it is invisible.
        """
        self.page.evaluate(REMEMBER)
        passed: list[str] = []
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            self.stops += 1
            stop = self.page.evaluate(STOP)
            if stop["nowhere"]:
                continue
            if not stop["seen"] or not stop["on_screen"]:
                raise Lost(f"{self.page.url}: “{stop['name']}” has the focus and does not show it")
            if re.search(name, stop["name"]) and (stop["main"] or not in_main):
                return
            passed.append(stop["name"])
        raise Lost(f"{self.page.url}: Tab never reaches “{name}”; it went {passed[:60]}")

    def act(self, key: str = "Enter") -> None:
        """Press a key and wait for the next page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def follow(self, name: str, *, in_main: bool = True) -> None:
        self.go_to(name, in_main=in_main)
        self.act()

    def open(self, name: str) -> None:
        """Open a folded part in place."""
        self.go_to(name)
        self.page.keyboard.press("Enter")

    def write(self, name: str, text: str) -> None:
        self.go_to(name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, field: str, label: str) -> None:
        """Reach a group of radios with Tab, choose its first, then press the arrow until this one is chosen."""
        radios = self.page.locator(f"main [name={field}]")
        self.go_to(f"^{re.escape(' '.join(radios.first.evaluate('one => one.labels[0].innerText').split()))}")
        self.page.keyboard.press("Space")
        wanted = self.page.locator("main").get_by_role("radio", name=re.compile(f"^{re.escape(label)}"))
        for _ in range(radios.count()):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        assert wanted.is_checked()

    def choose_file(self, name: str, path: Path) -> None:
        self.go_to(name)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(path)

    def skip_to_content(self) -> None:
        self.go_to("Skip to|Aller au contenu", in_main=False)
        self.page.keyboard.press("Enter")
