"""OpenFisca-France's law, loaded in a fifth of the time: its parameters are compiled once, as byte code is.

    python -m services.aids.engine.law      compile them, where the processes that simulate may not write

Cost: of the 2.6 s of processor time that loading took, parsing 4,064 YAML files took 1.5 s, and parsing each module of
variables again, for its source, 0.5 s. The compiled file has what the YAML files hold, nothing computed: OpenFisca
builds the same tree from it. It is JSON beside the byte code of the package, under the same rights; another version,
or a changed file, makes it anew. Tests compare both trees. Two files whose groups have numbers for names, which JSON
does not have, are parsed each time.
"""

import gc
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import openfisca_france
from openfisca_core.parameters import ParameterNodeAtInstant, config, helpers, parameter_node
from openfisca_core.variables import Variable

PACKAGE: Final = Path(openfisca_france.__file__).parent
PARAMETERS: Final = PACKAGE / "parameters"


class Law(openfisca_france.FranceTaxBenefitSystem):  # type: ignore[misc]  # OpenFisca is untyped
    """The stock system, with the same variables and parameters."""

    def load_parameters(self, path_to_yaml_dir: str) -> None:
        with _reading(parsed()):
            super().load_parameters(path_to_yaml_dir)

    def add_variables_from_file(self, file_path: str) -> None:
        """Add the variables that a module defines, without their source code, which only OpenFisca's web API shows."""
        name = f"{id(self)}_{hash(os.path.abspath(file_path))}_{Path(file_path).stem}"
        spec = importlib.util.spec_from_file_location(name, file_path)
        if spec is None or spec.loader is None:
            raise ImportError(file_path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        for found in (getattr(module, item) for item in dir(module) if not item.startswith("__")):
            if isinstance(found, type) and issubclass(found, Variable) and found.__module__ == name:
                self.add_variable(found)


class NodeAtInstant(ParameterNodeAtInstant):  # type: ignore[misc]  # OpenFisca is untyped
    """The parameters of a group on a day, each read the first time that it is asked for.

    OpenFisca reads all 12,000 at once for each new day; a run asks for some hundreds, on 22 days.
    """

    def __init__(self, name: str, node: Any, instant_str: str) -> None:  # noqa: ANN401 - OpenFisca is untyped
        self._name = name
        self._instant_str = instant_str
        self._node = node

    def __getattr__(self, key: str) -> Any:  # noqa: ANN401 - a group, a value or a scale
        if key == "_children":
            self._children = {name: child for name in self._node.children if (child := self._at(name)) is not None}
            return self._children
        found = self._at(key) if not key.startswith("__") else None
        return super().__getattr__(key) if found is None else found

    def _at(self, name: str) -> Any:  # noqa: ANN401 - a group, a value or a scale
        """Return the child on that day, or None if it has no value then."""
        if name not in vars(self) and name in self._node.children:
            found = self._node.children[name]._get_at_instant(self._instant_str)  # noqa: SLF001 - as the stock node does
            if found is not None:
                self.__dict__[name] = found
        return vars(self).get(name)


def load() -> Law:
    parameter_node.ParameterNodeAtInstant = NodeAtInstant
    with _no_collection():
        return Law()


def parsed() -> dict[str, Any]:
    """Return what each YAML file holds, by its path inside the package."""
    compiled, mark = _compiled(), _mark()
    content: dict[str, Any] = {}
    with suppress(OSError, ValueError, TypeError):
        written, kept = json.loads(compiled.read_bytes())
        if written == mark:
            content = dict(kept)
    fresh = {_key(file): helpers._load_yaml_file(file) for file in _files() if _key(file) not in content}  # noqa: SLF001
    if not content and not sys.dont_write_bytecode:
        same = {key: value for key, value in fresh.items() if _is_json(value)}
        with suppress(OSError):
            _write(compiled, json.dumps([mark, same]).encode())
    return content | fresh


def _is_json(value: object) -> bool:
    with suppress(TypeError):
        return bool(json.loads(json.dumps(value)) == value)
    return False


def _compiled() -> Path:
    return Path(importlib.util.cache_from_source(str(PACKAGE / "parameters.py"))).with_suffix(".json")


def _key(file: str) -> str:
    return file.removeprefix(f"{PACKAGE}{os.sep}")


def _files() -> list[str]:
    """Return the files that OpenFisca reads."""
    endings = tuple(config.FILE_EXTENSIONS)
    return [
        f"{folder}{os.sep}{name}"
        for folder, _, names in os.walk(PARAMETERS)
        for name in names
        if name.endswith(endings)
    ]


def _mark() -> str:
    """Return what changes with any file, as `pip` and an editor change it: each one's name, size and time.

    In whole seconds, as of byte code: an image or an archive keeps no more, and would never match.
    """
    stats = sorted((_key(file), (found := os.stat(file)).st_size, int(found.st_mtime)) for file in _files())
    versions = [version(package) for package in ("openfisca-france", "openfisca-core", "pyyaml")]
    return hashlib.sha256(repr((versions, stats)).encode()).hexdigest()


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(file)


@contextmanager
def _reading(content: dict[str, Any]) -> Iterator[None]:
    """Answer OpenFisca's reader with what was parsed already. Only one thread loads the law."""
    stock = helpers._load_yaml_file  # noqa: SLF001
    helpers._load_yaml_file = lambda file: content[_key(file)]  # noqa: SLF001
    try:
        yield
    finally:
        helpers._load_yaml_file = stock  # noqa: SLF001


@contextmanager
def _no_collection() -> Iterator[None]:
    """Nothing of what is loaded is garbage: looking for it takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


if __name__ == "__main__":
    parsed()
