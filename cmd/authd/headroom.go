package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	leastRoom = 6 << 20  // for garbage, of a server with nothing to do
	mostRoom  = 24 << 20 // of one that is busy
	restHeap  = 6 << 20  // the heap of a server that holds no kills

	// roomTime is how long a busy server should go between two collections. Each costs the same however
	// little there is to find: with leastRoom, a fifth of what a refresh costs went into twenty a second.
	roomTime = 200 * time.Millisecond

	roomEvery = time.Second
)

// headroom is how much garbage there may be before it is collected. The collector's own measure is a share
// of the heap, which fits a server badly: a small heap that is busy is collected all the time, and a large
// one that holds a million kills, none of them garbage, gets tens of MiB for nothing. So the share is
// computed from what is known: how large the live set is, and how fast garbage is made. GOMEMLIMIT stands
// above it.
type headroom struct {
	set func(percent int) // debug.SetGCPercent, which stops the world for an instant

	mu      sync.Mutex
	liveSet int64 // bytes
	room    int64 // bytes
	percent int   // as it was set last
}

func newHeadroom() *headroom {
	return &headroom{set: func(percent int) { debug.SetGCPercent(percent) }, room: leastRoom, percent: 100}
}

// holds says how many bytes the live set takes.
func (h *headroom) holds(liveSet int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.liveSet = liveSet
	h.settle()
}

// allocates says how many bytes are allocated in a second.
func (h *headroom) allocates(perSecond uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.room = roomFor(perSecond)
	h.settle()
}

func (h *headroom) settle() {
	if percent := gcPercent(h.liveSet, h.room); percent != h.percent {
		h.percent = percent
		h.set(percent)
	}
}

// run measures until ctx ends.
func (h *headroom) run(ctx context.Context) error {
	tick := time.NewTicker(roomEvery)
	defer tick.Stop()
	for last := allocated(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := allocated()
		h.allocates((now - last) / uint64(roomEvery/time.Second))
		last = now
	}
}

// roomFor doubles from the least to the most: what changes little changes nothing.
func roomFor(perSecond uint64) int64 {
	room := int64(leastRoom)
	for room < mostRoom && uint64(room) < perSecond/uint64(time.Second/roomTime) {
		room *= 2
	}
	return room
}

// gcPercent is the room as a share of a heap that holds a live set.
func gcPercent(liveSet, room int64) int {
	return int(max(10, 100*room/(restHeap+liveSet)))
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
