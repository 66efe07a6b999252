package audit_test

import (
	"testing"

	"github.com/authd/authd/internal/audit"
)

// FuzzParseID: the id of a record has one text. It is what a list's cursor says.
func FuzzParseID(f *testing.F) {
	for _, text := range []string{
		"", "01890a5d-ac96-774b-bcce-b302099a8057", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5dac96774bbcceb302099a8057",
		"01890a5d-ac96-774b-bcce-b302099a805", "0-1890a5dac96-774b-bcce-b302099a8057", "00000000-0000-0000-0000-000000000000",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := audit.ParseID(text); err == nil && id.String() != text {
			t.Errorf("%q is taken for %v", text, id)
		}
	})
}
