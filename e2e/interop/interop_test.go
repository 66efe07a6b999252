//go:build unix

package main

import (
	"testing"
)

// What is promised here is what README.md and docs/interop.md say of libraries in Go.
func TestLibrariesInGoReadOurTokensAndFollowTheKeys(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts three servers")
	}
	deployments := deployAll(t)
	for at, d := range deployments {
		t.Run(d.alg, func(t *testing.T) {
			foreign := deployments[(at+1)%len(deployments)].session.Access // read before its own test refreshes it
			t.Parallel()
			e := &examiner{d: d, foreign: foreign, all: inGo, turns: true}
			results, err := e.examine(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.signIn(t.Context()); err != nil {
				t.Fatal(err)
			}
			if g, err := oauth2InGo.try(t.Context(), d); err != nil || g.err() != nil {
				t.Errorf("%s: %v, %v", oauth2InGo.name, err, g.err())
			}
			for i, r := range results {
				if err := r.err(); err != nil {
					t.Errorf("%s: %v", inGo[i].name, err)
				}
			}
		})
	}
}

func deployAll(t *testing.T) (all []*deployment) {
	t.Helper()
	// The folder outlives the subtests, which t.TempDir of a parallel test does too.
	folder := t.TempDir()
	program, err := build(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range algorithms {
		d, err := deploy(t.Context(), program, folder, alg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.stop(); err != nil {
				t.Error(err)
			}
		})
		all = append(all, d)
	}
	return all
}
