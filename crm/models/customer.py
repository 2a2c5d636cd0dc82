"""A customer: one person or business from the first visit to the tenth service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import contact_values, sealing
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions

ERASED = "–"
"""The name of a customer whose data were erased."""


class CustomerRows(DealershipRows):
    """Customers of dealerships."""

    def of_type(self, types: Iterable[str]) -> CustomerRows:
        """Those whose computed type is one of these."""
        counted = self.annotate(owned=Count("ownerships", distinct=True))
        wanted = Q(pk__in=[])
        for each in types:
            wanted |= {
                Customer.Type.PROSPECT: Q(owned=0),
                Customer.Type.NEW: Q(owned=1),
                Customer.Type.RETURNING: Q(owned__gt=1),
            }[Customer.Type(each)]
        return self.filter(pk__in=counted.filter(wanted).order_by().values("pk"))

    def restorable(self) -> CustomerRows:
        """Those that were deleted; not those that were merged into others, or erased."""
        from crm.models.merge import Merge

        merged = Merge.objects.filter(undone_at=None, loser=OuterRef("pk"))
        return self.filter(~Exists(merged), deleted_at__isnull=False, erased_at=None)

    def with_identity(self, number: str) -> CustomerRows:
        """Those with this identity number, however it is written."""
        return self.filter(
            identity_hash__in=sealing.hashes("identity number", contact_values.identity_number(number)),
        ).exclude(identity_hash="")


class Living(models.Manager.from_queryset(CustomerRows)):  # type: ignore[misc]
    """Customers that were neither deleted, nor merged into others, nor erased."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(deleted_at=None)


class Customer(models.Model):
    """A person or a business that a dealership knows."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        BUSINESS = "business", _("business")

    class Type(models.TextChoices):
        """By the vehicles that they own or owned, as far as the dealership knows."""

        PROSPECT = "prospect", _("prospect")
        NEW = "new", _("new customer")
        RETURNING = "returning", _("returning customer")

    class Channel(models.TextChoices):
        CALL = "call", _("telephone")
        SMS = "sms", _("text message")
        WHATSAPP = "whatsapp", _("WhatsApp")
        EMAIL = "email", _("e-mail")
        POST = "post", _("letter")

    class Time(models.TextChoices):
        MORNING = "morning", _("in the morning")
        NOON = "noon", _("around noon")
        AFTERNOON = "afternoon", _("in the afternoon")
        EVENING = "evening", _("in the evening")
        WEEKEND = "weekend", _("at weekends")

    class Source(models.TextChoices):
        WALK_IN = "walk_in", _("walk-in")
        REFERRAL = "referral", _("referral")
        WEBSITE = "website", _("website")
        PHONE = "phone", _("call")
        EVENT = "event", _("event")
        SOCIAL = "social", _("social media")
        FEED = "feed", _("the manufacturer's feed")
        OTHER = "other", _("other source")

    CHOSEN = (
        *("kind", "name", "called", "contact_person", "birth_date", "identity_number", "preferred_channel"),
        *("preferred_time", "source", "referred_by", "tags"),
    )
    """Fields of which a merge keeps either one's."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="customers", verbose_name=_("dealership"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200, help_text=_("The whole name, or the business's."))
    called = models.CharField(_("how to call them"), max_length=60, blank=True)
    contact_person = models.CharField(_("contact person"), max_length=200, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    identity_sealed = models.TextField(blank=True, editable=False)
    identity_hash = models.CharField(max_length=64, blank=True, editable=False)
    identity_ending = models.CharField(_("identity number ends in"), max_length=8, blank=True, editable=False)
    preferred_channel = models.CharField(_("preferred channel"), max_length=10, choices=Channel, blank=True)
    preferred_time = models.CharField(_("preferred time"), max_length=10, choices=Time, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source, blank=True)
    referred_by = OwnKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="referred", verbose_name=_("referred by")
    )
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("tags"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

    on_erasure: dict[str, Any] = {
        **dict.fromkeys(("called", "contact_person", "identity_ending", "preferred_channel", "preferred_time"), ""),
        **{"source": "", "name": ERASED, "birth_date": None, "referred_by": None, "tags": []},
    }
    """What its columns become when the customer is erased; so for its versions."""

    history = Versions(without=["identity_sealed", "identity_hash"])
    objects = Living()
    everyone = CustomerRows.as_manager()
    """Deleted ones, merged ones and erased ones too."""

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["dealership", "-id"], condition=Q(deleted_at=None), name="customer_living"),
            models.Index(
                fields=["dealership", "-deleted_at"],
                condition=Q(deleted_at__isnull=False, erased_at=None),
                name="customer_deleted",
            ),
            models.Index(
                fields=["dealership", "identity_hash"], condition=~Q(identity_hash=""), name="customer_identity"
            ),
            GinIndex(fields=["tags"], name="customer_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    # -- what is known besides

    @property
    def type(self) -> str:
        """Prospect, new or returning; asks for the ownerships unless they were fetched with the row."""
        owned = len(self.ownerships.all())
        return (self.Type.PROSPECT, self.Type.NEW, self.Type.RETURNING)[min(owned, 2)].value

    def get_type_display(self) -> str:
        return str(self.Type(self.type).label)

    def primary(self, kind: str) -> Any:
        """The contact point of a kind that is used first; None without one."""
        found = [each for each in self.contact_points.all() if each.kind == kind]
        return min(found, key=lambda each: (not each.is_primary, each.pk), default=None)

    @property
    def phone(self) -> str:
        """The first telephone number in E.164; blank without one."""
        return getattr(self.primary("phone"), "value", "")

    @property
    def email(self) -> str:
        return getattr(self.primary("email"), "value", "")

    @property
    def masked_identity_number(self) -> str:
        """What everybody sees of the identity number."""
        return f"••••{self.identity_ending}" if self.identity_hash else ""

    @property
    def identity_number(self) -> str:
        """The whole identity number. Whoever shows it asks for the permission, and records it."""
        return sealing.opened(self.identity_sealed)

    def set_identity_number(self, number: str) -> None:
        """Keep an identity number sealed; blank removes it. Saves nothing."""
        plain = contact_values.identity_number(number)
        self.identity_sealed = sealing.seal(plain)
        self.identity_hash = sealing.hashed("identity number", plain)
        self.identity_ending = contact_values.ending(plain)

    def family(self) -> list[int]:
        """Its id, and those of all customers that were merged into it, step by step."""
        found = layer = [self.pk]
        while layer:
            merged = self.mergers_of(layer)
            layer = [pk for pk in merged if pk not in found]
            found = [*found, *layer]
        return found

    @staticmethod
    def mergers_of(ids: list[int]) -> list[int]:
        from crm.models.merge import Merge

        return list(Merge.objects.filter(winner__in=ids, undone_at=None).values_list("loser_id", flat=True))

    # -- verbs

    def remove(self, *, by: Any = None) -> None:
        """Delete it for everybody's eyes; `restore` brings it back."""
        self.deleted_at = timezone.now()
        self.save(update_fields=["deleted_at"])

    def restore(self, *, by: Any = None) -> None:
        self.deleted_at = None
        self.save(update_fields=["deleted_at"])


class CustomerWord(models.Model):
    """A word that a customer is found by: of the name, a number, an e-mail, a plate or a frame number.

    Triggers of the database write them (crm/search.py), so that none is ever missing.
    """

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False)
    customer = OwnKey(Customer, models.CASCADE, related_name="words")
    word = models.CharField(max_length=300, db_collation="C")

    on_erasure = "delete"
    stays_when_merged = True
    seen_with = "crm.customer:view"
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("word of a customer")
        verbose_name_plural = _("words of customers")
        constraints = [models.UniqueConstraint(fields=["dealership", "word", "customer"], name="customer_word_once")]

    def __str__(self) -> str:
        return self.word
