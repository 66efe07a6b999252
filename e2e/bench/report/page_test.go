package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func example() *Report {
	return &Report{
		At: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC), Took: 130, Kind: "short", Rounds: 3,
		Machine: Machine{CPU: "a cpu", Cores: 2, MemoryGiB: 23.4, SQLite: "modernc.org/sqlite v1"},
		Rows: []Row{
			{ID: "a", What: "what is fast", AtLeast: true, Goal: 1.1, Got: Of([]float64{1.0, 1.2, 1.3}), Peer: "0.04", MadeOf: "It was met."},
			{ID: "b", What: "what is small", Unit: "MiB", Goal: 20, Got: Of([]float64{20.5, 21}), MadeOf: "It weighs."},
			{ID: "d", What: "what says nothing", Goal: 1, Got: Of([]float64{2})},
		},
		Loads:  []Load{{ID: "c", What: "POST /c", Clients: 64, Requests: 999, PerSecond: Of([]float64{8000}), Service: Of([]float64{0.15}), WAL: Of([]float64{346.6})}},
		Charts: []Chart{{ID: "p99", Title: "The slowest", Series: []Series{line("c", Point{1, 2})}}},
	}
}

func TestThePageSaysWhatWasMet(t *testing.T) {
	t.Parallel()
	page := Page(example())
	for _, want := range []string{
		"a **short** run of 2 minutes",
		"`make bench` on 2026-11-23",
		"| what is fast | ≥ 1.1 | **1.2** | 1 to 1.3 | 3 | met | 0.04 |",
		"| what is small | ≤ 20 MiB | **20.8 MiB** | 20.5 to 21 | 2 | **missed** | – |",
		"| what says nothing | ≤ 1 | **2** | – | 1 | **missed** | – |",
		"| SQLite | modernc.org/sqlite v1 |",
		"| POST /c | 64 | 999 | 8000 (8000 to 8000) | 0 | 0 | 150 | 0 | 0 | 347 | – |",
		"![The slowest](performance-p99.svg)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("it lacks %q:\n%s", want, page)
		}
	}
}

func TestThePageSaysWhatMissesAreMadeOf(t *testing.T) {
	t.Parallel()
	const title = "### What the missed ones are made of"
	r := example()
	page := Page(r)
	if want := title + "\n\n- **what is small**, 20.8 MiB of 20 MiB: It weighs.\n\n## Loads"; !strings.Contains(page, want) {
		t.Errorf("it lacks %q:\n%s", want, page)
	}
	if strings.Contains(page, "It was met.") {
		t.Error("it excuses what was met")
	}
	r.Rows = r.Rows[:1]
	if strings.Contains(Page(r), title) {
		t.Error("nothing was missed, and it has the title")
	}
}

func TestAReportSurvivesItsFile(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := example().Write(&file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(example(), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEverythingThatThePageShowsIsPublished(t *testing.T) {
	t.Parallel()
	files, err := Files(example())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"performance.md", "performance.json", "performance-p99.svg"} {
		if len(files[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestAmountsAreWrittenWithThreeDigits(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.3456: "0.346", 1: "1", 1.5: "1.5", 20.75: "20.8", 99.99: "100", 12345: "12345", 0.00012: "0.00012"} {
		if got := digits(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}
