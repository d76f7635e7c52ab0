# Segno's targets. `make help` lists them; docs/development.md tells more.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/segno-jobs/segno/internal/version.Version=$(VERSION)

# One set of flags for building, testing and checking, so that SQLite is compiled once for all of them. Extensions that
# a database file could ask for are left out of it. The version comes from LDFLAGS, not from the repository's folder.
export GOFLAGS := $(shell go env GOFLAGS) -buildvcs=false -trimpath -tags=sqlite_omit_load_extension

# SQLite without the counters of its memory, whose lock every allocation takes, and with more memory set aside for each
# connection: a third less time for each run in the store. See docs/performance.md.
export CGO_CFLAGS := $(shell go env CGO_CFLAGS) -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_DEFAULT_LOOKASIDE=1200,200 -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_DEPRECATED -DSQLITE_ENABLE_QPSG

# Tests with hosts of their own fail where these cannot be made; REQUIRE_NAMESPACES=0 has them skip.
REQUIRE_NAMESPACES ?= 1

# Flags for the programs of `make demo` and for the Go tests of `make test`.
ARGS ?=
TESTFLAGS ?=

GO_FILES = $(shell git ls-files --cached --others --exclude-standard '*.go')
SHELL_FILES = .ci/run $(wildcard scripts/*.sh)
WEB_SOURCES = $(shell find web/src web/index.html web/*.json web/*.ts web/*.js -type f 2>/dev/null)

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: web programs ## Build conductor, jobserver and segno into bin/.

# Without the console's bundle the conductor serves a page that says so.
.PHONY: programs
programs:
	CGO_ENABLED=1 go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/conductor
	CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/jobserver ./cmd/segno

.PHONY: demo
demo: build ## Run a conductor, three job servers and a task on this machine. ARGS=--once ends with the task, ARGS=--unplug kills its server.
	bin/segno demo $(ARGS)

.PHONY: test
test: test-go test-web test-browser ## Run all tests: Go on SQLite and PostgreSQL, the console's, and those in a browser.

.PHONY: test-go
test-go: bin/tools/testreport ## Run the Go tests on SQLite and PostgreSQL. TESTFLAGS passes flags, such as -run.
	@go -C tools test ./...
	@scripts/need.sh ip iproute2
	REQUIRE_NAMESPACES=$(REQUIRE_NAMESPACES) scripts/with-postgres.sh go test -json -timeout 10m $(TESTFLAGS) ./... | bin/tools/testreport

.PHONY: test-web
test-web: web/node_modules/.package-lock.json ## Run the console's unit tests.
	npm --prefix web run --silent test

.PHONY: test-browser
test-browser: build ## Look at the console of real programs in a real browser.
	CHROMIUM="$$(scripts/browser.sh)" npm --prefix web run --silent test:browser

.PHONY: screenshots
screenshots: build ## Take a picture of each page of the console into docs/images.
	CHROMIUM="$$(scripts/browser.sh)" node web/test/screenshots.js docs/images

.PHONY: measure-console
measure-console: build ## Measure the console's frames with 500 servers and 5,000 state changes a minute; PICTURES=folder keeps what it saw.
	CHROMIUM="$$(scripts/browser.sh)" node web/test/measure.js $(PICTURES)

SEEDS ?= 20000
.PHONY: sim
sim: ## Simulate SEEDS seeds and print seeds a second and what they covered; SEED=n replays one with a trace.
	GOGC=400 go test ./sim -count=1 -timeout 0 -v -run 'ThePromisesHold|TheSameSeed' -sim.coverage $(if $(SEED),-sim.seed $(SEED),-sim.seeds $(SEEDS))

.PHONY: mutants
mutants: ## Build the simulator with each deliberate bug, and say which seed catches it. MUTANT=part-of-a-name takes one.
	GOGC=400 go test ./sim -count=1 -timeout 0 -v -run EachDeliberate -sim.mutants "$(or $(MUTANT),all)"

.PHONY: chaos
chaos: ## Run the programs on hosts of their own and take away networks, processes, disks and clocks; SEED=n repeats, RUN=name chooses.
	@scripts/need.sh ip iproute2
	REQUIRE_NAMESPACES=1 go test ./chaos -count=1 -timeout 30m -v -chaos.full $(if $(SEED),-chaos.seed $(SEED)) $(if $(RUN),-run '$(RUN)')

.PHONY: race
race: ## Run the Go tests with the race detector.
	scripts/with-postgres.sh go test -race -timeout 20m $(TESTFLAGS) ./...

.PHONY: bench
bench: ## Run the Go benchmarks.
	go test -run '^$$' -bench . -benchmem $(TESTFLAGS) ./...

SOAK ?= 10m
.PHONY: soak-schedules
soak-schedules: ## Have a thousand tasks due every second for SOAK, and see that each occurrence has its row.
	SEGNO_SOAK=$(SOAK) go test ./cmd/conductor -run '^$$' -bench AThousandTasks -benchtime 1x -timeout 60m

.PHONY: bench-list
bench-list: ## Measure lists of runs with 1,000 and with 1,000,000 runs stored, and what pruning costs beside dispatch.
	go test ./store -run '^$$' -bench 'NewestRuns|Prune' -timeout 0 $(TESTFLAGS)

.PHONY: check
check: check-go check-generated check-web check-shell ## Check form and correctness without running tests.

.PHONY: check-go
check-go: bin/tools/staticcheck
	@unformatted="$$(gofmt -l $(GO_FILES))"; if [[ -n $$unformatted ]]; then echo "run gofmt on: $$unformatted"; exit 1; fi
	go mod tidy -diff
	go -C tools mod tidy -diff
	go vet ./...
	bin/tools/staticcheck ./...

.PHONY: check-generated
check-generated: bin/tools/protoc-gen-go web/node_modules/.package-lock.json ## Fail if a generated file is not what its source gives.
	scripts/check-generated.sh

.PHONY: check-web
check-web: web/node_modules/.package-lock.json
	npm --prefix web run --silent check

.PHONY: check-shell
check-shell:
	scripts/need.sh shellcheck shellcheck
	shellcheck $(SHELL_FILES)

.PHONY: lint-full
lint-full: ## Run every rule of .golangci.yml, where golangci-lint 2 is installed.
	@command -v golangci-lint >/dev/null || { echo "golangci-lint is not installed; see https://golangci-lint.run"; exit 1; }
	golangci-lint run ./...

.PHONY: audit
audit: bin/tools/govulncheck web/node_modules/.package-lock.json ## Look for known vulnerabilities, where the network allows it.
	scripts/audit.sh

.PHONY: generate
generate: bin/tools/protoc-gen-go web/node_modules/.package-lock.json ## Write the generated files anew.
	scripts/generate.sh .

.PHONY: web
web: web/dist/index.html ## Build the console into web/dist.

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	npm --prefix web run --silent build

web/node_modules/.package-lock.json: web/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: the console needs Node 20 or newer with npm"; exit 1; }
	npm --prefix web ci --no-audit --no-fund

bin/tools/staticcheck bin/tools/govulncheck: tools/go.mod tools/go.sum
	GOFLAGS=-buildvcs=false go build -C tools -o $(CURDIR)/bin/tools/ tool
	@touch bin/tools/staticcheck bin/tools/govulncheck

bin/tools/testreport: $(wildcard tools/testreport/*.go)
	GOFLAGS=-buildvcs=false go build -C tools -o $(CURDIR)/bin/tools/ ./testreport
	@touch $@

bin/tools/protoc-gen-go: go.mod go.sum
	go build -o bin/tools/ tool
	@touch $@

.PHONY: clean
clean: ## Remove what was built.
	find bin -mindepth 1 -delete 2>/dev/null || true
	find web/dist -mindepth 1 ! -name .gitkeep -delete 2>/dev/null || true
	rm -rf web/node_modules
