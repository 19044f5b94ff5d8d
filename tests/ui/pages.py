"""Parse a response as a user or a browser reads it."""

import re
from html.parser import HTMLParser

from core.models import City

PUBLIC = ("home", "legal", "privacy", "accessibility", "cookies", "help", "promise", "sitemap")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Reader(HTMLParser):
    """Parser of tags with their attributes, text and nesting errors."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.faults, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.words.append(data)


def read(response_or_html):
    html = response_or_html if isinstance(response_or_html, str) else response_or_html.content.decode()
    reader = Reader()
    reader.feed(html)
    reader.faults += [f"<{tag}> stays open" for tag in reader.open]
    return reader


def text(response_or_html):
    return re.sub(r"[ \n\t]+", " ", " ".join(read(response_or_html).words)).strip()


def assert_clean(html, *, whole_page=False):
    """Assert valid nesting, unique ids, targets of labels and descriptions, and the content policy."""
    reader = read(html)
    assert reader.faults == []
    ids = [attrs["id"] for _tag, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids)), sorted(name for name in ids if ids.count(name) > 1)
    for tag, attrs in reader.tags:
        assert "style" not in attrs and not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert tag != "style" and (tag != "script" or attrs.get("src")), tag
        for name in ("for", "aria-labelledby", "aria-describedby"):
            for target in (attrs.get(name) or "").split():
                assert target in ids, f"{tag} {name}={target}"
        if tag in {"script", "img", "link"}:
            assert (attrs.get("src") or attrs.get("href")).startswith("/"), attrs
    if whole_page:
        assert [tag for tag, _attrs in reader.tags].count("h1") == 1
        levels = [int(tag[1]) for tag, _attrs in reader.tags if re.fullmatch(r"h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)), levels


def villebrume():
    """Return a city that is not saved."""
    return City(
        name="Villebrume",
        of_name="de Villebrume",
        insee="00042",
        phone="01 99 00 42 00",
        opening_hours="du lundi au vendredi",
        address="Maison des services, 3 place du Lavoir",
        email="contact@villebrume.example",
        dpo_email="dpo@villebrume.example",
        exit_url="https://www.bnf.fr/",
    )
