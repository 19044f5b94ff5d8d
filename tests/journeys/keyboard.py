"""Somebody who has a keyboard and no mouse: Tab from stop to stop, Enter or Space to act, and always seeing where they are."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

MOST_STOPS = 250
# What a stop looks like before it is reached, to compare with what it looks like when it is.
LOOK = """element => {
    const shown = element.matches("input[type=radio], input[type=checkbox]") && element.nextElementSibling || element;
    return [element, shown].flatMap(one => ["", "::before"].map(part => {
        const look = getComputedStyle(one, part);
        return [look.outlineStyle, look.outlineWidth, look.outlineColor, look.boxShadow, look.backgroundColor, look.borderColor].join();
    })).join("|");
}"""
REMEMBER = f"""() => {{
    const look = {LOOK};
    const stops = document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]");
    window.looks = new Map([...stops].map(stop => [stop, look(stop)]));
}}"""
STOP = f"""() => {{
    const look = {LOOK}, element = document.activeElement, box = element.getBoundingClientRect();
    const label = element.labels?.[0]?.innerText ?? "", group = element.closest("fieldset")?.querySelector("legend")?.innerText ?? "";
    const name = [element.getAttribute("aria-label"), label, element.innerText].filter(Boolean).join(" ") || element.name || "";
    return {{
        nowhere: element === document.body, name: name.replace(/\\s+/g, " ").trim(), tag: element.tagName, group: group,
        seen: window.looks?.get(element) !== look(element), on_screen: box.bottom > 0 && box.top < innerHeight,
        main: Boolean(element.closest("main"))
    }};
}}"""


class Lost(AssertionError):
    """A stop that cannot be reached by Tab, or that does not show itself."""


@dataclass
class Keyboard:
    page: Page
    stops: int = 0

    def __post_init__(self) -> None:
        # A page that is listened to from the start hands every chooser over: asked for only as the key is pressed, one in 150 was missed.
        self.page.on("filechooser", lambda _: None)

    def go_to(self, name: str, *, in_main: bool = True) -> None:
        """Tab until the stop that says `name` (a pattern).

        Raises:
            Lost: there is none, or a stop on the way does not show that it is one.
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
        """Press, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def follow(self, name: str, *, in_main: bool = True) -> None:
        self.go_to(name, in_main=in_main)
        self.act()

    def write(self, name: str, text: str) -> None:
        self.go_to(name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose_file(self, name: str, path: Path) -> None:
        self.go_to(name)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(path)

    def skip_to_content(self) -> None:
        self.go_to("Skip to|Aller au contenu", in_main=False)
        self.page.keyboard.press("Enter")
