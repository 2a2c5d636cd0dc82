"""Leads as a board: a column for each status, a card for each lead, moved by hand or by a dialog."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, F, Prefetch, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.backoffice import filter_bar, formats
from config.backoffice.pages import ResourcePage
from crm.lead_forms import LeadMoveForm
from crm.lead_resources import CHANGE, LEADS, choices_of, money, people
from crm.models import Lead, Wish

MOST_CARDS = 100
"""Of a column; the rest is counted, and stands in the table."""
CLOSED_DAYS = 30
"""How long won and lost leads stay on the board."""

NAMES = ("year", "make", "model", "trim")
"""What a vehicle is called by."""
SHOWN = (
    *("name", "status", "wish", "created_at", "next_step", "next_step_at", "lost_reason", "dealership__currency"),
    *("first_response_at", "first_response_due_at", "assigned_to__name", "assigned_to__email"),
)
"""The columns that a card needs."""


@dataclass(frozen=True)
class Card:
    """A lead as the board shows it."""

    lead: Any
    address: str
    amount: str


@dataclass
class Column:
    """A status with its leads."""

    status: Lead.Status
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    """By currency."""
    cards: list[Card] = field(default_factory=list)

    @property
    def ways(self) -> list[Lead.Status]:
        return [each for each in Lead.Status if each in Lead.MOVES[self.status]]

    @property
    def sum(self) -> str:
        return " + ".join(formats.money(total, currency) for currency, total in self.sums.items())

    @property
    def further(self) -> int:
        return self.count - len(self.cards)


def asked(user: Any, request: HttpRequest) -> QuerySet[Any]:
    """The leads of the board, as the address filters them: all that are open, and those closed lately.

    Raises ValidationError for a filter that cannot be: the whole board would pass for an answer.
    """
    filterset = LEADS.filtered(user, filter_bar.read(request.GET), request)
    if not filterset.is_valid():
        filters, errors = filterset.filters, filterset.form.errors
        raise ValidationError([f"{filters[name].label}: {words}" for name in errors for words in errors[name]])
    lately = timezone.now() - timedelta(days=CLOSED_DAYS)
    found: QuerySet[Any] = filterset.qs.filter(Q(status__in=Lead.OPEN) | Q(closed_at__gte=lately))
    return found


def columns_of(rows: QuerySet[Any]) -> dict[str, Column]:
    """Every column with its count and sum, without cards."""
    found = {status.value: Column(status) for status in Lead.Status}
    totals = rows.order_by().values("status", "dealership__currency").annotate(count=Count("pk"), sum=Sum("worth"))
    for each in totals.order_by("dealership__currency"):
        column = found[each["status"]]
        column.count += each["count"]
        if each["sum"]:
            column.sums[each["dealership__currency"]] = each["sum"]
    return found


def cards_of(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The first of each column: the next step that is most urgent, or what was closed last."""
    order = [F("closed_at").desc(), F("next_step_at").asc(), F("pk").asc()]
    place = Window(RowNumber(), partition_by="status", order_by=order)
    wanted = rows.annotate(place=place).filter(place__lte=MOST_CARDS).order_by("status", "place")
    wishes = Wish.objects.select_related("vehicle").only("lead", *(f"vehicle__{name}" for name in NAMES))
    shown = wanted.select_related(None).select_related("dealership", "assigned_to").only(*SHOWN)
    return shown.prefetch_related(Prefetch("wishes", wishes))


class PipelinePage(ResourcePage):
    def get(self, request: HttpRequest) -> HttpResponse:
        user, problems = request.user, list[str]()
        try:
            rows = asked(user, request)
        except ValidationError as error:
            problems, rows = error.messages, LEADS.rows(user).none()
        columns = columns_of(rows)
        for lead in cards_of(rows):
            columns[lead.status].cards.append(Card(lead, f"{LEADS.list_address}{lead.pk}/", money(lead)))
        return self.answer(
            "crm/pipeline.html",
            422 if problems else 200,
            problems=problems,
            columns=list(columns.values()),
            reasons=Lead.LostReason.choices,
            people=choices_of(people(user, "crm.lead:view")),
            owner=request.GET.get("assigned_to", ""),
            query=request.GET.urlencode(),
            moves=user.has_perm(CHANGE),
            adds=LEADS.may(user, "add"),
        )


class MovePage(ResourcePage):
    """Moves a card: tells the board's new counts, or why it stays where it was."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        lead = self.row(pk)
        if not request.user.has_perm(CHANGE, lead):
            raise PermissionDenied
        form = LeadMoveForm(request.POST)
        try:
            if not form.is_valid():
                raise ValidationError([words for errors in form.errors.values() for words in errors])
            rows = asked(request.user, request)
            lead.move(**form.cleaned_data, seen=request.POST.get("seen", ""), by=request.user)
        except ValidationError as error:
            return JsonResponse({"words": " ".join(error.messages)}, status=409)
        columns = columns_of(rows)
        words = _("%(lead)s: %(status)s") % {"lead": lead, "status": lead.get_status_display()}
        counts = {name: {"count": each.count, "sum": each.sum} for name, each in columns.items()}
        return JsonResponse({"words": words, "columns": counts})
