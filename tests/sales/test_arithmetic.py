"""The figures of a deal: published examples, an independent formula in fractions, and what holds for every offer."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from django.utils import translation
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sales.arithmetic import (
    MINOR_UNITS,
    BadOffer,
    Finance,
    Kind,
    Lever,
    Line,
    Method,
    Offer,
    Summary,
    TradeIn,
    annuity,
    flat_rate,
    roll,
    schedule,
    summarize,
    term_by_down,
)

D = Decimal
ONE = D(1)
many = settings(max_examples=200, deadline=None)
several = settings(max_examples=50, deadline=None)
"""For what looks for its answer in dozens of offers."""
CAR = Offer("USD", D(20000), finance=Finance(D("7.5"), 60))
MOTORCYCLE = Offer("IDR", D(15_000_000), finance=Finance(D(17), 12, "flat", D(3_000_000)))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(D("0.01"))


def payment_by_fractions(principal: Decimal, rate: Decimal, months: int, balloon: Decimal) -> Fraction:
    """Not rounded, from the balance in the end: the principal grown, less the payments grown, is the balloon."""
    share = Fraction(rate) / 1200
    growth = (1 + share) ** months
    payments_grown = sum(((1 + share) ** month for month in range(months)), Fraction(0))
    return (Fraction(principal) * growth - Fraction(balloon)) / payments_grown


def half_up(value: Fraction, decimals: int) -> Decimal:
    return D(floor(value * 10**decimals + Fraction(1, 2))).scaleb(-decimals)


def figures(summary: Summary) -> dict[str, Decimal]:
    return {
        field.name: getattr(summary, field.name)
        for field in fields(summary)
        if isinstance(getattr(summary, field.name), Decimal)
    }


def refused(offer: Offer) -> BadOffer:
    with pytest.raises(BadOffer) as caught:
        summarize(offer)
    return caught.value


# -- published examples


@pytest.mark.parametrize(
    ("principal", "rate", "months", "balloon", "published"),
    [
        # The table of a 30-year mortgage in every textbook: 5.9955 for a thousand at 6 %.
        ("100000", "6", 360, "0", "599.55"),
        # A car loan as US lenders' tables have it.
        ("20000", "7.5", 60, "0", "400.76"),
        # Microsoft, "PMT function": PMT(8%/12, 10, 10000), and 50,000 saved in 18 years: PMT(6%/12, 18*12, 0, 50000).
        ("10000", "8", 10, "0", "1037.03"),
        ("0", "6", 216, "-50000", "129.08"),
        # NumPy-Financial, "pmt": npf.pmt(0.075/12, 12*15, 200000).
        ("200000", "7.5", 180, "0", "1854.02"),
        # Claris FileMaker Pro Help, "PMT": a sports car of 21,000 at 6.9 % over 48 payments.
        ("21000", "6.9", 48, "0", "501.90"),
        # Mescius SpreadJS, "PMT": PMT(6%/12, 15, 5000).
        ("5000", "6", 15, "0", "346.82"),
        # Oracle PeopleTools 8.63, "PMT": 50,000 at 14 % over 120 months, without and with a balloon of 30,000.
        ("50000", "14", 120, "0", "776.33"),
        ("50000", "14", 120, "30000", "660.53"),
        # A textbook's car: 96,601.50 at 3 %, 60 payments of 1,325 leave a balloon of 26,557.03.
        ("96601.50", "3", 60, "26557.03", "1325.00"),
    ],
)
def test_an_annuity_is_the_published_one(principal: str, rate: str, months: int, balloon: str, published: str) -> None:
    assert cents(annuity(D(principal), D(rate), months, D(balloon))) == D(published)


@pytest.mark.parametrize(
    ("principal", "rate", "months", "interest", "published"),
    [
        # Otoritas Jasa Keuangan (the financial authority), "Mengenal OJK", table of instalments of a motorcycle.
        (12_000_000, "17", 12, 2_040_000, 1_170_000),
        # Bank Jateng's example of a motorcycle: Rp 50,000,000 at 8 % flat over 3 years.
        (50_000_000, "8", 36, 12_000_000, 1_722_222),
        # A car of 200 million with 60 million down at 6 % flat over 3 years, as a blog on kinds of interest tells it.
        (140_000_000, "6", 36, 25_200_000, 4_588_889),
        # Motorcycle of 15 million, 10 % down, 7 % flat over 2 years.
        (13_500_000, "7", 24, 1_890_000, 641_250),
    ],
)
def test_flat_interest_is_what_leasing_companies_quote(
    principal: int, rate: str, months: int, interest: int, published: int
) -> None:
    summary = summarize(Offer("IDR", D(principal), finance=Finance(D(rate), months, "flat")))
    assert (summary.total_interest, summary.monthly_payment) == (interest, published)
    assert summary.total_of_payments == principal + interest


def test_what_is_financed_of_a_motorcycle_is_its_price_less_the_down_payment() -> None:
    summary = summarize(MOTORCYCLE)
    assert (summary.financed, summary.monthly_payment, summary.cash_due) == (12_000_000, 1_170_000, 3_000_000)


def test_a_loan_without_interest_is_split_evenly_and_the_last_payment_carries_the_rest() -> None:
    summary = summarize(Offer("USD", D(1000), finance=Finance(D(0), 3)))
    assert (summary.monthly_payment, summary.last_payment) == (D("333.33"), D("333.34"))
    assert summary.total_interest == 0


def test_a_balloon_falls_due_with_the_last_payment() -> None:
    summary = summarize(Offer("USD", D(50000), finance=Finance(D(14), 120, balloon=D(30000))))
    rows = schedule(summary)
    assert summary.monthly_payment == D("660.53")
    assert rows[-1].payment == summary.last_payment + 30000
    assert abs(summary.last_payment - summary.monthly_payment) < 2
    assert {row.payment for row in rows[:-1]} == {summary.monthly_payment}


def test_the_first_rows_of_a_schedule_are_interest_on_what_is_owed() -> None:
    first, second = schedule(summarize(CAR))[:2]
    assert (first.number, first.payment, first.interest, first.principal, first.balance) == (
        1, D("400.76"), D("125.00"), D("275.76"), D("19724.24"),
    )  # fmt: skip
    assert (second.interest, second.balance) == (D("123.28"), D("19446.76"))


@many
@given(
    principal=st.integers(10**6, 10**13),
    rate=st.integers(0, 36_000),
    months=st.integers(1, 120),
    share=st.integers(0, 90),
    currency=st.sampled_from(["IDR", "USD", "KWD"]),
)
@example(principal=1_000_000, rate=33, months=1, share=0, currency="IDR")  # 1,000,027.5
def test_an_annuity_is_what_fractions_say(principal: int, rate: int, months: int, share: int, currency: str) -> None:
    decimals = MINOR_UNITS[currency]
    borrowed, percent = D(principal).scaleb(-decimals), D(rate).scaleb(-3)
    balloon = D(principal * share // 100).scaleb(-decimals)
    expected = payment_by_fractions(borrowed, percent, months, balloon)
    assert abs(Fraction(annuity(borrowed, percent, months, balloon)) - expected) < Fraction(1, 10**20)
    summary = summarize(Offer(currency, borrowed, finance=Finance(percent, months, balloon=balloon)))
    assert summary.monthly_payment == half_up(expected, decimals)


@pytest.mark.parametrize("method", ["annuity", "flat"])
def test_a_payment_that_would_pay_off_a_tiny_loan_too_early_is_rounded_down(method: Method) -> None:
    summary = summarize(Offer("IDR", D(60), finance=Finance(D(0), 120, method)))
    assert (summary.monthly_payment, summary.last_payment, summary.total_of_payments) == (0, 60, 60)


# -- the whole deal, by hand


def test_every_figure_of_a_deal() -> None:
    """A price with 11 % in it, a fee without tax, two accessories with 11 % on top, and a car with a loan traded in."""
    offer = Offer(
        currency="IDR",
        price=D(240_000_000),
        discount=D(5_000_000),
        tax_rate=D(11),
        tax_inclusive=True,
        lines=(
            Line("fee", D(1), D(3_500_000), unit_cost=D(3_000_000)),
            Line("accessory", D(2), D(750_001), D(11), unit_cost=D(400_000)),
        ),
        trade_ins=(TradeIn(D(90_000_000), D(100_000_000)),),
        deposits=(D(2_000_000), D(3_000_000)),
        finance=Finance(D(6), 36, "flat", D(60_000_000), D(12_000_000)),
        cost=D(200_000_000),
        commission_rate=D("2.5"),
    )
    summary = summarize(offer)
    # 235,000,000 * 11 / 111 = 23,288,288.29; 1,500,002 * 11 % = 165,000.22
    assert (summary.price, summary.discount, summary.discounted) == (240_000_000, 5_000_000, 235_000_000)
    assert (summary.vehicle.net, summary.vehicle.tax, summary.vehicle.gross) == (211_711_712, 23_288_288, 235_000_000)
    assert [(line.net, line.tax, line.gross) for line in summary.lines] == [
        (3_500_000, 0, 3_500_000),
        (1_500_002, 165_000, 1_665_002),
    ]
    assert [(tax.rate, tax.net, tax.tax) for tax in summary.taxes] == [(0, 3_500_000, 0), (11, 213_211_714, 23_453_288)]
    assert (summary.subtotal, summary.total_tax, summary.total) == (216_711_714, 23_453_288, 240_165_002)
    assert (summary.allowance, summary.payoff, summary.equity) == (90_000_000, 100_000_000, -10_000_000)
    assert (summary.deposits, summary.due) == (5_000_000, 245_165_002)
    assert (summary.down_payment, summary.financed, summary.cash_due) == (60_000_000, 185_165_002, 60_000_000)
    # Interest 185,165,002 * 6 % * 3 = 33,329,700.36; (185,165,002 + 33,329,700 - 12,000,000) / 36 = 5,735,963.94
    assert (summary.total_interest, summary.total_of_payments) == (33_329_700, 218_494_702)
    assert (summary.payments, summary.monthly_payment, summary.last_payment) == (36, 5_735_964, 5_735_962)
    assert summary.balloon == 12_000_000
    # 216,711,714 - 200,000,000 - 3,000,000 - 800,000 = 12,911,714; 2.5 % of it is 322,792.85
    assert (summary.cost, summary.gross, summary.commission) == (203_800_000, 12_911_714, 322_793)


def test_without_finance_all_that_is_due_is_paid_at_delivery() -> None:
    summary = summarize(Offer("USD", D(20000), deposits=(D(500),)))
    assert (summary.cash_due, summary.financed, summary.payments, summary.monthly_payment) == (19500, 0, 0, 0)
    assert schedule(summary) == ()


def test_a_trade_in_worth_more_than_the_vehicle_leaves_money_to_the_customer() -> None:
    assert summarize(Offer("USD", D(20000), trade_ins=(TradeIn(D(22000)),))).cash_due == -2000


def test_a_margin_is_unknown_while_the_cost_is() -> None:
    summary = summarize(Offer("USD", D(20000), commission_rate=D(5)))
    assert (summary.cost, summary.gross, summary.commission) == (None, None, None)


def test_a_loss_earns_no_commission_and_takes_none_back() -> None:
    summary = summarize(Offer("USD", D(20000), cost=D(21000), commission_rate=D(5)))
    assert (summary.gross, summary.commission) == (-1000, 0)


@pytest.mark.parametrize(
    ("currency", "price", "tax"),
    [
        ("JPY", "105", "11"),
        ("USD", "0.45", "0.05"),
        ("KWD", "0.005", "0.001"),
        ("IDR", "5", "1"),
        ("USD", "0.44", "0.04"),
    ],
)
def test_half_of_the_smallest_unit_is_rounded_up(currency: str, price: str, tax: str) -> None:
    assert summarize(Offer(currency, D(price), tax_rate=D(10))).total_tax == D(tax)


def test_a_caller_with_little_precision_gets_the_same_figures() -> None:
    with localcontext(prec=4):
        assert summarize(CAR).monthly_payment == D("400.76")


# -- what holds for every offer

RATES = st.sampled_from([D(0), D("7.5"), D(10), D(11), D("11.00"), D(21), D("22.3333")])


@st.composite
def offers(draw: st.DrawFn, financed: bool = False, least: int = 0, currency: str = "") -> Offer:
    """Any offer; `financed` ones have finance that fits what is due, of `least` minor units and more."""
    currency = currency or draw(st.sampled_from(["IDR", "USD", "KWD"]))

    def amount(low: int = 0, high: int = 10**10) -> Decimal:
        return D(draw(st.integers(low, high))).scaleb(-MINOR_UNITS[currency])

    def up_to(most: Decimal) -> Decimal:
        return amount(0, int(most.scaleb(MINOR_UNITS[currency])))

    kinds: st.SearchStrategy[Kind] = st.sampled_from(["fee", "warranty", "service", "accessory", "other"])
    price = amount(least)
    offer = Offer(
        currency=currency,
        price=price,
        discount=D(0) if financed else up_to(price),
        tax_rate=draw(RATES),
        tax_inclusive=draw(st.booleans()),
        lines=tuple(
            Line(
                draw(kinds), D(draw(st.integers(1, 5000))) / 1000, amount(), draw(RATES), draw(st.booleans()), amount()
            )
            for _each in range(draw(st.integers(0, 3)))
        ),
        trade_ins=tuple(TradeIn(amount(0, 10**9), amount(0, 10**9)) for _each in range(draw(st.integers(0, 2)))),
        deposits=tuple(amount(1, 10**8) for _each in range(draw(st.integers(0, 2)))),
        cost=draw(st.none() | st.just(amount())),
        commission_rate=D(draw(st.integers(0, 100))),
    )
    due = summarize(offer).due
    if financed:
        assume(due.scaleb(MINOR_UNITS[currency]) >= least)
    if due >= 0 and (financed or draw(st.booleans())):
        down = up_to(due)
        balloon = draw(st.sampled_from([D(0), D(0), up_to(due - down)]))
        rate, term = D(draw(st.integers(0, 4000))).scaleb(-2), draw(st.integers(1, 120))
        method: Method = draw(st.sampled_from(["annuity", "flat"]))
        offer = replace(offer, finance=Finance(rate, term, method, down, balloon))
    return offer


@many
@given(offer=offers())
def test_the_parts_sum_up_to_the_whole(offer: Offer) -> None:
    summary = summarize(offer)
    parts = [summary.vehicle, *summary.lines]
    assert all(part.net + part.tax == part.gross for part in parts)
    paid = summary.vehicle.gross if offer.tax_inclusive else summary.vehicle.net
    assert paid == summary.discounted == offer.price - offer.discount
    assert sum(part.gross for part in parts) == summary.total == summary.subtotal + summary.total_tax
    assert sum(part.net for part in parts) == summary.subtotal == sum(tax.net for tax in summary.taxes)
    assert sum(tax.tax for tax in summary.taxes) == summary.total_tax
    assert len({tax.rate for tax in summary.taxes}) == len(summary.taxes)
    assert summary.equity == summary.allowance - summary.payoff
    assert summary.due == summary.total - summary.equity - summary.deposits
    if offer.finance:
        assert summary.down_payment + summary.financed == summary.due
    else:
        assert summary.cash_due == summary.due
    if summary.gross is not None and summary.cost is not None and summary.commission is not None:
        assert summary.gross + summary.cost == summary.subtotal
        assert 0 <= summary.commission <= max(summary.gross, D(0))


@many
@given(offer=offers(financed=True))
def test_the_payments_sum_up_to_what_is_financed_and_its_interest(offer: Offer) -> None:
    summary = summarize(offer)
    rows = schedule(summary)
    paid = summary.monthly_payment * (summary.payments - 1) + summary.last_payment + summary.balloon
    assert paid == summary.total_of_payments == summary.financed + summary.total_interest
    assert paid == sum(row.payment for row in rows)
    assert sum(row.interest for row in rows) == summary.total_interest
    assert sum(row.principal for row in rows) == summary.financed
    assert [row.number for row in rows] == list(range(1, summary.payments + 1))
    assert summary.last_payment >= 0


@many
@given(offer=offers(financed=True))
def test_a_schedule_leads_from_what_is_financed_to_nothing_with_the_interest_of_its_method(offer: Offer) -> None:
    assert offer.finance
    summary, decimals = summarize(offer), MINOR_UNITS[offer.currency]
    rows, share = schedule(summary), Fraction(offer.finance.rate) / 1200
    balance = summary.financed
    for row in rows:
        if offer.finance.method == "annuity":
            assert row.interest == half_up(Fraction(balance) * share, decimals)
        assert row.payment == row.interest + row.principal
        balance -= row.principal
        assert row.balance == balance >= 0 <= row.interest
    assert rows[-1].balance == 0
    if offer.finance.method == "flat":
        assert summary.total_interest == half_up(Fraction(summary.financed) * share * offer.finance.term, decimals)


@many
@given(offer=offers(), data=st.data())
def test_the_order_in_which_things_were_added_changes_no_figure(offer: Offer, data: st.DataObject) -> None:
    shuffled = replace(
        offer,
        lines=tuple(data.draw(st.permutations(offer.lines))),
        trade_ins=tuple(data.draw(st.permutations(offer.trade_ins))),
        deposits=tuple(data.draw(st.permutations(offer.deposits))),
    )
    one, other = summarize(offer), summarize(shuffled)
    assert Counter(one.lines) == Counter(other.lines)
    assert replace(one, lines=()) == replace(other, lines=())


@many
@given(offer=offers())
def test_no_figure_has_more_or_fewer_decimals_than_its_currency(offer: Offer) -> None:
    summary = summarize(offer)
    every = list(figures(summary).values())
    every += [value for each in (summary.vehicle, *summary.lines) for value in (each.net, each.tax, each.gross)]
    every += [value for row in schedule(summary) for value in (row.payment, row.interest, row.principal, row.balance)]
    assert {value.as_tuple().exponent for value in every} == {-MINOR_UNITS[offer.currency]}


@many
@given(offer=offers(financed=True), data=st.data())
def test_a_higher_down_payment_never_raises_the_monthly_payment(offer: Offer, data: st.DataObject) -> None:
    assert offer.finance
    step = D(1).scaleb(-MINOR_UNITS[offer.currency])
    summary = summarize(offer)
    room = int((summary.financed - summary.balloon) / step)
    more = offer.finance.down_payment + step * data.draw(st.integers(0, room))
    after = summarize(replace(offer, finance=replace(offer.finance, down_payment=more)))
    assert after.monthly_payment <= summary.monthly_payment


# -- rolling to a payment


def lever(offer: Offer, by: Lever) -> Decimal:
    assert offer.finance
    return {"discount": offer.discount, "down_payment": offer.finance.down_payment, "term": D(offer.finance.term)}[by]


def less(offer: Offer, by: Lever) -> Offer:
    """One smallest unit, or one month, less of it."""
    assert offer.finance
    step = D(1).scaleb(-MINOR_UNITS[offer.currency])
    if by == "discount":
        return replace(offer, discount=offer.discount - step)
    if by == "down_payment":
        return replace(offer, finance=replace(offer.finance, down_payment=offer.finance.down_payment - step))
    return replace(offer, finance=replace(offer.finance, term=offer.finance.term - 1))


def reachable(offer: Offer, target: Decimal, by: Lever) -> bool:
    """Whether any term, or all that finance allows of the other two, brings the payment down to the target."""
    assert offer.finance
    if by == "term":
        column = term_by_down(offer, range(offer.finance.term, 121), [offer.finance.down_payment])
        return any(payment is not None and payment <= target for [payment] in column)
    if by == "down_payment":
        down = offer.finance.down_payment + summarize(offer).financed - offer.finance.balloon
        return summarize(replace(offer, finance=replace(offer.finance, down_payment=down))).monthly_payment <= target
    # The discount's end is where the price is, or somewhere before it where the finance fits no more.
    step = D(1).scaleb(-MINOR_UNITS[offer.currency])
    low, high = offer.discount, offer.price
    while low < high:
        middle = low + (high - low + step) // (2 * step) * step
        low, high = (middle, high) if fits(replace(offer, discount=middle)) else (low, middle - step)
    return summarize(replace(offer, discount=low)).monthly_payment <= target


def fits(offer: Offer) -> bool:
    try:
        summarize(offer)
    except BadOffer:
        return False
    return True


@several
@pytest.mark.parametrize("by", ["discount", "down_payment", "term"])
@given(offer=offers(financed=True), percent=st.integers(1, 110))
def test_a_roll_changes_as_little_as_reaches_the_target(by: Lever, offer: Offer, percent: int) -> None:
    before = summarize(offer)
    target = half_up(Fraction(before.monthly_payment) * percent / 100, MINOR_UNITS[offer.currency])
    try:
        rolled = roll(offer, target, by)
    except BadOffer:
        assert before.monthly_payment > target
        assert not reachable(offer, target, by)
        return
    assert summarize(rolled).monthly_payment <= target
    if before.monthly_payment <= target:
        assert rolled == offer
    else:
        assert lever(rolled, by) > lever(offer, by)
        assert summarize(less(rolled, by)).monthly_payment > target


@pytest.mark.parametrize(
    ("by", "expected"), [("discount", D("1275.78")), ("down_payment", D("1275.78")), ("term", D(66))]
)
def test_a_car_is_rolled_to_a_payment_it_can_have(by: Lever, expected: Decimal) -> None:
    # 60 months of 375.195, the first that is rounded up, pay off 18,724.2221; 20,000 take 65 of 375.36 or 66 of 370.75.
    rolled = roll(CAR, D("375.19"), by)
    assert lever(rolled, by) == expected
    assert summarize(rolled).monthly_payment <= D("375.19")


@pytest.mark.parametrize(
    ("by", "field", "nearest"),
    [
        ("discount", "discount", "US$31.25, at US$15,000"),
        ("down_payment", "finance.down_payment", "US$31.25, at US$15,000"),
        ("term", "finance.term", "US$209.30, at 120"),
    ],
)
def test_a_payment_out_of_reach_is_refused_with_the_nearest(by: Lever, field: str, nearest: str) -> None:
    balloon = replace(CAR, finance=Finance(D("7.5"), 60, balloon=D(5000)))
    with pytest.raises(BadOffer) as caught:
        roll(balloon, D(10), by)
    assert caught.value.field == field
    assert nearest in str(caught.value)


def test_a_discount_on_the_vehicle_cannot_pay_for_the_rest() -> None:
    offer = replace(CAR, price=D(100), lines=(Line("service", D(1), D(6000)),))
    with pytest.raises(BadOffer, match=r"nearest is US\$120.23, at US\$100$"):
        roll(offer, D(1), "discount")


def test_without_finance_there_is_no_payment_to_roll_or_to_compare() -> None:
    cash = replace(CAR, finance=None)
    with pytest.raises(BadOffer, match="without it; add it first"):
        roll(cash, D(100), "term")
    with pytest.raises(BadOffer, match="without it; add it first"):
        term_by_down(cash, [12], [D(0)])


def test_a_roll_knows_three_levers_only() -> None:
    with pytest.raises(ValueError, match="rate is none of"):
        roll(CAR, D(100), "rate")  # type: ignore[arg-type]


def test_a_roll_wants_a_payment_that_the_currency_has() -> None:
    with pytest.raises(BadOffer, match=r"monthly payment aimed at: 0.001 has more decimals"):
        roll(CAR, D("0.001"), "term")


# -- payments by term and down payment


def test_a_matrix_has_the_payment_of_every_term_with_every_down_payment() -> None:
    terms, downs = [36, 48, 60], [D(0), D(2000), D(5000)]
    expected = tuple(
        tuple(
            summarize(replace(CAR, finance=Finance(D("7.5"), term, down_payment=down))).monthly_payment
            for down in downs
        )
        for term in terms
    )
    assert term_by_down(CAR, terms, downs) == expected
    assert expected[2][0] == D("400.76")


def test_a_matrix_leaves_empty_what_cannot_be() -> None:
    balloon = replace(CAR, finance=Finance(D("7.5"), 60, balloon=D(5000)))
    assert term_by_down(balloon, [60], [D(15000), D("15000.01"), D(20001)]) == ((D("31.25"), None, None),)


@pytest.mark.parametrize(("terms", "downs", "field"), [([0], [D(0)], "term"), ([12], [D(-1)], "down_payment")])
def test_a_matrix_refuses_what_nobody_can_have(terms: list[int], downs: list[Decimal], field: str) -> None:
    with pytest.raises(BadOffer) as caught:
        term_by_down(CAR, terms, downs)
    assert caught.value.field == f"finance.{field}"


# -- what is refused


def with_line(**changes: Any) -> Offer:
    return replace(CAR, lines=(Line("fee", ONE, ONE), replace(Line("fee", ONE, ONE), **changes)))


def with_finance(**changes: Any) -> Offer:
    return replace(CAR, finance=replace(Finance(D("7.5"), 60), **changes))


@pytest.mark.parametrize(
    ("offer", "field", "words"),
    [
        (replace(CAR, currency="XYZ"), "currency", "currency: XYZ is unknown; choose one of AED,"),
        (replace(CAR, price=D(-1)), "price", "price of the vehicle: -1 is negative; enter 0 or more"),
        (replace(CAR, price=D("NaN")), "price", "price of the vehicle: NaN is not a number; enter digits"),
        (replace(CAR, price=D("sNaN")), "price", "sNaN is not a number"),
        (replace(CAR, price=D("Infinity")), "price", "Infinity is not a number"),
        (replace(CAR, price=D("1E+999999")), "price", "1E+999999 is more than 1,000,000,000,000,000"),
        (replace(CAR, price=D("1E-999999")), "price", "more decimals than the 2 of USD; round it"),
        (replace(CAR, price=D("0." + 1000 * "1")), "price", "1… has more decimals than the 2 of USD; round it"),
        (replace(CAR, price=D("1.005")), "price", "1.005 has more decimals than the 2 of USD; round it"),
        (Offer("IDR", D("1.5")), "price", "1.5 has more decimals than the 0 of IDR; round it"),
        (replace(CAR, discount=D(-1)), "discount", "discount: -1 is negative"),
        (replace(CAR, discount=D(20001)), "discount", "US$20,001 is more than the price of US$20,000; lower it"),
        (replace(CAR, cost=D(-1)), "cost", "cost of the vehicle: -1 is negative"),
        (replace(CAR, tax_rate=D(-11)), "tax_rate", "tax rate: -11 is negative"),
        (replace(CAR, tax_rate=D(1001)), "tax_rate", "1001 is more than 1,000"),
        (replace(CAR, tax_rate=D("0.1234567")), "tax_rate", "has more decimals than the 6 that are possible; round it"),
        (replace(CAR, commission_rate=D(101)), "commission_rate", "commission rate: 101 is more than 100"),
        (with_line(kind="gift"), "lines.1.kind", "line 2, kind: gift is unknown; choose one of accessory, fee,"),
        (
            with_line(quantity=D(0)),
            "lines.1.quantity",
            "line 2, quantity: 0 is not above 0; enter more, or leave it out",
        ),
        (with_line(quantity=D(-1)), "lines.1.quantity", "line 2, quantity: -1 is negative"),
        (with_line(quantity=D("NaN")), "lines.1.quantity", "line 2, quantity: NaN is not a number"),
        (with_line(unit_price=D(-1)), "lines.1.unit_price", "line 2, unit price: -1 is negative"),
        (with_line(unit_cost=D(-1)), "lines.1.unit_cost", "line 2, unit cost: -1 is negative"),
        (with_line(tax_rate=D("Infinity")), "lines.1.tax_rate", "line 2, tax rate: Infinity is not a number"),
        (
            with_line(quantity=D(10**9), unit_price=D(10**9)),
            "total",
            "total price: 1000000000000020001.00 is more than",
        ),
        (replace(CAR, trade_ins=(TradeIn(D(-1)),)), "trade_ins.0.allowance", "trade-in 1, allowance: -1 is negative"),
        (replace(CAR, trade_ins=(TradeIn(ONE, D(-1)),)), "trade_ins.0.payoff", "trade-in 1, payoff: -1 is negative"),
        (replace(CAR, trade_ins=(TradeIn(D(0), D(10**15)),)), "due", "amount due: 1000000000020000"),
        (replace(CAR, deposits=(ONE, D(0))), "deposits.1", "deposit 2: 0 is not above 0"),
        (with_finance(rate=D(101)), "finance.rate", "interest rate: 101 is more than 100"),
        (with_finance(rate=D(-1)), "finance.rate", "interest rate: -1 is negative"),
        (with_finance(term=0), "finance.term", "term: 0 months are not possible; choose from 1 to 120"),
        (with_finance(term=121), "finance.term", "term: 121 months are not possible"),
        (with_finance(method="balance"), "finance.method", "balance is unknown; choose one of annuity, flat"),
        (with_finance(down_payment=D(-1)), "finance.down_payment", "down payment: -1 is negative"),
        (
            with_finance(down_payment=D(20001)),
            "finance.down_payment",
            "down payment: US$20,001 is more than the US$20,000 that is due; lower it, or do without finance",
        ),
        (with_finance(balloon=D(-1)), "finance.balloon", "balloon: -1 is negative"),
        (
            with_finance(down_payment=D(5000), balloon=D(15001)),
            "finance.balloon",
            "balloon: US$15,001 is more than the US$15,000 that is financed; lower it, or the down payment",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place_and_what_to_do(offer: Offer, field: str, words: str) -> None:
    error = refused(offer)
    assert error.field == field
    assert words in str(error)


def test_a_float_is_a_programmers_mistake() -> None:
    with pytest.raises(TypeError, match="price is a float, not a Decimal"):
        summarize(replace(CAR, price=0.1))  # type: ignore[arg-type]


def test_a_refusal_is_told_in_the_language_of_whoever_reads_it() -> None:
    error = refused(Offer("IDR", D(1_000_000), discount=D(2_000_000)))
    with translation.override("id"):
        assert "Rp\xa02.000.000" in str(error)
    with translation.override("en"):
        assert "Rp2,000,000" in str(error)


def test_the_largest_amounts_are_calculated_to_the_last_unit() -> None:
    price = D("999999999999999.999")
    summary = summarize(Offer("KWD", price, tax_rate=D(11), tax_inclusive=True, finance=Finance(D(100), 120)))
    assert summary.vehicle.tax == half_up(Fraction(price) * 11 / 111, 3)
    assert summary.total_of_payments == price + summary.total_interest


# -- what a lender said


@many
@given(principal=st.integers(1_000_000, 500_000_000), term=st.integers(1, 120), share=st.integers(0, 70))
def test_the_rate_of_an_instalment_gives_that_instalment(principal: int, term: int, share: int) -> None:
    """To the rupiah, or the one beside it."""
    instalment = D(round(principal * (1 + share / 100 * term / 12) / term))
    rate = flat_rate(D(principal), instalment, term)
    assume(rate >= 0)  # else rounding left too little
    summary = summarize(Offer("IDR", D(principal), finance=Finance(rate, term, "flat")))
    assert abs(summary.monthly_payment - instalment) <= 1


@pytest.mark.parametrize(("principal", "instalment", "term", "rate"), [(1200, 110, 12, "10"), (1200, 90, 12, "-10")])
def test_the_rate_of_an_instalment_is_that_of_flat_interest(
    principal: int, instalment: int, term: int, rate: str
) -> None:
    assert flat_rate(D(principal), D(instalment), term) == D(rate)
    assert flat_rate(D(0), D(instalment), term) == 0
