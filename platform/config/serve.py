"""The web server: `python -m config.serve` takes granian's options.

The application, and where SIMULATE=1 the law, is loaded once; granian then forks its workers, which share that memory. It halves what a
start costs, and a worker that has died is replaced in a moment. New code needs a restart: SIGHUP would fork the old one again.
"""

import gc
import multiprocessing
import os
import sys

import django
from granian.cli import entrypoint

from config import checks

APPLICATION = ["--interface", "wsgi", "--no-ws", "config.wsgi:application"]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
    multiprocessing.set_start_method("fork")
    django.setup()
    checks.refuse_to_start()
    gc.freeze()
    sys.argv += APPLICATION
    entrypoint()  # type: ignore[no-untyped-call]  # granian does not type it


if __name__ == "__main__":
    main()
