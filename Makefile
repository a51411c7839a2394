# faxdaemon for people who have just cloned it.  Everything happens in .venv; nothing outside the clone is changed, except
# that `make test` installs missing Debian packages when it may (root or password-less sudo; FAXDAEMON_APT=no forbids it).

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
.DEFAULT_GOAL := help
.PHONY: help demo test check pytest bench docs deb systemd-check clean

help:
	@echo "make demo    see it work: a simulated provider, a real daemon, nothing leaves this machine"
	@echo "make test    everything that must hold: linters, types, import contracts, tests"
	@echo "make check   linters, types and import contracts only"
	@echo "make pytest  tests only; ARGS=tests/core for some of them"
	@echo "make bench   measure throughput and delay on this machine"
	@echo "make docs    write the generated parts of docs/ again"
	@echo "make deb     build a Debian package in dist/ (its own Python environment, systemd unit, man pages)"
	@echo "make systemd-check   that package in a fresh Debian with a real systemd: start, kill, reload, upgrade, purge (root)"
	@echo "make clean   remove what make made (.venv, caches)"
	@echo "Any python3 from 3.11 on will do; PYTHON=/path/to/python chooses one."

demo: .venv/ready-demo
	$(BIN)/faxdaemon demo $(ARGS)

test: check pytest

check: .venv/ready-test
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --diff --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/mypy --no-error-summary --platform win32 --cache-dir .mypy_cache/windows --follow-imports silent faxdaemon/printing/windows.py
	$(BIN)/lint-imports --no-logo

pytest: .venv/ready-test
	$(PYTEST) -q $(ARGS)

bench: .venv/ready-test
	$(BIN)/python tests/bench/run.py $(ARGS)

docs: .venv/ready-test
	$(BIN)/python tests/docs/generate.py

deb:
	packaging/debian/build

systemd-check:
	packaging/check

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find faxdaemon tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-demo: pyproject.toml .ci/setup
	@sh .ci/setup demo

.venv/ready-test: pyproject.toml .ci/setup
	@sh .ci/setup test
