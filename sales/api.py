"""Deals in the API: the desk's scenarios as JSON, links for customers, and the calculator by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.urls import path, reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice import merging
from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text, Whole, YesNo
from config.backoffice.form_bodies import body_of, data_of
from dealers.access import Access
from dealers.api_resources import IF_MATCH, ChangedMeanwhile, refused, viewset_of
from sales import arithmetic, links, offers, scenarios
from sales.arithmetic import BadOffer
from sales.desk import GROSS, Desk
from sales.forms import ItemForm, LinkForm, ScenarioForm, TradeInForm
from sales.models import Deal, Document, Item, Scenario, TradeIn
from sales.resources import DEALS

MOST_LINES = 50


def amount(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=6, min_value=Decimal(0), **options)


# -- scenarios


class RowRequest(serializers.Serializer):
    """A line: one with an `id` is changed, or removed; one without is added."""

    id = Whole(min_value=1, max_value=2**63 - 1, required=False)
    remove = YesNo(required=False)


class ItemRequest(RowRequest, body_of(ItemForm)):  # type: ignore[misc]
    pass


def many(body: type[serializers.Serializer]) -> Any:
    """A list of such bodies, of bounded length."""
    made: Any = body
    return made(many=True, required=False, max_length=MOST_LINES)


class TradeInRequest(RowRequest, body_of(TradeInForm)):  # type: ignore[misc]
    pass


class ScenarioRequest(body_of(ScenarioForm)):  # type: ignore[misc]
    items = many(ItemRequest)
    trade_ins = many(TradeInRequest)


class CopyRequest(serializers.Serializer):
    scenario = Whole(min_value=1, max_value=2**63 - 1, help_text="Of the scenario that is copied.")
    name = Text(max_length=60, required=False, help_text="Blank: the next number.")


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ("id", *ItemForm.base_fields)


class TradeInSerializer(serializers.ModelSerializer):
    class Meta:
        model = TradeIn
        fields = ("id", *TradeInForm.base_fields, "vehicle")


class ScenarioSerializer(serializers.ModelSerializer):
    """A scenario with what it comes to; what it costs us is null to whoever may not know it."""

    items = ItemSerializer(many=True, read_only=True)
    trade_ins = TradeInSerializer(many=True, read_only=True)
    figures = serializers.SerializerMethodField(help_text="As arithmetic says now; null if it cannot be calculated.")

    class Meta:
        model = Scenario
        fields = ("id", "is_chosen", "is_locked", *ScenarioForm.base_fields, "items", "trade_ins", "figures")

    def get_figures(self, scenario: Scenario) -> dict[str, Any] | None:
        try:
            found = offers.plain(offers.summary_of(scenario))
        except BadOffer:
            return None
        return offers.told(found, self.tells_gross(scenario))

    def tells_gross(self, scenario: Scenario) -> bool:
        return bool(self.context["request"].user.has_perm(GROSS, scenario))

    def to_representation(self, instance: Scenario) -> dict[str, Any]:
        found: dict[str, Any] = super().to_representation(instance)
        if not self.tells_gross(instance):
            found["commission_rate"] = None
            for item in found["items"]:
                item["unit_cost"] = None
        return found


class FiguresSerializer(serializers.Serializer):
    """What a deal comes to: as signed if it is, else as its chosen scenario is computed now."""

    signed = serializers.BooleanField()
    figures = serializers.DictField(allow_null=True)


class LinkSerializer(serializers.Serializer):
    address = serializers.CharField(help_text="Told here and never again.")


class LinkRequest(body_of(LinkForm)):  # type: ignore[misc]
    document = Whole(min_value=1, max_value=2**63 - 1)


def problems(desk: Desk) -> dict[str, list[str]]:
    """What is wrong at the desk, by member of the request's body."""
    found: dict[str, list[str]] = {}
    for form in desk.forms:
        for name, errors in form.errors.items():
            key = "non_field_errors" if name == "__all__" else name
            found[f"{form.prefix}.{key}" if form.prefix else key] = [str(each) for each in errors]
    return found


def form_data(desk: Desk, body: dict[str, Any]) -> QueryDict:
    """The desk's form as it is, with what a request says written into it."""
    data, blank = QueryDict(mutable=True), dict[str, Any]()
    for form in desk.forms:
        new = form.prefix is not None and form.instance.pk is None
        told = {bound.name: merging.sent(bound.value()) for bound in form}
        if new:
            blank[form.prefix.partition("-new-")[0]] = told
            continue
        for name, value in told.items():
            data.setlist(form.add_prefix(name), value)
    rows = {"item": body.pop("items", ()), "trade-in": body.pop("trade_ins", ())}
    put(data, "", body)
    for kind, sent in rows.items():
        news = 0
        for row in sent:
            pk, removes = row.pop("id", None), row.pop("remove", False)
            if pk is None:
                prefix, news = f"{kind}-new-{news}", news + 1
                for name, value in blank[kind].items():
                    data.setlist(f"{prefix}-{name}", value)
            else:
                prefix = f"{kind}-{pk}"
                if not any(form.prefix == prefix for form in desk.forms):
                    raise exceptions.ValidationError({f"{kind}s": f"There is no {kind} {pk} in this scenario."})
            put(data, f"{prefix}-", row)
            if removes:
                data[f"{prefix}-remove"] = "1"
    return data


def put(data: QueryDict, prefix: str, values: dict[str, Any]) -> None:
    told = data_of(values)
    for name in values:
        data.setlist(f"{prefix}{name}", [told[name]] if name in told else [])


DealViewSetBase: Any = viewset_of(DEALS)


@extend_schema_view()
class DealViewSet(DealViewSetBase):
    """Deals."""

    acts_with = {
        **DealViewSetBase.acts_with,
        **dict.fromkeys(("scenarios", "scenario", "choose", "links"), "sales.deal:change"),
    }

    def deal(self, *, change: bool) -> Deal:
        """Raises NotFound and PermissionDenied."""
        deal: Deal = get_object_or_404(DEALS.rows(self.request.user), pk=self.kwargs["pk"])
        if change and not self.request.user.has_perm("sales.deal:change", deal):
            raise exceptions.PermissionDenied
        return deal

    def scenario_of(self, deal: Deal, pk: Any) -> Scenario:
        found: Scenario = get_object_or_404(deal.scenarios.select_related("tax"), pk=pk)
        found.deal = deal
        return found

    def one(self, scenario: Scenario, status: int = 200) -> Response:
        data = ScenarioSerializer(scenario, context=self.get_serializer_context()).data
        return Response(data, status, headers={"ETag": f'"{merging.version_of(scenario)}"'})

    def attempt(self, work: Any, *args: Any, **given: Any) -> Any:
        try:
            return work(*args, by=self.request.user, **given)
        except ValidationError as error:
            raise refused(error)

    @extend_schema(methods=["GET"], responses=ScenarioSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=CopyRequest, responses={201: ScenarioSerializer})
    @action(detail=True, methods=["get", "post"], url_path="scenarios", pagination_class=None, filterset_class=None)
    def scenarios(self, request: Request, pk: str) -> Response:
        """The scenarios of a deal; a new one is a copy of one that is there."""
        deal = self.deal(change=request.method == "POST")
        if request.method == "POST":
            body = CopyRequest(data=request.data)
            body.is_valid(raise_exception=True)
            source = self.scenario_of(deal, body.validated_data["scenario"])
            made = self.attempt(scenarios.copy, source, name=body.validated_data.get("name") or "")
            return self.one(self.scenario_of(deal, made.pk), 201)
        rows = deal.scenarios.select_related("tax").prefetch_related("items", "trade_ins").order_by("pk")
        found = list(rows)
        for each in found:
            each.deal = deal
        return Response(ScenarioSerializer(found, many=True, context=self.get_serializer_context()).data)

    @extend_schema(methods=["GET"], responses=ScenarioSerializer, operation_id="deals_scenario_retrieve")
    @extend_schema(methods=["PATCH"], request=ScenarioRequest, responses=ScenarioSerializer, parameters=[IF_MATCH])
    @extend_schema(methods=["DELETE"], responses={204: None})
    @action(detail=True, methods=["get", "patch", "delete"], url_path=r"scenarios/(?P<scenario>\d+)")
    def scenario(self, request: Request, pk: str, scenario: str) -> Response:
        """A scenario; a change says what is changed, and of lines those that are."""
        deal = self.deal(change=request.method != "GET")
        row = self.scenario_of(deal, scenario)
        if request.method == "DELETE":
            self.attempt(scenarios.remove, row)
            return Response(status=204)
        if request.method == "GET":
            return self.one(row)
        with transaction.atomic():
            row = self.attempt(lambda by: scenarios.held(row))
            self.change(row)
        return self.one(self.scenario_of(deal, row.pk))

    def change(self, row: Scenario) -> None:
        """Write what the request says into a scenario that is locked. Raises ChangedMeanwhile and ValidationError."""
        request = self.request
        known = request.headers.get("If-Match", "*").strip()
        if known not in ("*", f'"{merging.version_of(row)}"'):
            raise ChangedMeanwhile
        body = ScenarioRequest(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        data = form_data(Desk(row, request.user), dict(body.validated_data))
        desk = Desk(row, request.user, data)
        if not desk.is_valid():
            raise exceptions.ValidationError(problems(desk))
        self.attempt(lambda by: desk.save())

    @extend_schema(request=None, responses=ScenarioSerializer)
    @action(detail=True, methods=["post"], url_path=r"scenarios/(?P<scenario>\d+)/choose")
    def choose(self, request: Request, pk: str, scenario: str) -> Response:
        """Let the deal go on with a scenario."""
        deal = self.deal(change=True)
        self.attempt(scenarios.choose, self.scenario_of(deal, scenario))
        return self.one(self.scenario_of(deal, scenario))

    @extend_schema(responses=FiguresSerializer)
    @action(detail=True, methods=["get"], url_path="figures", pagination_class=None, filterset_class=None)
    def figures(self, request: Request, pk: str) -> Response:
        deal = self.deal(change=False)
        found = offers.figures_of(deal)
        told = None if found is None else offers.told(found, bool(request.user.has_perm(GROSS, deal)))
        return Response({"signed": deal.contract is not None, "figures": told})

    @extend_schema(request=LinkRequest, responses={201: LinkSerializer})
    @action(detail=True, methods=["post"], url_path="links")
    def links(self, request: Request, pk: str) -> Response:
        """A link by which the customer sees a document and accepts it."""
        deal = self.deal(change=True)
        body = LinkRequest(data=request.data)
        body.is_valid(raise_exception=True)
        document: Document = get_object_or_404(deal.documents.defer("pdf"), pk=body.validated_data["document"])
        token = self.attempt(links.make, document, days=body.validated_data["days"])
        return Response({"address": request.build_absolute_uri(reverse("offer", args=[token]))}, 201)


# -- the calculator


class LineRequest(serializers.Serializer):
    kind = serializers.ChoiceField(choices=get_args(arithmetic.Kind))
    quantity = amount()
    unit_price = amount()
    tax_rate = amount(default=Decimal(0))
    tax_inclusive = YesNo(default=False)
    unit_cost = amount(default=Decimal(0))


class TradedRequest(serializers.Serializer):
    allowance = amount()
    payoff = amount(default=Decimal(0))


class FinanceRequest(serializers.Serializer):
    rate = amount()
    term = Whole(min_value=1, max_value=arithmetic.LONGEST)
    method = serializers.ChoiceField(choices=get_args(arithmetic.Method), default="annuity")
    down_payment = amount(default=Decimal(0))
    balloon = amount(default=Decimal(0))


class OfferRequest(serializers.Serializer):
    """An offer (sales.arithmetic.Offer)."""

    currency = serializers.ChoiceField(choices=sorted(arithmetic.MINOR_UNITS))
    price = amount()
    discount = amount(default=Decimal(0))
    tax_rate = amount(default=Decimal(0))
    tax_inclusive = YesNo(default=False)
    lines = many(LineRequest)
    trade_ins = many(TradedRequest)
    deposits = serializers.ListField(child=amount(), required=False, max_length=MOST_LINES)
    finance = FinanceRequest(required=False, allow_null=True)
    cost = amount(required=False, allow_null=True)
    commission_rate = amount(default=Decimal(0))


class PricedSerializer(serializers.Serializer):
    rate, net, tax, gross = (serializers.CharField() for _ in range(4))


class SummarySerializer(serializers.Serializer):
    """Every figure of an offer, as exact decimals in text."""

    currency = serializers.CharField()
    vehicle = PricedSerializer()
    lines = PricedSerializer(many=True)
    taxes = PricedSerializer(many=True)
    payments = serializers.IntegerField()
    price, discount, discounted, subtotal, total_tax, total = (serializers.CharField() for _ in range(6))
    allowance, payoff, equity, deposits, due, down_payment = (serializers.CharField() for _ in range(6))
    financed, monthly_payment, last_payment, balloon = (serializers.CharField() for _ in range(4))
    total_of_payments, total_interest, cash_due = (serializers.CharField() for _ in range(3))
    cost, gross, commission = (serializers.CharField(allow_null=True) for _ in range(3))


def offer_from(told: dict[str, Any]) -> arithmetic.Offer:
    finance = told.pop("finance", None)
    return arithmetic.Offer(
        **{
            **{name: value for name, value in told.items() if name not in ("lines", "trade_ins", "deposits")},
            "lines": tuple(arithmetic.Line(**each) for each in told.get("lines", ())),
            "trade_ins": tuple(arithmetic.TradeIn(**each) for each in told.get("trade_ins", ())),
            "deposits": tuple(told.get("deposits", ())),
            "finance": arithmetic.Finance(**finance) if finance else None,
        }
    )


class CalculateView(BackofficeView):
    """What an offer comes to; nothing is stored."""

    permission_classes = [Access]
    acts_with = "sales.deal:view"

    @extend_schema(request=OfferRequest, responses=SummarySerializer, operation_id="deals_calculate")
    def post(self, request: Request) -> Response:
        body = OfferRequest(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            summary = arithmetic.summarize(offer_from(dict(body.validated_data)))
        except BadOffer as error:
            raise exceptions.ValidationError({error.field: [str(error)]})
        found = offers.plain(summary)
        del found["finance"]
        return Response(found)


urlpatterns = [path("deals/calculate/", CalculateView.as_view(), name="deal-calculate")]
