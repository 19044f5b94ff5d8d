from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        from accounts.sign_in import reauthentication
        from demo.vaults import TOWN
        from demo.views import way
        from vault.types import geography

        reauthentication.register(way)
        geography.add_fictional(TOWN["cog"], TOWN["commune"], TOWN["code_postal"])
