package api

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// strictly refuses what a route would pass over: parameters that it does not know, or that are there
// twice, and a body where it takes none. A filter that was misspelt would otherwise be one that was left
// out, and a deletion that was meant as a rehearsal one in earnest.
func strictly(route route) route {
	handle := route.handle
	route.handle = func(x *exchange, r *http.Request) error {
		if r.ContentLength != 0 && !route.bodied {
			return invalidRequest("", "This operation takes no body.")
		}
		for name, values := range r.URL.Query() { // the front has seen that it can be read
			switch {
			case !slices.Contains(route.params, name):
				return invalidRequest("", "The query has a parameter that this operation does not know.")
			case len(values) > 1:
				return invalidRequest("", "The query has a parameter twice.")
			}
		}
		return handle(x, r)
	}
	return route
}

// page is which part of a list was asked for.
type page struct {
	limit int
	after string // where the page before ended; empty: from the beginning
}

// paged reads the page that r asks for. kind is the list's own letter, so that the cursor of one list
// does not mean something in another.
func paged(r *http.Request, kind byte) (p page, err error) {
	query := r.URL.Query()
	p.limit = defaultLimit
	if query.Has("limit") {
		p.limit, err = strconv.Atoi(query.Get("limit"))
		if err != nil || p.limit < 1 || p.limit > maxLimit {
			return p, invalidRequest("", "The limit must be a whole number from 1 to "+strconv.Itoa(maxLimit)+".")
		}
	}
	if query.Has("cursor") {
		p.after, err = openCursor(kind, query.Get("cursor"))
	}
	return p, err
}

// A cursor is a place in a list: its letter and what the last entry is sorted by. It is not signed,
// because it opens nothing: who may send one may read the whole list.
func cursor(kind byte, last string) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{kind}, last...))
}

func openCursor(kind byte, text string) (string, error) {
	place, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(place) < 2 || place[0] != kind || cursor(kind, string(place[1:])) != text {
		return "", errCursor // the decoder skips line breaks
	}
	return string(place[1:]), nil
}

// placeID is the id that a list sorted by id was left at; zero at its beginning.
func (p page) placeID() (id [16]byte, err error) {
	if p.after != "" && len(p.after) != len(id) {
		return id, errCursor
	}
	copy(id[:], p.after)
	if p.after != "" && id == [16]byte{} {
		return id, errCursor // zeros are where no page ends: the list would begin again, without end
	}
	return id, nil
}

var errCursor = invalidRequest("", "The cursor is not the next_cursor of this list.")

// timeParam reads a time of the query; zero if there is none.
func timeParam(r *http.Request, name string) (t time.Time, err error) {
	query := r.URL.Query()
	if !query.Has(name) {
		return t, nil
	}
	t, err = time.Parse(time.RFC3339, query.Get(name))
	if err != nil || t.IsZero() { // the zero time would be no bound at all
		return t, invalidRequest("", "The parameters since and until must be times as RFC 3339 has them.")
	}
	return t, nil
}
