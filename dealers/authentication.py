"""Signing in by bearer token: told before the scope is set, and told again to the API's views."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from dealers import service_tokens


def by_bearer(request: Any) -> None:
    """Make the bearer's person the request's; what is wrong with the token is kept for the view to tell."""
    request.bearer, request.bearer_error = None, None
    scheme, _, text = request.headers.get("Authorization", "").strip().partition(" ")
    if not scheme:
        return
    if scheme.lower() == "bearer" and text.lstrip().startswith(service_tokens.MARK):
        by_service_token(request, text.strip())
        return
    try:
        found = JWTAuthentication().authenticate(request)
    except APIException as error:
        request.bearer_error = error
        return
    if found:
        request.user, request.bearer = found


def by_service_token(request: Any, text: str) -> None:
    try:
        request.user = service_tokens.integration(text)
    except service_tokens.Refused as error:
        request.bearer_error = AuthenticationFailed(str(error), error.code)
    else:
        request.bearer = request.user.token_id


class BearerAuthentication(BaseAuthentication):
    """Whom the middleware found by the request's token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        inner: Any = request._request
        if getattr(inner, "bearer_error", None):
            raise inner.bearer_error
        return (inner.user, inner.bearer) if getattr(inner, "bearer", None) else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BearerScheme(OpenApiAuthenticationExtension):
    """What the API's description says of it."""

    target_class = BearerAuthentication
    name = "jwtAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        words = "An access token of a person, or the service token of an integration (fct_…)."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": words}
