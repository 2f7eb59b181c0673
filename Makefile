# `make run` starts the program, `make test` checks everything; both work on a bare Debian 12.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin/python
SCALE ?= city

.PHONY: help setup run test check fix demo bench diagrams lock vendor stop tour structure

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

setup: ## Make .venv, install the pinned dependencies and the system libraries
	@$(PYTHON) scripts/setup.py run

run: setup ## Start everything and print the address (PORT=8123 make run serves there)
	@exec $(VENV) scripts/run.py

stop: ## Stop the embedded PostgreSQL and Redis left by a command; the data stays
	@$(VENV) -m common.embedded stop

test: ## Linters, import order, types and all tests; results in var/test-results.xml
	@$(PYTHON) scripts/setup.py test
	@exec $(VENV) scripts/test.py

check: ## The linters alone
	@$(PYTHON) scripts/setup.py check
	@exec $(VENV) scripts/test.py --linters

fix: ## Let the linters mend what they can
	@$(PYTHON) scripts/setup.py check
	@.venv/bin/ruff check --fix .; .venv/bin/ruff format .; .venv/bin/djlint --reformat --quiet templates

demo: setup ## Load the demo municipality, if the database is empty
	@$(VENV) manage.py migrate --noinput -v 0
	@$(VENV) manage.py demo_data --if-empty

bench: setup ## Measure the main pages (SCALE=demo|city|register|metropolis|money|money-tenth); writes var/bench.json
	@KYOSEI_PROFILE=bench $(VENV) manage.py bench --scale $(SCALE)

diagrams: setup ## Draw the diagrams of docs/ anew
	@$(VENV) manage.py diagrams

tour: setup ## Take the screenshots of docs/tours anew (needs Chromium)
	@$(VENV) scripts/tour.py

structure: setup ## Write kyosei/structure.sql anew (after every change of a migration or of the lock)
	@KYOSEI_PROFILE=test $(VENV) manage.py structure

lock: ## Refresh requirements/*.txt from pyproject.toml
	@scripts/lock

vendor: setup ## Refresh the front-end libraries under static/vendor/
	@$(VENV) scripts/vendor.py
