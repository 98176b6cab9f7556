# The book's commands. `make help` lists them.
# Each installation and each build leaves a stamp, so that a second `make` does no work twice.

PYTHON ?= python3
PORT ?= 8000
NB ?= $(wildcard notebooks/*.ipynb)

VENV := .venv
BIN := $(VENV)/bin
INDEX := _build/html/index.html
# As many processes as there are cores take one file after the other, in the order of conftest.py.
PYTEST := $(BIN)/pytest --numprocesses logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --prefer-binary -c constraints.txt

# Everything that the pages are made of. Folders are listed too: they change when a file goes.
SOURCES := _config.yml _toc.yml $(wildcard notebooks/*.ipynb tests/chapters/test_equations_*.py) \
	$(shell find book -mindepth 1 -name __pycache__ -prune -o -path book/_ext -o -print) \
	$(shell find ddpg_lib -name '*.py')

.DEFAULT_GOAL := help
.PHONY: help book pdf epub serve test test-quick shots lab notebooks bench lint format address clean clean-all
.DELETE_ON_ERROR:

help: ## list the commands
	@echo "Commands (first time: make book). PYTHON=python3.12 make book chooses the Python."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

# ---- Installing ----

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)' here. Name a Python of version 3.10 or newer: PYTHON=python3.12 make book" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit("This project needs Python 3.10 or newer, but $(PYTHON) is Python %d.%d. Name a newer one: PYTHON=python3.12 make book" % v[:2] if v < (3, 10) else 0)'
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) pip setuptools
	@touch $@

# The library in editable form with the extras that a command needs.
$(VENV)/.book: EXTRAS := book,box2d,lightning,pixels
$(VENV)/.test: EXTRAS := book,dev,lab,box2d,mujoco,onnx,pixels,tensorboard,lightning,scale
$(VENV)/.lab: EXTRAS := book,lab,box2d,mujoco,lightning,pixels
$(VENV)/.bench: EXTRAS := mujoco,onnx,bench,pixels
$(VENV)/.book $(VENV)/.test $(VENV)/.lab $(VENV)/.bench: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing ddpg-lib[$(EXTRAS)] under constraints.txt (the first time takes minutes)"
	@PYTHONWARNINGS=ignore $(PIP) --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $@

# ---- Building and reading ----

# From nothing each time (seconds): pages that are gone and old style sheets cannot stay behind.
_build/.book: $(VENV)/.book $(SOURCES)
	@rm -rf _build/html _build/.doctrees
	@PYTHONDONTWRITEBYTECODE=1 $(BIN)/jupyter-book build . --all -q -W -n --keep-going >/dev/null
	@test -s $(INDEX) || { echo "The build ended without $(INDEX)." >&2; exit 1; }
	@touch $@

book: _build/.book ## build the pages (warnings are errors) and say where they are
	@echo "The book is built. Open file://$(CURDIR)/$(INDEX) or run: make serve"

serve: _build/.book ## serve the pages to this machine's browser (PORT=8000)
	@echo "The book is at http://127.0.0.1:$(PORT) (Ctrl-C ends it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT) 2>/dev/null

pdf: $(VENV)/.test _build/.book ## print the book into one PDF, and each chapter beside its page (minutes; needs Chromium)
	@$(BIN)/python tools/make_pdf.py

epub: $(VENV)/.test _build/.book ## make one EPUB of the book, for phones and e-readers (a minute; needs Chromium)
	@$(BIN)/python tools/make_epub.py

lab: $(VENV)/.lab ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --ip=127.0.0.1 --notebook-dir=notebooks

# ---- Checking ----

test: $(VENV)/.test _build/.book ## test the library, the built pages and the notebooks
	$(PYTEST) --durations 10 --nbval tests notebooks

test-quick: $(VENV)/.test ## test what can be tested in two minutes, between edits
	$(PYTEST) --durations 10 -m "not slow and not browser" --ignore tests/book/test_pages.py tests

bench: $(VENV)/.bench ## measure speed beside Stable-Baselines3 and SBX (a quiet machine, half an hour)
	$(BIN)/python benchmarks/anatomy.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/recurrent.py
	$(BIN)/python benchmarks/agreement.py

lint: $(VENV)/.test ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.test ## mend format and style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

shots: $(VENV)/.test _build/.book ## picture every page in light, dark and phone width (_build/shots)
	$(BIN)/python tools/shots.py

# ---- Writing ----

notebooks: $(VENV)/.test ## execute the notebooks in place from clean kernels (NB=... for some)
	$(BIN)/python tools/execute_notebooks.py $(NB)

address: ## change the repository's address everywhere (URL=https://github.com/OWNER/NAME)
	@test -n "$(URL)" || { echo "Say which: make address URL=https://github.com/OWNER/NAME" >&2; exit 1; }
	$(PYTHON) tools/set_address.py $(URL)

clean: ## remove what was built
	rm -rf _build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

clean-all: clean ## remove what was built and installed
	rm -rf $(VENV)
