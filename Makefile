# Everything here needs Go; the tests of the last part of `make test` also need Java with Maven (a real Apache Kafka)
# and the PostgreSQL server programs. Neither has to be running.

SHELL := /bin/bash -o pipefail
GO ?= go
# Options added to every `go test`, for example TESTFLAGS='-run Verdict -v'.
TESTFLAGS ?=
PKG ?= ./...
# The packages of properties and large data whose tests use no server; those of the others have all of it in test-real.
FULL ?= ./domain/... ./projections ./projections/memview ./projections/refold ./internal/backtest ./internal/fit ./internal/importer ./internal/lifecycletest ./internal/replay
BENCH ?= .
FUZZTIME ?= 20s
ROUNDS ?= 20
SEED ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unreleased)

# The linter is built once for each pinned version; building it takes some minutes.
LINT_VERSION := $(shell awk '$$1 == "github.com/golangci/golangci-lint/v2" { print $$2 }' tools.mod)
LINT := .cache/bin/golangci-lint-$(LINT_VERSION)
WITHSERVERS := $(GO) run ./internal/servertest/withservers

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the binary ./rapport
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o rapport ./cmd/rapport

.PHONY: demo
demo: ## run a generated dealer group with its API on http://127.0.0.1:8080
	$(GO) run ./cmd/rapport demo

.PHONY: test
test: test-unit test-full test-real test-bus ## run all tests: under the race detector, at their full size, and on real servers

# The race detector makes tests ten times as slow, so there a property has fewer cases, and some tests less data: those whose
# package has a file sizes_race_test.go.
.PHONY: test-unit
test-unit: ## run the tests that need no server, under the race detector, in random order
	RAPPORT_TEST_SERVERS=none RAPID_CHECKS=$${RAPID_CHECKS:-30} $(GO) test -race -shuffle=on -timeout 20m $(TESTFLAGS) $(PKG)

.PHONY: test-full
test-full: ## run the tests that test-unit runs with less, with all their cases and data
	RAPPORT_TEST_SERVERS=none $(GO) test -timeout 20m $(TESTFLAGS) $(FULL)

.PHONY: test-real
test-real: ## run the packages whose tests use a real Apache Kafka or PostgreSQL, both started for the run
	@packages=$$($(GO) list -test -f '{{.ImportPath}} {{join .Deps " "}}' $(PKG) | awk \
		'$$1 ~ /\.test$$/ && / [^ ]*\/internal\/(pgtest|kafkatest)( |$$)/ { sub(/\.test$$/, "", $$1); print $$1 }') && \
	if [ -z "$$packages" ]; then echo "no package of $(PKG) uses a server" >&2; exit 1; fi && \
	set -x && $(WITHSERVERS) $(GO) test -count=1 -timeout 20m $(TESTFLAGS) $$packages

.PHONY: test-bus
test-bus: ## run Watermill's own suite on a real Apache Kafka under the race detector
	$(WITHSERVERS) $(GO) test -race -count=1 -timeout 20m $(TESTFLAGS) ./internal/kafkabus

.PHONY: test-faults
test-faults: ## break processes, brokers, databases and connections for a long time (ROUNDS=20, SEED=first seed)
	mkdir -p .cache
	RAPPORT_FAULTS=long RAPPORT_FAULTS_ROUNDS=$(ROUNDS) RAPPORT_FAULTS_SEED=$(SEED) \
		$(GO) test -count=1 -timeout 6h -v -artifacts -outputdir .cache $(TESTFLAGS) ./internal/faults

.PHONY: bench
bench: ## run the benchmarks, with real servers at hand (BENCH=regexp, PKG=./eventstore/...)
	$(WITHSERVERS) $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m $(TESTFLAGS) $(PKG)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (20s)
	@set -e; grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			(set -x; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"); \
		done; \
	done

.PHONY: arch
arch: ## check who imports whom and what the pure packages touch
	$(GO) test -count=1 ./internal/arch

.PHONY: format-check
format-check: ## fail when a file is not formatted by gofmt
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi

.PHONY: vet
vet: ## run go vet
	$(GO) vet ./...

.PHONY: lint
lint: $(LINT) ## run golangci-lint with the list in .golangci.yml (the first run builds it)
	$(LINT) run $(PKG)

$(LINT): tools.mod tools.sum
	$(GO) build -modfile=tools.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	$@ config verify

.PHONY: tidy-check
tidy-check: ## fail when go.mod or go.sum is not tidy or a module was changed after its download
	$(GO) mod tidy -diff
	$(GO) mod verify

.PHONY: verify
verify: tidy-check format-check vet lint test ## run all checks, then fail when one of them changed a file
	git diff --exit-code
