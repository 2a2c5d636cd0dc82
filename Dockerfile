ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
WORKDIR /app
COPY pyproject.toml requirements.lock ./
# uv comes from the lock by its hash. It installs what pyproject.toml names for the application, and nothing of the groups
# for tests, checks and embedded servers; every package in the version and with a hash of the lock, or not at all.
RUN python -m venv /venv \
    && awk '/^uv==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements.lock > /tmp/uv.txt \
    && pip install --no-cache-dir --require-hashes --no-deps -r /tmp/uv.txt \
    && uv pip install --no-cache --python /venv/bin/python --require-hashes --compile-bytecode \
        --constraint requirements.lock --requirement pyproject.toml
COPY . .
RUN STATIC_ROOT=/srv/static /venv/bin/python manage.py collectstatic --no-input \
    && /venv/bin/python -m compileall -q .

FROM python:${PYTHON}-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/srv/static
RUN useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin forecourt \
    && install --directory --owner forecourt --group forecourt /srv/photos
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /srv/static /srv/static
COPY --from=build /app /app
USER forecourt
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:8000/livez', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0].lstrip('.')}), timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "--respawn-failed-workers", "config.wsgi:application"]
