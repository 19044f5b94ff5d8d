from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        from accounts.sign_in import reauthentication
        from demo.views import way

        reauthentication.register(way)
