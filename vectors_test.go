package authd_test

import (
	"os"
	"path"
	"testing"
)

// The service and the verifier are two modules that never import each other. What both are tested with
// is all that keeps them on one format, so it must be the same.
func TestBothModulesAreHeldToTheSameVectors(t *testing.T) {
	t.Parallel()
	const service, verifier = "internal/tokens/testdata/vectors", "verify/testdata/vectors"
	names := make(map[string]bool)
	for _, folder := range []string{service, verifier} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names[e.Name()] = true
		}
	}
	if len(names) == 0 {
		t.Error("there are no vectors")
	}
	for name := range names {
		if read(t, path.Join(service, name)) != read(t, path.Join(verifier, name)) {
			t.Errorf("%s differs: go run ./internal/vectors", name)
		}
	}
}
