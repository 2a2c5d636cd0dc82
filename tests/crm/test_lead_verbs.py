"""What is done with a lead: every way from status to status is there or refused in words, an open one has a step."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm import lead_services
from crm.models import Lead
from crm.tasks import escalate_leads
from dealers.models import Dealership, Event, OpeningHours, User
from tests.factories import LeadFactory, VehicleFactory

pytestmark = pytest.mark.django_db
ALL = list(Lead.Status)


@pytest.mark.parametrize("there", ALL)
@pytest.mark.parametrize("here", ALL)
def test_a_lead_moves_where_a_way_leads_and_nowhere_else(here: str, there: str, lead_in: Any) -> None:
    lead = lead_in(here)
    if there in Lead.MOVES[here]:
        lead.move(there, reason="price")
        assert Lead.objects.get().status == there
        return
    with pytest.raises(ValidationError) as refused:
        lead.move(there, reason="price")
    words = " ".join(refused.value.messages)
    assert words.startswith(f"From “{Lead.Status(here).label}” it does not lead to “{Lead.Status(there).label}”.")
    assert Lead.objects.get().status == here


def test_each_move_is_told_by_the_audit_and_kept_as_a_version(lead_in: Any) -> None:
    lead = lead_in("contacted")
    lead.move("negotiation")
    assert Event.objects.get(verb="lead.moved").changes == {"status": ["contacted", "negotiation"]}
    assert lead.history.first().status == "negotiation"


def test_whoever_moves_what_somebody_else_has_moved_is_told(lead_in: Any) -> None:
    lead = lead_in("contacted")
    Lead.objects.get().move("negotiation")
    with pytest.raises(ValidationError, match="Somebody has moved"):
        lead.move("test_drive", seen="contacted")
    assert Lead.objects.get().status == "negotiation"


def test_a_new_lead_that_moves_on_was_answered(lead_in: Any) -> None:
    lead = lead_in()
    lead.move("test_drive")
    assert Lead.objects.get().first_response_at is not None


def test_the_first_contact_stops_the_clock_once(lead_in: Any, siti: User, tomorrow: datetime) -> None:
    lead = lead_in()
    lead.contact("Calls back.", "Call", tomorrow, by=siti)
    first = lead.first_response_at
    assert (lead.status, lead.next_step, lead.next_step_at) == ("contacted", "Call", tomorrow)
    assert lead.notes.endswith("Siti: Calls back.")
    lead.contact("Again.", by=siti)
    assert lead.first_response_at == first
    assert lead.notes.count("\n") == 1
    assert lead.next_step == "Call"


def test_a_step_is_planned_for_a_moment_to_come(lead_in: Any, tomorrow: datetime) -> None:
    lead = lead_in()
    lead.plan("Send the offer", tomorrow)
    assert Lead.objects.get().next_step == "Send the offer"
    with pytest.raises(ValidationError, match="has passed"):
        lead.plan("Too late", timezone.now() - timedelta(minutes=1))


def test_a_lost_lead_has_a_reason_and_another_reason_has_words(lead_in: Any) -> None:
    lead = lead_in("contacted")
    for reason, words in (("", ""), ("because", ""), ("other", " ")):
        with pytest.raises(ValidationError):
            lead.lose(reason, words)
    lead.lose("other", "Moved away.")
    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason, lead.closing_words) == ("lost", "other", "Moved away.")
    assert lead.closed_at is not None


def test_a_closed_lead_is_reopened_with_a_next_step(lead_in: Any, tomorrow: datetime) -> None:
    lost = lead_in("lost")
    with pytest.raises(ValidationError, match="Reopen it first"):
        lost.plan("Call", tomorrow)
    lost.reopen("Call", tomorrow)
    assert (lost.status, lost.lost_reason, lost.closed_at) == ("contacted", "", None)
    with pytest.raises(ValidationError, match="is open"):
        lost.reopen("Call", tomorrow)


def test_a_lead_of_which_a_deal_is_made_is_won_once_and_stays(lead_in: Any, tomorrow: datetime) -> None:
    lead = lead_in("contacted")
    lead.won()
    assert lead.status == "won"
    assert lead.converted_at is not None
    assert Event.objects.filter(verb="lead.converted").count() == 1
    with pytest.raises(ValidationError, match="before"):
        lead.won()
    with pytest.raises(ValidationError, match="cancel the deal"):
        lead.reopen("Call", tomorrow)


def test_a_lead_won_by_hand_can_become_a_deal_and_a_lost_one_cannot(lead_in: Any) -> None:
    by_hand = lead_in("won")
    closed = by_hand.closed_at
    by_hand.won()
    assert by_hand.converted_at is not None
    assert by_hand.closed_at == closed
    with pytest.raises(ValidationError, match="Reopen it first"):
        lead_in("lost").won()


@pytest.mark.parametrize(
    "broken",
    [
        {"next_step_at": None},
        {"status": "lost", "closed_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"lost_reason": "price"},
        {"closed_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"status": "won"},
        {"converted_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"name": ""},
    ],
    ids=str,
)
def test_the_database_refuses_a_lead_that_cannot_be(lead_in: Any, broken: dict[str, Any]) -> None:
    lead = lead_in()
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(**broken)


# -- the clock of the first response

MONDAY = datetime(2026, 11, 23, 9, 50, tzinfo=UTC)  # 16:50 in Jakarta


@pytest.fixture
def _open_on_weekdays(dealership_a: Dealership) -> None:
    for weekday in range(1, 6):
        OpeningHours.objects.create(dealership=dealership_a, weekday=weekday, opens=time(8), closes=time(17))


@pytest.mark.usefixtures("_open_on_weekdays")
def test_a_lead_is_answered_within_thirty_open_minutes(dealership_a: Dealership) -> None:
    with time_machine.travel(MONDAY, tick=False):
        lead = LeadFactory(dealership=dealership_a)
    due = datetime(2026, 11, 24, 1, 20, tzinfo=UTC)
    assert (lead.first_response_due_at, lead.next_step_at) == (due, due)
    assert lead.next_step == "First contact"


@pytest.mark.usefixtures("_open_on_weekdays")
def test_who_is_not_answered_in_time_is_escalated_once(dealership_a: Dealership) -> None:
    with time_machine.travel(MONDAY, tick=False):
        late, answered, lost = (LeadFactory(dealership=dealership_a) for _ in range(3))
        answered.contact()
        lost.lose("duplicate")
    due = late.first_response_due_at
    assert lead_services.escalate(due) == 0
    with time_machine.travel(due + timedelta(minutes=1), tick=False):
        assert escalate_leads() == 1
        assert escalate_leads() == 0
        late.refresh_from_db()
        assert late.escalated_at == timezone.now()
        assert list(Lead.objects.escalated()) == [late]
        late.contact()
    assert not Lead.objects.escalated().exists()


# -- what it is about


def test_the_worth_is_the_budget_else_the_dearest_vehicle_wished_for(dealership_a: Dealership) -> None:
    dear = VehicleFactory(dealership=dealership_a, asking_price=25_000_000)
    cheap = VehicleFactory(dealership=dealership_a, asking_price=19_000_000)
    of_stock = LeadFactory(dealership=dealership_a, budget=None, vehicles=[cheap, dear])
    of_budget = LeadFactory(dealership=dealership_a, budget=21_000_000, vehicles=[dear])
    of_nothing = LeadFactory(dealership=dealership_a, budget=None)
    worth = dict(Lead.objects.with_worth().values_list("pk", "worth"))
    assert worth == {of_stock.pk: 25_000_000, of_budget.pk: 21_000_000, of_nothing.pk: None}
    assert of_stock.vehicle_ids == [dear.pk, cheap.pk]


def test_a_customer_is_made_of_a_lead_once(dealership_a: Dealership, siti: User) -> None:
    lead = LeadFactory(dealership=dealership_a, name="Budi Santoso")
    made = lead_services.make_customer(lead, by=siti)
    assert (made.name, made.dealership) == ("Budi Santoso", dealership_a)
    assert lead_services.make_customer(lead, by=siti) == made


def test_a_next_step_without_a_moment_is_refused_and_nothing_is_noted(lead_in: Any) -> None:
    lead = lead_in("contacted", notes="")
    with pytest.raises(ValidationError, match="Say when the next step is") as refused:
        lead.contact("Calls back.", next_step="Test drive")
    assert set(refused.value.error_dict) == {"next_step_at"}
    assert Lead.objects.get().notes == ""


def test_notes_that_grow_too_long_are_refused_rather_than_cut(lead_in: Any) -> None:
    lead = lead_in("contacted", notes="A" * 3990)
    with pytest.raises(ValidationError, match="hold 4000"):
        lead.contact("Calls back.")
    assert Lead.objects.get().notes == "A" * 3990


@pytest.mark.parametrize(
    ("phone", "kept"), [("0812-3456-7890", "+6281234567890"), ("+62 812 3456 7890", "+6281234567890")]
)
def test_a_lead_of_long_ago_becomes_a_customer_with_its_number_as_it_is_kept(
    dealership_a: Dealership, phone: str, kept: str
) -> None:
    lead = LeadFactory(dealership=dealership_a, phone=phone, email="Budi@Mail.Example")
    made = lead_services.make_customer(lead)
    assert (made.phone, made.email) == (kept, "budi@mail.example")


def test_a_number_that_is_none_is_told_before_a_customer_has_it(dealership_a: Dealership) -> None:
    lead = LeadFactory(dealership=dealership_a, phone="12")
    with pytest.raises(ValidationError, match="“12” is no telephone number"):
        lead_services.make_customer(lead)
