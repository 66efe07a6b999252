package sqlite

import (
	"path/filepath"
	"testing"
	"time"
)

func TestFractionsOfASecondAreRoundedUpInTheHead(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	for range 2 { // made, and raised
		head, err := s.RaiseHead(t.Context(), "feed", 1500*time.Millisecond, time.Nanosecond)
		if err != nil || head.MaxTTL != 2*time.Second || head.JWKSMaxAge != time.Second {
			t.Errorf("the head is %+v, error %v, want 2s and 1s", head, err)
		}
	}
}
