"""What drf-spectacular cannot read off a view: that every operation may answer with an error of the one shape."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from config.backoffice import errors


class Schema(AutoSchema):
    """An operation with its errors."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        body = {"application/json": {"schema": self.error_component().ref}}
        return bodies | {"default": {"content": body, "description": "An error."}}

    def error_component(self) -> ResolvedComponent:
        component = ResolvedComponent(name="Error", type=ResolvedComponent.SCHEMA, object="Error", schema=errors.SCHEMA)
        self.registry.register_on_missing(component)
        return component
