package sqlite

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// Times are microseconds since 1970; a time that is not set is null.

func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// timeColumn reads a time.
type timeColumn time.Time

func (t *timeColumn) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*t = timeColumn{}
	case int64:
		*t = timeColumn(time.UnixMicro(value).UTC())
	default:
		return fmt.Errorf("a time cannot be read from %T", value)
	}
	return nil
}

// bytesColumn reads a blob of exactly this length; null leaves zeros.
type bytesColumn []byte

func (b bytesColumn) Scan(value any) error {
	clear(b)
	if value == nil {
		return nil
	}
	blob, ok := value.([]byte)
	if !ok || len(blob) != len(b) {
		return fmt.Errorf("%d bytes cannot be read from %T of length %d", len(b), value, len(blob))
	}
	copy(b, blob)
	return nil
}

// uintColumn reads an integer into a smaller type.
type uintColumn[T ~uint8 | ~uint32 | ~uint64] struct{ to *T }

func (c uintColumn[T]) Scan(value any) error {
	n, ok := value.(int64)
	if !ok || int64(T(n)) != n { // a uint64 keeps its bits and is never refused
		return fmt.Errorf("%T cannot be read from %T", *c.to, value)
	}
	*c.to = T(n)
	return nil
}

// textColumn reads text that may be null into a type of its own.
type textColumn[T ~string] struct{ to *T }

func (c textColumn[T]) Scan(value any) error {
	text, ok := value.(string)
	if !ok && value != nil {
		return fmt.Errorf("text cannot be read from %T", value)
	}
	*c.to = T(text)
	return nil
}

func text[T ~string](value T) any {
	if value == "" {
		return nil
	}
	return string(value)
}

// wordsColumn reads words without blanks, such as roles and scopes, which are separated by single spaces.
type wordsColumn struct{ to *[]string }

func (c wordsColumn) Scan(value any) error {
	text, ok := value.(string)
	if !ok && value != nil {
		return fmt.Errorf("words cannot be read from %T", value)
	}
	if *c.to = nil; text != "" {
		*c.to = strings.Split(text, " ")
	}
	return nil
}

func words(list []string) string { return strings.Join(list, " ") }

// addressColumn reads an address; null leaves the zero one.
type addressColumn netip.Addr

func (c *addressColumn) Scan(value any) (err error) {
	*c = addressColumn{}
	if value == nil {
		return nil
	}
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("an address cannot be read from %T", value)
	}
	addr, err := netip.ParseAddr(text)
	*c = addressColumn(addr)
	return err
}

// address drops the zone: it names a network card of one machine, and PostgreSQL's inet has no room
// for it either.
func address(a netip.Addr) any {
	if !a.IsValid() {
		return nil
	}
	return a.WithZone("").String()
}

// orNull writes null for the zero value: a session of generation 0 has no parent.
func orNull(hash [32]byte) any {
	if hash == [32]byte{} {
		return nil
	}
	return hash[:]
}

// idOrNull writes null for the zero id, which names nothing.
func idOrNull(id [16]byte) any {
	if id == [16]byte{} {
		return nil
	}
	return id[:]
}

// hexList is a JSON array of blobs in hexadecimal: how a list travels in one parameter.
func hexList[T any](items []T, bytes func(*T) []byte) string {
	out := []byte{'['}
	for i := range items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = hex.AppendEncode(out, bytes(&items[i]))
		out = append(out, '"')
	}
	return string(append(out, ']'))
}

// keyList is a JSON array of pairs: a kill's kind, and its subject in hexadecimal.
func keyList(keys []revocation.Key) string {
	out := []byte{'['}
	for i := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '[')
		out = strconv.AppendQuote(out, string(keys[i].Kind))
		out = append(out, `,"`...)
		out = hex.AppendEncode(out, keys[i].Subject[:])
		out = append(out, `"]`...)
	}
	return string(append(out, ']'))
}
