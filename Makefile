# Targets for people who work on npgan; each uses the Python of the active environment.
.PHONY: check test format lint types arrows docs docs-zh docs-strings docs-tools browse notebooks pdf

check: lint types arrows  ## format, lint, types, arrows, fast tests: under a minute
	python -m pytest -q -n 2 -m "not slow"

test:  ## everything, the docstrings' examples included
	python -m pytest -q -n 2

format:
	ruff format .
	ruff check --fix .

lint:
	ruff format --check .
	ruff check .

types:
	mypy

arrows:
	lint-imports

docs: docs/node_modules  ## the book and all pages, into docs/_build/html
	python -m sphinx -W --keep-going -q -d docs/_build/doctrees docs docs/_build/html

docs-zh: docs-strings  ## the book in Chinese, into docs/_build/html/zh; fails where a string is not translated
	python docs/translated.py
	python -m sphinx -W --keep-going -q -D language=zh_CN -d docs/_build/doctrees_zh docs docs/_build/html/zh

docs-strings: docs/node_modules  ## the book's strings, for translation
	python -m sphinx -q -b gettext -D exclude_patterns=api,zh,_build,node_modules \
	  -D suppress_warnings=toc.not_readable,ref.python -d docs/_build/doctrees_strings docs docs/_build/gettext

notebooks:  ## every chapter as a notebook, run, into docs/_build/html/notebooks
	python docs/notebooks.py

pdf: docs/node_modules  ## the book as one file, docs/_build/npgan.pdf
	python -m sphinx -q -b singlehtml -D "exclude_patterns=api,zh,_build,node_modules,[a-hj-z]*.md" \
	  -D suppress_warnings=toc.not_readable,myst.xref_missing,ref.python -d docs/_build/doctrees_single docs docs/_build/single
	chromium --headless --no-sandbox --no-pdf-header-footer --print-to-pdf=docs/_build/npgan.pdf \
	  "file://$(CURDIR)/docs/_build/single/index.html"

browse:  ## open all pages in Debian's Chromium, and say what is wrong with them
	python docs/browse.py

docs-tools:  ## what `make docs` needs besides Node.js, which renders formulas
	python -m pip install -q -e '.[docs]'

docs/node_modules: docs/package-lock.json
	npm ci --prefix docs --no-audit --no-fund
	touch docs/node_modules
