# The two commands:  make figures   regenerates every figure        make test   passes the tests
# Others:            make lab       opens the chapters in JupyterLab
#                    make explore   writes the explorers as web pages that need no kernel
#                    make book      writes the executed chapters as web pages, to be read without a kernel
#                    make lint      checks how the code is written: style, types, and that imports run downwards
#                    make docs      writes the pages of every public name to build/docs, to be read offline
#
#   make figures PROFILE=draft               real data (profiles: quick, draft, paper)
#   make figures CHAPTERS="01 04" FIGURES=6.3 JOBS=2 FORCE=1
#   make figures PYTHON=python3.12           another Python (3.11 or newer)
#   make figures TORCH_INDEX=https://download.pytorch.org/whl/cpu    a smaller PyTorch without CUDA, for Linux

PROFILE ?= quick
CHAPTERS ?=
FIGURES ?=
JOBS ?=
FORCE ?=
PYTHON ?=
TORCH_INDEX ?=
TESTS ?= tests

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools
# Questions asked on a terminal nobody watches would hang a build.
PIP := PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 $(if $(TORCH_INDEX),PIP_EXTRA_INDEX_URL=$(TORCH_INDEX)) $(BIN)/python -m pip

.PHONY: figures explore book test lint docs lab help
.DEFAULT_GOAL := help

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

figures: $(STAMP)
	@$(BIN)/mbh figures --profile $(PROFILE) $(addprefix --chapter ,$(CHAPTERS)) $(addprefix --figure ,$(FIGURES)) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(FORCE),--force)

explore: $(STAMP)
	@$(BIN)/mbh explore --profile $(PROFILE)

book: $(STAMP)
	@$(BIN)/mbh book --profile $(PROFILE)

# Two workers halve the time on two cores; every test computes with one thread, and a file's tests stay together.
test: $(STAMP)
	MPLBACKEND=Agg OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile $(TESTS)

# Style, the layers of the package, types: what continuous integration holds each change to.
lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/basedpyright

docs: $(TOOLS)
	@rm -rf build/docs
	MPLBACKEND=Agg $(BIN)/python -W "ignore:Found" -W "ignore:The module" -m pdoc --docformat numpy --output-directory build/docs mbh_utils \
		$$($(BIN)/python -c "import mbh_utils as m; print(*(f'mbh_utils.{place}' for place in m._MODULES.values()))")
	@echo "open build/docs/index.html in a browser"

lab: $(STAMP)
	$(BIN)/jupyter lab --notebook-dir=notebooks

# torch comes first and by its exact version: a free choice would fetch the newest build, with gigabytes of CUDA.
$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing the workbook's packages into $(VENV) (once; a few minutes)"
	@$(PIP) install -qq -c constraints.txt "$$(grep '^torch==' constraints.txt)"
	@$(PIP) install -qq -c constraints.txt -e '.[test,dev]'
	@touch $@

# What checks the code and writes its pages; who only reads and runs the chapters never waits for these.
$(TOOLS): $(STAMP)
	@echo "installing the tools of make lint and make docs into $(VENV) (once)"
	@$(PIP) install -qq -c constraints.txt -e '.[lint,docs]'
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "creating $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); \
			echo "$$python could not create $(VENV): on Debian and Ubuntu install python3-venv" >&2; exit 1; \
		fi; \
		if [ "$$python" = "$(PYTHON)" ]; then echo "PYTHON=$(PYTHON) is no Python 3.11 or newer" >&2; exit 1; fi; \
	done; \
	echo "no Python 3.11 or newer found: install one, or name it with  make PYTHON=/path/to/python3.11" >&2; exit 1
