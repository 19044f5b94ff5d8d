"""A developer's machine: the demonstration, with full error pages."""

from config.settings.demo import *

DEBUG = True
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
