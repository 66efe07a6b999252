package storetest

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func idsOf(sessions []tokens.Session) []auth.SessionID {
	ids := make([]auth.SessionID, len(sessions))
	for i, s := range sessions {
		ids[i] = s.ID
	}
	return ids
}

func deathsOf(reason audit.Reason, at time.Time, sessions ...tokens.Session) []tokens.Death {
	deaths := make([]tokens.Death, len(sessions))
	for i, s := range sessions {
		deaths[i] = tokens.Death{Session: s.ID, Reason: reason, At: at}
	}
	return deaths
}

// sorted is for sets that come in no order.
func sorted(ids []auth.SessionID) []auth.SessionID {
	return slices.SortedFunc(slices.Values(ids), func(a, b auth.SessionID) int {
		return strings.Compare(string(a[:]), string(b[:]))
	})
}

func randomHash() (h [32]byte) {
	_, _ = rand.Read(h[:]) // documented never to fail
	return h
}

// newMark draws a mark with the top bit set, which a store that keeps signed integers must not lose.
func newMark() uint64 {
	h := randomHash()
	var mark uint64
	for _, b := range h[:8] {
		mark = mark<<8 | uint64(b)
	}
	return mark | 1<<63
}
