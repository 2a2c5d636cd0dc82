"""Chance that repeats itself: the same words give the same draws."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

OPENS, CLOSES = 8, 18


class Chance(random.Random):
    """A generator seeded by words, so that any document can be made again on its own."""

    @classmethod
    def of(cls, *words: object) -> "Chance":
        return cls("|".join(map(str, words)))

    def hit(self, probability: float) -> bool:
        return self.random() < probability

    def digits(self, count: int) -> str:
        return f"{self.randrange(10**count):0{count}d}"

    def one_of(self, options: Sequence[tuple[str, int]]) -> str:
        """One of the options, each as likely as its weight."""
        return self.choices([name for name, _ in options], [weight for _, weight in options])[0]

    def about(self, number: float) -> int:
        """A count around the number, at least one."""
        return max(1, self.randint(round(number * 0.7), round(number * 1.3)))

    def at_any_hour(self, day: date) -> datetime:
        return datetime.combine(day, time()) + timedelta(seconds=self.randrange(86_400))

    def at_work(self, day: date) -> datetime:
        return datetime.combine(day, time(OPENS)) + timedelta(seconds=self.randrange((CLOSES - OPENS) * 3600))

    def after(self, moment: datetime, low_hours: float, high_hours: float) -> datetime:
        """Some hours later, at whatever hour that is."""
        return moment + timedelta(seconds=round(self.uniform(low_hours, high_hours) * 3600))

    def after_at_work(self, moment: datetime, low_hours: float, high_hours: float) -> datetime:
        """Some hours later; outside office hours it waits for the next morning."""
        later = self.after(moment, low_hours, high_hours)
        if OPENS <= later.hour < CLOSES:
            return later
        morning = later.date() + timedelta(days=1 if later.hour >= CLOSES else 0)
        return datetime.combine(morning, time(OPENS)) + timedelta(seconds=self.randrange(2 * 3600))
