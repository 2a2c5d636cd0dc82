# Everything below needs python3 (3.11 or later) and make, nothing else.
PYTHON ?= python3
BIN := .venv/bin
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: .venv help run test shots soak check format messages bench lock audit clean

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{printf "make %-8s %s\n", $$1, $$2}'

.venv: .venv/installed

# uv comes from the lock itself, checked by its hash; then uv installs the rest, checked as well.
# uv does not read pip's configuration, so an index set there is handed over.
.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Forecourt needs Python 3.11 or later; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Name another one: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { \
	  rm -rf .venv; echo "Python could not make a virtual environment (on Debian: apt install python3-venv)."; exit 1; }
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements.lock > .venv/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	@index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || true)}}"; \
	  if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	  $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@touch $@

run: .venv/installed ## Bring everything up: PORT=8000 VAR_DIR=var DGI_SANDBOX=1 ADMIN_EMAIL= ADMIN_PASSWORD= DATABASE_URL= VALKEY_URL=
	@exec $(BIN)/python -m config.local

# With PYTEST_ARGS only what they name; else the drill as well: real processes that chance kills and cuts.
test: .venv/installed ## Run the tests against a PostgreSQL and a Valkey of their own, then three minutes of chaos
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal $(PYTEST_ARGS)
	@$(if $(PYTEST_ARGS),,$(BIN)/python -m tests.chaos.drill)

shots: .venv/installed ## Every page in every look, with the demo's data: var/shots/index.html
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.browser.shots $(SHOTS_ARGS)

soak: .venv/installed ## Half an hour of chaos: CHAOS_SECONDS=1800 CHAOS_SEED=
	@CHAOS_SECONDS=$${CHAOS_SECONDS:-1800} $(BIN)/python -m tests.chaos.drill

# Settings a production would have, with secrets made up on the spot; nothing connects anywhere.
PRODUCTION_LIKE = env DEBUG=0 ALLOWED_HOSTS=forecourt.example CSRF_TRUSTED_ORIGINS=https://forecourt.example \
  DGI_ALLOWED_HOSTS=gateway.example DGI_ALLOW_LOOPBACK=0 DATABASE_URL=postgres://forecourt_web@database.invalid/forecourt \
  VALKEY_URL=redis://valkey.invalid:6379/0 CLAMD_ADDRESS=clamd.invalid:3310 SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
  FIELD_KEYS="$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')"

check: .venv/installed ## Format, lint, types, layers, deployment checks, missing migrations, compose.yaml
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	@echo mypy && $(PRODUCTION_LIKE) $(BIN)/mypy --no-error-summary
	@echo lint-imports && $(PRODUCTION_LIKE) $(BIN)/lint-imports --no-logo
	@echo check --deploy && $(PRODUCTION_LIKE) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@echo makemigrations --check && $(PRODUCTION_LIKE) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

format: .venv/installed ## Format the code and mend what lint can mend
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

messages: .venv/installed ## Bring the translations up to the sources, compile them, and list what is left to translate
	@$(BIN)/python -m config.messages

bench: .venv/installed ## Measure loading against COPY and against one query per record
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

lock: .venv/installed ## Pin every package with its hashes (UPGRADE=1: to the newest versions)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
	  $(if $(UPGRADE),--upgrade) --no-emit-index-url --no-emit-find-links \
	  --group embedded --group test --group check --output-file requirements.lock pyproject.toml
	@! grep -nE 'https?://|file://|^--' requirements.lock || { echo "requirements.lock names an index"; exit 1; }

audit: .venv/installed ## Look for known holes in the locked packages; fails if one could not be looked up
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements.lock

clean: ## Remove what can be made again (.venv and caches; var/ holds data and stays)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
