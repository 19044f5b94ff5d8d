"""The portal with one page more, for a real web server that the test kills: granian tests.faults.upload_app:application"""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
settings.ROOT_URLCONF = "tests.core.upload_site"
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - after the settings

application = get_wsgi_application()
