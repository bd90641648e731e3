# What a command needs lives in .venv, installed when it is first called and renewed when the pins
# change: a reader's commands need neither Dask nor Playwright.
PYTHON ?= python3
BIN := .venv/bin
PINS := requirements.txt pyproject.toml homework/grader/pyproject.toml
NOTEBOOKS ?=
SOLUTIONS ?= yes
URL ?=
VERSION ?=

# Compiled once, the course's own modules start faster in each of the tests' many processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help book pdf dist test test-notebooks test-site test-homework test-course check lint refresh address release package links lab lock format mutate bench clean
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

book: .venv/.book ## Build the book and print where it is
	@$(BIN)/python pages/build.py

pdf: .venv/.pdf book ## Print the whole book as one PDF (SOLUTIONS=no leaves the solutions out)
	@$(BIN)/python pages/pdf.py --solutions "$(SOLUTIONS)"

dist: book ## Pack the site into one zip for a learning platform
	@$(BIN)/python pages/dist.py

test: lint ## Check everything: the code, every notebook, every page
	$(BIN)/pytest --cov

test-notebooks: .venv/.test ## Check nwlib, slow tests too, and what every notebook shows
	$(BIN)/pytest --cov=nwlib nwlib tests/test_*.py index.ipynb chapters beyond appendix

test-site: .venv/.test ## Check the pages, in three browsers
	$(BIN)/pytest tests/site tests/browser tests/node

test-homework: .venv/.test ## Check the assignments and the grader
	$(BIN)/pytest tests/homework

test-course: lint ## Check nwlib, the notebooks and the pages, without a browser
	$(BIN)/pytest --cov=nwlib nwlib tests/test_*.py tests/site tests/homework index.ipynb chapters beyond appendix

check: lint ## Check the code only, in seconds
	$(BIN)/pytest --dist=worksteal -m "not slow" nwlib tests/test_*.py

lint: .venv/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell

refresh: .venv/.book ## Re-execute the notebooks in place (NOTEBOOKS="chapters/01_dataset.ipynb" for one)
	@$(BIN)/python pages/refresh.py $(NOTEBOOKS)

address: .venv/.book ## Tell the notebooks, for Colab, where they live (URL=https://github.com/NAME/REPOSITORY)
	@$(BIN)/python pages/address.py "$(URL)"

release: .venv/.book ## Commit and tag a version on this machine (VERSION=1.2.3); nothing is pushed
	@$(BIN)/python pages/release.py "$(VERSION)"

package: .venv/.book ## Build what goes to PyPI, and check it
	@rm -rf _build/package
	@$(BIN)/uv build --quiet --out-dir _build/package
	@$(BIN)/uv tool run --quiet twine==7.0.0 check --strict _build/package/*.whl _build/package/*.tar.gz

links: .venv/.book ## Ask every foreign address in the book whether it is still there
	@$(BIN)/jupyter-book build . --builder linkcheck --path-output _build/links --quiet

lab: .venv/.lab ## Open the chapters in JupyterLab
	@$(BIN)/jupyter lab --LabApp.app_settings_dir="$(CURDIR)/.binder" index.ipynb

format: .venv/.test ## Lay out the code, and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

mutate: .venv/.test ## Break the core in small ways, and see whether a test notices
	@$(BIN)/uv tool run --quiet --from mutmut==3.8.1 --with-requirements requirements.txt mutmut run
	@$(BIN)/uv tool run --quiet --from mutmut==3.8.1 --with-requirements requirements.txt mutmut results

bench: .venv/.test ## Measure nwlib beside its peers, the pages beside a stock build, grading beside nbgrader
	@for script in benchmarks/*.py; do $(BIN)/python "$$script" || exit 1; done

lock: ## Renew the exact versions from the ranges in pyproject.toml
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(PYTHON) -m venv "$$tmp" && \
	"$$tmp/bin/pip" install --quiet uv && \
	"$$tmp/bin/uv" pip compile --quiet --upgrade --universal --fork-strategy fewest \
	    --python-version 3.11 --extra lab --extra test --custom-compile-command "make lock" \
	    pyproject.toml homework/grader/pyproject.toml --output-file requirements.txt && \
	"$$tmp/bin/uv" pip compile --no-config --quiet --python-platform linux --python-version 3.12 \
	    --extra binder --constraint requirements.txt --custom-compile-command "make lock" \
	    pyproject.toml --output-file .binder/requirements.txt && \
	printf -- '-e .\n-e homework/grader\n' >> requirements.txt

clean: ## Remove everything that make made, .venv too
	rm -rf .venv _build mutants *.egg-info .coverage* .hypothesis .pytest_cache
	find . \( -name __pycache__ -o -name .ruff_cache \) -prune -exec rm -rf {} +

.venv/.test: $(PINS) | .venv/bin/uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python .venv --requirement requirements.txt
	@touch .venv/.book .venv/.lab .venv/.pdf $@

# .book, .lab, .pdf: what pyproject.toml calls so, in the same versions. Of the grader, which gives
# the homework to the site, its own modules are enough.
.venv/.%: $(PINS) | .venv/bin/uv
	grep -v '^-e' requirements.txt | \
	    $(BIN)/uv pip install --quiet --python .venv --constraint - --editable '.[book,$*]'
	@$(BIN)/uv pip install --quiet --python .venv --no-deps --editable homework/grader
	@touch .venv/.book $@

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
