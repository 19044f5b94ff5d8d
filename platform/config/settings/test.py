"""The tests: as the demonstration, with fast password hashing, mail kept in memory, and a var folder of their own in each process."""

import os

from config import environment

if not environment.text("GARANT_TEST"):
    # Not in a process that a test has started: that one works in the folder of its test (tests/conftest.py).
    environment.VAR = environment.VAR / "tests" / str(os.getpid())

from config.settings.demo import *

SECRET_KEY = "test-only-" + "x" * 50
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SMS_PROVIDER = "core.messages.sms.Files"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
