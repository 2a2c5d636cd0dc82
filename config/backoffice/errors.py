"""One shape for every error of the API.

`{"type": "validation_error", "errors": [{"field": "since", "message": "…"}]}`
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseServerError, JsonResponse
from django.template import loader
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from config.backoffice.patience import TOO_SLOW, was_stopped

log = logging.getLogger(__name__)
API = "/api/"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "errors"],
    "properties": {
        "type": {"type": "string", "description": "What went wrong, for a program.", "example": "validation_error"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "nullable": True, "description": "Null: not about one field."},
                    "message": {"type": "string", "description": "What went wrong, for a person."},
                },
            },
        },
    },
}


class ConflictError(exceptions.APIException):
    """What is asked for stands against the state things are in."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = _("This stands against the state things are in.")


class TooSlowError(exceptions.APIException):
    """The database ended the question after as long as the role may take."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "too_slow"
    default_detail = TOO_SLOW


def one_shape(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler; an error it does not know is left to Django and its log."""
    known = api_error(error)
    if known is None:
        return None
    response = exception_handler(known, context)
    if isinstance(known, TooSlowError):
        log.warning("a question was stopped: %s", error)
    if response is not None:
        response.data = {"type": type_of(known), "errors": list(flatten(known.detail))}
    return response


def api_error(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, OperationalError) and was_stopped(error):
        return TooSlowError()
    return None


def type_of(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "validation_error"
    detail = error.detail
    code = detail.get("code") if isinstance(detail, dict) else getattr(detail, "code", None)
    return str(code or error.default_code)


def flatten(detail: Any, field: str | None = None) -> Iterator[dict[str, str | None]]:
    """A nested detail as a list: `{"parts": [{}, {"price": [message]}]}` is about the field `parts.1.price`."""
    if isinstance(detail, dict) and "detail" in detail and "code" in detail:
        yield {"field": field, "message": str(detail["detail"])}
    elif isinstance(detail, dict):
        for name, inner in detail.items():
            yield from flatten(inner, field if name == "non_field_errors" else joined(field, str(name)))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from flatten(inner, joined(field, str(index)) if isinstance(inner, (dict, list)) else field)
    else:
        yield {"field": field, "message": str(detail)}


def joined(field: str | None, name: str) -> str:
    return name if field is None else f"{field}.{name}"


def as_json(type_: str, message: Any, status_code: int) -> JsonResponse:
    body = {"type": type_, "errors": [{"field": None, "message": str(message)}]}
    return JsonResponse(body, status=status_code)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """What a form gets without the token of its page (Django's CSRF_FAILURE_VIEW): a page like the others."""
    log.warning("a form was refused: %s", reason)
    words = _("This form was not sent from a page of this session. Open the page again, and send it once more.")
    if request.path.startswith(API):
        return as_json("permission_denied", words, 403)
    return defaults.permission_denied(request, PermissionDenied(str(words)))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler404: an address below /api/ that leads nowhere answers in the API's shape."""
    if request.path.startswith(API):
        return as_json("not_found", exceptions.NotFound.default_detail, status.HTTP_404_NOT_FOUND)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500, likewise; what happened is in the log, not in the answer."""
    if request.path.startswith(API):
        return as_json("error", exceptions.APIException.default_detail, status.HTTP_500_INTERNAL_SERVER_ERROR)
    request_id = getattr(request, "id", "")
    try:
        return HttpResponseServerError(loader.render_to_string("500.html", {"request_id": request_id}))
    except Exception:  # static files that nobody has collected, say: the words come through even so
        log.exception("the page that tells of errors cannot be shown")
        words = _("Something went wrong. The error is in the log. Request: %(id)s") % {"id": request_id}
        return HttpResponseServerError(words, content_type="text/plain; charset=utf-8")
