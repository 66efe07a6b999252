package metrics

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func written(t *testing.T, r *Registry) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestThePageIsInTheTextFormat(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	r.Func(Family{Name: "z_seconds", Kind: KindGauge, Help: "Read when asked."}, func() float64 { return 0.25 })
	c := r.Counters("a_total", "A back\\slash and\na line.", "route", "what")
	c.With("/b", "x").Add(2)
	c.With("/a", "say \"hi\"\\\n").Add(1)
	c.With("/a", "\xff").Add(-7)
	g := r.Gauge("b", "Up and down.")
	g.Add(3)
	g.Add(-5)
	h := r.Histograms("c_seconds", "How long.", []float64{0.1, 2}, "lane")
	for _, value := range []float64{0.05, 0.1, 0.11, 2, 2.5} {
		h.With("deaths").Observe(value)
	}
	r.Histograms("d", "Nothing yet.", []float64{1}, "lane")
	r.Collect(Family{Name: "e", Kind: KindGauge, Help: "Far out.", Labels: []string{"l"}}, func(emit func(float64, ...string)) {
		emit(math.Inf(1), "up")
		emit(math.Inf(-1), "down")
		emit(math.NaN(), "none")
		emit(1e15, "large")
	})
	const want = `# HELP a_total A back\\slash and\na line.
# TYPE a_total counter
a_total{route="/a",what="say \"hi\"\\\n"} 1
a_total{route="/a",what="�"} 0
a_total{route="/b",what="x"} 2
# HELP b Up and down.
# TYPE b gauge
b -2
# HELP c_seconds How long.
# TYPE c_seconds histogram
c_seconds_bucket{lane="deaths",le="0.1"} 2
c_seconds_bucket{lane="deaths",le="2"} 4
c_seconds_bucket{lane="deaths",le="+Inf"} 5
c_seconds_sum{lane="deaths"} 4.76
c_seconds_count{lane="deaths"} 5
# HELP d Nothing yet.
# TYPE d histogram
# HELP e Far out.
# TYPE e gauge
e{l="up"} +Inf
e{l="down"} -Inf
e{l="none"} NaN
e{l="large"} 1000000000000000
# HELP z_seconds Read when asked.
# TYPE z_seconds gauge
z_seconds 0.25
`
	if d := cmp.Diff(strings.Split(written(t, r), "\n"), strings.Split(want, "\n")); d != "" {
		t.Errorf("the page (-got +want):\n%s", d)
	}
}

// I4: should a label one day come from outside, a server still has a bounded number of series.
func TestAFamilyHasABoundedNumberOfSeries(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	c := r.Counters("a_total", "Counted.", "what", "why")
	for i := range 10 * maxSeries {
		c.With(fmt.Sprint(i), "").Add(1)
	}
	page := written(t, r)
	if n := strings.Count(page, "a_total{"); n != maxSeries+1 {
		t.Errorf("%d series, want %d", n, maxSeries+1)
	}
	if want := fmt.Sprintf("a_total{what=\"other\",why=\"other\"} %d\n", 9*maxSeries); !strings.Contains(page, want) {
		t.Errorf("what comes later is not under %s", want)
	}
}

func TestNothingIsLostWhenManyCountAtOnce(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	c, h := r.Counters("a_total", "Counted.", "what"), r.Histograms("b", "Measured.", []float64{1}, "what")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 1000 {
				c.With(fmt.Sprint(j % 3)).Add(1)
				h.With(fmt.Sprint(i % 2)).Observe(0.5)
				if j%100 == 0 {
					_ = r.Write(&bytes.Buffer{})
				}
			}
		})
	}
	group.Wait()
	page := written(t, r)
	for _, want := range []string{`a_total{what="0"} 2672`, `a_total{what="2"} 2664`, `b_sum{what="0"} 2000`, `b_count{what="1"} 4000`} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func TestANameIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	r.Counter("a_total", "Counted.")
	defer func() {
		if recover() == nil {
			t.Error("a second one was taken")
		}
	}()
	r.Gauge("a_total", "Measured.")
}

func TestFamiliesAreKnownBeforeTheyHaveValues(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	r.Histograms("b", "Measured.", []float64{1}, "lane")
	r.Counter("a_total", "Counted.")
	want := []Family{{"a_total", KindCounter, "Counted.", nil}, {"b", KindHistogram, "Measured.", []string{"lane"}}}
	if d := cmp.Diff(r.Families(), want); d != "" {
		t.Errorf("families (-got +want):\n%s", d)
	}
}

func TestNumbersThatBelongTogetherAreReadTogether(t *testing.T) {
	t.Parallel()
	r, reads := &Registry{}, 0
	r.Before(func() { reads++ })
	for _, name := range []string{"a", "b"} {
		r.Func(Family{Name: name, Kind: KindGauge, Help: "Read before."}, func() float64 { return float64(reads) })
	}
	for _, want := range []string{"a 1\n", "b 2\n"} {
		if page := written(t, r); !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestAnyProcessSaysWhatItTakes(t *testing.T) {
	t.Parallel()
	r := &Registry{}
	r.Process()
	page := written(t, r)
	for _, name := range []string{"go_goroutines", "go_memstats_sys_bytes", "go_memstats_alloc_bytes_total"} {
		if !regexp.MustCompile("(?m)^" + name + " [1-9]").MatchString(page) {
			t.Errorf("the page lacks %s:\n%s", name, page)
		}
	}
}

// The name in stat may hold blanks and parentheses, and there may be no limit.
func TestAProcessIsReadFromProc(t *testing.T) {
	t.Parallel()
	proc := filepath.Join(t.TempDir(), "42")
	stat := "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 9 0 2000 123456789 10 184467"
	for file, text := range map[string]string{
		"42/stat": stat, "42/limits": "Limit   Soft Limit  Hard Limit  Units\nMax open files    1024   4096    files\n",
		"42/fd/0": "", "42/fd/1": "", "42/fd/2": "", "stat": "cpu 1 2\nbtime 1700000000\nprocesses 7\n",
	} {
		file = filepath.Join(filepath.Dir(proc), file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := &Registry{}
	r.linux(proc)
	page := written(t, r)
	for _, want := range []string{"process_cpu_seconds_total 2", fmt.Sprintf("process_resident_memory_bytes %d", 10*os.Getpagesize()),
		"process_open_fds 2", "process_max_fds 1024", "process_start_time_seconds 1700000020"} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	if err := os.WriteFile(filepath.Join(proc, "limits"), []byte("Max open files    unlimited   unlimited    files\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if page := written(t, r); strings.Contains(page, "process_max_fds ") && !strings.Contains(page, "# TYPE process_max_fds gauge\n# ") {
		t.Errorf("no limit is a number:\n%s", page)
	}
	empty := &Registry{}
	empty.linux(filepath.Join(proc, "nothing"))
	if len(empty.Families()) != 0 {
		t.Errorf("without /proc there is %v", empty.Families())
	}
}
