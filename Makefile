# Each target does its whole set-up: a fresh checkout, Python >= 3.11 and the package registries are enough.
PY := .venv/bin/python
BIN := .venv/bin
READY := .venv/.ready
TOXIPROXY := v2.12.0
SUITE ?= quarterly

.PHONY: sample drill test lint bench bench-calls bench-restore soak clean setup

# The drill suite on the embedded sandbox; its last lines name the reports, below runs/.
drill: setup
	$(BIN)/drill run $(SUITE) --sandbox

# Everything: lint, types, import contracts, all tests with real processes.
test: setup lint
	$(PY) -m pytest -n 2 --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check src tests benchmarks loadprofiles scripts
	$(BIN)/ruff format --check src tests benchmarks loadprofiles scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

# Figures beside their limits; takes minutes and wants a quiet machine.
bench: setup
	$(PY) -m benchmarks

# What a call costs, a thousand of them, and recovery timed against a known freeze; two cores, six minutes.
bench-calls: setup
	$(PY) -m benchmarks.calls

# Drills that are killed (320) and stopped (50): nothing may be left behind. Two cores, half an hour.
soak: setup
	PYTHONPATH=tests $(PY) -m soak

# What a proof of a restore costs on a gigabyte of rows; two cores, five minutes, six gigabytes of disk.
bench-restore: setup
	$(PY) -m benchmarks.restore

# The committed sample of a quarter's report, and the README's picture, from the sample's runs; commit what changes here when
# judging or rendering changed.
sample: setup
	rm -rf .drill/sample
	mkdir -p .drill/sample
	tar -C .drill/sample -xf reports/sample/runs.tar.xz
	$(BIN)/drill report --quarter 2026Q4 --as-of 2026-11-25 --runs .drill/sample/runs --drills reports/sample/drills \
		--out reports/sample/2026Q4
	$(PY) scripts/pdf_toolchain.py > reports/sample/toolchain.txt
	$(PY) scripts/readme_picture.py > docs/report.svg

setup: $(READY) .tools/.ready

$(READY): requirements.lock pyproject.toml scripts/find-python.sh
	test -x $(PY) || "$$(scripts/find-python.sh)" -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

# The real Toxiproxy where Go is present; without Go the embedded fault proxy serves alone.
.tools/.ready: Makefile
	mkdir -p .tools/bin
	if command -v go >/dev/null 2>&1; then \
		GOBIN="$(CURDIR)/.tools/bin" go install github.com/Shopify/toxiproxy/v2/cmd/server@$(TOXIPROXY); \
	else echo "no Go here: the embedded fault proxy serves alone"; fi
	touch .tools/.ready

lock:
	test -x $(PY) || "$$(scripts/find-python.sh)" -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --all-extras --no-header pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .tools .drill runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
