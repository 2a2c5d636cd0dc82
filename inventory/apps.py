from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from inventory import schedules

        post_migrate.connect(schedules.create_missing, sender=self)
