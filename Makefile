# Every target makes its own .venv; PYTHON names the interpreter that it is made with, SERVE=0 ends the demo after its searches.
PYTHON ?= python3
SERVE ?= 1
DATA ?= ../shared/data
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test check lock audit bench bench-indexing bench-serving bench-quality bench-answers bench-speech bench-trust fuzz clean

demo: $(STAMP)
	$(BIN)/mmsearch demo $(if $(filter 0,$(SERVE)),--no-serve)

test: $(STAMP) tools
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The release installs exactly these: pip install --require-hashes -r requirements.lock. Add --upgrade by UPGRADE=1.
lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --extra all --generate-hashes \
		--no-header $(if $(UPGRADE),--upgrade) --output-file requirements.lock

# Known weaknesses of what the lock names, as osv.dev has them: a report, which fails nothing and ends by itself.
audit: $(STAMP)
	@said=$$(timeout 180 $(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip \
		--vulnerability-service osv --timeout 15 --progress-spinner off 2>&1) && echo "$$said" \
		|| case "$$said" in \
			*Traceback*) echo "pip-audit: nobody could be asked: $$(echo "$$said" | tail -n 1)" ;; \
			*) echo "$$said"; echo "pip-audit: weaknesses are known; see above" ;; \
		esac

bench: $(STAMP)
	$(BIN)/python -m benchmarks.speed

bench-indexing: $(STAMP)
	$(BIN)/python -m benchmarks.indexing $(DATA)

# The first time, a library of 100,000 passages is made.
bench-serving: $(STAMP) tools
	$(BIN)/python -m benchmarks.serving $(DATA)

# DATA is the folder of the judged sets.
bench-quality: $(STAMP)
	$(BIN)/python -m benchmarks.quality $(DATA)
	$(BIN)/python -m benchmarks.router $(DATA)
	$(BIN)/python -m benchmarks.calibration $(DATA)
	$(BIN)/python -m benchmarks.analysis $(DATA) --report benchmarks/QUALITY.md

# Writes the weights of the table answerer anew as well.
bench-answers: $(STAMP)
	$(BIN)/python -m benchmarks.train_answerer $(DATA) --report benchmarks/ANSWERS.md
	$(BIN)/python -m benchmarks.train_sentences --report benchmarks/ANSWERS.md
	$(BIN)/python -m benchmarks.totals $(DATA) --report benchmarks/ANSWERS.md
	$(BIN)/python -m benchmarks.marks --report benchmarks/ANSWERS.md

# The files that it is tried with are those of the tests.
bench-trust: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -m benchmarks.trust

# Whisper of base's size with random weights, beside plain whisper.transcribe.
bench-speech: $(STAMP)
	$(BIN)/python -m benchmarks.speech

# Not part of the tests: FUZZ_S seconds of each target, on Linux with wheels of atheris.
FUZZ_S ?= 60
fuzz: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[all,dev,fuzz]'
	mkdir -p .fuzz
	for target in $$($(BIN)/python tests/fuzz.py 2>/dev/null); do \
		$(BIN)/python tests/fuzz.py $$target -max_total_time=$(FUZZ_S) -timeout=25 -rss_limit_mb=2048 \
			-artifact_prefix=.fuzz/$$target- -print_final_stats=1 || exit 1; \
	done

clean:
	rm -rf .venv .demo .screenshots

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[all,dev]'
	touch $@

# What some tests need from Debian; without the right to install it they are skipped, and say what is missing.
.PHONY: tools
tools:
	@.ci/tools || echo "some tests will be skipped: install chromium to run them"
