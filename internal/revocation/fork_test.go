package revocation

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// forks collects what followers tell of the store's history.
func forks(told *[]Fork) func(*Config) {
	return func(c *Config) { c.Forked = func(_ context.Context, fork Fork) { *told = append(*told, fork) } }
}

// A standby that took over has not got the last commits, and gives their numbers to others.
func TestAHeadThatWentBackLosesNothingThatWasObeyed(t *testing.T) {
	for name, again := range map[string]int{"fewer numbers than before": 1, "as many": 2, "more": 3} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *shared) {
				var told []Fork
				f := runs(t, s, forks(&told))
				s.commit(1, killed("a"))
				s.commit(2, killed("b"), killed("c"))
				polls()
				old := f.View().Cursor()
				s.change(func() { // b and c are lost, and others come before anybody polls
					s.rows, s.head.Seq, s.head.Mark = s.rows[:1], 1, 1
				})
				for i := range again {
					s.commit(uint64(10+i), killed(string(rune('m'+i))))
				}
				polls()
				for _, sid := range []string{"a", "b", "c", "m"} {
					f.wants(t, Token{Sid: sid}, Dead)
				}
				if got := f.Entries(0, 10, nil); len(got) != 1+again || got[1].Subject != SubjectOf("m") {
					t.Errorf("serves %v, want what the store has", got)
				}
				if known, _ := f.Knows(old); known {
					t.Error("knows a place of the history that is gone")
				}
				if len(told) != 1 || told[0].Lost != 2 || told[0].Ahead != int64(max(0, 2-again)) || told[0].Read != old {
					t.Errorf("told %+v", told)
				}
				time.Sleep(time.Hour + Grace + time.Minute)
				synctest.Wait()
				if n := len(f.set.ghosts); n != 0 {
					t.Errorf("%d chunks of what is gone are still held", n)
				}
			})
		})
	}
}

// C27: after a restore its repair gives the feed another name, which is no alarm any more.
func TestC27AnotherFeedIsReadFromItsBeginningAndNothingIsForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		var told []Fork
		var versions []string
		f := runs(t, s, forks(&told), func(c *Config) {
			c.Keyring = func(_ context.Context, feedID string, _ int64) error {
				versions = append(versions, feedID)
				return nil
			}
		})
		s.commit(1, below("u", 7), killed("a"))
		polls()
		s.change(func() {
			s.head.FeedID, s.head.Seq, s.head.Mark, s.rows = "restored", 0, 0, nil
			s.head.KeyringVersion++
		})
		s.commit(2, below("u", 1003))
		polls()
		f.wants(t, Token{Sid: "a"}, Dead)
		f.wants(t, Token{Sub: "u", Epoch: 1002}, Dead)
		f.wants(t, Token{Sub: "u", Epoch: 1003}, Alive)
		if v := f.View(); v.FeedID != "restored" || v.Seq != 1 {
			t.Errorf("stands at %v", v.Cursor())
		}
		if len(told) != 0 || len(versions) != 2 || versions[1] != "restored" {
			t.Errorf("told of forks %v and keyrings %v", told, versions)
		}
	})
}

// An instance that stood still for long finds its place collected. That is no alarm.
func TestAPlaceThatWasCollectedIsLeftWithoutAnAlarm(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		var told []Fork
		s.commit(1, killed("a"))
		f := runs(t, s, forks(&told))
		var many []Kill
		for range newest + 1 {
			many = append(many, below("u", 2))
		}
		s.commit(2, many...)
		s.change(func() { s.rows = s.rows[1:] })
		polls()
		if v := f.View(); v.Seq != newest+2 || len(told) != 0 || f.Stats().Restarts != 1 {
			t.Errorf("stands at %d after %d restarts, told %v", v.Seq, f.Stats().Restarts, told)
		}
		f.wants(t, Token{Sid: "a"}, Dead)
	})
}

// C17: a user's epoch is raised again and again. Who stands on an old, a collected or the newest
// entry goes on from there or begins again, and an idle feed asks nothing of anybody.
func TestFollowersStandAnywhereWhileOneUsersEpochIsRaisedAgainAndAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		s.head.MaxTTL = time.Minute
		f := runs(t, s)
		s.commit(1, killed("a"))
		polls()
		first := f.View().Cursor()
		for epoch := int64(1); epoch <= 2*newest; epoch++ {
			s.commit(uint64(epoch+1), below("u", epoch))
		}
		polls()
		old, last := Cursor{"feed", newest, newest}, f.View().Cursor()
		for _, c := range []Cursor{first, old, last} {
			if known, _ := f.Knows(c); !known {
				t.Errorf("does not know %v", c)
			}
		}
		if got := f.set.slots.Load(); got > 64 {
			t.Errorf("one user fills %d slots", got)
		}
		time.Sleep(10 * time.Minute) // all have run out, and the feed is idle
		synctest.Wait()
		if known, _ := f.Knows(last); !known {
			t.Error("the newest entry is no place any more")
		}
		if known, _ := f.Knows(Cursor{"feed", last.Seq - newest + 1, uint64(last.Seq - newest + 1)}); !known {
			t.Error("one of the newest 4,096 is no place any more")
		}
		if n := len(f.Entries(0, 1<<20, nil)); n != 0 || f.Stats().Live != 0 {
			t.Errorf("%d entries that ran out are served, %d counted", n, f.Stats().Live)
		}
		s.commit(9, below("u", 10_000))
		polls()
		if known, _ := f.Knows(last); !known || len(f.Entries(last.Seq, 10, nil)) != 1 {
			t.Error("who stood on the newest entry cannot go on")
		}
	})
}

func TestAHeadThatDoesNotKnowOfOurLifetimeIsRaised(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		s.head.MaxTTL = time.Minute
		raised := 0
		runs(t, s, func(c *Config) {
			c.RaiseTTL = func(context.Context) error {
				raised++
				s.change(func() { s.head.MaxTTL = time.Hour })
				return nil
			}
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if raised < 1 || raised > 2 {
			t.Errorf("raised %d times, want once or so", raised)
		}
	})
}
