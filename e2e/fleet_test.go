//go:build unix

package e2e

import (
	"math/rand/v2"
	"sync"
)

// fleet is the processes of a deployment while they come and go.
type fleet struct {
	mu     sync.Mutex
	places []*process // guarded by mu; nil where one is down
	random *rand.Rand // guarded by mu
}

// put makes p the process of a place; nil takes the place's away, so that nobody is sent to a port
// that may by now be another's.
func (f *fleet) put(place int, p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.places[place] = p
}

// pick returns one of the processes that are up, or nil.
func (f *fleet) pick() *process {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.random.Perm(len(f.places)) {
		if p := f.places[i]; p != nil {
			return p
		}
	}
	return nil
}

// all returns the processes that are up.
func (f *fleet) all() (up []*process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.places {
		if p != nil {
			up = append(up, p)
		}
	}
	return up
}
