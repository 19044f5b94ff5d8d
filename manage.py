#!/usr/bin/env python
import gc
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # `platform/` is a source root and must not be a package: it would shadow Python's own module.
    sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["migrate"]:
        # Migrations make models by the thousand: looking for garbage among them took a sixth of their time.
        gc.set_threshold(100_000)
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"The database does not answer, or refused: {str(error).partition(chr(10))[0]}")
