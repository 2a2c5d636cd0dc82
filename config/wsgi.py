import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.checks import application_role  # noqa: E402  Django is set up now
from config.garbage import spare_what_is_loaded  # noqa: E402
from dealers.checks import refuse_to_start  # noqa: E402

refuse_to_start(application_role)
spare_what_is_loaded()
