import os

from config import processes

# Must come first: if the parent is killed while this process loads the law, this process must end too.
processes.die_with_parent()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - see above

from config import checks  # noqa: E402 - see above

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

application = get_wsgi_application()
checks.refuse_to_serve()
