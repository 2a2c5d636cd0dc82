"""The world behind the gateway: every document of every dealer, made day by day when somebody asks."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache

from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Document
from ingestion.sandbox.parts_documents import counter_sales_of
from ingestion.sandbox.parts_shipments import parts_shipment_documents, parts_shipments_of
from ingestion.sandbox.sales import STOCK_DAYS, Sale, sales_of
from ingestion.sandbox.sales_documents import sale_documents
from ingestion.sandbox.shipments import Shipment, shipment_documents, shipments_of
from ingestion.sandbox.workshop import visits_of
from ingestion.sandbox.workshop_documents import visit_documents

# The stories that a module's documents come from, and for how many days a story may still write one.
STORIES = {"prsp": "showroom", "spk": "showroom", "lsng": "showroom", "inv1": "showroom", "bast": "showroom"}
STORIES |= {"doch": "showroom", "uinb": "yard", "mdinvh1": "yard", "pinb": "store", "mdinvh3": "store"}
STORIES |= {"pkb": "workshop", "inv2": "workshop", "unpaidhlo": "workshop", "dphlo": "workshop", "prsl": "workshop"}
STORY_DAYS = {"showroom": 26, "yard": 8, "workshop": 14, "store": 8}

MOST_DEALERS = 16  # whose documents are kept: those of one take some 10 MB

Shelf = dict[str, list[Document]]


class World:
    """Documents by dealer, day and story; only what was asked for is made, and it is kept."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        days = 64 * min(len(config.dealers), MOST_DEALERS)
        self.shipments = lru_cache(maxsize=days)(self._shipments)
        self.sales = lru_cache(maxsize=days)(self._sales)
        self.shelf = lru_cache(maxsize=4 * days)(self._shelf)

    def documents(
        self, module: str, dealers: Iterable[str], since: datetime, until: datetime
    ) -> Iterator[tuple[Document, int]]:
        """The module's documents that were created or changed in the window, with the version shown now."""
        now = self.config.local_now()
        story = STORIES[module]
        for dealer in dealers:
            for day in _days(since.date() - timedelta(days=STORY_DAYS[story]), min(until, now).date()):
                for document in self.shelf(story, dealer, day).get(module, ()):
                    version = document.version_at(now)
                    if version is not None and document.matches(version, since, until):
                        yield document, version

    def _shipments(self, dealer: str, day: date) -> list[Shipment]:
        return shipments_of(self.config, dealer, day)

    def _sales(self, dealer: str, day: date) -> list[Sale]:
        arrivals = self.shipments(dealer, day - timedelta(days=STOCK_DAYS))
        stock = [unit for shipment in arrivals for unit in shipment.units]
        return sales_of(self.config, dealer, day, stock)

    def _shelf(self, story: str, dealer: str, day: date) -> Shelf:
        shelf: Shelf = {}
        for document in self._story(story, dealer, day):
            shelf.setdefault(document.module, []).append(document)
        return shelf

    def _story(self, story: str, dealer: str, day: date) -> Iterator[Document]:
        if story == "showroom":
            for sale in self.sales(dealer, day):
                yield from sale_documents(sale)
        elif story == "yard":
            for shipment in self.shipments(dealer, day):
                yield from shipment_documents(shipment)
        elif story == "store":
            for parts_shipment in parts_shipments_of(self.config, dealer, day):
                yield from parts_shipment_documents(parts_shipment)
        else:
            for visit in visits_of(self.config, dealer, day, lambda bought: self.sales(dealer, bought)):
                yield from visit_documents(visit)
            yield from counter_sales_of(self.config, dealer, day)


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
