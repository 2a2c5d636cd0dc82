from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IngestionConfig(AppConfig):
    name = "ingestion"
    verbose_name = "DGI"

    def ready(self) -> None:
        from ingestion import checks, erasing, schedules, visits  # noqa: F401  registers the checks
        from ingestion.job_types import JOB_TYPES

        for job_type in JOB_TYPES.values():
            for model in job_type.models:
                model.seen_with = job_type.seen_with  # type: ignore[attr-defined]
        visits.connect()
        erasing.connect()
        post_migrate.connect(schedules.create_missing, sender=self)
