package audit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/audit"
)

func TestAnIDIsReadAsItIsWrittenAndNoOtherWay(t *testing.T) {
	t.Parallel()
	const text = "018f3a1c-0007-7abc-8def-0123456789ab"
	id, err := audit.ParseID(text)
	if err != nil || id.String() != text {
		t.Errorf("got %s, error %v", id, err)
	}
	for _, bad := range []string{"", "018f3a1c00077abc8def0123456789ab", "018F3A1C-0007-7ABC-8DEF-0123456789AB", text + "0", text[1:],
		"018f3a1c-0007-7abc-8def0-123456789ab", "-" + text, "018f3a1c-0007-7abc-8def-0123456789ag"} {
		if id, err := audit.ParseID(bad); err == nil || !id.IsZero() {
			t.Errorf("%q is read as %s, error %v", bad, id, err)
		}
	}
}

// Bounds are asked for by people, and by programs that pass what people typed.
func TestTheBoundsOfTimeHoldWhateverTheTime(t *testing.T) {
	t.Parallel()
	from, below := audit.Query{}.Bounds()
	if !from.IsZero() || below != audit.Last {
		t.Errorf("no bounds: got %s to %s", from, below)
	}
	if audit.Since(time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)) != (audit.ID{}) {
		t.Error("a time before the epoch is not the beginning")
	}
	if late := audit.Since(time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)); late.String()[:13] != "ffffffff-ffff" {
		t.Errorf("a time after the last id is %s", late)
	}
	place := audit.Since(time.UnixMilli(1000))
	if _, below := (audit.Query{Before: place, Until: time.UnixMilli(2000)}).Bounds(); below != place {
		t.Errorf("the place of a page does not count: %s", below)
	}
	if _, below := (audit.Query{Before: audit.Since(time.UnixMilli(3000)), Until: time.UnixMilli(2000)}).Bounds(); below != audit.Since(time.UnixMilli(2000)) {
		t.Errorf("a page begins after the end: %s", below)
	}
}

// archive is a store that tells one time and writes down what it is asked to collect.
type archive struct {
	audit.Store
	clock   time.Time
	bounds  []time.Time
	deleted []int
}

func (a *archive) Clock(context.Context) (time.Time, error) { return a.clock, nil }

func (a *archive) CollectRecords(_ context.Context, before time.Time, limit int) (n int, _ error) {
	a.bounds = append(a.bounds, before)
	if len(a.deleted) > 0 {
		n, a.deleted = min(a.deleted[0], limit), a.deleted[1:]
	}
	return n, nil
}

func TestRecordsAreKeptAsLongAsEitherClockSays(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			turn := time.Now().Add(10 * time.Minute)
			a := &archive{clock: turn.Add(offset), deleted: []int{1000, 1000, 17}}
			ctx, cancel := context.WithTimeout(t.Context(), 11*time.Minute)
			defer cancel()
			if err := (&audit.Collector{Store: a, Now: time.Now, Retention: 24 * time.Hour}).Run(ctx); err != nil {
				t.Error(err)
			}
			want := turn.Add(min(offset, 0) - 24*time.Hour)
			if len(a.bounds) != 3 || !a.bounds[0].Equal(want) {
				t.Errorf("clocks %v apart: collected before %v, want three times %v", offset, a.bounds, want)
			}
		})
	}
}
