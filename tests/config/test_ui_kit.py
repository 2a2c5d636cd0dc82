"""The page of components leaves none out."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.test.signals import template_rendered
from django.urls import reverse

PAGES = {"detail.html", "list.html", "form.html", "confirm.html", "kit.html", "error.html"}
"""Files beside the components that are pages of their own."""
FLAGGED = {"palette.html"}


@pytest.mark.django_db
def test_every_component_stands_on_the_page_of_components(admin_client: Client) -> None:
    shown: set[str] = set()

    def note(template: object, **_: object) -> None:
        name = str(getattr(template, "name", ""))
        if name.startswith("ui/"):
            shown.add(name.removeprefix("ui/"))

    template_rendered.connect(note)
    try:
        assert admin_client.get(reverse("ui_kit")).status_code == 200
    finally:
        template_rendered.disconnect(note)
    files = {file.name for file in Path(settings.BASE_DIR, "templates", "ui").glob("*.html")}
    assert files - shown - PAGES - FLAGGED == set()
