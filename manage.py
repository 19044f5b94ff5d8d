#!/usr/bin/env python
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # `platform/` is a source root and must not be a package: it would shadow Python's own module.
    sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
