//go:build unix

package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAPercentileIsAValueThatWasSeen(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for n := range 1000 {
		all = append(all, time.Duration(n+1))
	}
	for percent, want := range map[int]time.Duration{50: 500, 90: 900, 99: 990, 100: 1000} {
		if got := at(all, percent); got != want {
			t.Errorf("p%d of 1 to 1000: got %d, want %d", percent, got, want)
		}
	}
	if got := at([]time.Duration{7}, 50); got != 7 {
		t.Errorf("p50 of one value: got %d, want 7", got)
	}
}

func TestAMissedGoalIsSaid(t *testing.T) {
	t.Parallel()
	good := report{delays: delays{everywhere: []time.Duration{goalMedian}}, crowd: crowd{alone: 20, watched: 21, pages: []int{1}}}
	if err := good.missed(); err != nil {
		t.Errorf("all goals are met: got %v", err)
	}
	for name, spoil := range map[string]func(*report){
		"p50":          func(r *report) { r.everywhere = []time.Duration{goalMedian + 1} },
		"p99":          func(r *report) { r.everywhere = []time.Duration{1, goalP99 + 1} },
		"transactions": func(r *report) { r.watched = 40 },
		"pages":        func(r *report) { r.pages = []int{1, 3} },
	} {
		r := good
		spoil(&r)
		if err := r.missed(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestARotationThatSomebodyNoticedIsSaid(t *testing.T) {
	t.Parallel()
	turned := func() *turning {
		return &turning{rotation: &rotation{sessions: 2}, kill: killed{obeyed: goalKill, refreshed: 2},
			signed: map[string]int{"a ES256": 1, "b EdDSA": 1, "c ES256": 1}}
	}
	if err := turned().missed(); err != nil {
		t.Errorf("nobody noticed: got %v", err)
	}
	for name, spoil := range map[string]func(*turning){
		"refused":     func(r *turning) { r.refuse(errors.New("unknown kid")) },
		"no rotation": func(r *turning) { delete(r.signed, "a ES256") },
		"killed":      func(r *turning) { r.kill.obeyed++ },
		"1 of 2":      func(r *turning) { r.kill.refreshed = 1 },
	} {
		r := turned()
		spoil(r)
		if err := r.missed(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
