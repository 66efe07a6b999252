package main

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
)

// note is one note, as its owner sees it.
type note struct {
	ID        string    `json:"id"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

const maxNotes = 100 // of one user: memory is all there is

var errFull = errors.New("the notebook is full")

// notebook keeps notes in memory, by the user whom they belong to.
type notebook struct {
	mu sync.Mutex
	by map[string][]note // guarded by mu: subject of the token → notes, oldest first
}

func newNotebook() *notebook { return &notebook{by: make(map[string][]note)} }

// of returns a copy, which is never nil: in JSON an empty list is a list.
func (b *notebook) of(owner string) []note {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]note{}, b.by[owner]...)
}

func (b *notebook) add(owner, text string) (note, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.by[owner]) >= maxNotes {
		return note{}, errFull
	}
	n := note{ID: rand.Text(), Text: text, CreatedAt: time.Now().UTC()}
	b.by[owner] = append(b.by[owner], n)
	return n, nil
}

// remove reports whether the owner had such a note.
func (b *notebook) remove(owner, id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.by[owner], func(n note) bool { return n.ID == id })
	if at < 0 {
		return false
	}
	b.by[owner] = slices.Delete(b.by[owner], at, at+1)
	return true
}

// count returns how many users have notes, and how many notes there are.
func (b *notebook) count() (owners, notes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, list := range b.by {
		if len(list) > 0 {
			owners++
		}
		notes += len(list)
	}
	return owners, notes
}

// all returns a copy of everybody's notes.
func (b *notebook) all() map[string][]note {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string][]note, len(b.by))
	for owner, list := range b.by {
		all[owner] = slices.Clone(list)
	}
	return all
}
