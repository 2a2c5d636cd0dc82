"""What drf-spectacular cannot read off a view: errors of the one shape, and the header that chooses a dealership."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from config.backoffice import errors
from config.backoffice.bodies import OneOrMore, Text

ANY_TEXT, NOT_EMPTY, NOT_BLANK = r"^[^\u0000]*$", r"^[^\u0000]+$", r"^[^\u0000]*[^\s\u0000][^\u0000]*$"

DEALERSHIP = OpenApiParameter(
    "X-Dealership",
    int,
    OpenApiParameter.HEADER,
    description="Work in this dealership alone: the id of one that /api/v1/auth/me/ lists. Without it, in all of them.",
)
REASON = OpenApiParameter(
    "X-Change-Reason",
    str,
    OpenApiParameter.HEADER,
    description="Why this is changed, for the audit and the versions: UTF-8, percent-encoded, up to 500 characters.",
)


class Schema(AutoSchema):
    """An operation with its errors."""

    def get_override_parameters(self) -> list[Any]:
        signed_in = bool(getattr(self.view, "authentication_classes", ()))
        writes = signed_in and self.method not in SAFE_METHODS
        ours = ([DEALERSHIP] if signed_in else []) + ([REASON] if writes else [])
        return [*super().get_override_parameters(), *ours]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        body = {"application/json": {"schema": self.error_component().ref}}
        return bodies | {"default": {"content": body, "description": "An error."}}

    def _get_request_body(self, direction: Literal["request", "response"] = "request") -> dict[str, Any] | None:
        """Where there is a body, there must be one, even if none of its members must be."""
        found: dict[str, Any] | None = super()._get_request_body(direction)
        return found and found | {"required": True}

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> dict[str, Any]:
        """A text that somebody sends is not blank, unless it may be, and holds no NUL; a list has its bounds."""
        found: dict[str, Any] = super()._map_serializer_field(field, direction, bypass_extensions)
        if direction != "request":
            return found
        if type(field) in (serializers.CharField, Text):
            found["pattern"] = ANY_TEXT if field.allow_blank else NOT_BLANK if field.trim_whitespace else NOT_EMPTY
        if isinstance(field, serializers.ListField) and not field.allow_empty:
            found["minItems"] = 1
            if field.max_length:
                found["maxItems"] = field.max_length
        return {"anyOf": [found, found["items"]]} if isinstance(field, OneOrMore) else found

    def error_component(self) -> ResolvedComponent:
        component = ResolvedComponent(name="Error", type=ResolvedComponent.SCHEMA, object="Error", schema=errors.SCHEMA)
        self.registry.register_on_missing(component)
        return component
