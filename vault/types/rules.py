"""The rules of a data type, beyond its schema and its words.

`rules.json` in the type's folder has them; `rules.schema.json` describes each one. The defaults below apply to the
rules that the file leaves out.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Validity:
    """Until when the values of a record are valid. At most one rule is set; without any, values do not expire."""

    until: str = ""
    years_after_income: int = 0
    months_after: int = 0
    school_year: bool = False


@dataclasses.dataclass(frozen=True)
class Rules:
    single: bool = False
    carried: bool = False
    data: bool = False
    blocks: bool = False
    places: bool = False
    household: bool = False
    typed: bool = True
    apart_by: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    validity: Validity = Validity()
    moment: str = "debut"
    asked: tuple[str, ...] = ()
    asked_of_child: tuple[str, ...] = ()
    usual: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    past: tuple[str, ...] = ()
    main: str = ""
    gist: tuple[str, ...] = ()
    heading: str = ""
    denied_by: str = ""
    needed: tuple[str, ...] | None = None
    secondary: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    followed_by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def load(path: Path) -> Rules:
    """Return the rules of a file, or the defaults where there is no such file.

    Raises:
        TypeError: a rule is unknown.
    """
    if not path.exists():
        return Rules()
    written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    validity = Validity(**written.pop("validity", {}))
    usual = {name: (low, high) for name, (low, high) in written.pop("usual", {}).items()}
    rules: dict[str, Any] = {name: tuple(rule) if isinstance(rule, list) else rule for name, rule in written.items()}
    return Rules(validity=validity, usual=usual, **rules)
