"""A simulated visitor without JavaScript: follows links, submits forms, keeps cookies. For the tour and its tests."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar
from time import monotonic, sleep
from types import MappingProxyType
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from lxml import html

Values = Mapping[str, str | Sequence[str]]
NOTHING: Values = MappingProxyType({})
#: Inputs that need no typing.
CLICKED = {"hidden", "submit", "radio", "checkbox"}


class Unexpected(Exception):
    """A page differs from what the step expects. The message names the page and the reason."""


@dataclass(frozen=True)
class FileToSend:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    body: bytes
    media_type: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def tree(self) -> html.HtmlElement:
        return html.fromstring(self.body, base_url=self.url)

    @property
    def text(self) -> str:
        """Text of the page's main part, with normalised spaces."""
        return " ".join(self.tree.xpath("string(//main)").replace("\u00a0", " ").replace("\u202f", " ").split())

    @property
    def title(self) -> str:
        return " ".join(str(self.tree.xpath("string((//main//h1)[1])")).split())

    def links(self, containing: str) -> list[str]:
        return [href for href in self.tree.xpath("//a/@href") if containing in href]

    def form(self, having: str = "") -> html.FormElement:
        """Return the first form of the main part with a field or an action named `having`.

        Raises:
            Unexpected: there is none.
        """
        for form in self.tree.xpath("//main//form"):
            if having in (form.action or self.url) or having in form.fields:
                return form
        raise Unexpected(f"{self.path}: no form with “{having}”")


def _typed(field: html.HtmlElement | html.RadioGroup | html.CheckboxGroup | html.SelectElement) -> bool:
    """Return True if the field is typed, not clicked. Radios or boxes of one name come as a group."""
    clicked = html.RadioGroup | html.CheckboxGroup | html.SelectElement
    return not isinstance(field, clicked) and field.get("type") not in CLICKED


class Visitor:
    def __init__(self, base_url: str, *, language: str = "fr") -> None:
        self.base_url = base_url
        self.language = language
        self.typed = 0
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, address: str) -> Page:
        return self._send(self._request(address))

    def try_open(self, address: str) -> Page:
        """Open a page that may answer with an error."""
        return self._send(self._request(address), may_fail=True)

    def _request(self, address: str) -> Request:
        return Request(urljoin(self.base_url, address))  # noqa: S310 - the address comes from the command line

    def submit(
        self, page: Page, form: html.FormElement, values: Values = NOTHING, files: Mapping[str, FileToSend] = {}
    ) -> Page:
        """Submit a form with its own values, then `values`, and follow redirects.

        Several boxes of one name are a list.
        """
        filled = dict(form.form_values()) | dict(values)
        self.typed += sum(_typed(form.inputs[name]) for name in values if name in form.fields)
        address = urljoin(page.url, form.action or page.url)
        if form.method.upper() == "GET":
            return self.open(f"{address}?{urlencode(filled, doseq=True)}")
        if files or form.get("enctype") == "multipart/form-data":
            body, content_type = _multipart(filled, files)
        else:
            body, content_type = urlencode(filled, doseq=True).encode(), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content_type, "Referer": page.url}
        return self._send(Request(address, data=body, headers=headers))  # noqa: S310 - a form of a page opened above

    def wait_for_job(self, page: Page, *, seconds: float = 60) -> Page:
        """Poll a job's page until it leads elsewhere, and return the result.

        Raises:
            Unexpected: the job stopped, or takes longer than `seconds`.
        """
        end = monotonic() + seconds
        while "/travaux/" in page.path:
            if (state := page.tree.xpath("string(//*[@id='job']/@data-state)")) in {"failed", "cancelled"}:
                raise Unexpected(f"{page.path}: the job is {state}: {page.text[:200]}")
            if state == "done":
                return self.open(page.tree.xpath("string(//*[@id='job']//a/@href)"))
            if monotonic() > end:
                raise Unexpected(f"{page.path}: still “{state}” after {seconds:.0f} s")
            sleep(0.3)
            page = self.open(page.url)
        return page

    def _send(self, request: Request, *, may_fail: bool = False) -> Page:
        request.add_header("Accept-Language", self.language)
        try:
            answer = self.opener.open(request, timeout=60)
        except HTTPError as error:
            answer = error
        with answer:
            page = Page(answer.url, answer.status or 0, answer.read(), answer.headers.get_content_type())
        if page.status >= 400 and not may_fail:
            raise Unexpected(
                f"{page.path}: {page.status}: {page.text[:300] if page.media_type == 'text/html' else ''}"
            )
        return page


def _multipart(values: Values, files: Mapping[str, FileToSend]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in values.items():
        if name not in files:
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, file in files.items():
        disposition = f'Content-Disposition: form-data; name="{name}"; filename="{file.name}"'
        head = f"--{boundary}\r\n{disposition}\r\nContent-Type: {file.media_type}\r\n\r\n"
        parts += [head.encode(), file.content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
