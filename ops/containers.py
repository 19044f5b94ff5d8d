"""What lies in the portal's image, read from the Dockerfile and .dockerignore: `python -m ops.containers check`.

Builds nothing. Lists what the last stage copies, from the folder or from another stage, and names what has no place
there: a secret, a test, the repository, a file that is not in the repository.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Names of what production keeps: its keys, its variables, its certificates.
SECRET = re.compile(
    r"(^|/)(environment|secret|owner|release|database|Caddyfile|\.env[^/]*)$|\.(pem|p12|pfx|key|crt|dump)$"
    r"|(^|/)(keyring|receipt-keys)[^/]*\.json$"
)
#: Folders that an image has no use for.
NEVER = {".git", ".venv", "bench", "demo", "docs", "node_modules", "tests", "var"}


@dataclass
class Stage:
    """One stage: its base, the files that it has of the folder, and its last user."""

    base: str
    files: set[str] = field(default_factory=set)
    user: str = "root"


def context(folder: Path) -> list[str]:
    """Return the files of the folder that a builder is sent."""
    rules = list(_rules((folder / ".dockerignore").read_text()))
    found = []
    for here, _folders, files in os.walk(folder):
        for file in files:
            path = (Path(here) / file).relative_to(folder).as_posix()
            if not _is_ignored(path, rules):
                found.append(path)
    return sorted(found)


def stages(dockerfile: str, sent: list[str]) -> dict[str, Stage]:
    """Return the stages by name. The last one, which is the image, is named `image` if it has no name.

    Raises:
        ValueError: an instruction that this module does not read, such as ADD.
    """
    made: dict[str, Stage] = {}
    for word, rest in _instructions(dockerfile):
        if word == "FROM":
            base, named = (re.split(r"\s+AS\s+", rest, flags=re.IGNORECASE) + ["image"])[:2]
            made[named] = now = Stage(base, set(made[base].files) if base in made else set())
        elif word == "COPY":
            now.files |= set(_copied(rest, sent, made))
        elif word == "USER":
            now.user = rest
        elif word not in {"ARG", "RUN", "WORKDIR", "ENV", "VOLUME", "CMD"}:
            raise ValueError(f"{word} is not read here: use COPY.")
    return made


def faults(folder: Path) -> Iterator[str]:
    """Yield what has no place in the image."""
    made = stages((folder / "Dockerfile").read_text(), context(folder))
    image = list(made.values())[-1]
    if image.user in {"root", "0", ""}:
        yield "The image runs as root: set USER."
    known = _in_repository(folder)
    for path in sorted(image.files):
        if SECRET.search(path):
            yield f"{path} looks like a secret."
        elif NEVER.intersection(path.split("/")[:-1]):
            yield f"{path} is of no use to the image."
        elif path not in known:
            yield f"{path} is not in the repository."


def main() -> int:
    if sys.argv[1:] != ["check"]:
        print("python -m ops.containers check", file=sys.stderr)
        return 2
    found = list(faults(ROOT))
    for name, stage in stages((ROOT / "Dockerfile").read_text(), context(ROOT)).items():
        counted: dict[str, int] = {}
        for path in stage.files:
            counted[path.split("/")[0]] = counted.get(path.split("/")[0], 0) + 1
        told = ", ".join(f"{top} ({count})" for top, count in sorted(counted.items()))
        print(f"{name}, from {stage.base}, as {stage.user}: {told or 'nothing of this folder'}")
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


def _rules(text: str) -> Iterator[tuple[bool, re.Pattern[str]]]:
    """Yield the lines of .dockerignore: whether each takes back what one before left out, and what it matches."""
    for line in text.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            back = pattern.startswith("!")
            words = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("!").strip("/"))
            shapes = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
            shape = "".join(shapes.get(word, re.escape(word)) for word in words)
            yield back, re.compile(f"{shape}(?:/.*)?")


def _is_ignored(path: str, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    """Return whether the last rule that matches the file, or a folder above it, leaves it out."""
    ignored = False
    for back, shape in rules:
        if shape.fullmatch(path):
            ignored = not back
    return ignored


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def _copied(rest: str, sent: list[str], made: dict[str, Stage]) -> Iterator[str]:
    """Yield the files of one COPY. From another stage, all of this folder's that the stage has."""
    (*sources, _target) = [word for word in rest.split() if not word.startswith("--")]
    if match := re.search(r"--from=(\S+)", rest):
        yield from made[match[1]].files
        return
    for source in sources:
        shape = source.removeprefix("./").strip("/")
        yield from (path for path in sent if shape in {".", ""} or path == shape or path.startswith(f"{shape}/"))


def _in_repository(folder: Path) -> set[str]:
    words = ["git", "ls-files", "-z", "--cached"]
    return set(subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.split("\0"))


if __name__ == "__main__":
    sys.exit(main())
