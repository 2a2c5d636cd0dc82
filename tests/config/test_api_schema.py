"""The API describes itself, completely and from our own files."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

from ingestion.job_types import JOB_TYPES


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    file = tmp_path_factory.mktemp("openapi") / "schema.json"
    call_command("spectacular", "--fail-on-warn", "--validate", "--format", "openapi-json", "--file", str(file))
    return json.loads(file.read_text())


def test_the_description_is_valid_and_without_a_warning(schema):
    assert schema["info"]["title"] == "Forecourt"


@pytest.mark.parametrize("job", JOB_TYPES)
def test_every_job_type_is_described(schema, job):
    assert {f"/api/v1/dgi/{job}/", f"/api/v1/dgi/{job}/{{id}}/"} <= set(schema["paths"])


def test_every_operation_may_answer_with_the_one_error(schema):
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    errors = {
        operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"] for operation in operations
    }
    assert errors == {"#/components/schemas/Error"}


def test_a_filter_that_may_be_repeated_is_an_array(schema):
    parameters = {each["name"]: each for each in schema["paths"]["/api/v1/dgi/pkb/"]["get"]["parameters"]}
    assert parameters["status_work_order"]["schema"]["type"] == "array"
    assert {"dealer", "search", "cursor", "ordering", "page_size", "tanggal_servis_from", "waktu_pkb_to"} <= set(
        parameters
    )


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/schema/", "/api/docs/"])
def test_the_description_is_open_to_everyone(client: Client, address):
    assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_the_documentation_loads_nothing_from_elsewhere(client: Client):
    page = client.get("/api/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
