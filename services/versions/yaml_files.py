"""Versions as YAML files, written out and read back.

A file comes from somebody else: it is read by the safe loader, within limits that are checked on its events before
anything is built.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import yaml
from django.utils.translation import gettext as _

from core.unstorable import UNSTORABLE

MOST_BYTES: Final = 200_000
MOST_NODES: Final = 20_000
MOST_DEPTH: Final = 40
#: References of one part of a file to another. A bomb needs them; no version does.
MOST_ALIASES: Final = 0


class Unreadable(Exception):
    """The file is no version; the message is a sentence for whoever gave it."""


class _Loader(yaml.SafeLoader):
    """The safe loader; a bare "=", which the public files have as an operator, is a text."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: node.value)


def load(content: bytes) -> dict[str, Any]:
    """Read a file.

    Raises:
        Unreadable
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(_("Ce fichier est trop gros : %(most)s kilo-octets au plus.") % {"most": MOST_BYTES // 1000})
    try:
        text = content.decode("utf-8-sig")
        _measure(text)
        found = yaml.load(text, _Loader)  # noqa: S506 - it derives from the safe loader
    except UnicodeDecodeError:
        raise Unreadable(_("Ce fichier n’est pas du texte.")) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = _("ligne %(line)s") % {"line": mark.line + 1} if mark else _("quelque part")
        raise Unreadable(_("Ce fichier n’est pas du YAML lisible : %(where)s.") % {"where": where}) from None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise Unreadable(_("Ce fichier n’a pas la forme attendue."))
    plain: dict[str, Any] = _plain(found)
    return plain


def _measure(text: str) -> None:
    """Look at the events of a file, which cost no memory, before its objects are built."""
    nodes = aliases = depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        nodes += isinstance(event, yaml.NodeEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if aliases > MOST_ALIASES:
            raise Unreadable(
                _("Ce fichier renvoie d’un endroit à un autre (alias) : écrivez chaque valeur en entier.")
            )
        if nodes > MOST_NODES or depth > MOST_DEPTH:
            raise Unreadable(_("Ce fichier est trop grand ou trop emboîté."))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a file
    """Return what the database's JSON can hold: YAML also has dates.

    Raises:
        Unreadable: a number is infinite or none, or a text has a character that cannot be stored.
    """
    if (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, str) and UNSTORABLE.search(value)
    ):
        raise Unreadable(_("Ce fichier n’a pas la forme attendue."))
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def dump(document: Mapping[str, Any]) -> str:
    """Return a version as YAML, in its own order."""
    text: str = yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False, width=100)
    return text
