# make lab    sets up and serves the lectures in JupyterLab       make lab ARGS="--no-browser"
# make test   sets up and runs tests, examples and notebooks      make test ARGS="-k datasets"
# make test-long   thousands of random cases, kills and interruptions (see tests/README.md)
# make notebooks, make lint   execute and store the notebooks; check style and types
# make book, make lite   build the website, and the lectures that run in a browser, in build/
# make sheets     prints a work sheet for each lecture, as PDF in build/sheets
# Python 3.11 or newer is all that is needed. Without make: python make.py lab, python make.py test

PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help lab test test-long notebooks book lite sheets lint set-up clean

help:
	@sed -n 's/^# //p' Makefile

lab test test-long notebooks book lite sheets lint set-up:
	@$(PYTHON) make.py $@ $(ARGS)

clean:
	rm -rf .venv
