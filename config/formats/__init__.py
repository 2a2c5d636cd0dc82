"""How each language writes dates, times and numbers: Django's own way of saying it (FORMAT_MODULE_PATH).

What is not said here is Django's. Forms take ISO dates first in every language, since that is what a browser's own
date field sends and expects; whoever types writes the day first.
"""

DATES_TYPED = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"]
TIMES_TYPED = ["%H:%M:%S", "%H:%M", "%H.%M"]
MOMENTS_TYPED = [f"{day}{between}{time}" for day in DATES_TYPED for between in (" ", "T") for time in TIMES_TYPED]
