package tokens

import (
	"testing"
	"time"

	"github.com/authd/authd/internal/pieces"
)

// ofTokens are the pieces of a refresh that need no store, and the reading of what it gives.
func ofTokens(tb testing.TB) []pieces.Piece {
	token := testToken()
	keys, _ := testKeys(token.version)
	keysOf := func(uint8) (refreshKeys, bool) { return keys, true }
	written, row := token.text(keys), at(7)
	comesTo := func(want verdict, token *refreshToken) func() error {
		return pieces.Holds(func() bool { return decide(row, token, noon.Add(time.Second), window).verdict == want })
	}
	all := []pieces.Piece{
		pieces.Of("decide a rotation", 0, comesTo(rotate, shown(7))),
		pieces.Of("decide a retry", 0, comesTo(retry, shown(6))),
		pieces.Of("decide a reuse", 0, comesTo(die, shown(2))),
		pieces.Of("read a refresh token", 1, pieces.Holds(func() bool {
			_, found := parseRefresh(written, keysOf)
			return found == genuine
		})),
		pieces.Of("make its successor", 1, pieces.Holds(func() bool {
			next := successor(&token, [32]byte{1}, token.version, keys)
			return next.text(keys) != written
		})),
	}
	ring, signing := keysOfAll(tb)
	made, read := map[Alg]float64{ES256: 66, EdDSA: 8, RS256: 62}, map[Alg]float64{ES256: 32, EdDSA: 9, RS256: 104} // two are crypto's to vary
	for _, alg := range Algs() {
		key, access := signing[alg], signedBy(tb, signing[alg])
		all = append(all,
			pieces.Of("make an access token, "+string(alg), made[alg], func() error { _, err := key.sign(usual()); return err }),
			pieces.Of("read an access token, "+string(alg), read[alg], pieces.Holds(func() bool { _, ok := ring.openAccess(access); return ok })))
	}
	return all
}

func TestPiecesOfARefreshAllocateNoMoreThanTheyHaveTo(t *testing.T) { pieces.Hold(t, ofTokens(t)) }

func BenchmarkPieces(b *testing.B) { pieces.Bench(b, ofTokens(b)) }
