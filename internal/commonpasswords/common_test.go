package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnInputThatIsNotTheOneMeantIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := readSources(folder); err == nil {
		t.Error("a missing input was passed over")
	}
	if err := os.WriteFile(filepath.Join(folder, sources[0].file), []byte("123456\npassword\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSources(folder); err == nil || !strings.Contains(err.Error(), sources[0].sha256) {
		t.Errorf("another list: got %v", err)
	}
}

// Whatever is asked for is folded, so what is on the list must be too; and what no policy lets in would
// only make it longer.
func TestWordsAreFoldedAndShortOnesLeftOut(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"PassWord": "password", "Stra\u00dfenbahn": "strassenbahn", "cafe\u0301-cafe\u0301": "caf\u00e9-caf\u00e9", "seven77": "", "e\u0301e\u0301e\u0301e\u0301": "", "pass\x00word": "", "pass\xffword": ""} {
		if got, ok := fold(word); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", word, got, ok, want)
		}
	}
	list, count := layOut([]string{"password", "PASSWORD", "short", "iloveyou"})
	if want := 4*(1<<bucketBits+1) + 2*entryBits/8; count != 2 || len(list) != want || binary.BigEndian.Uint32(list[4<<bucketBits:]) != 2 {
		t.Errorf("got %d entries in %d bytes, want 2 in %d", count, len(list), want)
	}
}
