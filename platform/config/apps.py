from django.apps import AppConfig

from core.confinement import own


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Register the system checks, and stop every process whose settings are unsafe."""
        from config import checks

        own.forbid_inspection()
        checks.refuse_to_start()
