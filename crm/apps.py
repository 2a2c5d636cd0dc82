from django.apps import AppConfig


class CRMConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        from crm import timeline

        timeline.connect()
