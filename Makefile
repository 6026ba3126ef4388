# Everything runs in .venv, made on first use from requirements.lock. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Two cores: chains, tests and workers share them.
export OMP_NUM_THREADS ?= 2
# Each worker of the tests keeps to one core.
WORKERS ?= 2
QUICK := tests/test_rooms.py tests/numerics tests/measures tests/planning \
	tests/evidence/test_diagnostic_accuracy.py tests/evidence/test_tables.py \
	tests/models/logistic/test_model.py tests/models/likelihood_ratio
# What the report is made for.
SCENARIO ?= primary_care
N ?= 100000
SEED ?= 0
WORKER := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 XLA_FLAGS=--xla_cpu_multi_thread_eigen=false

.DEFAULT_GOAL := help
.PHONY: help setup lock data notebooks reports check-reports reference test quick lowest explorer browser docs ci proofs check bench clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY) ## create .venv with the locked packages and this one

$(READY): requirements.lock pyproject.toml
	@echo "Making .venv with $$(grep -c == requirements.lock) packages: about 2 GB and four minutes, once."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --progress-bar off --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lock: ## resolve pyproject.toml again into the two lists of versions (needs uv)
	uv pip compile --universal --fork-strategy fewest --python-version 3.11 --no-header --all-extras --upgrade \
		pyproject.toml -o requirements.lock
	uv pip compile --resolution lowest-direct --python-version 3.11 --no-header --no-annotate --all-extras \
		pyproject.toml -o requirements-lowest.txt

data: $(READY) ## rebuild the demonstration cohort and the data dictionary
	$(BIN)/backpain-risk data --out data/synthetic

notebooks: $(READY) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

reports: $(READY) ## run the notebooks and build reports/ (N=20000 SEED=7 SCENARIO=emergency_department)
	$(BIN)/backpain-risk report --notebooks notebooks --reports reports --scenario $(SCENARIO) --n $(N) --seed $(SEED)
	$(BIN)/backpain-risk explorer --out reports/explorer.html

check-reports: $(READY) ## build the report elsewhere, compare, and check that the page stands alone
	$(BIN)/backpain-risk check-report --notebooks notebooks --reports reports

reference: $(READY) ## keep the report that was built, to compare with
	$(BIN)/backpain-risk keep-report --reports reports

test: $(READY) ## run the tests, on two workers
	$(WORKER) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

quick: $(READY) ## run the tests of rooms that need no sampler, in a minute
	$(WORKER) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(QUICK)

lowest: .venv-lowest/.ready ## run these tests on the oldest packages that are allowed (Python 3.11)
	$(WORKER) .venv-lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal $(QUICK)

.venv-lowest/.ready: requirements-lowest.txt pyproject.toml
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-lowest.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

explorer: $(READY) ## write the explorer, one page with the exact model in it
	$(BIN)/backpain-risk explorer --out reports/explorer.html

browser: $(READY) ## try the explorer in a real browser; skipped, loudly, where none is installed
	$(WORKER) $(BIN)/python -m pytest -m browser -rs tests/report/explorer

docs: $(READY) ## run the examples of the pages, build docs/_build, follow every link
	$(WORKER) MPLBACKEND=agg $(BIN)/python docs/examples.py
	$(WORKER) MPLBACKEND=agg $(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build
	$(BIN)/python docs/links.py docs/_build

ci: ## everything a change has to pass
	.ci/run

proofs: $(READY) ## repeat the slow proofs and keep their results with a checksum
	$(WORKER) $(BIN)/python -m pytest -n $(WORKERS) -m slow
	for proof in tests/proofs/*_*.py; do case $$proof in */test_*) ;; *) $(BIN)/python $$proof || exit 1 ;; esac; done

check: $(READY) ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY) .venv-peers/.ready ## time this package against its peers, in one run
	$(BIN)/python benchmarks/run.py

.venv-peers/.ready: benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

clean: ## remove .venv and caches
	rm -rf .venv .venv-peers .venv-lowest .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
