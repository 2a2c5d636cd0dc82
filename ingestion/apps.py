from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IngestionConfig(AppConfig):
    name = "ingestion"
    verbose_name = "DGI"

    def ready(self) -> None:
        from ingestion import checks, schedules  # noqa: F401  registers the checks

        post_migrate.connect(schedules.create_missing, sender=self)
