"""A lead: somebody who may buy, from the first word to won or lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.customer import ERASED, Customer
from crm.models.rota import sellers
from dealers import audit
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows, User
from dealers.versions import Versions
from inventory.models import Vehicle

LONGEST_NOTES = 4000
"""Letters."""


class LeadRows(DealershipRows):
    """Leads of dealerships."""

    def open(self) -> LeadRows:
        return self.filter(status__in=Lead.OPEN)

    def overdue(self, now: datetime) -> LeadRows:
        """Open, and the next step should have been done."""
        return self.open().filter(next_step_at__lt=now)

    def unanswered(self, now: datetime) -> LeadRows:
        """Open, and nobody has answered in time."""
        return self.open().filter(first_response_at=None, first_response_due_at__lt=now)

    def escalated(self) -> LeadRows:
        """Those of which the sales manager was told, and that still nobody has answered."""
        return self.open().filter(first_response_at=None, escalated_at__isnull=False)

    def with_worth(self) -> LeadRows:
        """With the attribute `worth`: the budget, else the asking price of the dearest vehicle wished for."""
        wished = Wish.objects.filter(lead=OuterRef("pk"), vehicle__asking_price__isnull=False)
        dearest = wished.order_by("-vehicle__asking_price").values("vehicle__asking_price")[:1]
        return self.annotate(worth=Coalesce("budget", Subquery(dearest)))


class Lead(models.Model):
    """Somebody's wish for a vehicle, and who of us does what about it next."""

    class Status(models.TextChoices):
        NEW = "new", _("new")
        CONTACTED = "contacted", _("contacted")
        TEST_DRIVE = "test_drive", _("test drive")
        NEGOTIATION = "negotiation", _("negotiation")
        FINANCE = "finance", _("finance")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    class Temperature(models.TextChoices):
        COLD = "cold", _("cold")
        WARM = "warm", _("warm")
        HOT = "hot", _("hot")

    class Source(models.TextChoices):
        WALK_IN = "walk_in", _("walk-in")
        PHONE = "phone", _("telephone")
        MESSAGE = "message", _("message")
        WEBSITE = "website", _("website")
        MARKETPLACE = "marketplace", _("marketplace")
        SOCIAL = "social", _("social media")
        REFERRAL = "referral", _("referral")
        EVENT = "event", _("event")
        FEED = "feed", _("the manufacturer's feed")
        OTHER = "other", _("other source")

    class LostReason(models.TextChoices):
        PRICE = "price", _("too expensive")
        FINANCE = "finance", _("finance refused")
        COMPETITOR = "competitor", _("bought elsewhere")
        STOCK = "stock", _("we do not have it")
        POSTPONED = "postponed", _("postponed")
        UNREACHABLE = "unreachable", _("cannot be reached")
        DUPLICATE = "duplicate", _("there twice")
        OTHER = "other", _("other reason")

    OPEN = (Status.NEW, Status.CONTACTED, Status.TEST_DRIVE, Status.NEGOTIATION, Status.FINANCE)
    CLOSED = (Status.WON, Status.LOST)
    MOVES: Mapping[str, tuple[str, ...]] = {
        Status.NEW: (Status.CONTACTED, Status.TEST_DRIVE, Status.NEGOTIATION, Status.LOST),
        Status.CONTACTED: (Status.TEST_DRIVE, Status.NEGOTIATION, Status.FINANCE, Status.WON, Status.LOST),
        Status.TEST_DRIVE: (Status.CONTACTED, Status.NEGOTIATION, Status.FINANCE, Status.WON, Status.LOST),
        Status.NEGOTIATION: (Status.CONTACTED, Status.TEST_DRIVE, Status.FINANCE, Status.WON, Status.LOST),
        Status.FINANCE: (Status.TEST_DRIVE, Status.NEGOTIATION, Status.WON, Status.LOST),
        Status.WON: (),
        Status.LOST: (),
    }
    """Where a lead may go from each status; one that is closed is reopened."""
    on_erasure = {"name": ERASED, **dict.fromkeys(("phone", "email", "notes", "next_step", "closing_words"), "")}

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="leads", verbose_name=_("dealership"), db_index=False
    )
    customer = OwnKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="leads", verbose_name=_("customer")
    )
    name = models.CharField(_("name"), max_length=200)
    phone = models.CharField(_("phone"), max_length=20, blank=True, help_text=_("With the country's code, or without."))
    email = models.EmailField(_("e-mail"), blank=True)
    source = models.CharField(_("source"), max_length=20, choices=Source, default=Source.WALK_IN)
    wish = models.CharField(_("make and model wished for"), max_length=200, blank=True)
    budget = models.DecimalField(
        _("budget"), max_digits=16, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(Decimal(0))]
    )
    temperature = models.CharField(_("temperature"), max_length=10, choices=Temperature, default=Temperature.WARM)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.NEW, editable=False)
    assigned_to = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("salesperson"),
        help_text=_("Blank: the next in turn."),
    )
    next_step = models.CharField(_("next step"), max_length=200, blank=True)
    next_step_at = models.DateTimeField(_("next step at"), null=True, blank=True)
    first_response_due_at = models.DateTimeField(_("first response due"), null=True, editable=False)
    first_response_at = models.DateTimeField(_("first response"), null=True, editable=False)
    escalated_at = models.DateTimeField(_("escalated"), null=True, editable=False)
    lost_reason = models.CharField(_("lost because"), max_length=20, choices=LostReason, blank=True, editable=False)
    closing_words = models.CharField(_("in words"), max_length=300, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    converted_at = models.DateTimeField(_("made a deal"), null=True, editable=False)
    notes = models.TextField(_("notes"), blank=True, max_length=LONGEST_NOTES)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = Versions()
    objects = LeadRows.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="lead_has_name"),
            models.CheckConstraint(
                condition=Q(status__in=("won", "lost")) | Q(next_step_at__isnull=False),
                name="lead_open_has_next_step",
                violation_error_message=_("Say when the next step is: an open lead always has one."),
            ),
            models.CheckConstraint(
                condition=Q(status="lost", lost_reason__gt="") | (~Q(status="lost") & Q(lost_reason="")),
                name="lead_lost_has_reason",
                violation_error_message=_("A lost lead has a reason, and no other has one."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=("won", "lost"), closed_at__isnull=False)
                | (~Q(status__in=("won", "lost")) & Q(closed_at__isnull=True)),
                name="lead_closed_has_moment",
            ),
            models.CheckConstraint(
                condition=Q(converted_at__isnull=True) | Q(status="won"), name="lead_converted_is_won"
            ),
        ]
        indexes = [
            models.Index(fields=["dealership", "status", "next_step_at"], name="lead_status"),
            models.Index(fields=["dealership", "assigned_to", "next_step_at"], name="lead_of_whom"),
            models.Index(fields=["dealership", "phone"], condition=~Q(phone=""), name="lead_phone"),
            models.Index(
                fields=["dealership", "first_response_due_at"],
                condition=Q(first_response_at__isnull=True),
                name="lead_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.next_step_at is not None and self.next_step_at < timezone.now()

    @property
    def is_unanswered(self) -> bool:
        """Whether nobody answered in time."""
        due = self.first_response_due_at
        return self.is_open and self.first_response_at is None and due is not None and due < timezone.now()

    @property
    def wishes_in_words(self) -> str:
        """The vehicles, then what was said beside them. Asks for `wishes` unless they were fetched."""
        return ", ".join(filter(None, (*(each.vehicle.name for each in self.wishes.all()), self.wish)))

    @property
    def vehicle_ids(self) -> list[int]:
        return sorted(each.vehicle_id for each in self.wishes.all())

    def validate_constraints(self, exclude: Any = None) -> None:
        """No form has the status, yet constraints ask for it."""
        super().validate_constraints(exclude=set(exclude or ()) - {"status"})

    # -- verbs

    def hold(self) -> None:
        """Lock the row until the transaction ends, and know it as it is now."""
        self.refresh_from_db(from_queryset=Lead.objects.select_for_update(of=("self",)))

    def need_open(self) -> None:
        if not self.is_open:
            raise ValidationError(
                _("“%(lead)s” is %(status)s. Reopen it first.") % {"lead": self, "status": self.get_status_display()}
            )

    def keep(self, verb: str, **values: Any) -> None:
        """Store these values, and tell the audit what they were."""
        before = {name: getattr(self, name) for name in values}
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))
        audit.record(f"lead.{verb}", self, changes=audit.differences(before, self, values))

    @transaction.atomic
    def assign(self, user: User | None, *, by: Any = None) -> None:
        """Give it to somebody of the dealership, or to nobody. Raises ValidationError for who has no place there."""
        self.hold()
        self.need_open()
        if user is not None and not sellers(self.dealership_id).filter(pk=user.pk).exists():
            raise ValidationError(
                _("%(person)s sells nothing in this dealership. Choose a salesperson or a sales manager of it.")
                % {"person": user.get_short_name()}
            )
        self.keep("assigned", assigned_to=user)

    @transaction.atomic
    def contact(
        self, words: str = "", next_step: str = "", next_step_at: datetime | None = None, *, by: Any = None
    ) -> None:
        """Note that somebody spoke with them: the first time it stops the clock, and a new lead is contacted.

        Raises ValidationError for a next step without a moment, and for notes that grow too long.
        """
        self.hold()
        self.need_open()
        if next_step and next_step_at is None:
            raise ValidationError({"next_step_at": _("Say when the next step is.")})
        values: dict[str, Any] = self.answered()
        if self.status == self.Status.NEW:
            values["status"] = self.Status.CONTACTED
        if words:
            values["notes"] = self.noted(words, by)
        if next_step_at is not None:
            values |= {"next_step": next_step, "next_step_at": not_past(next_step_at)}
        self.keep("contacted", **values)

    @transaction.atomic
    def plan(self, next_step: str, next_step_at: datetime, *, by: Any = None) -> None:
        """Say what is done next, and when. Raises ValidationError for a moment that has passed."""
        self.hold()
        self.need_open()
        self.keep("planned", next_step=next_step, next_step_at=not_past(next_step_at))

    @transaction.atomic
    def move(self, status: str, reason: str = "", words: str = "", *, by: Any = None, seen: str = "") -> None:
        """Give it another status, won and lost too. `seen` is the one that whoever moves it saw.

        Raises ValidationError for a way that does not lead there, and if somebody else has moved it meanwhile.
        """
        self.hold()
        wanted = self.Status(status)
        if seen and seen != self.status:
            raise ValidationError(
                _("Somebody has moved “%(lead)s” to “%(status)s” meanwhile. Look at it again.")
                % {"lead": self, "status": self.get_status_display()}
            )
        self.need_way_to(wanted)
        if wanted == self.Status.WON:
            return self.win(words, by=by)
        if wanted == self.Status.LOST:
            return self.lose(reason, words, by=by)
        return self.keep("moved", status=wanted, **self.answered())

    @transaction.atomic
    def win(self, words: str = "", *, by: Any = None) -> None:
        """Close it as won, by hand and without a deal."""
        self.hold()
        self.need_way_to(self.Status.WON)
        self.keep("won", **self.closing(self.Status.WON), closing_words=words)

    @transaction.atomic
    def won(self, *, by: Any = None) -> None:
        """A deal was made of it: it is won, whichever open status it had. Raises ValidationError if it was before."""
        self.hold()
        if self.converted_at is not None:
            raise ValidationError(_("A deal was made of “%(lead)s” before.") % {"lead": self})
        if self.status == self.Status.LOST:
            self.need_open()
        closing = self.closing(self.Status.WON) if self.is_open else {}
        self.keep("converted", **closing, converted_at=timezone.now())

    @transaction.atomic
    def unconverted(self, *, by: Any = None) -> None:
        """Nothing came of the deals that were made of it: it stays won until somebody reopens it, or makes another."""
        self.hold()
        if self.converted_at is not None:
            self.keep("unconverted", converted_at=None)

    @transaction.atomic
    def lose(self, reason: str, words: str = "", *, by: Any = None) -> None:
        """Close it as lost, with a reason. Raises ValidationError without one, and for another reason without words."""
        self.hold()
        self.need_way_to(self.Status.LOST)
        if reason not in self.LostReason.values:
            raise ValidationError({"reason": _("Say why it is lost: choose a reason.")})
        if reason == self.LostReason.OTHER and not words.strip():
            raise ValidationError({"words": _("Say in words why it is lost.")})
        self.keep("lost", **self.closing(self.Status.LOST), lost_reason=reason, closing_words=words)

    @transaction.atomic
    def reopen(self, next_step: str, next_step_at: datetime, *, by: Any = None) -> None:
        """Go on with one that was closed. Raises ValidationError for one that is open, or of which a deal was made."""
        self.hold()
        if self.is_open:
            raise ValidationError(_("“%(lead)s” is open.") % {"lead": self})
        if self.converted_at is not None:
            raise ValidationError(_("A deal was made of “%(lead)s”: cancel the deal.") % {"lead": self})
        status = self.Status.CONTACTED if self.first_response_at else self.Status.NEW
        planned = {"next_step": next_step, "next_step_at": not_past(next_step_at)}
        self.keep("reopened", status=status, lost_reason="", closing_words="", closed_at=None, **planned)

    # -- parts of verbs

    def need_way_to(self, wanted: str) -> None:
        ways = self.MOVES[self.status]
        if wanted not in ways:
            possible = ", ".join(str(self.Status(way).label) for way in ways)
            raise ValidationError(
                _("From “%(here)s” it does not lead to “%(there)s”. Possible now: %(ways)s.")
                % {
                    "here": self.get_status_display(),
                    "there": self.Status(wanted).label,
                    "ways": possible or _("nothing but to reopen it"),
                }
            )

    def answered(self) -> dict[str, Any]:
        """What stops the clock of the first response, if it still runs."""
        return {} if self.first_response_at else {"first_response_at": timezone.now()}

    def closing(self, status: str) -> dict[str, Any]:
        return {"status": status, "closed_at": timezone.now()}

    def noted(self, words: str, by: Any) -> str:
        """The notes with one more, signed and dated on the dealership's clock. Raises ValidationError if too long."""
        at = timezone.localtime(timezone=self.dealership.zone)
        who = getattr(by, "get_short_name", lambda: "")()
        notes = "\n".join(filter(None, (self.notes, f"{at:%Y-%m-%d %H:%M} {who}: {words}")))
        if len(notes) > LONGEST_NOTES:
            full = _("The notes would have %(letters)s letters, and hold %(most)s. Shorten them first: edit the lead.")
            raise ValidationError({"words": full % {"letters": len(notes), "most": LONGEST_NOTES}})
        return notes


def not_past(moment: datetime) -> datetime:
    """Raises ValidationError for a moment that has passed."""
    if moment < timezone.now():
        raise ValidationError({"next_step_at": _("This moment has passed. Choose one that is still to come.")})
    return moment


class Wish(models.Model):
    """A vehicle in stock that somebody wishes for; there may be several."""

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    lead = OwnKey(Lead, models.CASCADE, related_name="wishes", verbose_name=_("lead"), db_index=False)
    vehicle = OwnKey(Vehicle, models.CASCADE, related_name="wishes", verbose_name=_("vehicle"))

    seen_with = "crm.lead:view"
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("vehicle wished for")
        verbose_name_plural = _("vehicles wished for")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["dealership", "lead", "vehicle"], name="wish_once")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.vehicle_id}"
