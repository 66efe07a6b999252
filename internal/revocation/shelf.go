package revocation

import "slices"

// Token is the answer's body. It is not to be written to.
func (p *Page) Token() []byte { return p.token }

// Done says that a page was sent to one of those whom it was given to.
func (p *Page) Done() {
	s := p.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	p.users--
	if p.gone && p.users == 0 {
		s.leaving--
		s.recycle(p)
	}
	s.tidy()
}

// tidy takes away the pages that must not be sent any more, and those that nobody is being sent if they
// are too many.
func (s *shelf) tidy() {
	unused := 0
	for i := len(s.pages) - 1; i >= 0; i-- { // the youngest first
		page := s.pages[i]
		if page.users == 0 {
			unused++
		}
		switch {
		case !s.usable(page):
			s.remove(i)
		case page.users == 0 && unused > s.idle:
			s.remove(i)
		}
	}
}

// makeRoom reports whether one more page may be written, after having taken away an unused one if need
// be. Readers who are slow pin memory, and they all together no more than this.
func (s *shelf) makeRoom() bool {
	s.tidy()
	if s.most == 0 || len(s.pages)+len(s.flights)+s.leaving < s.most {
		return true
	}
	oldest := slices.IndexFunc(s.pages, func(p *Page) bool { return p.users == 0 })
	if oldest < 0 {
		return false
	}
	s.remove(oldest)
	return true
}

// remove forgets a page.
func (s *shelf) remove(i int) {
	page := s.pages[i]
	s.pages = slices.Delete(s.pages, i, i+1)
	page.gone = true
	if page.users > 0 {
		s.leaving++
		return
	}
	s.recycle(page)
}

// recycle keeps the memory of a page that nobody has any more.
func (s *shelf) recycle(page *Page) {
	if len(s.spare) < s.idle {
		s.spare = append(s.spare, page.token[:0])
	}
}

// memory is for the next page; nil if there is none to spare.
func (s *shelf) memory() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.spare)
	if n == 0 {
		return nil
	}
	spare := s.spare[n-1]
	s.spare = s.spare[:n-1]
	return spare
}
