from django.apps import AppConfig


class DealersConfig(AppConfig):
    name = "dealers"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from dealers import checks, events, impersonation, schedules, tenancy  # noqa: F401  registers the checks

        connection_created.connect(tenancy.fence, dispatch_uid="dealers.fence")
        connection_created.connect(impersonation.guard, dispatch_uid="dealers.guard")
        events.connect()
        post_migrate.connect(schedules.create_missing, sender=self)
