from django.apps import AppConfig


class DealersConfig(AppConfig):
    name = "dealers"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from config.backoffice.resources import Looks
        from dealers import (  # noqa: F401  registers its checks
            checks,
            codes,
            events,
            impersonation,
            saved_views,
            schedules,
            tenancy,
        )

        connection_created.connect(tenancy.fence, dispatch_uid="dealers.fence")
        connection_created.connect(impersonation.guard, dispatch_uid="dealers.guard")
        events.connect()
        Looks.of = saved_views.look_of
        post_migrate.connect(schedules.create_missing, sender=self)
        codes.take_over()
