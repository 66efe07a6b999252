package revocation

import (
	"crypto/sha256"
	"time"

	"github.com/authd/authd/internal/auth"
)

// Kind is the claim that a kill names.
type Kind string

const (
	Sid Kind = "sid" // a session: every access token that carries it
	Jti Kind = "jti" // one access token
	Sub Kind = "sub" // a user or client: every token below an epoch
	Kid Kind = "kid" // a signing key: everything it signed. Never collected
)

// Subject is the first 12 bytes of SHA-256 of a claim's text as it stands in the token. The claim
// itself is not kept: the feed is public, and rows of a deleted user outlive the user.
type Subject [12]byte

// SubjectOf hashes a claim's text, without an allocation where it has the usual length.
func SubjectOf(claim string) Subject {
	var buffer [128]byte
	sum := sha256.Sum256(append(buffer[:0], claim...))
	return Subject(sum[:12])
}

// Key is what a kill is found by.
type Key struct {
	Kind    Kind
	Subject Subject
}

// Kill is an entry as who ends something writes it. Its place in the feed, its mark and its until are
// given to it under the head, and by nobody else.
type Kill struct {
	Key
	Value int64 // kind sub: tokens below this epoch are dead; 0 for the other kinds
}

// KillSession declares every access token of a session dead.
func KillSession(id auth.SessionID) Kill {
	return Kill{Key: Key{Sid, SubjectOf(id.String())}}
}

// KillToken declares one access token dead.
func KillToken(id auth.TokenID) Kill {
	return Kill{Key: Key{Jti, SubjectOf(id.String())}}
}

// KillBelow declares every token of a user or client below epoch dead.
func KillBelow[ID owner](id ID, epoch auth.Epoch) Kill {
	return Kill{Key: Key{Sub, SubjectOf(id.String())}, Value: int64(epoch)}
}

// owner has an epoch. Its id's text is the sub of its tokens.
type owner interface {
	auth.UserID | auth.ClientID
	String() string
}

// KillKey declares everything that a signing key signed dead.
func KillKey(kid string) Kill {
	return Kill{Key: Key{Kid, SubjectOf(kid)}}
}

// Entry is a kill as it stands in the feed.
type Entry struct {
	Kill
	Seq   int64
	Until time.Time
	Mark  uint64
}
