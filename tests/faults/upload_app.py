"""The portal with one more page, for a web server that a test kills.

granian tests.faults.upload_app:application
"""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
settings.ROOT_URLCONF = "tests.core.upload_site"
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - after the settings

application = get_wsgi_application()
