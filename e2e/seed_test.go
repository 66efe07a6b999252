//go:build unix

package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// seedName is the variable that repeats a run as far as chance is ours: what the machine does in
// between is not.
const seedName = "E2E_SEED"

// seeded is randomness whose seed a failure tells.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if given := os.Getenv(seedName); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedName, err)
		}
	}
	t.Logf("%s=%d", seedName, seed)
	return rand.New(rand.NewPCG(seed, 0))
}
