"""The tests: the demonstration with fast password hashing, e-mails in memory and one var folder per process."""

import os

from config import environment

if not environment.text("GARANT_TEST"):
    # A process started by a test works in that test's folder instead (tests/conftest.py).
    environment.VAR = environment.VAR / "tests" / str(os.getpid())

from config.settings.demo import *

SECRET_KEY = "test-only-" + "x" * 50
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS[1:]]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SMS_PROVIDER = "core.messages.sms.Files"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
