from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "Ville"

    def ready(self) -> None:
        from core import checks, leaving, own_rows  # noqa: F401 - its checks register themselves

        leaving.register(own_rows.APP)
