from django.apps import AppConfig


class DealersConfig(AppConfig):
    name = "dealers"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from dealers import checks, events, tenancy  # noqa: F401  registers the checks

        connection_created.connect(tenancy.fence, dispatch_uid="dealers.fence")
        events.connect()
