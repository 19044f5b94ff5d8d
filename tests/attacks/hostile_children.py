"""The parent of children whose parser is hostile: `python tests/attacks/hostile_children.py FOLDER`.

It starts each child whose program is in the folder as the portal does, with the code of hostile_code.py in its place,
and prints what worked. It is a process of its own, so that it may run as another user; its memory and variables are
what the child is after.
"""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CODE = Path(__file__).with_name("hostile_code.py")
#: The child that becomes Chromium, which may do more than those that parse.
BROWSER = "browser"
#: The child, the module that stands for its parser, and what the child calls there.
CHILDREN: dict[str, tuple[str, str, str]] = {
    "readers": ("vault/readers/child.py", "vault.readers.files.document", "open_document"),
    "watermark": ("services/dossiers/pdf/child.py", "vault.readers.files.document", "open_document"),
    "official form": ("services/official_forms/pdf/child.py", "services.official_forms.pdf.blank", "look"),
    "letter": ("platform/core/pdf/child.py", "core.pdf.layout", "lay_out"),
    "dossier": ("services/dossiers/pdf/layer.py", "core.pdf.layout", "lay_out"),
    "letters of a photo": ("vault/readers/tesseract.py", "", ""),
}


def script(child: str, targets: dict[str, Any]) -> str:
    """Return the child's program, with hostile code in the place of what parses."""
    if child == BROWSER:
        return f"{CODE.read_text()}\nreport({targets!r})"
    path, module, name = CHILDREN[child]
    if not module:
        return tesseract_script(path, targets)
    before = b"%PDF" if child == "letter" else b""
    return "\n".join(
        [
            CODE.read_text(),
            f"TARGETS = {targets!r}",
            "import runpy, sys, types",
            "def in_its_place(*_values, **_options):",
            f"    report(TARGETS, {before!r})",
            f"parser = types.ModuleType({module!r})",
            f"parser.VARIANT, parser.{name} = None, in_its_place",
            f"sys.modules[{module!r}] = parser",
            f"runpy.run_path({str(ROOT / path)!r}, run_name='__main__')",
        ]
    )


def tesseract_script(path: str, targets: dict[str, Any]) -> str:
    """Return the program that becomes Tesseract, where Tesseract is another Python, which runs hostile code."""
    code = f"{CODE.read_text()}\nreport({targets!r})"
    return "\n".join(
        [
            "import runpy, sys",
            f"sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'platform')!r}]",
            "from pathlib import Path",
            "from vault.readers.files import letters",
            "letters.PROGRAM = Path(sys.executable).resolve()",
            f"letters.WORDS = (str(letters.PROGRAM), '-I', '-c', {code!r})",
            "sys.argv = ['x', '20']",
            f"runpy.run_path({str(ROOT / path)!r}, run_name='__main__')",
        ]
    )


def ask_browser(program: Path) -> bytes:
    """Start the child that becomes Chromium, where Chromium is another Python."""
    from core.confinement import starting

    words = [str(program.parent / "own"), str(Path(sys.executable).resolve()), "-I", "-c", program.read_text()]
    Path(words[0]).mkdir()
    with starting.started(ROOT / "certification/labels/checks/browser.py", *words, seconds=60) as process:
        assert process.stdin and process.stdout
        process.stdin.close()
        return process.stdout.read()


def ask_dossier(program: Path) -> bytes:
    from core.confinement import starting
    from core.pdf import leftovers

    folder = leftovers.make()
    with starting.started(program, seconds=60, TMPDIR=str(folder)) as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps({"html": "", "style": "", "mark": "", "files": []}).encode() + b"\n")
        process.stdin.close()
        said = process.stdout.read()
    leftovers.remove_one(folder)
    return said


def ask_letter(program: Path) -> bytes:
    from core.pdf import apart

    apart.CHILD = program
    return apart.draw("<p>x</p>", style="").removeprefix(b"%PDF")


def ask_reader(program: Path) -> bytes:
    from vault.readers import sandbox

    mode = {"watermark": "watermark", "official": "look"}.get(program.stem.split()[0], "text")
    options = {"max_pages": 1, "dpi": 72, "text": "x"}
    sent = json.dumps(options).encode() + b"\n"
    with sandbox._process(program, [mode, "20"], sent, io.BytesIO(b"x"), cpu_seconds=20) as output:
        return output.read()


ASKING: dict[str, Callable[[Path], bytes]] = {
    "letter": ask_letter,
    "dossier": ask_dossier,
    BROWSER: ask_browser,
}


def main(folder: Path) -> None:
    from django.conf import settings

    from core.confinement import own

    settings.configure(PRODUCTION=True)
    # As each process of the portal does when Django starts.
    own.forbid_inspection()
    worked = {}
    for child in (*CHILDREN, BROWSER):
        lines = ASKING.get(child, ask_reader)(folder / f"{child} program.py").splitlines()
        assert lines, f"the hostile code did not come to its end in the place of {child}"
        worked[child] = [name for line in lines for name in json.loads(line)]
    sys.stdout.write(json.dumps(worked))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    main(Path(sys.argv[1]))
