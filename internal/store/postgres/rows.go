package postgres

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// instant reads a timestamptz: in UTC, and null as the zero time.
type instant time.Time

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (i *instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	if v.InfinityModifier != pgtype.Finite {
		return fmt.Errorf("an infinite time")
	}
	*i = instant{}
	if v.Valid {
		*i = instant(v.Time.UTC())
	}
	return nil
}

// digest reads a bytea of 32 bytes, and null as zeroes.
type digest [32]byte

// ScanBytes implements pgtype.BytesScanner.
func (d *digest) ScanBytes(v []byte) error {
	if v != nil && len(v) != len(d) {
		return fmt.Errorf("%d bytes where a digest has %d", len(v), len(d))
	}
	*d = digest{}
	copy(d[:], v)
	return nil
}

// address reads an inet of one host, and null as the zero address.
type address netip.Addr

// ScanNetipPrefix implements pgtype.NetipPrefixScanner.
func (a *address) ScanNetipPrefix(v netip.Prefix) error {
	*a = address(v.Addr())
	return nil
}

// wordList reads words without blanks, such as roles and scopes, which one column keeps separated by
// single spaces.
type wordList []string

// ScanText implements pgtype.TextScanner.
func (r *wordList) ScanText(v pgtype.Text) error {
	*r = strings.Fields(v.String)
	return nil
}

func joinWords(words []string) string { return strings.Join(words, " ") }

func uuid(id [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// uuidOrNull is an id as an argument; zeroes are null.
func uuidOrNull(id [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != [16]byte{}} }

// addressOrNull is an address as an argument of type inet, which has no zones.
func addressOrNull(a netip.Addr) any {
	if !a.IsValid() {
		return nil
	}
	return a.WithZone("")
}

// timestamp is a time as an argument; the zero time is null.
func timestamp(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

// hash is a digest as an argument; zeroes are null. The bytes are those of h, not a copy.
func hash(h *[32]byte) []byte {
	if *h == [32]byte{} {
		return nil
	}
	return h[:]
}

// host is an address as an argument; the zero address is null.
func host(a netip.Addr) any {
	if !a.IsValid() {
		return nil
	}
	return a.WithZone("") // a zone means something on the machine that saw it, and nothing in a table
}

// seconds rounds up to whole seconds: what is kept as a longest duration must not come out shorter.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// networkText is a network as a column; empty for none.
func networkText(network netip.Prefix) string {
	if !network.IsValid() {
		return ""
	}
	return network.String()
}

// keyBytes is half a key of a counter as a column; empty for none. The bytes are a copy.
func keyBytes(half [16]byte) []byte {
	if half == [16]byte{} {
		return []byte{}
	}
	return half[:]
}

// keyColumn reads what keyBytes wrote.
type keyColumn [16]byte

// ScanBytes implements pgtype.BytesScanner.
func (k *keyColumn) ScanBytes(v []byte) error {
	if len(v) != 0 && len(v) != len(k) {
		return fmt.Errorf("%d bytes where half a key has %d", len(v), len(k))
	}
	*k = keyColumn{}
	copy(k[:], v)
	return nil
}
