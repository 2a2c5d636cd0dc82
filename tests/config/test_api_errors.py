"""Every error of the API has one shape."""

import pytest
from rest_framework import exceptions

from config.backoffice.errors import ConflictError, flatten, one_shape

SHAPE = {"type", "errors"}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("no", [(None, "no")]),
        (["a", "b"], [(None, "a"), (None, "b")]),
        ({"price": ["wrong"]}, [("price", "wrong")]),
        ({"non_field_errors": ["together"]}, [(None, "together")]),
        ({"parts": [{}, {"price": ["wrong"]}]}, [("parts.1.price", "wrong")]),
        ({"detail": "expired", "code": "token_not_valid", "messages": [{"token": "x"}]}, [(None, "expired")]),
    ],
)
def test_a_nested_detail_becomes_a_list_of_fields_and_messages(detail, expected):
    assert [(each["field"], each["message"]) for each in flatten(detail)] == expected


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (exceptions.ValidationError({"since": ["no"]}), 400, "validation_error"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (ConflictError("busy", "already_running"), 409, "already_running"),
        (exceptions.UnsupportedMediaType("text/x"), 415, "unsupported_media_type"),
        (exceptions.Throttled(), 429, "throttled"),
        (exceptions.APIException(), 500, "error"),
    ],
)
def test_every_error_names_its_type_and_says_what_is_wrong(error, status, type_):
    response = one_shape(error, {})
    assert (response.status_code, response.data["type"]) == (status, type_)
    assert set(response.data) == SHAPE
    assert all(set(each) == {"field", "message"} and each["message"] for each in response.data["errors"])


def test_an_error_that_is_no_answer_is_left_to_the_log():
    assert one_shape(RuntimeError("a defect"), {}) is None


@pytest.mark.django_db
def test_an_address_that_leads_nowhere_answers_in_the_same_shape(client):
    response = client.get("/api/v1/nowhere/")
    assert (response.status_code, response.json()["type"]) == (404, "not_found")


@pytest.mark.django_db
def test_an_unknown_page_says_so_to_people(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "<h1>Not found</h1>" in response.content.decode()
