package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The vectors are the contract between two modules: what is committed must be what the generator
// writes, in both places and nowhere else.
func TestTheCommittedVectorsAreThoseThatAreWritten(t *testing.T) {
	t.Parallel()
	files, err := makeFiles()
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(files))
	for _, folder := range folders {
		folder = filepath.Join("..", "..", folder)
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", folder, got, want)
		}
		for name, content := range files {
			committed, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Error(err)
			} else if !bytes.Equal(committed, content) {
				t.Errorf("%s: %s is not what is written: go run ./internal/vectors", folder, name)
			}
		}
	}
}

// Nobody could tell a change from chance otherwise.
func TestTheVectorsAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	one, err := makeFiles()
	if err != nil {
		t.Fatal(err)
	}
	two, err := makeFiles()
	if err != nil {
		t.Fatal(err)
	}
	for name := range one {
		if !bytes.Equal(one[name], two[name]) {
			t.Errorf("%s differs", name)
		}
	}
}
