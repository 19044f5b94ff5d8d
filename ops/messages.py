"""Translations.

French sentences in the code are the keys; locale/en has all of them in English, locale/fr only plurals.

    python -m ops.messages            read the code, update and compile both catalogues, list what has no English yet
    python -m ops.messages compile    compile them as they are
    python -m ops.messages missing    print what has no English yet as JSON: {"French": "", "French of one": ["", ""]}
    python -m ops.messages fill FILE  put such a JSON, filled in, into the English catalogue
    python -m ops.messages space      put non-breaking spaces into French sentences, of types too, then as the first

Needs neither gettext's programs nor a database. Keys are exact, non-breaking spaces included.
"""

import ast
import json
import os
import re
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "locale"
#: Our words for the sentences of Django's own validators. Written by hand; they take precedence over Django's.
VALIDATORS = LOCALE / "validators"
SOURCES = ("platform", "accounts", "vault", "services", "certification", "campaigns", "templates")
# Positions of (context, singular, plural) in the arguments of each function of django.utils.translation.
FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
PLURALS = {"en": "nplurals=2; plural=(n != 1);", "fr": "nplurals=2; plural=(n > 1);"}
Key = tuple[str, str]  # context, singular
NBSP = "\u00a0"
# French has a non-breaking space before double punctuation, inside quotation marks and in thousands.
SPACES = re.compile(
    r"(?<=\S) (?=[:;?!»€](?!=)|%%?(?![(a-z{}]))|(?<=«) |(?<=\d) (?=\d{3}(?!\d))|(?<=\d) (?=(?:Ko|Mo|h)\b)"
)

#: A French text of a type's labels.json.
LABEL = re.compile(r'("fr": ")((?:[^"\\]|\\.)*)')


@dataclass
class Message:
    context: str
    singular: str
    plural: str = ""
    strings: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.context, self.singular

    @property
    def is_translated(self) -> bool:
        return len(self.strings) == (2 if self.plural else 1) and all(self.strings)


def extract(root: Path = ROOT) -> dict[Key, Message]:
    """Return every sentence of the code and the templates, by file, then in order of appearance."""
    found: dict[Key, Message] = {}
    for path in sorted(path for folder in SOURCES for path in (root / folder).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".py":
            messages = _in_python(path.read_text(encoding="utf-8"))
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            messages = _in_template(path.read_text(encoding="utf-8"), name)
        else:
            continue
        for message in messages:
            known = found.setdefault(message.key, message)
            known.plural = known.plural or message.plural
            if name not in known.places:
                known.places.append(name)
    return found


def _in_python(source: str) -> Iterator[Message]:
    tree = ast.parse(source)
    names = {"_": "gettext"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = (
            call.func.id
            if isinstance(call.func, ast.Name)
            else call.func.attr
            if isinstance(call.func, ast.Attribute)
            else ""
        )
        shape = FUNCTIONS.get(names.get(name, name))
        if shape and (message := _message(call, shape)):
            yield message


def _message(call: ast.Call, shape: tuple[int | None, int, int | None]) -> Message | None:
    texts: list[str] = []
    for position in shape:
        if position is None:
            texts.append("")
            continue
        if position >= len(call.args):
            return None
        argument = call.args[position]
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            return None
        texts.append(argument.value)
    return Message(texts[0], texts[1], texts[2]) if texts[1] else None


_CALL = re.compile(r"""\b(gettext|ngettext|pgettext|npgettext|_)\((?=\s*u?['"])""")


def _in_template(source: str, name: str) -> Iterator[Message]:
    """Yield a template's messages: Django turns its tags into calls, and other text into X."""
    from django.utils.translation.template import templatize

    text = templatize(source, origin=name)
    for match in _CALL.finditer(text):
        call = _call_at(text, match.start())
        function = "gettext" if match[1] == "_" else match[1]
        if call and (message := _message(call, FUNCTIONS[function])):
            yield message


def _call_at(text: str, start: int) -> ast.Call | None:
    """Return the shortest call that starts here: a bracket inside its text does not end it."""
    end = start
    while (end := text.find(")", end) + 1) > 0:
        try:
            parsed = ast.parse(text[start:end], mode="eval").body
        except SyntaxError:
            continue
        return parsed if isinstance(parsed, ast.Call) else None
    return None


def read(path: Path) -> dict[Key, Message]:
    if not path.exists():
        return {}
    entries = (_entry(block) for block in path.read_text(encoding="utf-8").split("\n\n"))
    return {entry.key: entry for entry in entries if entry.singular}


def _entry(block: str) -> Message:
    values: dict[str, str] = {}
    places: list[str] = []
    name = ""
    for line in block.splitlines():
        if line.startswith("#: "):
            places.append(line[3:])
        elif line and not line.startswith("#"):
            if not line.startswith('"'):
                name, line = line.split(" ", 1)
            values[name] = values.get(name, "") + ast.literal_eval(line)
    strings = [values[name] for name in ("msgstr", "msgstr[0]", "msgstr[1]") if name in values]
    return Message(values.get("msgctxt", ""), values.get("msgid", ""), values.get("msgid_plural", ""), strings, places)


def write(path: Path, language: str, messages: Iterable[Message]) -> None:
    blocks = [f'msgid ""\nmsgstr ""\n{_quoted(_header(language))}']
    for message in messages:
        lines = [f"#: {place}" for place in message.places]
        lines += [f"msgctxt {_quoted(message.context)}"] if message.context else []
        lines.append(f"msgid {_quoted(message.singular)}")
        if message.plural:
            strings = message.strings or ["", ""]
            lines += [
                f"msgid_plural {_quoted(message.plural)}",
                f"msgstr[0] {_quoted(strings[0])}",
                f"msgstr[1] {_quoted(strings[1])}",
            ]
        else:
            lines.append(f"msgstr {_quoted((message.strings or [''])[0])}")
        blocks.append("\n".join(lines))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _header(language: str) -> str:
    return (
        f"Language: {language}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
        f"Plural-Forms: {PLURALS[language]}\n"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def compiled(language: str, messages: Iterable[Message]) -> bytes:
    """Return the .mo file that gettext reads, the same on every machine.

    It has sorted keys, then values, each ended by a zero byte.
    """
    pairs = {b"": _header(language).encode()}
    for message in messages:
        if message.is_translated:
            key = "\x04".join(filter(None, [message.context, message.singular])) + (
                f"\0{message.plural}" if message.plural else ""
            )
            pairs[key.encode()] = "\0".join(message.strings).encode()
    keys = sorted(pairs)
    offset = 28 + 16 * len(keys)
    tables: list[bytes] = []
    body = b""
    for texts in (keys, [pairs[key] for key in keys]):
        for text in texts:
            tables.append(struct.pack("<II", len(text), offset + len(body)))
            body += text + b"\0"
    return struct.pack("<IIIIIII", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0) + b"".join(tables) + body


def catalogue(language: str, kind: str = "po", locale: Path = LOCALE) -> Path:
    return locale / language / "LC_MESSAGES" / f"django.{kind}"


def update(root: Path = ROOT, locale: Path = LOCALE) -> dict[Key, Message]:
    """Write both catalogues and return the English one. Sentences removed from the code are removed from them."""
    found = extract(root)
    known = read(catalogue("en", locale=locale))
    known = {(context, spaced(text)): message for (context, text), message in known.items()} | known
    for key, message in found.items():
        old = known.get(key)
        message.strings = old.strings if old and bool(old.plural) == bool(message.plural) else []
    write(catalogue("en", locale=locale), "en", found.values())
    plurals = [
        Message(m.context, m.singular, m.plural, [m.singular, m.plural], m.places) for m in found.values() if m.plural
    ]
    write(catalogue("fr", locale=locale), "fr", plurals)
    compile_all(locale)
    return found


def compile_all(locale: Path = LOCALE) -> None:
    """Write the `.mo` files atomically, because another command may be reading them. They are not kept in git."""
    folders = (locale, VALIDATORS) if locale == LOCALE else (locale,)
    for path in [catalogue(language, locale=folder) for folder in folders for language in PLURALS]:
        language = path.parts[-3]
        made = path.with_suffix(f".{os.getpid()}")
        made.write_bytes(compiled(language, read(path).values()))
        made.replace(path.with_suffix(".mo"))


def spaced(text: str) -> str:
    return SPACES.sub(NBSP, text)


def space(root: Path = ROOT) -> list[str]:
    """Put non-breaking spaces into the sentences marked for translation, and nowhere else; return those changed."""
    changed = []
    for message in extract(root).values():
        for text in filter(None, (message.singular, message.plural)):
            if spaced(text) != text:
                changed.append(text)
                for place in message.places:
                    _replace(root / place, text)
    for file in root.glob("vault/types/*/labels.json"):
        source = file.read_text(encoding="utf-8")
        found = [match[2] for match in LABEL.finditer(source) if spaced(match[2]) != match[2]]
        if found:
            file.write_text(LABEL.sub(lambda match: match[1] + spaced(match[2]), source), encoding="utf-8")
        changed += found
    return changed


def _replace(path: Path, text: str) -> None:
    """Replace a sentence in a file, spelt as in its source.

    A template has `{{ name }}` where its message has `%(name)s`, and a message doubles `%`.
    """
    source = path.read_text(encoding="utf-8")
    code = path.suffix == ".py"
    pieces = [text] if code else [piece.replace("%%", "%") for piece in re.split(r"%\(\w+\)s", text)]
    blank = r'\s+(?:"\s+f?")?' if code else r"\s+"  # a literal of Python may go on in the next line
    pattern = r"(\{\{ \w+ \}\})".join(re.escape(piece).replace(r"\ ", blank) for piece in pieces)
    path.write_text(re.sub(pattern, lambda match: spaced(match[0]), source), encoding="utf-8")


def missing(messages: Iterable[Message]) -> dict[str, object]:
    return {m.singular: ["", ""] if m.plural else "" for m in messages if not m.is_translated}


def fill(path: Path) -> None:
    given = json.loads(path.read_text(encoding="utf-8"))
    messages = read(catalogue("en"))
    for message in messages.values():
        value = given.get(message.singular)
        if value and isinstance(value, list) == bool(message.plural):
            message.strings = value if isinstance(value, list) else [value]
    write(catalogue("en"), "en", messages.values())


def main(words: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    if words == ["compile"]:
        compile_all()
        return 0
    if words[:1] == ["fill"]:
        fill(Path(words[1]))
    if words[:1] == ["space"]:
        print("".join(f"  {text}{os.linesep}" for text in space()), end="")
    left = missing(update().values())
    if left and words[:1] == ["missing"]:
        print(json.dumps(left, ensure_ascii=False, indent=1))
    else:
        print(f"{len(left)} without English{''.join(f'{os.linesep}  {text}' for text in left)}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
