package metrics

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
)

// Process registers what is worth knowing of any Go process. Where client_golang has the number it has
// the same name there, so that dashboards which know the one know the other. What the system does not
// tell is left out.
func (r *Registry) Process() {
	r.Collect(Family{"go_info", KindGauge, "The version of Go that built this, as a label.", []string{"version"}},
		func(emit func(float64, ...string)) { emit(1, runtime.Version()) })
	r.Func(Family{Name: "go_goroutines", Kind: KindGauge, Help: "Goroutines that there are."},
		func() float64 { return float64(runtime.NumGoroutine()) })
	var stats atomic.Pointer[runtime.MemStats]
	r.Before(func() {
		now := &runtime.MemStats{}
		runtime.ReadMemStats(now)
		stats.Store(now)
	})
	memory := func(name string, kind Kind, help string, read func(*runtime.MemStats) float64) {
		r.Func(Family{Name: name, Kind: kind, Help: help}, func() float64 { return read(stats.Load()) })
	}
	memory("go_memstats_heap_alloc_bytes", KindGauge, "Bytes of the heap that are in use.",
		func(m *runtime.MemStats) float64 { return float64(m.HeapAlloc) })
	memory("go_memstats_alloc_bytes_total", KindCounter, "Bytes that were ever allocated.",
		func(m *runtime.MemStats) float64 { return float64(m.TotalAlloc) })
	memory("go_memstats_mallocs_total", KindCounter, "Objects that were ever allocated.",
		func(m *runtime.MemStats) float64 { return float64(m.Mallocs) })
	memory("go_memstats_sys_bytes", KindGauge, "Bytes that Go took from the system.",
		func(m *runtime.MemStats) float64 { return float64(m.Sys) })
	memory("go_gc_pause_seconds_total", KindCounter, "Time that everything stood still for the garbage collector.",
		func(m *runtime.MemStats) float64 { return float64(m.PauseTotalNs) / 1e9 })
	r.linux("/proc/self")
}

// ticks is the unit of times in /proc (USER_HZ): 100 on every architecture that Go runs on.
const ticks = 100

// linux registers what /proc says of a process; nothing where there is no /proc.
func (r *Registry) linux(proc string) {
	if _, err := os.Stat(proc + "/stat"); err != nil {
		return
	}
	gauge := func(name, help string, read func() (float64, bool)) {
		r.Collect(Family{Name: name, Kind: KindGauge, Help: help}, func(emit func(float64, ...string)) {
			if value, ok := read(); ok {
				emit(value)
			}
		})
	}
	r.Collect(Family{Name: "process_cpu_seconds_total", Kind: KindCounter, Help: "Time that processors spent here, the system's part included."},
		func(emit func(float64, ...string)) {
			if user, ok := stat(proc, 14); ok {
				system, _ := stat(proc, 15)
				emit((user + system) / ticks)
			}
		})
	gauge("process_resident_memory_bytes", "Memory that is in the machine's.", func() (float64, bool) {
		pages, ok := stat(proc, 24)
		return pages * float64(os.Getpagesize()), ok
	})
	gauge("process_open_fds", "Files and connections that are open.", func() (float64, bool) {
		dir, err := os.Open(proc + "/fd")
		if err != nil {
			return 0, false
		}
		defer dir.Close()
		names, err := dir.Readdirnames(0)
		return float64(len(names) - 1), err == nil // without the folder's own
	})
	gauge("process_max_fds", "How many files and connections may be open.", func() (float64, bool) { return limit(proc, "Max open files") })
	if began, ok := startOf(proc); ok {
		r.Func(Family{Name: "process_start_time_seconds", Kind: KindGauge, Help: "When the process started, in seconds since 1970."},
			func() float64 { return began })
	}
}

// stat reads a field of proc(5)'s stat by its number there. The second one is a name in parentheses
// that may hold anything, so they are counted from its end.
func stat(proc string, field int) (float64, bool) {
	text, err := os.ReadFile(proc + "/stat")
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < field-2 {
		return 0, false
	}
	value, err := strconv.ParseFloat(string(fields[field-3]), 64)
	return value, err == nil
}

// limit reads a soft limit; there may be none.
func limit(proc, name string) (float64, bool) {
	text, err := os.ReadFile(proc + "/limits")
	if err != nil {
		return 0, false
	}
	_, rest, found := strings.Cut(string(text), name)
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, false
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	return value, err == nil
}

// startOf is the machine's start and what was after it.
func startOf(proc string) (float64, bool) {
	after, ok := stat(proc, 22)
	text, err := os.ReadFile(proc + "/../stat")
	if !ok || err != nil {
		return 0, false
	}
	_, rest, found := strings.Cut(string(text), "\nbtime ")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, false
	}
	boot, err := strconv.ParseFloat(fields[0], 64)
	return boot + after/ticks, err == nil
}
