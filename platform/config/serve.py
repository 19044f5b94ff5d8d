"""The web server: `python -m config.serve` accepts granian's options.

The application is loaded once (with SIMULATE=1 also the law); granian then forks its workers, which share that memory.
It halves the cost of a start, and a dead worker is replaced at once. New code needs a restart: SIGHUP would fork the
old code again.
"""

import gc
import multiprocessing
import os
import sys
from itertools import pairwise

import django
from granian.cli import entrypoint

from config import checks

APPLICATION = ["--interface", "wsgi", "--no-ws", "config.wsgi:application"]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
    multiprocessing.set_start_method("fork")
    django.setup()
    checks.refuse_to_serve(*(word for flag, word in pairwise(sys.argv) if flag == "--host"))
    gc.freeze()
    sys.argv += APPLICATION
    entrypoint()  # type: ignore[no-untyped-call]  # granian does not type it


if __name__ == "__main__":
    main()
