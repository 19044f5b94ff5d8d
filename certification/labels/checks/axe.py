"""axe-core on a page that was already fetched, in a confined Chromium (browser.py) beside the worker, without network.

The settings `CHROMIUM` and `AXE_SCRIPT` name the two files; without them the criterion is not looked at. The page's
own scripts do not run and nothing that it names is loaded, so that a publisher's page reaches nothing here. What needs
its style sheets, such as contrast, is left to the agent.
"""

import json
import os
import re
import secrets
import tempfile
from pathlib import Path

from django.conf import settings

from core.confinement import answers, starting

BROWSER = Path(__file__).with_name("browser.py")
SECONDS = 30
#: Bytes of what Chromium prints.
MAX_OUTPUT = 8 * 1024 * 1024
#: The name of a rule.
RULE = re.compile(r"[a-z0-9-]{1,60}")
#: Rules that need the style sheets.
LEFT_OUT = ("color-contrast", "target-size", "link-in-text-block")
#: No address is reachable: no name is known, and whatever is left goes to a proxy that is not there.
FLAGS = (
    "--headless",
    # Its own sandbox needs rights that a confined process lacks.
    "--no-sandbox",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--virtual-time-budget=20000",
    "--dump-dom",
)
RUN = """
addEventListener("load", async () => {
    const rules = Object.fromEntries(%(left_out)s.map(rule => [rule, {enabled: false}]));
    const runOnly = {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]};
    const found = await axe.run(document, {resultTypes: ["violations"], rules, runOnly, preload: false});
    const said = document.createElement("pre");
    said.id = "%(mark)s";
    said.textContent = JSON.stringify(found.violations.flatMap(one => one.nodes.map(() => one.id)));
    document.body.append(said);
});
"""


class NotThere(Exception):
    """There is no Chromium or no axe here, or it did not answer."""


def faults(source: str) -> list[str]:
    """Return the rule of each fault that axe finds in a page of HTML.

    Raises:
        NotThere
    """
    chromium, script = settings.CHROMIUM, settings.AXE_SCRIPT
    if not (chromium and script and os.access(chromium, os.X_OK) and Path(script).is_file()):
        raise NotThere
    with tempfile.TemporaryDirectory(prefix="axe-") as folder:
        mark = secrets.token_hex(16)
        file = Path(folder) / "page.html"
        file.write_text(_page(source, Path(script).read_text(encoding="utf-8"), mark), encoding="utf-8")
        # A child of root is another user.
        file.chmod(0o644)
        return _said(_dump(chromium, folder, file), mark)


def _page(source: str, script: str, mark: str) -> str:
    """Return the page with axe before it. Its policy lets nothing else run or load, nor lead elsewhere."""
    policy = f"default-src 'none'; script-src 'nonce-{mark}'; style-src 'unsafe-inline'; form-action 'none'"
    run = RUN % {"left_out": json.dumps(LEFT_OUT), "mark": mark}
    return (
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<script nonce="{mark}">{script}</script><script nonce="{mark}">{run}</script>{_staying(source)}'
    )


def _staying(source: str) -> str:
    """Return a page without what would lead elsewhere by itself. In one pass: a page may be made to be slow."""
    low, pieces, place = source.lower(), [], 0
    while (start := low.find("<meta", place)) >= 0:
        end = low.find(">", start) + 1 or len(source)
        pieces.append(source[place:start] if "http-equiv" in low[start:end] else source[place:end])
        place = end
    return "".join([*pieces, source[place:]])


def _dump(chromium: str, folder: str, file: Path) -> str:
    words = [chromium, *FLAGS, f"--user-data-dir={folder}/profile", file.as_uri()]
    try:
        with starting.started(BROWSER, folder, *words, seconds=SECONDS) as process:
            assert process.stdin and process.stdout  # noqa: S101 (both are pipes)
            process.stdin.close()
            return process.stdout.read(MAX_OUTPUT).decode("utf-8", "replace")
    except starting.NotConfined:
        raise NotThere from None


def _said(dom: str, mark: str) -> list[str]:
    found = re.search(rf'<pre id="{mark}">(.*?)</pre>', dom, re.S)
    if found is None:
        raise NotThere
    try:
        rules = answers.parsed(list[str], answers.value(found[1].encode(), most=MAX_OUTPUT))
    except answers.BadAnswer:
        raise NotThere from None
    if not all(RULE.fullmatch(rule) for rule in rules):
        raise NotThere
    return rules
