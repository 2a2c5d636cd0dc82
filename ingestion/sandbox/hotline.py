"""Hotline orders: a special part is ordered for a work order, paid in advance, then sold."""

from dataclasses import dataclass
from datetime import datetime

from ingestion.sandbox.catalogue import HOTLINE_PARTS, Part
from ingestion.sandbox.chance import Chance


@dataclass(frozen=True, slots=True)
class HotlineLine:
    """So many of one part, with the down payment for it. Prices include VAT."""

    part: Part
    price: int
    quantity: int
    down_payment: int

    @property
    def total(self) -> int:
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class HotlineOrder:
    """A draft until it is paid; unpaid drafts simply stay."""

    lines: tuple[HotlineLine, ...]
    numbered: bool
    off_road: bool
    claim_book: str
    ordered: datetime
    amended: datetime | None
    paid: datetime | None
    paid_up: datetime | None
    sold: datetime | None


def hotline_order(chance: Chance, registered: datetime) -> HotlineOrder:
    ordered = chance.after(registered, 0.2, 0.6)
    paid = chance.after(ordered, 8, 60) if chance.hit(0.75) else None
    return HotlineOrder(
        lines=hotline_lines(chance),
        numbered=chance.hit(0.3),
        off_road=chance.hit(0.2),
        claim_book=f"BA{chance.digits(3)}" if chance.hit(0.2) else "",
        ordered=ordered,
        amended=chance.after(ordered, 2, 8) if chance.hit(0.3) else None,
        paid=paid,
        paid_up=chance.after(paid, 1, 20) if paid and chance.hit(0.3) else None,
        sold=chance.after_at_work(paid, 72, 200) if paid else None,
    )


def hotline_lines(chance: Chance) -> tuple[HotlineLine, ...]:
    lines = []
    for part in chance.sample(HOTLINE_PARTS, chance.choice((1, 1, 2))):
        price = round(part.price * 1.11, -2)
        quantity = chance.choice((1, 1, 1, 2))
        lines.append(HotlineLine(part, int(price), quantity, int(round(price * quantity / 2, -3))))
    return tuple(lines)
