# Targets for people who work on npgan; each uses the Python of the active environment.
.PHONY: check test format lint types arrows

check: lint types arrows  ## format, lint, types, arrows, fast tests: under a minute
	python -m pytest -q -n 2 -m "not slow"

test:  ## everything, the docstrings' examples included
	python -m pytest -q -n 2

format:
	ruff format .
	ruff check --fix .

lint:
	ruff format --check .
	ruff check .

types:
	mypy

arrows:
	lint-imports
