"""The tests' settings with a real mail server, at the port of TEST_MAIL_PORT."""

import os

from config.settings.test import *  # noqa: F403 - as settings do

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ["TEST_MAIL_PORT"])
