from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "sales"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from sales import conversion, schedules, timeline

        timeline.connect()
        conversion.connect()
        post_migrate.connect(schedules.create_missing, sender=self)
