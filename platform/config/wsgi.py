import os

from django.core.wsgi import get_wsgi_application

from config import checks
from core.database.postgres.base import DatabaseWrapper

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

DatabaseWrapper.serving = True
application = get_wsgi_application()
checks.refuse_to_answer()
