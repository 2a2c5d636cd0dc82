from django.apps import AppConfig


class CRMConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from crm import schedules, timeline

        timeline.connect()
        post_migrate.connect(schedules.create_missing, sender=self)
