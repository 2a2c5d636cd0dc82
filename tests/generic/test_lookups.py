"""Forms list no rows of what there is much of: they look them up, and only what one may see is found and chosen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django import forms
from django.test import Client

from config.backoffice.lookups import LOOKUPS, MOST, LookupInput, LookupSeveral
from config.backoffice.resources import REGISTRY
from crm.models import Customer, Lead
from dealers.models import Dealership, Membership, User
from dealers.people import FEW
from dealers.roles import Role
from inventory.models import Vehicle
from sales.models import Deal
from tests.factories import CustomerFactory, DealFactory, LeadFactory, MembershipFactory, UserFactory, VehicleFactory
from tests.generic.conftest import Room
from tests.people import with_role

MOST_OPTIONS = 60
"""Of one list in a form: longer ones are looked up."""
MANY = MOST_OPTIONS + 5


@pytest.fixture
def crowd(dealership_a: Dealership) -> None:
    """More of everything than a list should hold."""
    dealership = dealership_a
    Customer.objects.bulk_create(Customer(dealership=dealership, name=f"Budi {n}") for n in range(MANY))
    Vehicle.objects.bulk_create(
        Vehicle(dealership=dealership, make="Honda", model="BeAT", stock_number=f"S{n}", status="available")
        for n in range(MANY)
    )
    LeadFactory(dealership=dealership)
    one = Lead.objects.get()
    Lead.objects.bulk_create(
        Lead(dealership=dealership, name=f"Ani {n}", next_step_at=one.next_step_at, status=one.status)
        for n in range(MANY)
    )
    sellers = User.objects.bulk_create(
        UserFactory.build(email=f"seller{n}@dealer.example", password="!") for n in range(MANY)
    )
    Membership.objects.bulk_create(
        MembershipFactory.build(user=user, dealership=dealership, role=Role.SALESPERSON) for user in sellers
    )
    deal = DealFactory(dealership=dealership)
    Deal.objects.bulk_create(
        Deal(dealership=dealership, number=f"D{n}", customer=deal.customer, vehicle=vehicle, stage="draft")
        for n, vehicle in enumerate(Vehicle.objects.exclude(pk=deal.vehicle_id)[:MANY])
    )


def longest_list(text: str) -> int:
    lists = re.findall(r"<select.*?</select>", text, re.DOTALL)
    return max((each.count("<option") for each in lists), default=0)


@pytest.mark.usefixtures("crowd")
def test_no_form_of_a_resource_lists_all_there_is(writable: Room) -> None:
    row = writable.add()
    for page in ("new", "edit"):
        answer = writable.client.get(writable.address(page, row))
        if answer.status_code == 200:
            assert longest_list(answer.content.decode()) <= MOST_OPTIONS, page


@pytest.mark.usefixtures("crowd")
def test_no_form_of_a_verb_lists_all_there_is(room: Room) -> None:
    row = room.add()
    for verb in room.resource.verbs:
        if verb.form is not None:
            form = room.resource.verb_form(verb, room.owner, row)
            assert longest_list(form.as_p()) <= MOST_OPTIONS, verb.name


def chooses(resource: Any, user: User, row: Any) -> list[tuple[str, Any]]:
    """The fields of its form that look one row up, with that of the row."""
    form = resource.form_for(user, "change", instance=row)
    return [(name, field) for name, field in form.fields.items() if type(field.widget) is LookupInput]


def foreign_row(model: Any, dealership: Dealership) -> Any:
    if model is User:
        return MembershipFactory(dealership=dealership, role=Role.SALESPERSON).user
    made = {Customer: CustomerFactory, Vehicle: VehicleFactory, Lead: LeadFactory, Deal: DealFactory}[model]
    return made(dealership=dealership)


def test_nothing_of_another_dealership_is_chosen(writable: Room, dealership_b: Dealership) -> None:
    """Neither by its number, nor by its name, nor by its id as programs send it."""
    row = writable.add()
    looked = chooses(writable.resource, writable.owner, row)
    if not looked:
        pytest.skip("it looks nothing up")
    for name, field in looked:
        other = foreign_row(field.queryset.model, dealership_b)
        known = next(iter(LOOKUPS[field.queryset.model].resource.known_as(other)))
        for sent in ({f"{name}-words": f"X #{other.pk}"}, {f"{name}-words": str(known)}, {name: str(other.pk)}):
            form = writable.resource.form_for(writable.owner, "add", data=sent)
            form.is_valid()
            assert form.cleaned_data.get(name) != other, sent


def test_what_is_looked_up_is_what_one_may_see(
    client: Client, owner: User, charlie: User, dealership_a: Dealership
) -> None:
    neighbour, anybody = Client(), Client()
    neighbour.force_login(with_role(charlie, Role.OWNER))
    for model, lookup in LOOKUPS.items():
        row, resource = foreign_row(model, dealership_a), lookup.resource
        words = next(iter(resource.known_as(row)))
        address = f"/{resource.path}lookup/"
        mine, theirs = (each.get(address, {"x-words": words}).content.decode() for each in (client, neighbour))
        assert f'data-pk="{row.pk}"' in mine, resource.name
        assert f'data-pk="{row.pk}"' not in theirs, resource.name
        assert anybody.get(address).status_code == 302


def test_every_resource_that_is_looked_up_has_a_search() -> None:
    for model, lookup in LOOKUPS.items():
        assert "search" in lookup.resource.filterset.base_filters, model
    assert {Customer, Vehicle, Lead, Deal, User} == set(LOOKUPS)
    assert all(not resource.searched or resource.model in LOOKUPS for resource in REGISTRY.values())


# -- the box


@pytest.fixture
def form(owner: User, dealership_a: Dealership) -> Any:
    """Whose address it is."""
    resource = REGISTRY["addresses"]
    return lambda **sent: resource.form_for(owner, "add", data={"street": "Jalan Merdeka 1", **sent})


def chosen(form: Any) -> Any:
    form.is_valid()
    return form.cleaned_data.get("customer")


def test_a_row_is_named_by_its_number_or_by_what_it_alone_is_called(form: Any, dealership_a: Dealership) -> None:
    budi, twins = (
        CustomerFactory(dealership=dealership_a, name="Budi"),
        [CustomerFactory(dealership=dealership_a, name="Ani") for _ in range(2)],
    )
    for words in (f"Budi #{budi.pk}", f"#{budi.pk}", f"whatever # {budi.pk} ", "budi", " BUDI "):
        assert chosen(form(**{"customer-words": words})) == budi, words
    assert chosen(form(customer=str(budi.pk))) == budi
    for words in ("Ani", "Bud", "", str(budi.pk), "#", "#0", f"#{10**18}"):
        sent = form(**{"customer-words": words})
        assert chosen(sent) is None, words
        assert "customer" in sent.errors
    assert chosen(form(**{"customer-words": f"Ani #{twins[1].pk}"})) == twins[1]


def test_what_names_no_row_stays_as_it_was_typed_and_the_words_say_what_to_do(form: Any) -> None:
    sent = form(**{"customer-words": '12"><b>'})
    assert "Choose one from the list" in str(sent.errors["customer"])
    shown = str(sent["customer"])
    assert 'value="12&quot;&gt;&lt;b&gt;"' in shown


def test_a_number_that_was_typed_is_no_id(owner: User, dealership_a: Dealership) -> None:
    """The vehicle with the stock number 7 is not the row with the id 7."""
    resource = REGISTRY["ownerships"]
    first, second = VehicleFactory(dealership=dealership_a), VehicleFactory(dealership=dealership_a)
    Vehicle.objects.filter(pk=second.pk).update(stock_number=str(first.pk))
    sent = resource.form_for(owner, "add", data={"vehicle-words": str(first.pk)})
    sent.is_valid()
    assert sent.cleaned_data["vehicle"] == second


def test_a_number_that_was_refused_comes_back_as_it_was_typed(owner: User, dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a)
    for name, field in (("ownerships", "vehicle"), ("leads", "vehicles")):
        sent = REGISTRY[name].form_for(owner, "add", data={f"{field}-words": str(vehicle.pk)})
        assert field in sent.errors
        shown = str(sent[field])
        assert f'value="{vehicle.pk}"' in shown
        assert vehicle.stock_number not in shown


def test_a_name_is_taken_for_a_row_only_if_all_of_that_name_were_seen(form: Any, dealership_a: Dealership) -> None:
    """The twenty-first may be called exactly so as well."""
    CustomerFactory(dealership=dealership_a, name="Ani Budi")
    for n in range(MOST - 1):
        CustomerFactory(dealership=dealership_a, name=f"Ani Budi {n}")
    ani = CustomerFactory(dealership=dealership_a, name="Ani")
    assert chosen(form(**{"customer-words": "Ani"})) is None
    Customer.objects.filter(name="Ani Budi").delete()
    assert chosen(form(**{"customer-words": "Ani"})) == ani


@pytest.mark.parametrize("odd", ["foo #12", "12x", "-1", "1.0", "١٢", "9" * 30, "#12"])
def test_an_address_that_names_no_row_fills_the_box_with_its_words(owner: User, client: Client, odd: str) -> None:
    answer = client.get("/deals/new/", {"customer": odd})
    assert answer.status_code == 200
    assert f'value="{odd}"' in answer.content.decode()


def test_the_box_is_filled_with_the_row_and_its_number(owner: User, client: Client, dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a)
    text = client.get(f"/crm/ownerships/new/?vehicle={vehicle.pk}").content.decode()
    assert f'value="{vehicle.name} · {vehicle.stock_number} #{vehicle.pk}"' in text
    assert 'role="combobox"' in text


def test_several_are_chosen_and_one_more_by_words(owner: User, dealership_a: Dealership) -> None:
    first, second = VehicleFactory(dealership=dealership_a), VehicleFactory(dealership=dealership_a)
    resource = REGISTRY["leads"]
    sent = {"dealership": dealership_a.pk, "name": "Budi", "vehicles": [str(first.pk)], "source": "walk_in"}
    form = resource.form_for(owner, "add", data={**sent, "temperature": "warm", "vehicles-words": second.stock_number})
    assert isinstance(form.fields["vehicles"].widget, LookupSeveral)
    assert form.is_valid(), form.errors
    assert set(form.cleaned_data["vehicles"]) == {first, second}
    assert str(form["vehicles"]).count("checked") == 2
    wrong = resource.form_for(owner, "add", data={**sent, "temperature": "warm", "vehicles-words": "nothing"})
    assert "vehicles" in wrong.errors
    assert 'value="nothing"' in str(wrong["vehicles"])


def test_a_few_people_stand_in_a_list_and_more_are_looked_up(owner: User, dealership_a: Dealership) -> None:
    resource = REGISTRY["absences"]
    assert "<select" in str(resource.form_for(owner, "add")["user"])
    for _ in range(FEW + 1):
        MembershipFactory(dealership=dealership_a, role=Role.SALESPERSON)
    assert 'role="combobox"' in str(resource.form_for(owner, "add")["user"])


def test_only_vehicles_that_can_be_sold_are_offered_where_one_is_sold(
    owner: User, client: Client, dealership_a: Dealership
) -> None:
    here = VehicleFactory(dealership=dealership_a, model="Vario")
    gone = VehicleFactory(dealership=dealership_a, model="Vario", status="delivered")
    text = client.get("/deals/new/").content.decode()
    [address] = re.findall(r'hx-get="(/inventory/lookup/[^"]*)"', text)
    everything = client.get("/inventory/lookup/", {"vehicle-words": "vario"}).content.decode()
    assert f'data-pk="{gone.pk}"' in everything
    query = address.replace("&amp;", "&") + "&vehicle-words=vario"
    found = client.get(query).content.decode()
    assert f'data-pk="{here.pk}"' in found
    assert f'data-pk="{gone.pk}"' not in found


def test_options_are_of_the_dealership_that_the_form_is_about(
    owner: User, client: Client, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.OWNER)
    here, there = (
        CustomerFactory(dealership=dealership_a, name="Budi"),
        CustomerFactory(dealership=dealership_b, name="Budi"),
    )
    asked = {"customer-words": "budi", "dealership": str(dealership_b.pk)}
    text = client.get("/customers/lookup/", asked).content.decode()
    assert f'data-pk="{there.pk}"' in text
    assert f'data-pk="{here.pk}"' not in text
    for odd in ("x", "", "9" * 30):
        assert client.get("/customers/lookup/", {"customer-words": "budi\0", "dealership": odd}).status_code == 200


def test_two_who_change_one_row_are_told_of_the_row_not_of_its_number(
    owner: User, client: Client, dealership_a: Dealership
) -> None:
    """The merge screen asks for one row, not for all of them, and what only the other changed is taken over."""
    before, others, mine = (
        CustomerFactory(dealership=dealership_a, name=name) for name in ("Before", "Others", "Mine")
    )
    friend = CustomerFactory(dealership=dealership_a, name="Friend", referred_by=before)
    address = f"/customers/{friend.pk}/edit/"
    page = client.get(address).context["form"]
    sent = {page[name].html_name: page[name].value() or "" for name in page.fields}
    sent |= {page[name].html_initial_name: page[name].value() or "" for name in page.fields}
    sent |= {"version": "1", "referred_by-words": f"Before #{before.pk}", "called": "Fri"}
    del sent["referred_by"]
    Customer.objects.filter(pk=friend.pk).update(referred_by=others)
    assert client.post(address, sent).status_code == 302
    friend.refresh_from_db()
    assert (friend.referred_by, friend.called) == (others, "Fri")
    Customer.objects.filter(pk=friend.pk).update(referred_by=before)
    Customer.objects.filter(pk=friend.pk).update(referred_by=others)
    answer = client.post(address, {**sent, "referred_by-words": f"Mine #{mine.pk}"})
    assert answer.status_code == 409
    assert "“Others”" in answer.content.decode()


def test_what_a_form_was_filled_with_may_be_no_value_any_more(
    owner: User, client: Client, dealership_a: Dealership
) -> None:
    """A choice that is gone, or an input that somebody tampered with, is compared as it was sent."""
    friend = CustomerFactory(dealership=dealership_a, preferred_channel="sms", birth_date="1990-01-01")
    sent = {"version": "1", "kind": "person", "name": friend.name, "birth_date": "1990-01-01"}
    sent |= {"initial-preferred_channel": "telex", "preferred_channel": "telex", "initial-birth_date": "today"}
    answer = client.post(f"/customers/{friend.pk}/edit/", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    friend.refresh_from_db()
    assert friend.preferred_channel == "sms"
    deal = DealFactory(dealership=dealership_a)
    sent = {"version": "1", "name": "1", "price": "18000000", "initial-price": "dear", "initial-tax": "x", "tax": "x"}
    assert client.post(f"/deals/scenarios/{deal.chosen.pk}/save/", sent).status_code in (409, 422)


def test_for_whom_somebody_looked_is_kept_by_no_audit() -> None:
    assert all("search" in REGISTRY[name].secret_filters for name in ("customers", "deals", "leads"))


def test_a_hidden_field_stays_hidden() -> None:
    class Hidden(forms.Form):
        customer = forms.ModelChoiceField(Customer.objects.none(), widget=forms.HiddenInput)

    from config.backoffice import lookups

    assert lookups.install(Hidden()).fields["customer"].widget.is_hidden
