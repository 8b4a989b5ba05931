# Every target sets up what it needs first; `make demo` and `make test` work on a fresh machine with Python 3.11.
.PHONY: setup demo test soak lint lock clean
SHELL := /bin/bash
bin := .venv/bin

setup:
	@./setup.sh

demo: setup ## train, deploy onto the local AWS with the real CDK CLI, predict
	@$(bin)/chem-endpoints demo

test: setup ## the tests, with the coverage figure
	@$(bin)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term-missing:skip-covered --cov-fail-under=90

soak: setup ## the property tests with 20 000 examples each (tests/conftest.py)
	@$(bin)/python -m pytest tests/wire tests/client --hypothesis-profile=soak

lint: setup ## formatting, lint, types, import rules, locks
	@$(bin)/ruff format --check .
	@$(bin)/ruff check .
	@$(bin)/mypy
	@$(bin)/lint-imports --no-logo
	@requirements/lock.sh --check

lock: setup ## upgrade the locks
	@requirements/lock.sh

clean:
	rm -rf .venv node_modules .demo .local-aws cdk.out .coverage .coverage.* htmlcov dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
