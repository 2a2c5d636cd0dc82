"""Saved views, columns and density: a person's own, kept under a name, one of them what a list opens with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from dealers import saved_views
from dealers.models import ListPreference, SavedView, User

pytestmark = pytest.mark.django_db


def names(user: User, resource: str = "runs") -> list[str]:
    return list(SavedView.objects.of(user, resource).values_list("name", flat=True))


def test_filters_are_kept_under_a_name_for_each_person_and_list(alice: User, charlie: User) -> None:
    saved_views.save(alice, "runs", "  Failed   today ", "?state=failed")
    saved_views.save(alice, "records", "Failed today", "x=1")
    saved_views.save(charlie, "runs", "Failed today", "")
    assert names(alice) == ["Failed today"]
    assert SavedView.objects.of(alice, "runs").get().query == "state=failed"
    assert SavedView.objects.of(alice).count() == 2


def test_a_name_that_is_there_whatever_its_case_takes_the_new_filters(alice: User) -> None:
    saved_views.save(alice, "runs", "Failed", "state=failed")
    saved_views.save(alice, "runs", "FAILED", "state=failed&dealer=08138")
    assert SavedView.objects.get().query == "state=failed&dealer=08138"
    with transaction.atomic(), pytest.raises(IntegrityError):
        SavedView.objects.create(user=alice, resource="runs", name="failed")


def test_one_is_renamed_but_not_to_a_name_that_is_taken_or_none(alice: User) -> None:
    first, _second = (saved_views.save(alice, "runs", name, "") for name in ("one", "two"))
    first.rename(" three ")
    assert names(alice) == ["three", "two"]
    for bad in ("TWO", "", "x" * 101):
        with pytest.raises(ValidationError):
            first.rename(bad)


def test_a_list_opens_with_one_view_at_most(alice: User) -> None:
    first = saved_views.save(alice, "runs", "one", "", default=True)
    second = saved_views.save(alice, "runs", "two", "", default=True)
    assert saved_views.default_of(alice, "runs") == second
    first.make_default()
    assert saved_views.default_of(alice, "runs") == first
    first.make_default(False)
    assert saved_views.default_of(alice, "runs") is None


def test_nobody_piles_up_views(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SavedView, "MOST", 1)
    saved_views.save(alice, "runs", "one", "")
    saved_views.save(alice, "runs", "one", "again=1")
    with pytest.raises(ValidationError, match="You have 1 views of this list"):
        saved_views.save(alice, "runs", "two", "")


def test_columns_and_density_are_kept_apart(alice: User, charlie: User) -> None:
    assert saved_views.preference_of(alice, "runs").columns == []
    assert not ListPreference.objects.exists()
    saved_views.prefer(alice, "runs", columns=["state", "since", "state", ""])
    saved_views.prefer(alice, "runs", density="compact")
    found = saved_views.preference_of(alice, "runs")
    assert (found.columns, found.density) == (["state", "since"], "compact")
    assert saved_views.preference_of(charlie, "runs").density == "comfortable"
    with pytest.raises(ValidationError):
        saved_views.prefer(alice, "runs", density="none")


# -- by forms


@pytest.fixture
def browser(alice: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(alice)


def test_forms_save_rename_choose_and_delete_a_view_and_lead_back(browser: Client, alice: User) -> None:
    form = {"resource": "runs", "name": "Failed", "query": "state=failed", "next": "/exports/?x=1"}
    answer = browser.post("/views/", form)
    assert (answer.status_code, answer["Location"]) == (303, "/exports/?x=1")
    view = SavedView.objects.get()
    browser.post(f"/views/{view.pk}/rename/", {"name": "Broken"})
    browser.post(f"/views/{view.pk}/default/")
    found = saved_views.default_of(alice, "runs")
    assert (found.name, found.query) == ("Broken", "state=failed")  # type: ignore[union-attr]
    browser.post(f"/views/{view.pk}/default/", {"off": "1"})
    assert saved_views.default_of(alice, "runs") is None
    assert browser.post(f"/views/{view.pk}/delete/", {"next": "//elsewhere.example/"})["Location"] == "/"
    assert not SavedView.objects.exists()


def test_a_view_without_a_name_is_refused_with_words(browser: Client) -> None:
    browser.post("/views/", {"resource": "runs", "name": " "})
    assert not SavedView.objects.exists()
    assert "This field cannot be blank." in browser.get("/exports/").content.decode()


def test_somebody_elses_view_is_not_there(browser: Client, charlie: User) -> None:
    view = saved_views.save(charlie, "runs", "mine", "")
    for verb in ("rename", "delete", "default"):
        assert browser.post(f"/views/{view.pk}/{verb}/", {"name": "x"}).status_code == 404
        assert browser.get(f"/views/{view.pk}/{verb}/").status_code == 405


def test_a_form_keeps_columns_and_density(browser: Client, alice: User) -> None:
    def kept(**form: Any) -> tuple[list[str], str]:
        assert browser.post("/preferences/records.prospect/", form).status_code == 303
        found = saved_views.preference_of(alice, "records.prospect")
        return found.columns, found.density

    assert kept(columns=["a", "b"]) == (["a", "b"], "comfortable")
    assert kept(density="compact") == (["a", "b"], "compact")
    assert kept(density="loud") == (["a", "b"], "compact")
    assert kept(columns="") == ([], "compact")
