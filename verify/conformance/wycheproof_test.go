package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/authd/authd/verify/internal/jws"
)

// group is a group of tests under one key, or key set.
type group struct {
	Comment string
	Public  json.RawMessage
	Private json.RawMessage // where there is no public half: symmetric keys
	Tests   []struct {
		ID      int `json:"tcId"`
		Comment string
		JWS     json.RawMessage
		Result  string
	}
}

// set is the group's keys as the body of a key set.
func (g *group) set() []byte {
	key := g.Public
	if key == nil {
		key = g.Private
	}
	if bytes.Contains(key, []byte(`"keys"`)) {
		return key
	}
	return append(append([]byte(`{"keys":[`), key...), "]}"...)
}

// text is the JWS of a test. The JSON serialisations stand there as objects.
func text(raw json.RawMessage) []byte {
	var compact string
	if json.Unmarshal(raw, &compact) == nil {
		return []byte(compact)
	}
	return raw
}

var errNoKey = errors.New("no such key")

// purposes are tests that others may pass and that are refused here on purpose, by their numbers.
type purposes map[int]struct {
	err error
	why string
}

var ofSignatures = purposes{
	345: {jws.ErrKeyID, "the kid is an address; ours are thumbprints, and nothing else is looked up (A6)"},
	349: {jws.ErrKeyID, "the kid is an address"},
	372: {jws.ErrForm, "a letter that is not of base64url, which RFC 7515, section 2, does not let a reader skip (A14)"},
	373: {errNoKey, "the same, and like the one before it is under HS256, for which there is no key here"},
}

// A1 to A4, A9, A11, A14 and A24.
func TestWycheproofsSignaturesAreJudgedAsItSays(t *testing.T) {
	t.Parallel()
	checkGroups(t, "json_web_signature_test.json", 401, ofSignatures)
}

// A25: weak, ambiguous and misplaced keys.
func TestWycheproofsKeysAreJudgedAsItSays(t *testing.T) {
	t.Parallel()
	checkGroups(t, "json_web_key_test.json", 26, nil)
}

func checkGroups(t *testing.T, file string, want int, onPurpose purposes) {
	t.Helper()
	var vectors struct {
		TestGroups []group
	}
	load(t, file, &vectors)
	var n counts
	for _, g := range vectors.TestGroups {
		keys, faults, err := jws.ParseSet(g.set())
		if err != nil {
			t.Errorf("%s: the key set: %v", g.Comment, err)
		}
		for _, c := range g.Tests {
			err := open(keys, text(c.JWS))
			purpose, refusedOnPurpose := onPurpose[c.ID]
			switch {
			case c.Result == "invalid" && err == nil:
				t.Errorf("%s %d, %s: it was accepted", g.Comment, c.ID, c.Comment)
			case c.Result == "invalid":
				n.refused++
			case refusedOnPurpose:
				if n.onPurpose++; !errors.Is(err, purpose.err) {
					t.Errorf("%s %d, %s: got %v, want %v: %s", g.Comment, c.ID, c.Comment, err, purpose.err, purpose.why)
				}
			case len(keys) == 0 && foreign(g.set(), faults):
				if n.foreign++; err == nil {
					t.Errorf("%s %d, %s: it was accepted without a key", g.Comment, c.ID, c.Comment)
				}
			case err != nil:
				t.Errorf("%s %d, %s: got %v, want it accepted", g.Comment, c.ID, c.Comment, err)
			default:
				n.accepted++
			}
		}
	}
	n.log(t, file, want)
}

// open opens a text with the key that its header names.
func open(keys []*jws.Key, text []byte) error {
	m, err := jws.Parse(text, 64<<10)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID() == m.KeyID {
			_, err := m.Open(k, nil)
			return err
		}
	}
	return errNoKey
}

// foreign reports whether a set has keys of other algorithms alone: they, and no fault of ours, are why
// it has no key that can be used.
func foreign(set []byte, faults []jws.Fault) bool {
	var all struct {
		Keys []struct{ Alg string }
	}
	if json.Unmarshal(set, &all) != nil {
		return false
	}
	for _, k := range all.Keys {
		if k.Alg == "ES256" || k.Alg == "EdDSA" || k.Alg == "RS256" || k.Alg == "" {
			return false
		}
	}
	return len(faults) == len(all.Keys)
}

// counts are what became of a file's tests.
type counts struct {
	accepted  int // valid
	refused   int // invalid
	onPurpose int // valid, refused nevertheless
	foreign   int // valid, of algorithms or keys that are not ours
}

// log prints the counts, and fails when tests were added or lost: somebody must look at those.
func (n counts) log(t *testing.T, file string, want int) {
	t.Helper()
	got := n.accepted + n.refused + n.onPurpose + n.foreign
	t.Logf("%s: %d accepted, %d invalid refused, %d refused on purpose, %d valid of algorithms or keys that are not ours",
		file, n.accepted, n.refused, n.onPurpose, n.foreign)
	if got != want {
		t.Errorf("%s: %d tests came out as they should, want %d", file, got, want)
	}
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	b, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
