"""The work of the watch in a process that kills itself at a point: `python -m tests.faults.watch_app POINT FOLDER`.

E-mails are written into FOLDER, one file each.
"""

import os
import signal
import sys
from typing import Any

import django


def killed(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(real: Any) -> Any:
    """Return the function, which kills the process once it has returned."""

    def wrapped(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        killed()

    return wrapped


def main() -> None:
    point, folder = sys.argv[1:]
    django.setup()
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = folder
    from accounts import reminding
    from services.watch.actions import evaluating, telling

    where: dict[str, tuple[Any, str, Any]] = {
        "taken": (evaluating, "evaluate", killed),
        "read": (evaluating, "_run", killed),
        "written": (evaluating, "keep_finding", after(evaluating.keep_finding)),
        "settled": (evaluating, "evaluate", after(evaluating.evaluate)),
        "before the message": (reminding, "remind", killed),
        "after the message": (reminding, "remind", after(reminding.remind)),
    }
    module, name, deadly = where[point]
    setattr(module, name, deadly)
    evaluating.look()
    telling.tell()


if __name__ == "__main__":
    main()
