"""Leads on pages and in the API: who may what, whose turn it is, the day, and what the menu tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm import lead_services
from crm.day import MOST
from crm.models import Customer, Lead
from dealers.models import Dealership, User
from dealers.roles import Role
from tests.factories import (
    AppointmentFactory,
    CustomerFactory,
    LeadFactory,
    MembershipFactory,
    VehicleFactory,
    seller_of,
)
from tests.people import api_of

pytestmark = pytest.mark.django_db
NEW, TODAY, API = "/leads/new/", "/leads/today/", "/api/v1/leads/"
LEAD = {"name": "Budi", "source": "phone", "temperature": "hot"}


def test_a_lead_is_written_down_and_given_to_whose_turn_it_is(
    dealership_a: Dealership, seller: User, client: Client
) -> None:
    vehicle = VehicleFactory(dealership=dealership_a)
    sent = LEAD | {"dealership": dealership_a.pk, "phone": "0812-3456-7890", "vehicles": [vehicle.pk]}
    assert client.post(NEW, sent).status_code == 302
    lead = Lead.objects.get()
    assert (lead.phone, lead.assigned_to, lead.vehicle_ids) == ("+6281234567890", seller, [vehicle.pk])
    assert lead.next_step_at == lead.first_response_due_at


@pytest.mark.parametrize("phone", ["12", "not a number", "+62 1"])
def test_a_telephone_number_that_cannot_be_is_refused(
    phone: str, dealership_a: Dealership, seller: User, client: Client
) -> None:
    answer = client.post(NEW, LEAD | {"dealership": dealership_a.pk, "phone": phone})
    assert "is no telephone number" in answer.content.decode()


def test_a_number_and_an_email_are_kept_as_those_of_customers(
    dealership_a: Dealership, seller: User, client: Client
) -> None:
    sent = LEAD | {
        "dealership": dealership_a.pk,
        "phone": "  +62 (0) 812 - 3456 - 7890  ",
        "email": "Budi@Mail.Example",
    }
    answer = client.post(NEW, sent)
    assert answer.status_code == 302, answer.context["form"].errors
    assert Lead.objects.values_list("phone", "email").get() == ("+6281234567890", "budi@mail.example")
    wrong = client.post(NEW, sent | {"phone": "12"})
    assert "Write it such as" in wrong.content.decode()


@pytest.mark.parametrize("odd", ["abc", "12", "12 #3", "9" * 30])
def test_an_address_that_names_vehicles_wrongly_opens_the_form(seller: User, client: Client, odd: str) -> None:
    assert client.get(NEW, {"vehicles": odd}).status_code == 200


def test_an_address_fills_the_form_with_all_the_vehicles_it_names(
    dealership_a: Dealership, seller: User, client: Client
) -> None:
    two = [VehicleFactory(dealership=dealership_a).pk for _ in range(2)]
    page = client.get(NEW, {"vehicles": two}).content.decode()
    assert page.count("checked") == 2


def test_a_lead_of_a_customer_has_the_customers_name(dealership_a: Dealership, seller: User, client: Client) -> None:
    customer = CustomerFactory(dealership=dealership_a, name="Budi Santoso")
    assert f'name="customer" value="{customer.pk}"' in client.get(NEW, {"customer": customer.pk}).content.decode()
    sent = LEAD | {"dealership": dealership_a.pk, "name": "", "customer": customer.pk}
    assert client.post(NEW, sent).status_code == 302
    assert Lead.objects.get().name == "Budi Santoso"
    assert client.post(NEW, LEAD | {"dealership": dealership_a.pk, "name": ""}).status_code == 422


def test_nothing_of_another_dealership_is_joined(
    dealership_a: Dealership, dealership_b: Dealership, seller: User, client: Client
) -> None:
    MembershipFactory(user=seller, dealership=dealership_b, role=Role.SALESPERSON)
    foreign = {
        "vehicles": VehicleFactory(dealership=dealership_b).pk,
        "customer": CustomerFactory(dealership=dealership_b).pk,
        "assigned_to": seller_of(dealership_b).pk,
    }
    for name, pk in foreign.items():
        answer = client.post(NEW, LEAD | {"dealership": dealership_a.pk, name: pk})
        assert answer.status_code == 422, name
        assert name in answer.context["form"].errors


def test_a_salesperson_takes_a_lead_but_gives_none_to_others(
    dealership_a: Dealership, seller: User, client: Client
) -> None:
    colleague = seller_of(dealership_a)
    assert list(client.get(NEW).context["form"].fields["assigned_to"].queryset) == [seller]
    assert client.post(NEW, LEAD | {"dealership": dealership_a.pk, "assigned_to": colleague.pk}).status_code == 422
    client.post(NEW, LEAD | {"dealership": dealership_a.pk, "assigned_to": seller.pk})
    lead = Lead.objects.get()
    assert lead.assigned_to == seller
    assert client.post(f"/leads/{lead.pk}/assign/", {"user": colleague.pk}).status_code == 403


def test_a_manager_assigns_several_at_once(dealership_a: Dealership, manager: User, siti: User, client: Client) -> None:
    client.force_login(manager)
    colleague = seller_of(dealership_a)
    leads = [LeadFactory(dealership=dealership_a).pk for _ in range(3)]
    page = client.post("/leads/bulk/assign/", {"pk": leads})
    assert colleague.get_short_name() in page.content.decode()
    client.post("/leads/bulk/assign/", {"pk": leads, "confirmed": "1", "user": colleague.pk})
    assert set(Lead.objects.values_list("assigned_to", flat=True)) == {colleague.pk}


def test_an_open_lead_keeps_its_next_step_when_it_is_edited(lead_in: Any, seller: User, client: Client) -> None:
    lead = lead_in("contacted")
    answer = client.post(f"/leads/{lead.pk}/edit/", LEAD | {"dealership": lead.dealership_id, "next_step_at": ""})
    assert answer.status_code == 422
    assert "an open lead always has one" in answer.content.decode()


def test_words_find_a_lead_by_name_wish_or_number(lead_in: Any, seller: User, client: Client) -> None:
    lead_in(name="Budi Santoso", phone="+6281234567890", wish="Vario")
    lead_in(name="Agus", wish="BeAT")
    for words in ("santoso", "0812345", "vario budi"):
        page = client.get("/leads/", {"search": words})
        assert [row.name for row, *_rest in page.context["found"]] == ["Budi Santoso"], words


def test_what_needs_attention_is_found(lead_in: Any, seller: User, client: Client) -> None:
    fine = lead_in("contacted", next_step_at=timezone.now() + timedelta(days=1))
    overdue = lead_in("contacted", next_step_at=timezone.now() + timedelta(days=1))
    Lead.objects.filter(pk=overdue.pk).update(next_step_at=timezone.now() - timedelta(days=1))
    nobodys = lead_in("contacted", next_step_at=timezone.now() + timedelta(days=1))
    Lead.objects.filter(pk=nobodys.pk).update(assigned_to=None)
    for wanted, found in (("overdue", overdue), ("unassigned", nobodys)):
        rows = client.get("/leads/", {"attention": wanted}).context["found"]
        assert [row.pk for row, *_rest in rows] == [found.pk], fine


def test_the_menu_tells_a_manager_how_many_nobody_answered(
    dealership_a: Dealership, lead_in: Any, siti: User, manager: User, client: Client
) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=2), tick=False):
        late = lead_in()
    assert lead_services.escalate() == 1
    client.force_login(manager)
    assert '<span class="tag bad count">1' in client.get("/leads/").content.decode()
    rows = client.get("/leads/", {"attention": "escalated"}).context["found"]
    assert [row.pk for row, *_rest in rows] == [late.pk]
    client.force_login(siti)
    assert "tag bad count" not in client.get("/leads/").content.decode()
    client.force_login(MembershipFactory(role=Role.SALES_MANAGER).user)
    assert "tag bad count" not in client.get("/leads/").content.decode()


# -- the day

NOON = timezone.now().replace(year=2026, month=11, day=24, hour=5, minute=0, second=0, microsecond=0)
"""Twelve o'clock in Jakarta."""


def step(lead_in: Any, name: str, **when: float) -> Any:
    lead = lead_in("contacted", name=name)
    Lead.objects.filter(pk=lead.pk).update(next_step_at=timezone.now() + timedelta(**when))
    return lead


def test_the_day_begins_with_what_is_most_urgent(
    dealership_a: Dealership, lead_in: Any, siti: User, client: Client
) -> None:
    with time_machine.travel(NOON - timedelta(hours=3), tick=False):
        lead_in(name="late")
    with time_machine.travel(NOON, tick=False):
        lead_in(name="new")
        step(lead_in, "tomorrow", hours=13)
        evening, overdue = step(lead_in, "evening", hours=6), step(lead_in, "overdue", days=-2)
        for name, hours in (("soon", 0.5), ("at three", 3), ("next day", 20)):
            lead = lead_in("contacted", name=name, next_step_at=NOON + timedelta(days=3))
            AppointmentFactory(
                dealership=dealership_a, lead=lead, salesperson=siti, starts_at=NOON + timedelta(hours=hours)
            )
        colleague = seller_of(dealership_a)
        lead_in(name="a colleague's", assigned_to=colleague)
        client.force_login(siti)
        day = client.get(TODAY).context["day"]
    assert [task.lead.name for task in day.tasks] == ["late", "soon", "new", "overdue", "at three", "evening"]
    assert day.further == 0
    assert (evening.pk, overdue.pk) == (day.tasks[5].lead.pk, day.tasks[3].lead.pk)


def test_the_day_is_never_longer_than_it_can_be_and_counts_the_rest(lead_in: Any, seller: User, client: Client) -> None:
    for number in range(MOST + 5):
        step(lead_in, f"Budi {number}", minutes=-number)
    client.get(TODAY)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(TODAY)
    assert len(answer.context["day"].tasks) == MOST
    assert "5 more in the list" in answer.content.decode()
    assert f'href="/leads/?assigned_to={seller.pk}' in answer.content.decode()
    assert len(asked) <= 25


def test_the_day_shows_who_has_waited_longest_for_an_answer_whatever_was_planned(
    lead_in: Any, seller: User, client: Client
) -> None:
    """The next step of a lead that nobody answered may have been planned for later."""
    now = timezone.now()
    leads = [lead_in("new", name=str(number)) for number in range(MOST + 1)]
    Lead.objects.update(first_response_due_at=now - timedelta(hours=1), next_step_at=now - timedelta(hours=1))
    late = leads[-1]
    Lead.objects.filter(pk=late.pk).update(
        first_response_due_at=now - timedelta(days=3), next_step_at=now + timedelta(days=1)
    )
    day = client.get(TODAY).context["day"]
    assert (day.tasks[0].lead, day.further) == (late, 1)


def test_only_who_assigns_sees_the_day_of_others(
    dealership_a: Dealership, lead_in: Any, siti: User, manager: User, client: Client
) -> None:
    step(lead_in, "overdue", days=-2)
    client.force_login(manager)
    assert client.get(TODAY).context["day"].tasks == []
    assert len(client.get(TODAY, {"of": siti.pk}).context["day"].tasks) == 1
    assert client.get(TODAY, {"of": seller_of(MembershipFactory().dealership).pk}).status_code == 404
    colleague = seller_of(dealership_a)
    client.force_login(colleague)
    assert client.get(TODAY, {"of": siti.pk}).context["person"] == colleague


# -- the API


def test_the_api_makes_moves_and_closes_a_lead(dealership_a: Dealership, siti: User, tomorrow: Any) -> None:
    api, vehicle = api_of(siti), VehicleFactory(dealership=dealership_a)
    body = LEAD | {"dealership": dealership_a.pk, "phone": "081234567890", "vehicles": [vehicle.pk]}
    made = api.post(API, body, format="json")
    assert made.status_code == 201, made.content
    told = made.json()
    assert told | {"vehicles": [vehicle.pk], "worth": "18500000.00", "assigned_to": siti.pk, "status": "new"} == told
    at = made.headers["Location"]
    assert api.post(f"{at}contact/", {"words": "Called."}, format="json").json()["status"] == "contacted"
    planned = api.post(f"{at}plan/", {"next_step": "Offer", "next_step_at": tomorrow.isoformat()}, format="json")
    assert planned.json()["next_step"] == "Offer"
    assert api.post(f"{at}move/", {"status": "negotiation"}, format="json").json()["status"] == "negotiation"
    refused = api.post(f"{at}move/", {"status": "new"}, format="json")
    assert refused.status_code == 409
    assert "does not lead to “new”" in refused.content.decode()
    changed = api.patch(at, {"temperature": "cold"}, format="json")
    assert (changed.status_code, changed.json()["temperature"]) == (200, "cold"), changed.content
    assert changed.json()["vehicles"] == [vehicle.pk]
    assert api.post(f"{at}lose/", {"reason": "price"}, format="json").json()["lost_reason"] == "price"
    again = {"next_step": "Ask again", "next_step_at": tomorrow.isoformat()}
    assert api.post(f"{at}reopen/", again, format="json").json()["status"] == "contacted"
    assert api.post(f"{at}assign/", {"user": siti.pk}, format="json").status_code == 403
    assert api.post(f"{at}make-customer/", {}, format="json").json()["customer"] == Customer.objects.get().pk
    assert api.post(f"{at}win/", {}, format="json").json()["status"] == "won"


def test_the_api_books_and_ends_appointments(dealership_a: Dealership, siti: User, tomorrow: Any) -> None:
    api, lead = api_of(siti), LeadFactory(dealership=dealership_a)
    body = {
        "dealership": dealership_a.pk,
        "lead": lead.pk,
        "kind": "visit",
        "salesperson": siti.pk,
        "starts_at": tomorrow.isoformat(),
        "ends_at": (tomorrow + timedelta(hours=1)).isoformat(),
    }
    made = api.post("/api/v1/appointments/", body, format="json")
    assert made.status_code == 201, made.content
    again = api.post("/api/v1/appointments/", body, format="json")
    assert again.status_code == 400
    assert "another appointment" in again.content.decode()
    assert api.post(f"{made.headers['Location']}cancel/", {}, format="json").json()["status"] == "cancelled"
