# The commands of the house. CONTRIBUTING.md says when to use which.

GO      ?= go
# The folders of all our modules: the workspace's, or this one alone.
MODULES  = $(shell $(GO) list -m -f '{{.Dir}}')
# The race detector needs cgo, which the go command switches off where there is no C compiler.
RACE    ?= $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race $(APART))
# SQLite is C that was translated into Go. To watch each step of its pointers takes half of a run, and
# says nothing of our code: what we share, we share on this side of database/sql.
APART    = '-gcflags=modernc.org/...=-d=checkptr=0' '-gcflags=modernc.org/sqlite/lib=-race=false -d=checkptr=0'

# By its profile (cmd/authd/default.pgo) only the program is built: everything else would be compiled twice.
PLAIN    = -pgo=off

.PHONY: bench bench-long bench-pieces run-pieces profile scaling build demo fuzz measure-logout measure-rotation canaries hostile interop browser test check format vet lint floors test-modules bin/withpg bin/staticcheck bin/benchstat
.DEFAULT_GOAL := build

build: ## the program, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/authd

demo: ## what authd is for, in half a minute
	@$(GO) -C examples run ./demo

bench: ## every figure against its yardstick, in some three minutes; into docs/performance.md
	$(GO) -C e2e run ./bench -o ../docs
	@$(MAKE) --no-print-directory scaling

bench-long: ## the same in some fifty minutes: a million sessions, checkpoints, vacuum
	$(GO) -C e2e run ./bench -long -o ../docs
	@$(MAKE) --no-print-directory scaling

# PIECES is which benchmarks, COUNT how often each is run, PIECETIME for how long.
PIECES    ?= ^Benchmark(Pieces|Refresh|Login|SeenBefore|Middleware)$$
COUNT     ?= 6
PIECETIME ?= 100ms
bench-pieces: bin/withpg bin/benchstat ## what requests are made of, piece by piece, into bin/pieces.txt for benchstat
	@bin/withpg $(MAKE) --no-print-directory run-pieces > bin/pieces.txt || { cat bin/pieces.txt; exit 1; }
	@bin/benchstat bin/pieces.txt

run-pieces:
	@set -e; for dir in . verify; do \
		(cd $$dir && $(GO) test -run '^$$' -bench '$(PIECES)' -benchmem -count $(COUNT) -benchtime $(PIECETIME) ./...); \
	done

profile: bin/withpg ## where the time goes when it serves, into cmd/authd/default.pgo, by which the compiler builds authd
	@folder=$$(mktemp -d); trap 'rm -r "$$folder"' EXIT; \
	CGO_ENABLED=0 bin/withpg $(GO) test ./cmd/authd -trimpath -o "$$folder/authd.test" -run '^$$' -bench 'BenchmarkServing' -benchtime 60000x \
		-cpuprofile "$$folder/cpu" && mv "$$folder/cpu" cmd/authd/default.pgo

scaling: ## what so many users need, from what was measured last, into docs/scaling.md
	$(GO) -C e2e run ./scaling -o ../docs/scaling.md

measure-logout: ## how long a logout takes to be obeyed, and what followers cost, into docs/measured-logout.md
	$(GO) -C e2e run ./measure logouts -o ../docs/measured-logout.md

interop: ## run what others wrote against authd, into docs/interop.md; installs it first
	@e2e/interop/install.sh
	cd e2e/interop && $(GO) run . -o ../../docs/interop.md

canaries: ## whether any of 10,000 secrets shows where it does not belong, into docs/measured-canaries.md
	cd e2e && E2E_CANARIES=10000 E2E_CANARY_PAGE=../docs/measured-canaries.md $(GO) test -count=1 -timeout 30m -v -run NoSecretShows .

browser: ## the sign-in page and hostile pages in Chromium, into docs/browsers.md; installs it first
	@e2e/browser/install.sh
	node e2e/browser/main.mjs

measure-rotation: ## whether anybody notices that keys turn every few seconds, into docs/measured-rotation.md
	$(GO) -C e2e run ./measure rotation -o ../docs/measured-rotation.md

# HOSTILE is how many requests there are, SEED what they are made of.
HOSTILE ?= 1000000
SEED    ?= 1
hostile: ## a million requests that no honest client sends, into docs/measured-hostile.md
	$(GO) -C e2e run ./hostile -n $(HOSTILE) -seed $(SEED) -o ../docs/measured-hostile.md

# FUZZTIME is for all targets together, in equal shares; FUZZPARALLEL is how many workers a target has.
FUZZTIME     ?= 5m
FUZZPARALLEL ?= $(shell nproc 2>/dev/null || echo 2)

fuzz: ## every fuzz target of every module for FUZZTIME in all, into docs/fuzzing.md
	@$(GO) run ./internal/fuzz -time $(FUZZTIME) -parallel $(FUZZPARALLEL) -o docs/fuzzing.md

test: bin/withpg ## all tests of all modules, on SQLite and on PostgreSQL
	$(if $(RACE),,@echo 'make test: without the race detector, which needs a C compiler')
	@bin/withpg $(MAKE) --no-print-directory test-modules

# The other modules' tests drive a program that they build, which the go command does not look at when
# it remembers results: there is no telling whether one still holds. They wait more than they compute, so
# they wait side by side.
OTHERS = $(patsubst %,%/...,$(filter-out $(CURDIR),$(MODULES)))
FRESH  = $$(test "$$dir" = '$(CURDIR)' || echo -count=1)

# The second round is how others build a module: without the workspace, from what its go.mod requires. The
# program that e2e drives is built so in both rounds, so one of its tests is enough to show that e2e builds.
MAINJOB = $$(test "$$dir" != '$(CURDIR)/e2e' || echo -run=AUserSignsIn)

# With the race detector only a tenth of the histories is tried in which logouts meet refreshes; all ten
# thousand are tried without it, and so with the guesses of a week at one account. The second round need not repeat what takes long.
test-modules:
	$(GO) test $(PLAIN) $(RACE) ./...
	$(if $(OTHERS),$(GO) test $(PLAIN) $(RACE) -count=1 $(OTHERS))
	$(if $(RACE),$(GO) test $(PLAIN) -count=1 -v -run 'OneOrderOfEvents|TestE13TenThousand' ./internal/tokens ./internal/accounts)
	@set -e; test -f go.work || exit 0; for dir in $(MODULES); do \
		echo "GOWORK=off go test -short ./... # in $$dir"; \
		(cd "$$dir" && GOWORK=off $(GO) test $(PLAIN) -short $(FRESH) $(MAINJOB) ./...); \
	done

check: format vet lint floors ## what must hold besides the tests

format:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w these:"; echo "$$unformatted"; exit 1; }

vet:
	@set -e; for dir in $(MODULES); do (cd "$$dir" && $(GO) vet $(PLAIN) ./...); done

lint: bin/staticcheck
	@set -e; for dir in $(MODULES); do (cd "$$dir" && GOFLAGS=$(PLAIN) $(CURDIR)/bin/staticcheck ./...); done

floors: # never from the cache: what go list reads is not in its key
	$(GO) test -count=1 -run 'Floors|SaysWhatItIs|JWX' .

bin/withpg:
	@$(GO) build -o bin/ ./internal/store/pgtest/withpg

# Tools are a module of their own, so that their requirements never become those of authd.
bin/staticcheck:
	@GOWORK=off $(GO) -C tools build -o ../bin/ honnef.co/go/tools/cmd/staticcheck

bin/benchstat:
	@GOWORK=off $(GO) -C tools build -o ../bin/ golang.org/x/perf/cmd/benchstat
