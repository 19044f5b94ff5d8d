"""A developer's machine: the demonstration's people, errors shown in full."""

from config.settings.demo import *

DEBUG = True
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
