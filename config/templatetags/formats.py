"""`{% load formats %}`: money, numbers, dates and times in a template; a value that is not there stays blank."""

from django import template

from config.backoffice import formats

register = template.Library()

register.filter("money", formats.money)  # {{ unit.price|money:dealership.currency }}
register.filter("number", formats.number)
register.filter("percentage", formats.percentage)
register.filter("day", formats.day, expects_localtime=True)
register.filter("moment", formats.moment, expects_localtime=True)  # {{ run.started_at|moment:dealership.time_zone }}
register.filter("clock", formats.clock, expects_localtime=True)
