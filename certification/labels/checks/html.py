"""What a check reads of a page of HTML. The page is never run, and what it loads is not loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from lxml import etree

#: What a browser loads by itself: the element, the attribute of the address.
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "embed": "src",
    "object": "data",
    "video": "src",
    "audio": "src",
    "source": "src",
    "input": "src",
}
LINKS = frozenset({"stylesheet", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "icon"})
#: Addresses of each sort that are read of a page, and characters of one, as in `core.outgoing`. A long base before
#: each of them would fill the memory.
MOST, LONGEST = 10_000, 2000
SILENT = frozenset({"script", "style", "template", "noscript"})
#: Country domains below which anyone registers: `exemple.asso.fr` and `autre.asso.fr` are two sites.
SECOND_LEVELS = frozenset({"asso", "com", "co", "gouv", "nom", "org", "net", "ac", "gov", "edu"})


@dataclass
class Html:
    """A page: its language, its words, and the addresses that a browser would load, as absolute URLs."""

    language: str = ""
    text: str = ""
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, source: str, url: str) -> Self:
        root = _tree(source)
        if root is None:
            return cls()
        base, loads, links = url, [], []
        for element in root.iter(etree.Element):
            if element.tag == "base" and base == url:
                base = _joined(url, element.get("href", "")) or url
            elif element.tag == "a":
                links.append(element.get("href", ""))
            elif element.tag == "link" and LINKS & set(element.get("rel", "").lower().split()):
                loads.append(element.get("href", ""))
            elif element.tag in LOADED:
                loads.append(element.get(LOADED[element.tag], ""))
        language = root.get("lang", "") if root.tag == "html" else ""
        return cls(
            language.strip().lower()[:20],
            " ".join(" ".join(_words(root)).split()),
            _absolute(base, loads),
            _absolute(base, links),
        )

    def others(self, url: str) -> list[str]:
        """Return the hosts of other sites that a browser would call, in order."""
        here = urlsplit(url).hostname or ""
        hosts = [urlsplit(one).hostname or "" for one in self.loads]
        return list(dict.fromkeys(host for host in hosts if host and not same_site(host, here)))


def same_site(one: str, other: str) -> bool:
    return _site(one) == _site(other)


def _site(host: str) -> str:
    labels = host.lower().rstrip(".").split(".")
    kept = 3 if len(labels) > 2 and labels[-2] in SECOND_LEVELS else 2
    return ".".join(labels[-kept:])


def _absolute(base: str, found: Sequence[str]) -> list[str]:
    different = list(dict.fromkeys(found))[:MOST]
    return [url for one in different if one and (url := _joined(base, one))]


def _joined(base: str, address: str) -> str:
    """Return an absolute address of the web, or an empty string."""
    try:
        url = urljoin(base, address.strip())
        return url if len(url) <= LONGEST and urlsplit(url).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _tree(source: str) -> Any:  # noqa: ANN401 - lxml is untyped
    """Return the root of a page, or None if it has no element.

    libxml2 reads it in one pass: Python's own parser takes minutes for a page that is made to be slow.
    """
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(source.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _words(root: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            silent += element.tag in SILENT
            if not silent and element.text:
                yield element.text
        else:
            silent -= element.tag in SILENT
            if not silent and element.tail:
                yield element.tail
