package accounts

import (
	"testing"
	"time"

	"github.com/authd/authd/internal/pieces"
)

// ofALogin are the pieces of a login that need neither a store nor bcrypt.
func ofALogin() []pieces.Piece {
	limits, key := Limits{Account: 10, Source: 60}, make([]byte, 32)
	account, source := after(3, time.Minute), after(20, time.Second)
	ann := guess{name: "ada.lovelace@example.com"}
	name := func(typed, want string) func() error {
		return pieces.Holds(func() bool { got, err := MapUsername(typed); return err == nil && got == want })
	}
	return []pieces.Piece{
		pieces.Of("decide whether an attempt is let through", 0, pieces.Holds(func() bool {
			return limits.refuse(limits.account(account, noon), limits.source(source, noon)) == nil
		})),
		pieces.Of("count a failure", 0, pieces.Holds(func() bool {
			return limits.failed(account, noon).Failures == 4 && limits.poured(source, noon).Failures > 1
		})),
		pieces.Of("name a counter", 7, pieces.Holds(func() bool { return ann.account(key) != [16]byte{} })),
		pieces.Of("map a name", 2, name("ada.lovelace@example.com", "ada.lovelace@example.com")),
		pieces.Of("map a name in capitals", 2, name("ADA.LOVELACE@EXAMPLE.COM", "ada.lovelace@example.com")),
	}
}

func TestPiecesOfALoginAllocateNoMoreThanTheyHaveTo(t *testing.T) { pieces.Hold(t, ofALogin()) }

func BenchmarkPieces(b *testing.B) { pieces.Bench(b, ofALogin()) }
