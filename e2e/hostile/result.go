//go:build unix

package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

// mostFaults is when a run gives up: what comes after them is mostly their consequence.
const mostFaults = 10

// result is what a part has found. Workers share it.
type result struct {
	plan
	took    time.Duration
	samples []sample
	lines   int
	warned  map[string]int

	mu         sync.Mutex
	faults     []string                  // guarded by mu, as is what follows
	operations map[string]map[string]int // :: operation → status → requests
	classes    map[string]map[string]int // :: what was spoiled → status → requests
	insiders   int
	mustFail   int
}

func newResult(p plan) *result {
	return &result{plan: p, operations: map[string]map[string]int{}, classes: map[string]map[string]int{}}
}

func (r *result) fail(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *result) failed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.faults)
}

// count notes a request with the status of its last answer.
func (r *result) count(q *request, answers []answer) {
	status := "none"
	if len(answers) > 0 {
		status = strconv.Itoa(answers[len(answers)-1].status)
	}
	name := q.op.id
	if q.raw != nil {
		name = "no operation"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	add(r.operations, name, status)
	for _, class := range q.classes() {
		add(r.classes, class, status)
	}
	if q.insiders {
		r.insiders++
	}
	if q.refused {
		r.mustFail++
	}
}

func add(to map[string]map[string]int, name, status string) {
	if to[name] == nil {
		to[name] = map[string]int{}
	}
	to[name][status]++
}
