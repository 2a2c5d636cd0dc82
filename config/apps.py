from django.apps import AppConfig


class ForecourtConfig(AppConfig):
    """The composition root as an app, so that its system checks are found."""

    name = "config"
    label = "forecourt"

    def ready(self) -> None:
        from config import checks  # noqa: F401  registers the checks
