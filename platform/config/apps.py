from django.apps import AppConfig

from config import processes


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Register the system checks, and stop every process whose settings are unsafe."""
        from config import checks

        processes.leave_no_core()
        checks.refuse_to_start()
