"""The portal with one more page, for a web server that a test kills or keeps waiting.

python -m tests.faults.upload_app PORT WINDOW
"""

import os
import sys

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
settings.ROOT_URLCONF = "tests.core.upload_site"
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - after the settings

from config.connections import Limits  # noqa: E402 - after the settings
from config.serve import serve  # noqa: E402 - after the settings

if __name__ == "__main__":
    # Bodies above `kept` are read while they come, as those of large files are.
    limits = Limits(kept=50_000, window=float(sys.argv[2]), whole=3 * float(sys.argv[2]))
    sys.exit(serve(get_wsgi_application(), "127.0.0.1", int(sys.argv[1]), workers=1, limits=limits))
