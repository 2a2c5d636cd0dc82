"""Another dealership's ids where a person may write some: bodies, filters, searches and bulk actions."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import django_filters
import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import UUIDField
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from config.api import router
from config.backoffice import form_bodies
from config.backoffice.filters import AnyNumberOf, AnyOf, YesOrNoFilter
from config.backoffice.resources import Resource
from dealers.fences import owner_column
from dealers.models import User
from ingestion.filters import MomentFilter
from ingestion.models import Feed, Run
from sales.forms import ScenarioForm
from tests.factories import RAW
from tests.tenancy.asking import NO_SUCH_ID, Visitor
from tests.tenancy.surfaces import id_of, surfaces
from tests.tenancy.world import CANARY, OTHER_CODE, World, contents

pytestmark = pytest.mark.django_db(transaction=True)

NO_SUCH_TEXT, NO_SUCH_CODE = "qznobody", "0907061"
NAMES_NO_ROW = (
    django_filters.ChoiceFilter,
    django_filters.MultipleChoiceFilter,
    YesOrNoFilter,
    django_filters.DateFilter,
    django_filters.NumberFilter,
    MomentFilter,
)
"""Filters whose values are nobody's: choices and bounds."""


@cache
def bodies() -> dict[tuple[str, str], dict[str, Any]]:
    """The members of every body that the API's description knows, by method and address."""
    described = SchemaGenerator().get_schema(request=None, public=True)
    found = {}
    for address, methods in described["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            if "application/json" in content:
                name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                found[method.upper(), address] = described["components"]["schemas"][name]["properties"]
    return found


def of_form(form: Any, world: World) -> dict[str, Any]:
    """What somebody would write into a resource's form to reach the other dealership: its rows, its words."""
    return {name: of_field(field, world) for name, field in form.base_fields.items()}


def of_field(field: Any, world: World) -> Any:
    if isinstance(field, forms.ModelChoiceField):
        label = field.queryset.model._meta.label_lower
        theirs = world.other.people["owner"].pk if label == "dealers.user" else world.other.rows[label]
        return [theirs] if isinstance(field, forms.ModelMultipleChoiceField) else theirs
    if isinstance(field, forms.ChoiceField):
        code = form_bodies.choices_of(field)[0][0]
        return [code] if isinstance(field, forms.MultipleChoiceField) else code
    if isinstance(field, forms.BooleanField):
        return True
    if isinstance(field, forms.DecimalField):
        return "1"
    if isinstance(field, forms.IntegerField):
        return max(1, field.min_value or 1)
    if isinstance(field, forms.DateTimeField):
        return "2026-01-15T09:00:00+07:00"
    if isinstance(field, forms.DateField):
        return "2026-01-15"
    if isinstance(field, forms.TimeField):
        return "09:00:00"
    return {} if isinstance(field, forms.JSONField) else CANARY


@cache
def endpoints() -> dict[str, Resource]:
    """The resource of each address of the API, by the beginning of the address."""
    return {f"/api/v1/{prefix}/": view.resource for prefix, view, _name in router.registry if hasattr(view, "resource")}


def resource_of(address: str) -> Resource | None:
    found = [resource for start, resource in endpoints().items() if address.startswith(start)]
    return found[0] if found else None


def of_resource(address: str, world: World) -> dict[str, Any]:
    resource = resource_of(address)
    if resource is None:
        return {}
    asked = [resource.form, *(verb.form for verb in resource.verbs if address.endswith(f"/{verb.name}/"))]
    return {name: value for form in asked if form for name, value in of_form(form, world).items()}


def foreign(world: World) -> dict[str, Any]:
    """What somebody would write for each member to reach the other dealership."""
    rows = world.other.rows
    return {
        "dealer": OTHER_CODE,
        "ids": [rows["ingestion.quarantinedrecord"]],
        "run": [rows["ingestion.run"]],
        "natural_key": [CANARY],
        "field": [CANARY],
        "cause": [CANARY],
        "reason": CANARY,
        "job": "mdinvh1_read",
        "answer": [json.loads(RAW) | {"dealerId": OTHER_CODE}],
        "why": "because",
        "kind": "live",
        "since": "2026-01-14T00:00:00+07:00",
        "until": "2026-01-15T00:00:00+07:00",
        "share": 30,
        "name": "Accounting",
        "permissions": ["records.sales:view"],
        "expires_at": (timezone.now() + timedelta(days=1)).isoformat(),
        "dry_run": False,
        "resource": "holidays",
        "query": f"name={CANARY}",
        "columns": [],
        "format": "csv",
        "places": 1,
        "text": CANARY,
        "scenario": rows["sales.scenario"],
        "items": [{"name": CANARY, "unit_price": "1"}, {"id": rows["sales.item"], "remove": True}],
        "trade_ins": [{"id": rows["sales.tradein"], "remove": True}],
        "document": rows["sales.document"],
        "days": 7,
        **dict.fromkeys(set(ScenarioForm.base_fields) - {"name"}, "1"),
    }


OF_NO_DEALERSHIP = {
    f"/api/v1/auth/{name}{end}" for name in ("login", "refresh", "logout", "register") for end in ("", "/")
}
OF_NO_DEALERSHIP.add("/api/v1/deals/calculate/")
"""Bodies with a secret of their own, and one of which nothing is stored."""
SEVERAL = {"/api/v1/dgi/quarantine/ignore/", "/api/v1/dgi/quarantine/replay/", "/api/v1/dgi/quarantine/wait-again/"}
"""Each of their members chooses entries by itself."""


def test_no_body_reaches_another_dealership(world: World, tally: Any) -> None:
    visitor, values, asked, leaks = Visitor(world.own.people["owner"]), foreign(world), 0, []
    before = contents(world.other.dealership)
    for (method, address), members in bodies().items():
        if address in OF_NO_DEALERSHIP:
            continue
        theirs = {**values, **of_resource(address, world)}
        unknown = set(members) - set(theirs)
        assert not unknown, f"{method} {address}: say in this module what would be foreign in {sorted(unknown)}"
        resource = resource_of(address)
        label = resource.model._meta.label_lower if resource else "ingestion.quarantinedrecord"
        path = address.replace("{id}", str(world.other.rows[label])).replace(
            "{scenario}", str(world.other.rows["sales.scenario"])
        )
        wholes = [{name: theirs[name] for name in members}]
        if address in SEVERAL:
            reason = {"why": "because"} if "why" in members else {}
            wholes += [{name: values[name], **reason} for name in members if name not in {"why", "job"}]
        for body in wholes:
            sent = json.dumps(body)
            answer = visitor.ask(method, path, bearer=True, data=sent, content_type="application/json")
            asked += 1
            done = answer.status < 400 and json.loads(answer.body) not in ({"changed": 0}, NOTHING_REPLAYED)
            if done or answer.status >= 500 or answer.shows(sent):
                leaks.append(f"{method} {path} {sent}: {answer.status} {answer.body[:200]}")
    after = contents(world.other.dealership)
    leaks += [f"{table} is changed" for table in before if before[table] != after[table]]
    tally(asked, leaks)


NOTHING_REPLAYED = {"stored": 0, "waiting": 0, "runs": []}


def of_key(row: Any, name: str, world: World) -> Any:
    """The id of the other dealership's row that a filter by a key could name."""
    key = next((field for field in row._meta.fields if field.name == name), None)
    if key is not None and key.related_model is User:
        return world.other.people["owner"].pk
    return world.other.rows[next((each for each in world.other.rows if each.endswith(f".{name}")), "")]


def filters(surface: Any, world: World) -> list[tuple[str, Any, Any]]:
    """Each filter of a list with a value of the other dealership, and one that nobody has."""
    found = []
    filterset = getattr(surface.view.cls, "filterset_class", None)
    row = world.other.row(surface.model)
    for name, each in (filterset.base_filters if filterset else {}).items():
        if isinstance(each, NAMES_NO_ROW):
            continue
        if name == "dealer":
            found.append((name, OTHER_CODE, NO_SUCH_CODE))
        elif isinstance(each, AnyNumberOf):
            pk = row.pk if name == "id" else of_key(row, name, world)
            found.append((name, pk, NO_SUCH_ID))
        elif isinstance(each, AnyOf | django_filters.CharFilter):
            found.append((name, CANARY, NO_SUCH_TEXT))
        else:
            raise AssertionError(f"{surface}: say in this module what would be foreign in the filter {name}")
    return found


def test_no_filter_of_the_api_tells_what_another_dealership_has(world: World, tally: Any) -> None:
    visitor, asked, leaks = Visitor(world.own.people["owner"]), 0, []
    for surface in surfaces():
        if not surface.is_api or surface.of_one or surface.model is None or not hasattr(surface.view, "cls"):
            continue
        for name, theirs, nobodys in filters(surface, world):
            asked += 1
            found, missing = (
                visitor.ask("GET", f"{surface.address}?{name}={value}", bearer=True) for value in (theirs, nobodys)
            )
            if found.alike(theirs, nobodys) != missing.alike(theirs, nobodys) or found.shows(f"{theirs}"):
                leaks.append(f"{surface}?{name}={theirs}: {found.body[:200]} and not {missing.body[:200]}")
    tally(asked, leaks)


def test_no_search_or_filter_of_the_admin_tells_what_another_dealership_has(world: World, tally: Any) -> None:
    visitor, asked, leaks = Visitor(world.own.people["owner"]), 0, []
    ours, theirs, nobody = world.own.dealership.pk, world.other.dealership.pk, NO_SUCH_ID
    for surface in surfaces():
        if not surface.name.endswith("_changelist") or surface.model is None or not owner_column(surface.model):
            continue
        pairs = [("q", CANARY, NO_SUCH_TEXT), ("dealership", theirs, nobody), ("dealership__id__exact", theirs, nobody)]
        uuid = isinstance(surface.model._meta.pk, UUIDField)
        pairs += [("id__exact", id_of(surface, world.other), uuid4() if uuid else nobody)]
        for name, value, other in pairs:
            asked += 1
            found, missing = (visitor.ask("GET", f"{surface.address}?{name}={each}") for each in (value, other))
            if rows_of(found) != rows_of(missing) or found.status != missing.status or found.shows(str(value)):
                leaks.append(f"{surface}?{name}={value} as {ours}: {found.status}, {rows_of(found)}")
    tally(asked, leaks)


def rows_of(answer: Any) -> int:
    """How many rows a list of the admin shows."""
    return int(answer.body.count('class="action-select"') or answer.body.count("<tr><th") or 0)


@pytest.mark.parametrize("across", ["0", "1"])
def test_no_bulk_action_reaches_another_dealership(world: World, tally: Any, across: str) -> None:
    visitor, asked, leaks = Visitor(world.own.people["owner"]), 0, []
    before = contents(world.other.dealership)
    for model, each in admin.site._registry.items():
        if not owner_column(model):
            continue
        label = model._meta.label_lower
        address = f"/admin/{label.replace('.', '/')}/"
        names = {"delete_selected", *(getattr(action, "__name__", action) for action in each.actions or ())}
        for name in sorted(names):
            asked += 1
            chosen = {"action": name, ACTION_CHECKBOX_NAME: [world.other.rows[label]], "select_across": across}
            answer = posted(visitor, address, {**chosen, "why": "because", "post": "yes"})
            if answer.shows() or answer.status >= 500:
                leaks.append(f"{address} {name}: {answer.status} shows {answer.shows()}")
    after = contents(world.other.dealership)
    leaks += [f"{table} is changed" for table in before if before[table] != after[table]]
    tally(asked, leaks)


def posted(visitor: Visitor, address: str, form: dict[str, Any]) -> Any:
    from urllib.parse import urlencode

    data = urlencode(form, doseq=True)
    return visitor.ask("POST", address, follow=True, data=data, content_type="application/x-www-form-urlencoded")


def test_no_form_of_the_admin_takes_another_dealerships_ids(world: World, tally: Any) -> None:
    visitor, other = Visitor(world.own.people["owner"]), world.other
    feed, place = other.rows[Feed._meta.label_lower], other.rows["dealers.membership"]
    days = {"first_day": "2026-01-01", "last_day": "2026-01-02", "share": "30", "job_types": ["mdinvh1_read"]}
    inline = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "memberships-0-id": place}
    inline |= {"memberships-0-user": world.own.people["owner"].pk, "memberships-0-role": "viewer"}
    forms = {
        "/admin/ingestion/backfill/add/": {"dealership": other.dealership.pk, **days},
        "/admin/ingestion/feed/": {
            **{"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": feed, "_save": "Save"},
        },
        f"/admin/ingestion/feed/{feed}/change/": {"connection": world.own.gateway.pk},
        f"/admin/ingestion/feed/{world.own.rows['ingestion.feed']}/change/": {"connection": other.gateway.pk},
        f"/admin/dealers/dealership/{world.own.dealership.pk}/change/": {"name": "Ours", **inline},
    }
    before, leaks = contents(other.dealership), []
    for address, form in forms.items():
        answer = posted(visitor, address, form)
        if answer.shows() or answer.status >= 500:
            leaks.append(f"{address} {form}: {answer.status} shows {answer.shows()}")
    after = contents(other.dealership)
    leaks += [f"{table} is changed" for table in before if before[table] != after[table]]
    assert not Run.objects.filter(connection=other.gateway).exclude(dealership=other.dealership).exists()
    assert not Feed.objects.filter(dealership=world.own.dealership, connection=other.gateway).exists()
    tally(len(forms), leaks)
