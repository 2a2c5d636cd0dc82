"""What drf-spectacular cannot read off a view: errors of the one shape, and the header that chooses a dealership."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter

from config.backoffice import errors

DEALERSHIP = OpenApiParameter(
    "X-Dealership",
    int,
    OpenApiParameter.HEADER,
    description="Work in this dealership alone: the id of one that /api/v1/auth/me/ lists. Without it, in all of them.",
)


class Schema(AutoSchema):
    """An operation with its errors."""

    def get_override_parameters(self) -> list[Any]:
        signed_in = bool(getattr(self.view, "authentication_classes", ()))
        return [*super().get_override_parameters(), *([DEALERSHIP] if signed_in else [])]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        body = {"application/json": {"schema": self.error_component().ref}}
        return bodies | {"default": {"content": body, "description": "An error."}}

    def error_component(self) -> ResolvedComponent:
        component = ResolvedComponent(name="Error", type=ResolvedComponent.SCHEMA, object="Error", schema=errors.SCHEMA)
        self.registry.register_on_missing(component)
        return component
