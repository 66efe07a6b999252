package revocation

import (
	"sync"
	"testing"
	"time"
)

// running starts an instance outside of a bubble, on real time.
func running(b testing.TB, entries int) *instance {
	b.Helper()
	store := &memory{head: Head{FeedID: testFeed, MaxTTL: time.Hour, AsOf: time.Now()}}
	for ; entries > 0; entries -= 1000 {
		store.kill(sessions(min(entries, 1000))...)
	}
	i := join(b, store)
	for {
		next, v := i.live.NextPoll(), i.live.View()
		if settled(v) {
			return i
		}
		select {
		case <-v.Changed:
		case <-next: // what is missing in the view may come without a change of place
		}
	}
}

// One page as long as pages get: read from the live set, written and signed.
func BenchmarkLongestPage(b *testing.B) {
	i := running(b, pageEntries)
	for b.Loop() {
		page, err := i.catchUp.write(0)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(page.token)))
		i.catchUp.recycle(page)
	}
}

// One logout that two thousand followers of one instance are told of, without the network between.
func BenchmarkLogoutToldTo2000Followers(b *testing.B) {
	const followers = 2000
	i := running(b, 1000)
	signed, calls := i.Stats().Signed, i.store.called()
	told, over := make(chan struct{}, followers), make(chan struct{})
	first := i.live.View().Cursor()
	var fleet sync.WaitGroup
	for range followers {
		fleet.Go(func() {
			for cursor := first; ; {
				answer, err := i.Poll(b.Context(), Ask{Cursor: cursor.String(), Wait: time.Minute})
				if err != nil {
					return
				}
				cursor = Cursor{answer.feedID, answer.to, answer.mark}
				answer.Done()
				select {
				case told <- struct{}{}:
				case <-over:
					return
				}
			}
		})
	}
	for b.Loop() {
		i.store.kill(sessions(1)...)
		i.follower.Wake()
		for range followers {
			<-told
		}
	}
	b.ReportMetric(float64(i.Stats().Signed-signed)/float64(b.N), "signatures/op")
	b.ReportMetric(float64(i.store.called()-calls)/float64(b.N), "store-calls/op")
	close(over)
}
