"""What the matrix is made of: whoever adds a route says whose rows it shows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission

import config.api
from tests.tenancy.surfaces import (
    OWN,
    PLATFORM_ADMINS,
    SAID,
    Kind,
    Unclassified,
    classified,
    model_of,
    routes,
    surfaces,
)


def test_every_route_is_classified() -> None:
    assert len(surfaces()) > 250


def test_a_route_that_nobody_has_classified_fails_the_suite() -> None:
    with pytest.raises(Unclassified, match="whose rows it shows"):
        classified("new-page", "/new/page/", None)
    with pytest.raises(Unclassified):
        classified("admin:sites_site_changelist", "/admin/sites/site/", Permission)


def test_what_is_said_of_routes_is_said_of_routes_that_there_are() -> None:
    there = {name for name, _, _ in routes()}
    unnamed = {f"admin:{pattern.removeprefix('/admin/')}" for _, pattern, _ in routes()}
    assert set(SAID) | set(OWN) <= there | unnamed
    assert {model._meta.label_lower for model in admin.site._registry} >= PLATFORM_ADMINS


def test_every_model_of_the_admin_and_every_viewset_of_the_router_is_in_the_matrix() -> None:
    found = {each.model for each in surfaces()}
    assert set(admin.site._registry) <= found
    names = {each.name for each in surfaces()}
    for _, viewset, basename in config.api.router.registry:
        assert f"{basename}-list" in names
        if basename != "job-type":
            assert next(each for each in surfaces() if each.name == f"{basename}-list").model is not None
        assert viewset


def test_every_other_view_of_an_admin_is_about_the_same_model() -> None:
    groups = next(each for each in surfaces() if each.name == "admin:ingestion_quarantinedrecord_groups")
    assert groups.kind is Kind.ROWS
    assert groups.model is model_of("/admin/ingestion/quarantinedrecord/", None)
