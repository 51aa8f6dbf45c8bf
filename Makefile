# medllm_ros: `make demo` shows a whole bedside visit, `make test` checks everything. Each sets up what is missing.
# `make help` lists the rest. The work is done by scripts/make.py.

# Settings, each also an environment variable:
#   PYTHON       a Python 3.11, 3.12 or 3.13          (empty: found by itself)
#   ROS          wheels, or /opt/ros/jazzy             (empty: what is sourced, then /opt/ros, then the wheels)
#   LOCALE       zh_TW, zh_CN or en_US                 of the demonstration
#   ARGS         further arguments for `medllm demo`, or for pytest in `make test-fast`
#   TORCH_SPEC   what to install as PyTorch            (empty: requirements/local.txt, its CPU build if there is one; none: no PyTorch)
#   TORCH_INDEX  address of the index to take it from  (empty: pip's own)
#   PIP_ARGS     further arguments for pip when it installs PyTorch
PYTHON ?=
ROS ?=
LOCALE ?= zh_TW
ARGS ?=
TORCH_SPEC ?=
TORCH_INDEX ?=
PIP_ARGS ?=
export PYTHON ROS TORCH_SPEC TORCH_INDEX PIP_ARGS

.DEFAULT_GOAL := help
.PHONY: demo test setup build lint test-fast docs clean help

demo: ## show a whole bedside visit (LOCALE=zh_TW, zh_CN or en_US)
	@scripts/bootstrap demo --locale $(LOCALE) $(ARGS)

test: ## ruff, mypy, colcon build, colcon test
	@scripts/bootstrap test

setup: ## set up .venv and ROS 2 only
	@scripts/bootstrap setup

build: ## set up and build; then: source scripts/env.sh
	@scripts/bootstrap build

lint: ## ruff and mypy
	@scripts/bootstrap lint

test-fast: ## the quick tests, straight from the source tree, without ROS
	@scripts/bootstrap fast $(ARGS)

docs: build ## write docs/interfaces.md anew from the interface files and declared parameters
	@scripts/in_environment scripts/generate_interface_docs.py

clean: ## take away what was built (.venv stays: rm -rf .venv removes that too)
	rm -rf build install log .pytest_cache .mypy_cache .ruff_cache .hypothesis

help: ## this list
	@echo "make demo and make test each set up what they need. All goals:"
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r goal what; do printf '  %-10s %s\n' "$$goal" "$$what"; done
