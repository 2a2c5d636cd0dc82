"""Pages of leads, appointments and absences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.backoffice import formats
from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.resources import Panel, Verb, register
from crm import lead_forms as forms
from crm import lead_services
from crm.lead_filters import AbsenceFilters, AppointmentFilters, LeadFilters
from crm.models import Absence, Appointment, Customer, Lead
from crm.models.rota import SELLERS
from dealers.models import Membership, User
from dealers.permissions import dealerships_of
from dealers.resources import DEALERSHIP, DealershipResource
from inventory.models import Vehicle

CHANGE, ASSIGN, APPOINT = "crm.lead:change", "crm.lead:assign", "crm.appointment:change"
LOOKS = {Lead.Status.WON: "ok", Lead.Status.LOST: "bad", Lead.Status.NEW: "warn"}
HEAT = {Lead.Temperature.HOT: "bad", Lead.Temperature.WARM: "warn", Lead.Temperature.COLD: ""}
ENDED = {Appointment.Status.DONE: "ok", Appointment.Status.NO_SHOW: "bad", Appointment.Status.CANCELLED: ""}


def people(user: Any, permission: str) -> QuerySet[User]:
    """Those who sell where `user` may do this."""
    places = Membership.objects.filter(role__in=SELLERS).current()
    found = dealerships_of(user, permission)
    if found is not None:
        places = places.filter(dealership__in=found)
    return User.objects.filter(pk__in=places.values("user"), is_active=True).order_by("name", "email")


def choices_of(found: QuerySet[User]) -> list[tuple[str, Any]]:
    return [(str(each.pk), each.get_short_name()) for each in found[:200]]


def money(lead: Any) -> str:
    return formats.money(lead.worth, lead.dealership.currency)


def next_step(lead: Lead) -> Cell:
    """Red once its moment has passed."""
    if not lead.is_open:
        return Cell()
    words = " ".join(filter(None, (formats.moment(lead.next_step_at), lead.next_step)))
    return Cell(words, tag="bad") if lead.is_overdue else Cell(words)


def response(lead: Lead) -> Cell:
    if lead.first_response_at:
        return Cell(formats.moment(lead.first_response_at), moment=lead.first_response_at.isoformat())
    if not lead.is_open:
        return Cell()
    if lead.is_unanswered:
        return Cell(str(_("not in time")), tag="bad")
    return Cell(str(_("due %(moment)s") % {"moment": formats.moment(lead.first_response_due_at)}))


def customer(lead: Lead) -> Cell:
    found = lead.customer
    return Cell(found.name, address=reverse("customers-detail", args=[found.pk])) if found else Cell()


def made_customer(lead: Lead, *, by: Any) -> str:
    return str(_("%(customer)s is a customer.") % {"customer": lead_services.make_customer(lead, by=by)})


def who_may_have_it(form: Any, user: Any, lead: Any) -> None:
    form.fields["user"].queryset = people(user, ASSIGN)
    form.initial = {"user": getattr(lead, "assigned_to_id", None)}


def what_is_planned(form: Any, user: Any, lead: Any) -> None:
    form.initial = {"next_step": lead.next_step}


def ways_on(form: Any, user: Any, lead: Any) -> None:
    ways = Lead.MOVES[lead.status]
    form.fields["status"].widget.choices = [(each.value, each.label) for each in Lead.Status if each in ways]


PANELS: list[Callable[[Any, Lead], Panel | None]] = []
"""What apps above know of a lead: they append to it in their AppConfig.ready."""


class LeadResource(DealershipResource):
    """Who may buy, and what is done about it next."""

    model, form, filterset = Lead, forms.LeadForm, LeadFilters
    name, path, icon, permission = "leads", "leads/", "inbox", "crm.lead:view"
    list_template = "crm/leads.html"
    columns = (
        attribute("name", _("name"), sortable=True),
        attribute("phone", _("phone")),
        attribute("email", _("e-mail")),
        Column("status", _("status"), lambda row: Cell(row.get_status_display(), tag=LOOKS.get(row.status, "info"))),
        Column(
            "temperature", _("temperature"), lambda row: Cell(row.get_temperature_display(), tag=HEAT[row.temperature])
        ),
        Column("source", _("source"), lambda row: row.get_source_display()),
        Column("wish", _("wish"), lambda row: row.wishes_in_words),
        Column("worth", _("amount"), money, numeric=True, export=lambda row: row.worth),
        attribute("budget", _("budget"), numeric=True, sortable=True),
        Column("assigned_to", _("salesperson"), lambda row: row.assigned_to and row.assigned_to.get_short_name()),
        Column("next_step_at", _("next step"), next_step, sortable=True, export=lambda row: row.next_step_at),
        Column("first_response_at", _("first response"), response, export=lambda row: row.first_response_at),
        Column("customer", _("customer"), customer),
        Column("lost_reason", _("lost because"), lambda row: row.get_lost_reason_display()),
        attribute("closing_words", _("in words")),
        attribute("closed_at", _("closed")),
        attribute("converted_at", _("made a deal")),
        attribute("created_at", _("created"), sortable=True),
        attribute("notes", _("notes")),
        DEALERSHIP,
    )
    listed = ("name", "status", "temperature", "wish", "worth", "assigned_to", "next_step_at", "first_response_at")
    searched = True
    first_filters = ("search", "status", "assigned_to", "attention")
    secret_filters = frozenset({"search"})
    verbs: Sequence[Verb] = (
        Verb(
            "contact",
            _("Note a contact"),
            CHANGE,
            Lead.contact,
            forms.LeadContactForm,
            "phone",
            open_to=lambda row: row.is_open,
            once=True,
        ),
        Verb(
            "plan",
            _("Plan next step"),
            CHANGE,
            Lead.plan,
            forms.LeadPlanForm,
            "calendar-plus",
            open_to=lambda row: row.is_open,
            prepare=what_is_planned,
        ),
        Verb(
            "move",
            _("Move"),
            CHANGE,
            Lead.move,
            forms.LeadMoveForm,
            "layout-kanban",
            open_to=lambda row: row.is_open,
            prepare=ways_on,
        ),
        Verb(
            "assign",
            _("Assign"),
            ASSIGN,
            Lead.assign,
            forms.LeadAssignForm,
            "user-plus",
            bulk=True,
            open_to=lambda row: row.is_open,
            prepare=who_may_have_it,
        ),
        Verb(
            "win",
            _("Win"),
            CHANGE,
            Lead.win,
            forms.LeadWinForm,
            "circle-check",
            open_to=lambda row: Lead.Status.WON in Lead.MOVES[row.status],
        ),
        Verb(
            "lose",
            _("Lose"),
            CHANGE,
            Lead.lose,
            forms.LeadLoseForm,
            "circle-x",
            danger=True,
            open_to=lambda row: row.is_open,
        ),
        Verb(
            "reopen",
            _("Reopen"),
            CHANGE,
            Lead.reopen,
            forms.LeadPlanForm,
            "rotate-clockwise",
            open_to=lambda row: not row.is_open and row.converted_at is None,
        ),
        Verb(
            "make-customer",
            _("Make a customer"),
            "crm.customer:add",
            made_customer,
            None,
            "users",
            open_to=lambda row: row.customer_id is None,
        ),
    )

    def hint(self, row: Any) -> str:
        return " · ".join(filter(None, (row.get_status_display(), row.wishes_in_words)))

    def rows(self, user: Any) -> QuerySet[Any]:
        visible: Any = super().rows(user)
        found: QuerySet[Any] = visible.with_worth().select_related("dealership", "customer", "assigned_to")
        return found

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        return rows.prefetch_related("wishes__vehicle")

    def known_as(self, row: Any) -> Iterator[Any]:
        yield from (row.name, row.phone, row.email)

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        return {"assigned_to": choices_of(people(user, "crm.lead:view"))}

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        """Vehicles in stock and people of where `user` may do this; only who assigns gives a lead to others."""
        form = super().form_for(user, verb, **options)
        row, fields = form.instance, form.fields
        fields["customer"].queryset = Customer.objects.visible_to(user)
        stock: Any = Vehicle.objects.visible_to(user)
        fields["vehicles"].queryset = (
            stock.in_stock() | stock.filter(pk__in=form.initial.get("vehicles") or ())
        ).order_by("make", "model", "stock_number")
        if row.pk:
            fields["vehicles"].queryset = fields["vehicles"].queryset.filter(dealership=row.dealership_id)
            fields.pop("assigned_to")  # Assign does that
            return form
        sellers = people(user, "crm.lead:add")
        fields["assigned_to"].queryset = sellers if user.has_perm(ASSIGN) else sellers.filter(pk=user.pk)
        return form

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        user = request.user
        yield Panel(
            capfirst(_("lead")),
            self.pairs(
                user, row, "name", "phone", "email", "customer", "source", "temperature", "wish", "worth", "notes"
            ),
        )
        yield Panel(
            _("What is done"),
            self.pairs(
                user,
                row,
                *("status", "assigned_to", "next_step_at", "first_response_at", "lost_reason", "closing_words"),
                *("closed_at", "converted_at", "created_at"),
            ),
        )
        yield from filter(None, (make(user, row) for make in PANELS))
        if user.has_perm(APPOINTMENTS.permission, row):
            found = row.appointments.select_related("salesperson", "vehicle", "dealership").order_by("-starts_at")[:20]
            adds = row.is_open and user.has_perm("crm.appointment:add", row)
            yield Panel(
                _("Appointments"),
                template="crm/lead_appointments.html",
                context={"rows": found, "lead": row, "adds": adds, "resource": APPOINTMENTS},
            )

    def serialized(self) -> dict[str, Any]:
        return {
            "vehicles": serializers.ListField(
                child=serializers.IntegerField(),
                source="vehicle_ids",
                read_only=True,
                help_text="In stock, wished for.",
            ),
            "worth": serializers.DecimalField(
                max_digits=16,
                decimal_places=2,
                read_only=True,
                allow_null=True,
                help_text="The budget, else the price of the dearest vehicle.",
            ),
        }


class AppointmentResource(DealershipResource):
    """When who meets a lead."""

    model, form, filterset = Appointment, forms.AppointmentForm, AppointmentFilters
    name, path, icon, permission = "appointments", "appointments/", "calendar", "crm.appointment:view"
    columns = (
        attribute("starts_at", _("starts"), sortable=True),
        attribute("ends_at", _("ends")),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        Column("status", _("status"), lambda row: Cell(row.get_status_display(), tag=ENDED.get(row.status, "info"))),
        Column("lead", _("lead"), lambda row: row.lead.name),
        Column("salesperson", _("salesperson"), lambda row: row.salesperson.get_short_name()),
        Column("vehicle", _("vehicle"), lambda row: row.vehicle and str(row.vehicle)),
        attribute("notes", _("notes")),
        DEALERSHIP,
    )
    listed = ("starts_at", "ends_at", "kind", "lead", "salesperson", "vehicle", "status")
    first_filters = ("status", "salesperson", "starts_from", "starts_to")
    ordering = "-starts_at"
    verbs = (
        Verb(
            "done",
            _("It took place"),
            APPOINT,
            Appointment.finish,
            None,
            "circle-check",
            open_to=lambda row: row.is_planned,
        ),
        Verb(
            "no-show",
            _("They did not come"),
            APPOINT,
            Appointment.miss,
            None,
            "circle-x",
            open_to=lambda row: row.is_planned,
        ),
        Verb(
            "cancel",
            _("Cancel it"),
            APPOINT,
            Appointment.cancel,
            forms.AppointmentCancelForm,
            "x",
            danger=True,
            open_to=lambda row: row.is_planned,
        ),
    )

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "lead", "salesperson", "vehicle")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        return {"salesperson": choices_of(people(user, self.permission))}

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        row, fields, permission = form.instance, form.fields, f"crm.appointment:{verb}"
        leads: Any = Lead.objects.visible_to(user, permission)
        stock: Any = Vehicle.objects.visible_to(user)
        fields["lead"].queryset = leads.filter(pk=row.lead_id) if row.pk else leads.open().order_by("name", "pk")
        fields["vehicle"].queryset = (stock.in_stock() | stock.filter(pk=row.vehicle_id)).order_by(
            "make", "model", "stock_number"
        )
        fields["salesperson"].queryset = people(user, permission) | User.objects.filter(pk=row.salesperson_id)
        return form


class AbsenceResource(DealershipResource):
    """Who is not there, so that they get no leads."""

    model, form, filterset = Absence, forms.AbsenceForm, AbsenceFilters
    name, path, icon, permission = "absences", "settings/absences/", "calendar-event", "crm.absence:view"
    columns = (
        Column("user", _("who"), lambda row: row.user.get_short_name()),
        attribute("since", _("first day"), sortable=True),
        attribute("until", _("last day"), sortable=True),
        attribute("reason", _("reason")),
        DEALERSHIP,
    )
    first_filters = ("since_from", "until_to")
    ordering = "-since"

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "user")

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        found = people(user, f"crm.absence:{verb}") | User.objects.filter(pk=form.instance.user_id)
        form.fields["user"].queryset = found
        return form


LEADS = register(LeadResource())
APPOINTMENTS = register(AppointmentResource())
ABSENCES = register(AbsenceResource())
