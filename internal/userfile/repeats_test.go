package userfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func scratch(t testing.TB) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func repeats(t testing.TB, list Scratch) *Repeats {
	t.Helper()
	r, err := NewRepeats(list, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every tenth name is one that stood far above, and every hundredth one that stands in the same batch.
func TestTheFirstLineOfWhatRepeatsIsFound(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]Scratch{"on disk": scratch(t), "in memory": nil} {
		r := repeats(t, list)
		for from := 1; from < 20_000; from += 500 {
			var marks []Mark
			var want []int
			for line := from; line < from+500; line++ {
				first := line
				switch {
				case line%100 == 0:
					first = line - 1
				case line%10 == 0:
					first = line/20*2 + 1
				}
				marks, want = append(marks, Mark{fmt.Sprint("name ", first), line}), append(want, first)
			}
			got, err := r.First(marks)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s: line %d: first on line %d, want %d", name, marks[i].Line, got[i], want[i])
				}
			}
		}
	}
}

// The list is as good as the file that it is in.
func TestAListThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	file := scratch(t)
	r := repeats(t, file)
	marks := make([]Mark, 5000)
	for i := range marks {
		marks[i] = Mark{fmt.Sprint(i), i + 1}
	}
	if _, err := r.First(marks); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(entrySize * 7); err != nil {
		t.Fatal(err)
	}
	if _, err := r.First([]Mark{{"6", 6000}, {"4000", 6001}}); err == nil {
		t.Error("half a list is taken for a whole one")
	}
	file.Close()
	if _, err := r.First(marks); err == nil {
		t.Error("a list that cannot be written is forgotten")
	}
	if _, err := NewRepeats(nil, io.LimitReader(rand.Reader, 31)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without a key: got %v", err)
	}
}

// BenchmarkFirst is the price of a line of a file of any length.
func BenchmarkFirst(b *testing.B) {
	r := repeats(b, scratch(b))
	marks := make([]Mark, 500)
	for n := 0; b.Loop(); n++ {
		if n%500 == 499 {
			if _, err := r.First(marks); err != nil {
				b.Fatal(err)
			}
		}
		marks[n%500] = Mark{fmt.Sprint("user-", n, "@example.com"), n}
	}
}
