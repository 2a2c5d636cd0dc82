"""A vehicle's preparation: steps in turn, who does them, who is late, and that nothing is sold before they are done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership, Event, User
from dealers.roles import Role
from dealers.tenancy import acting_for
from inventory import preparation, services
from inventory.models import PreparationStep, Vehicle
from tests.factories import MembershipFactory, PlannedStepFactory, VehicleFactory
from tests.people import api_of

pytestmark = pytest.mark.django_db
LIST = "/api/v1/preparation-steps/"
AVAILABLE, RECEIVED, WITHDRAWN = Vehicle.Status.AVAILABLE, Vehicle.Status.RECEIVED, Vehicle.Status.WITHDRAWN
IN_PREPARATION = Vehicle.Status.IN_PREPARATION


@pytest.fixture
def plan(dealership_a: Dealership, dealership_b: Dealership) -> None:
    """Washed and checked side by side, then photographed; used ones are repaired besides."""
    for name, position, hours, condition in (
        ("Wash", 1, 4, ""),
        ("Check", 1, 24, ""),
        ("Photograph", 2, 8, ""),
        ("Repair", 1, 48, "used"),
    ):
        PlannedStepFactory(
            dealership=dealership_a, name=name, position=position, target_hours=hours, condition=condition
        )
    PlannedStepFactory(dealership=dealership_b, name="Theirs")


@pytest.fixture
def vehicle(dealership_a: Dealership, plan: None) -> Vehicle:
    made = VehicleFactory(dealership=dealership_a, status=RECEIVED)
    made.move_to(IN_PREPARATION)
    return Vehicle.objects.get(pk=made.pk)


def of(dealership: Dealership, role: Role) -> User:
    return MembershipFactory(dealership=dealership, role=role).user


def step(vehicle: Vehicle, name: str) -> PreparationStep:
    found: PreparationStep = vehicle.preparation_steps.get(name=name)
    return found


def states(vehicle: Vehicle) -> dict[str, str]:
    return {each.name: each.state.value for each in vehicle.preparation_steps.all()}


def late(vehicle: Vehicle, name: str) -> None:
    """As if it had begun two days ago."""
    mine, ago = step(vehicle, name), timezone.now() - timedelta(days=2)
    due = ago + timedelta(hours=mine.target_hours)
    PreparationStep.objects.filter(pk=mine.pk).update(started_at=ago, due_at=due)


# -- their turn


def test_what_enters_preparation_gets_the_steps_of_its_dealership_and_condition(
    vehicle: Vehicle, dealership_a: Dealership
) -> None:
    assert states(vehicle) == {"Wash": "under_way", "Check": "under_way", "Photograph": "waiting"}
    used = services.add(
        Vehicle(dealership=dealership_a, make="Honda", model="BeAT", condition="used", status=IN_PREPARATION)
    )
    assert states(used)["Repair"] == "under_way"


def test_hours_count_from_the_beginning_of_a_step(vehicle: Vehicle) -> None:
    wash = step(vehicle, "Wash")
    assert wash.due_at is not None
    assert wash.started_at is not None
    assert wash.due_at - wash.started_at == timedelta(hours=4)
    assert step(vehicle, "Photograph").due_at is None


def test_the_next_ones_begin_when_all_before_them_are_over(vehicle: Vehicle, owner: User) -> None:
    step(vehicle, "Wash").done(by=owner)
    assert states(vehicle)["Photograph"] == "waiting"
    step(vehicle, "Check").not_needed(reason="A new one", by=owner)
    assert states(vehicle) == {"Wash": "done", "Check": "not_needed", "Photograph": "under_way"}
    wash, check = step(vehicle, "Wash"), step(vehicle, "Check")
    assert (wash.finished_by, check.reason) == (owner, "A new one")
    assert wash.finished_at is not None


def test_what_is_over_is_over(vehicle: Vehicle, owner: User) -> None:
    wash = step(vehicle, "Wash")
    wash.done(by=owner)
    for again in (
        lambda: wash.done(by=owner),
        lambda: wash.take(by=owner),
        lambda: wash.not_needed(reason="no", by=owner),
        lambda: wash.assign(person=None, by=owner),
    ):
        with pytest.raises(ValidationError, match="“Wash” is over already: done"):
            again()


def test_a_list_that_changes_leaves_what_is_under_way(vehicle: Vehicle, dealership_a: Dealership) -> None:
    dealership_a.planned_steps.all().delete()
    assert len(states(vehicle)) == 3


def test_a_withdrawn_vehicle_stops_the_clock_and_goes_on_where_it_was(vehicle: Vehicle, owner: User) -> None:
    step(vehicle, "Wash").done(by=owner)
    vehicle.move_to(WITHDRAWN)
    assert states(vehicle) == {"Wash": "done", "Check": "waiting", "Photograph": "waiting"}
    vehicle.move_to(RECEIVED)
    vehicle.move_to(IN_PREPARATION)
    assert states(vehicle) == {"Wash": "done", "Check": "under_way", "Photograph": "waiting"}


def test_a_second_preparation_has_steps_of_its_own(vehicle: Vehicle, owner: User) -> None:
    for name in ("Wash", "Check", "Photograph"):
        step(vehicle, name).done(by=owner)
    vehicle.move_to(AVAILABLE)
    vehicle.move_to(IN_PREPARATION)
    assert vehicle.preparation_steps.count() == 6
    assert vehicle.preparation_steps.open().count() == 3


# -- before it is sold


@pytest.mark.parametrize("through_withdrawal", [False, True])
def test_it_is_available_when_its_steps_are_done_and_not_before(
    vehicle: Vehicle, owner: User, through_withdrawal: bool
) -> None:
    step(vehicle, "Wash").done(by=owner)
    if through_withdrawal:
        vehicle.move_to(WITHDRAWN)
    with pytest.raises(ValidationError, match="not done: Check, Photograph"):
        vehicle.move_to(AVAILABLE)
    assert Vehicle.objects.get(pk=vehicle.pk).status == (WITHDRAWN if through_withdrawal else IN_PREPARATION)
    for name in ("Check", "Photograph"):
        step(vehicle, name).done(by=owner)
    vehicle.move_to(AVAILABLE)
    assert Vehicle.objects.get(pk=vehicle.pk).status == AVAILABLE


def test_who_may_releases_it_without_the_rest_and_says_why(vehicle: Vehicle, dealership_a: Dealership) -> None:
    technician, manager = of(dealership_a, Role.TECHNICIAN), of(dealership_a, Role.INVENTORY_MANAGER)
    address, sent = f"/api/v1/vehicles/{vehicle.pk}/release/", {"reason": "The customer waits"}
    assert api_of(technician).post(address, sent, format="json").status_code == 403
    wash = step(vehicle, "Wash")
    refused = api_of(technician).post(f"{LIST}{wash.pk}/not-needed/", {"reason": "no"}, format="json")
    assert refused.status_code == 403
    assert api_of(manager).post(address, sent, format="json").json()["status"] == "available"
    assert set(states(vehicle).values()) == {"not_needed"}
    told = {(each.finished_by, each.reason) for each in vehicle.preparation_steps.all()}
    assert told == {(manager, "The customer waits")}
    assert step(vehicle, "Photograph").started_at is None
    assert api_of(manager).post(address, sent, format="json").status_code == 409


def test_the_database_knows_no_end_without_an_outcome(vehicle: Vehicle) -> None:
    rows = PreparationStep.objects.filter(vehicle=vehicle)
    for wrong in ({"outcome": "done"}, {"finished_at": timezone.now()}, {"due_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.filter(name="Wash").update(**wrong)


def test_steps_are_added_to_what_is_in_preparation(vehicle: Vehicle, owner: User, dealership_a: Dealership) -> None:
    made = preparation.add(vehicle, name="New tyre", target_hours=2, by=owner)
    assert (made.position, made.state) == (1, "under_way")
    with pytest.raises(ValidationError, match="in preparation"):
        preparation.add(VehicleFactory(dealership=dealership_a), name="New tyre", target_hours=2, by=owner)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_finish_the_last_ones_at_once_one_lets_the_next_begin(
    dealership_a: Dealership, vehicle: Vehicle, owner: User
) -> None:
    names = ("Wash", "Check")

    def one(name: str) -> int:
        try:
            with acting_for([dealership_a.pk]):
                return int(api_of(owner).post(f"{LIST}{step(vehicle, name).pk}/done/").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(one, names)) == [200, 200]
    with acting_for([dealership_a.pk]):
        assert states(vehicle) == {"Wash": "done", "Check": "done", "Photograph": "under_way"}


# -- who does them, and who is late


def test_a_step_is_somebodys_by_the_list_by_taking_it_and_by_assignment(
    dealership_a: Dealership, plan: None, owner: User
) -> None:
    technician, other = of(dealership_a, Role.TECHNICIAN), of(dealership_a, Role.TECHNICIAN)
    dealership_a.planned_steps.filter(name="Wash").update(assignee=technician)
    made = VehicleFactory(dealership=dealership_a, status=IN_PREPARATION)
    wash = step(made, "Wash")
    assert wash.assignee == technician
    assert api_of(other).post(f"{LIST}{wash.pk}/take/").json()["assignee"] == other.pk
    answer = api_of(owner).post(f"{LIST}{wash.pk}/assign/", {"person": technician.pk}, format="json")
    assert answer.json()["assignee"] == technician.pk
    verbs = Event.objects.filter(object_type="inventory.preparationstep").values_list("verb", flat=True)
    assert set(verbs) == {"preparationstep.taken", "preparationstep.assigned"}


def test_who_works_elsewhere_gets_no_steps_here(
    vehicle: Vehicle, owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client
) -> None:
    stranger, viewer = of(dealership_b, Role.TECHNICIAN), of(dealership_a, Role.VIEWER)
    address = f"{LIST}{step(vehicle, 'Wash').pk}/assign/"
    for person in (stranger, viewer):
        assert api_of(owner).post(address, {"person": person.pk}, format="json").status_code == 400
    sent = {"dealership": dealership_a.pk, "name": "Polish", "position": 1, "target_hours": 1, "assignee": stranger.pk}
    assert client.post("/settings/preparation/new/", sent).status_code == 422


def test_the_list_shows_what_is_open_the_latest_first_and_by_a_filter_only_what_is_late(
    vehicle: Vehicle, owner: User, dealership_a: Dealership, client: Client
) -> None:
    other = VehicleFactory(dealership=dealership_a, status=IN_PREPARATION)
    late(other, "Wash")
    late(vehicle, "Check")
    step(vehicle, "Wash").done(by=owner)

    def shown(query: str = "") -> list[tuple[int, str]]:
        page = client.get(f"/preparation/?{query}").context["page"]
        return [(row.vehicle_id, row.name) for row in page.rows]

    assert shown()[:3] == [(other.pk, "Wash"), (vehicle.pk, "Check"), (other.pk, "Check")]
    assert {name for _, name in shown()[3:]} == {"Photograph"}
    assert shown("state=late") == [(other.pk, "Wash"), (vehicle.pk, "Check")]
    assert shown("state=done") == [(vehicle.pk, "Wash")]
    told = api_of(owner).get(LIST, {"state": "late"}).json()["results"]
    assert {each["is_late"] for each in told} == {True}
    assert len(told) == 2


def test_a_step_that_took_too_long_stays_late(vehicle: Vehicle, owner: User) -> None:
    late(vehicle, "Wash")
    assert step(vehicle, "Wash").state == "late"
    step(vehicle, "Wash").done(by=owner)
    assert step(vehicle, "Wash").is_late
    assert not step(vehicle, "Check").is_late


# -- pages


def test_on_the_vehicles_page_steps_are_done_taken_and_left_out(
    vehicle: Vehicle, owner: User, client: Client, dealership_a: Dealership
) -> None:
    here = f"/inventory/{vehicle.pk}/"
    text = client.get(here).content.decode()
    assert "Done: Wash" in text
    assert "nobody yet" in text
    for verb in ("take", "done"):
        answer = client.post(f"/preparation/{step(vehicle, 'Wash').pk}/{verb}/", {"next": here})
        assert answer.headers["Location"] == here
    assert client.post(f"/preparation/{step(vehicle, 'Check').pk}/not-needed/", {"reason": "New"}).status_code == 302
    text = client.get(here).content.decode()
    assert "Done: Wash" not in text
    assert owner.get_short_name() in text
    elsewhere = client.post(f"/preparation/{step(vehicle, 'Photograph').pk}/done/", {"next": "https://evil.example/"})
    assert elsewhere.headers["Location"].startswith("/preparation/")


@pytest.mark.parametrize(("role", "does", "waives"), [(Role.TECHNICIAN, True, False), (Role.VIEWER, False, False)])
def test_buttons_are_for_those_who_may(
    vehicle: Vehicle, dealership_a: Dealership, client: Client, role: Role, does: bool, waives: bool
) -> None:
    client.force_login(of(dealership_a, role))
    text = client.get(f"/inventory/{vehicle.pk}/").content.decode()
    assert ("Done: Wash" in text) == does
    assert ("Not needed: Wash" in text) == waives
    status = client.post(f"/preparation/{step(vehicle, 'Wash').pk}/done/").status_code
    assert status == (302 if does else 403)


def test_whoever_did_a_step_there_does_none_where_the_vehicle_goes(
    vehicle: Vehicle, owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    from dealers.models import Group
    from inventory import transfers

    group = Group.objects.create(name="Cahaya Group")
    Dealership.objects.update(group=group)
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.OWNER)
    step(vehicle, "Wash").take(by=owner)
    both: Any = User.objects.get(pk=owner.pk)
    there = Dealership.objects.get(pk=dealership_b.pk)
    transfers.transfer(Vehicle.objects.get(pk=vehicle.pk), to=there, by=both)
    assert step(vehicle, "Wash").assignee is None
    assert step(vehicle, "Wash").dealership == dealership_b
