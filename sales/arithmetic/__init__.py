"""The only calculator of a deal: what the vehicle and everything beside it costs, what is owed, and how it is paid off.

Pure: no database, no models. Every amount is a Decimal in units of the offer's currency (rupiah, dollars), rounded half
up to its smaller unit; every rate is a percentage (11 is 11 %).
"""

from config.backoffice.currencies import MINOR_UNITS
from sales.arithmetic.finance import annuity, flat_rate
from sales.arithmetic.numbers import LONGEST, rounded
from sales.arithmetic.offer import Finance, Instalment, Kind, Lever, Line, Method, Offer, Priced, Summary, TradeIn
from sales.arithmetic.prices import priced
from sales.arithmetic.refusals import BadOffer
from sales.arithmetic.rolling import roll, term_by_down
from sales.arithmetic.summary import schedule, summarize
from sales.arithmetic.values import step_of

__all__ = [
    "LONGEST",
    "MINOR_UNITS",
    "BadOffer",
    "Finance",
    "Instalment",
    "Kind",
    "Lever",
    "Line",
    "Method",
    "Offer",
    "Priced",
    "Summary",
    "TradeIn",
    "annuity",
    "flat_rate",
    "priced",
    "roll",
    "rounded",
    "schedule",
    "step_of",
    "summarize",
    "term_by_down",
]
