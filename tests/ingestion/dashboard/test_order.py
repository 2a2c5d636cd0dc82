"""Which widgets a person sees, and in what order: chosen with buttons, with scripts and without."""

from __future__ import annotations

import re

import pytest

from dealers.models import ListPreference
from dealers.roles import Role
from ingestion.dashboard import order
from tests.ingestion.dashboard.conftest import HTMX
from tests.people import with_role

pytestmark = pytest.mark.django_db
CUSTOMISE = "/dashboard/customise/"


@pytest.fixture
def technician(browser, alice):
    """A browser with three widgets: workshop, parts and hotline, of seven that may be seen."""
    with_role(alice, Role.TECHNICIAN)
    return browser


def shown(browser):
    return re.findall(r'hx-get="/dashboard/widgets/(\w+)/"', browser.get("/").content.decode())


def offered(text):
    """The widgets of the form in their order, and those that are ticked."""
    names = re.findall(r'name="order" value="(\w+)"', text)
    return names, re.findall(r'name="shown" value="(\w+)" checked', text)


def test_the_form_offers_what_one_may_see_those_shown_first(technician):
    names, ticked = offered(technician.get(CUSTOMISE).content.decode())
    assert ticked == ["workshop", "parts", "hotline"] == names[:3]
    assert set(names[3:]) == {"feeds", "revenue", "invoiced", "due"}


def test_the_choice_is_kept(technician):
    response = technician.post(
        CUSTOMISE, {"order": ["hotline", "feeds", "workshop", "parts"], "shown": ["workshop", "feeds", "hotline"]}
    )
    assert (response.status_code, response["Location"]) == (302, "/")
    assert shown(technician) == ["hotline", "feeds", "workshop"]
    names, ticked = offered(technician.get(CUSTOMISE).content.decode())
    assert ticked == ["hotline", "feeds", "workshop"] == names[:3]


@pytest.mark.parametrize(
    ("do", "wanted"),
    [
        ("up:parts", ["parts", "workshop", "hotline"]),
        ("down:parts", ["workshop", "hotline", "parts"]),
        ("up:workshop", ["workshop", "parts", "hotline"]),
        ("down:hotline", ["workshop", "parts", "hotline"]),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_button_moves_one_and_keeps_the_ticks(technician, do, wanted, headers):
    given = {"order": ["workshop", "parts", "hotline"], "shown": ["hotline"], "do": do}
    response = technician.post(CUSTOMISE, given, **headers)
    text = response.content.decode()
    assert response.status_code == 200
    assert offered(text) == (wanted, ["hotline"])
    assert ("<html" in text) is not bool(headers)
    assert shown(technician) == ["workshop", "parts", "hotline"], "nothing is kept before it is saved"


def test_what_was_moved_is_announced(technician):
    given = {"order": ["workshop", "parts", "hotline"], "shown": ["hotline"], "do": "up:hotline"}
    text = technician.post(CUSTOMISE, given, **HTMX).content.decode()
    assert 'hx-swap-oob="innerHTML">Hotline orders waiting: place 2 of 3</p>' in text


def test_one_must_be_chosen(technician):
    response = technician.post(CUSTOMISE, {"order": ["workshop", "parts"]})
    assert response.status_code == 422
    assert "Choose at least one." in response.content.decode()
    assert shown(technician) == ["workshop", "parts", "hotline"]


def test_it_can_be_had_as_it_comes_again(technician, alice):
    technician.post(CUSTOMISE, {"order": ["hotline"], "shown": ["hotline"]})
    assert shown(technician) == ["hotline"]
    technician.post(CUSTOMISE, {"do": "usual"})
    assert shown(technician) == ["workshop", "parts", "hotline"]
    assert not ListPreference.objects.filter(user=alice).exists()


def test_what_one_may_not_see_cannot_be_chosen(technician, alice):
    technician.post(CUSTOMISE, {"order": ["prospects", "nothing", "feeds"], "shown": ["prospects", "nothing", "feeds"]})
    assert order.chosen(alice) == ["feeds"]


def test_what_was_chosen_in_another_role_is_not_shown_in_this(technician, alice):
    order.choose(alice, ["prospects", "workshop"])
    assert shown(technician) == ["workshop"]


def test_nobody_elses_choice_counts(technician, charlie):
    order.choose(charlie, ["due"])
    assert shown(technician) == ["workshop", "parts", "hotline"]
