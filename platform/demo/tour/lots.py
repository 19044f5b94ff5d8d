"""A step of the tour: accept what four holders send, give each its code, see it in the vault, then stop one."""

import re
from time import monotonic, sleep
from urllib.parse import urlencode
from urllib.request import urlopen

from django.conf import settings

from demo.seeding.senders import SENDERS
from demo.tour.visitor import Unexpected, Visitor

CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}")
STOPPED = "cantine"
SECONDS = 60


def receive_lots(visitor: Visitor) -> str:
    """Accept each holder as the signed-in resident. Nothing is ticked beforehand: the step ticks every line."""
    sent = {name: _accepted(visitor, name, holder, types) for name, (holder, types, _rhythm) in SENDERS.items()}
    for path in sent.values():
        _wait_for_arrival(visitor, path)
    connection = sent[STOPPED]
    asked = visitor.open(f"{connection}arreter/")
    visitor.submit(asked, asked.form())
    if "Arrêtée" not in visitor.open(connection).text:
        raise Unexpected(f"{connection}: it was not stopped")
    return f"{len(sent)} holders sent what was accepted, one was stopped"


def _wait_for_arrival(visitor: Visitor, path: str) -> None:
    end = monotonic() + SECONDS
    while "Rien reçu" in visitor.open(path).text:
        if monotonic() > end:
            raise Unexpected(f"{path}: nothing arrived after {SECONDS} s")
        sleep(0.3)


def _accepted(visitor: Visitor, name: str, holder: str, types: list[str]) -> str:
    """Return the path of the connection."""
    page = visitor.open(f"/coffre/connexions/nouvelle/{holder}/")
    made = visitor.submit(page, page.form("datasets"), {"datasets": types})
    code = CODE.search(made.text)
    if code is None:
        raise Unexpected(f"{made.path}: no code: {made.text[:200]}")
    with urlopen(f"{settings.HOLDERS_URL}/{name}/", urlencode({"code": code[0]}).encode(), 20) as answer:  # noqa: S310
        if "envoyées" not in answer.read().decode():
            raise Unexpected(f"{name}: nothing was sent")
    return made.path
