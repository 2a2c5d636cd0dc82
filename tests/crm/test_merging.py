"""Two customers become one field by field, and two again, exactly as before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import merging, relations, services
from crm.models import Customer, CustomerWord, Merge
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from tests.factories import (
    AddressFactory,
    AttributeFactory,
    ContactPointFactory,
    CustomerFactory,
    NoteFactory,
    OwnershipFactory,
)
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db


def customer(dealership: Dealership, name: str, **more: Any) -> Customer:
    """With a row of everything."""
    made = CustomerFactory(dealership=dealership, name=name, **more)
    for part in (ContactPointFactory, AddressFactory, NoteFactory, AttributeFactory, OwnershipFactory):
        part(dealership=dealership, customer=made)
    return made


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every live row about customers, but for the memory of merges and the words, which are made of the others."""
    models = {Customer, *(model for model, _ in relations.of_customers())} - {Merge, CustomerWord}
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


def words() -> set[tuple[int, str]]:
    return set(CustomerWord.objects.values_list("customer_id", "word"))


def test_all_that_points_to_the_loser_moves(dealership_a: Dealership) -> None:
    winner, loser = customer(dealership_a, "Budi"), customer(dealership_a, "Budi S.")
    friend = CustomerFactory(dealership=dealership_a, referred_by=loser)
    services.record_consent(
        loser,
        contact=loser.phone,
        channel="sms",
        purpose="marketing",
        is_given=True,
        wording_version="1",
        source="form",
    )
    number = loser.phone
    merging.merge(winner, loser)
    for name in ("addresses", "notes", "ownerships"):
        assert getattr(winner, name).count() == 2, name
    assert {point.value for point in winner.contact_points.all()} == {Customer.objects.get(pk=winner.pk).phone, number}
    assert winner.contact_points.filter(is_primary=True).count() == 1
    assert winner.learnt.count() == 1, "what both say stays where it is"
    friend.refresh_from_db()
    assert friend.referred_by_id == winner.pk
    assert not Customer.objects.filter(pk=loser.pk).exists()
    assert loser.consents.count() == 1, "evidence stays as it is"
    assert services.may_contact(winner, channel="sms", purpose="marketing", contact=number), "and counts"


def test_every_model_about_customers_says_what_becomes_of_it() -> None:
    for model, _key in relations.of_customers():
        assert hasattr(model, "on_erasure"), f"{model._meta.label}: say in on_erasure what an erasure does with it"


def test_fields_are_chosen_one_by_one(dealership_a: Dealership) -> None:
    winner = customer(dealership_a, "Budi", tags=["vip"], birth_date=date(1990, 1, 2))
    loser = customer(dealership_a, "Budi Santoso", tags=["fleet"], called="Bud", birth_date=date(1991, 1, 2))
    loser.set_identity_number("3171234567890001")
    loser.save()
    record = merging.merge(winner, loser, keep={"name": "others", "tags": "both"})
    winner = Customer.objects.get(pk=winner.pk)
    assert (winner.name, winner.tags, winner.called) == ("Budi Santoso", ["fleet", "vip"], "Bud")
    assert winner.birth_date == date(1990, 1, 2)
    assert winner.identity_number == "3171234567890001"
    assert "3171234567890001" not in str(record.fields)


def test_what_was_changed_since_stays_and_is_told(dealership_a: Dealership) -> None:
    winner, loser = customer(dealership_a, "Budi"), customer(dealership_a, "Other")
    record = merging.merge(winner, loser, keep={"name": "others"})
    note = winner.notes.order_by("pk").last()
    note.text = "Written anew."
    note.save()
    Customer.objects.filter(pk=winner.pk).update(name="By hand")
    winner.addresses.order_by("pk").last().delete()
    told = merging.undo(record)
    assert f"note {note.pk}" in told
    assert "address" in told
    assert "Name" in told
    assert Customer.objects.get(pk=winner.pk).name == "By hand"
    assert list(winner.notes.filter(pk=note.pk)) == [note]
    assert loser.ownerships.count() == 1


def test_a_merge_is_undone_once_within_ninety_days(dealership_a: Dealership) -> None:
    winner, loser = customer(dealership_a, "Budi"), customer(dealership_a, "Other")
    record = merging.merge(winner, loser)
    Merge.objects.update(at=timezone.now() - timedelta(days=91))
    with pytest.raises(ValidationError, match="90 days"):
        merging.undo(record)
    Merge.objects.update(at=timezone.now() - timedelta(days=89))
    merging.undo(record)
    with pytest.raises(ValidationError, match="undone already"):
        merging.undo(record)


def test_a_winner_that_was_merged_itself_is_given_back_first(dealership_a: Dealership) -> None:
    a, b, c = (customer(dealership_a, name) for name in "ABC")
    first, second = merging.merge(b, a), merging.merge(c, b)
    with pytest.raises(ValidationError, match="Undo that first"):
        merging.undo(first)
    merging.undo(second)
    merging.undo(first)
    assert Customer.objects.count() == 3


def test_what_cannot_be_merged_is_refused_in_words(dealership_a: Dealership, dealership_b: Dealership) -> None:
    mine, other = customer(dealership_a, "Budi"), customer(dealership_a, "Other")
    foreign = customer(dealership_b, "Foreign")
    for wrong, words_ in ((mine, "same customer"), (foreign, "no such customer")):
        with pytest.raises(ValidationError, match=words_):
            merging.merge(mine, wrong)
    merging.merge(mine, other)
    with pytest.raises(ValidationError, match="not there any more"):
        merging.merge(mine, other)


steps = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["", "mine", "others"])), min_size=1, max_size=5
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_merges_undone_in_reverse_give_exactly_the_rows_before(
    dealership_a: Dealership, asked: list[tuple[int, int, str]]
) -> None:
    with transaction.atomic():
        people = [customer(dealership_a, f"Person {n}", called=f"P{n}" if n % 2 else "") for n in range(4)]
        Customer.objects.filter(pk=people[3].pk).update(referred_by=people[0], tags=["vip"])
        before, known, records = everything(), words(), []
        for winner, loser, choice in asked:
            keep = dict.fromkeys(Customer.CHOSEN, choice) if choice else {}
            try:
                records.append(merging.merge(people[winner], people[loser], keep=keep))
            except ValidationError:
                continue
        for record in reversed(records):
            assert merging.undo(record).endswith("as before.")
        assert everything() == before
        assert words() == known
        transaction.set_rollback(True)


# -- on pages and in the API


def test_a_merge_is_done_and_undone_by_the_api_and_the_audit_tells_of_both(api: Any, dealership_a: Dealership) -> None:
    winner, loser = customer(dealership_a, "Budi"), customer(dealership_a, "Other")
    address = f"/api/v1/customers/{winner.pk}/merge/"
    assert api.post(address, {"other": loser.pk, "name": "others"}, format="json").json()["name"] == "Other"
    [record] = api.get("/api/v1/merges/").json()["results"]
    assert (record["winner"], record["loser"], "moved" in record) == (winner.pk, loser.pk, False)
    assert api.post(f"/api/v1/merges/{record['id']}/undo/").status_code == 200
    assert api.get(f"/api/v1/customers/{winner.pk}/").json()["name"] == "Budi"
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"customer.merged", "customer.unmerged"} <= verbs
    assert api.post(address, {"other": 10**12}, format="json").status_code == 409


def test_two_customers_stand_beside_each_other_before_they_are_merged(
    client: Client, owner: User, dealership_a: Dealership
) -> None:
    winner, loser = (CustomerFactory(dealership=dealership_a, name="Budi Santoso", called=each) for each in "AB")
    page = client.get(f"/customers/{winner.pk}/").content.decode()
    link = f"/customers/{winner.pk}/merge-with/?other={loser.pk}"
    assert link in page
    form = client.get(link)
    assert form.status_code == 200
    assert "called" in form.context["form"].fields
    assert "name" not in form.context["form"].fields, "it is the same"
    sent = {"other": loser.pk, "called": "others"}
    assert client.post(f"/customers/{winner.pk}/merge/", sent).headers["Location"] == f"/customers/{winner.pk}/"
    assert Customer.objects.get().called == "B"
    page = client.get(f"/customers/{winner.pk}/").content.decode()
    assert f"/crm/merges/{Merge.objects.get().pk}/undo/" in page


def test_whoever_may_not_merge_merges_nothing(alice: User, dealership_a: Dealership) -> None:
    winner, loser = customer(dealership_a, "Budi"), customer(dealership_a, "Other")
    seller = api_of(with_role(alice, Role.SALESPERSON))
    assert seller.post(f"/api/v1/customers/{winner.pk}/merge/", {"other": loser.pk}, format="json").status_code == 403
    assert seller.get("/api/v1/merges/").json()["results"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("crossed", [False, True])
def test_two_merges_of_one_pair_at_once_are_one(dealership_a: Dealership, crossed: bool) -> None:
    pair = [customer(dealership_a, name) for name in ("Budi", "Other")]

    def merge(turned: bool) -> bool:
        try:
            merging.merge(*(pair[::-1] if turned else pair))
        except ValidationError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(merge, [False, crossed, False, crossed]))
    assert outcomes.count(True) == 1
    assert Merge.objects.count() == Customer.objects.count() == 1
    assert apps.get_model("crm.note").objects.filter(customer=Customer.objects.get()).count() == 2
