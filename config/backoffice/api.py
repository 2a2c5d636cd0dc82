"""What the API's views have in common."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer
from rest_framework.routers import APIRootView, DefaultRouter
from rest_framework.views import APIView

from config.backoffice.schema import Schema


class BackofficeView(APIView):
    """A view whose errors are documented and whose browsable form is for staff who are signed in."""

    schema = Schema()

    def get_renderers(self) -> list[BaseRenderer]:
        renderers = super().get_renderers()
        # The session's user: to ask for the token's here would answer a bad token before errors can be rendered.
        user: Any = getattr(getattr(self.request, "_request", None), "user", None)
        if user is not None and user.is_active and user.is_staff:
            return renderers
        return [renderer for renderer in renderers if not isinstance(renderer, BrowsableAPIRenderer)]


class Root(BackofficeView, APIRootView):
    """The addresses of the API."""

    schema = None  # type: ignore[assignment]


class Router(DefaultRouter):
    """The one router of the API."""

    APIRootView = Root
    include_format_suffixes = False
