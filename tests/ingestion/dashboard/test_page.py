"""The dashboard's page: what it holds, for whom, and how each widget loads and fails alone."""

from __future__ import annotations

import pytest

from ingestion.dashboard.widgets import WIDGETS
from tests.factories import FeedFactory

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def page(client, alice, dealership_a):
    FeedFactory(dealership=dealership_a)
    client.force_login(alice)
    return client


@pytest.mark.parametrize("name", WIDGETS)
def test_every_widget_is_drawn_with_nothing_in_it(page, name, caplog):
    response = page.get(f"/dashboard/widgets/{name}/", **HTMX)
    assert response.status_code == 200
    assert "could not be shown" not in response.content.decode(), caplog.text


def test_the_page_has_a_place_for_each_widget(page):
    text = page.get("/").content.decode()
    assert all(f'hx-get="/dashboard/widgets/{name}/"' in text for name in WIDGETS)
