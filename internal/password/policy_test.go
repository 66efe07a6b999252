package password

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPolicyNamesEveryReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw, username string
		want                []string
	}{
		{"a passphrase is fine", "correct horse battery", "alice", nil},
		{"eight characters are enough", "tr4vQz!k", "alice", nil},
		{"no kind of character is demanded", "vlkmwqptrz", "alice", nil},
		{"seven are too few", "tr4vQz!", "alice", []string{ReasonTooShort}},
		{"nothing is too short", "", "alice", []string{ReasonTooShort}},
		{"characters are counted, not bytes", "éüößñçà", "alice", []string{ReasonTooShort}},
		{"characters are counted after composing", strings.Repeat("e\u0301", 7), "alice", []string{ReasonTooShort}},
		{"E2: 64 emoji are fine", strings.Repeat("🦊", 64), "alice", nil},
		{"256 characters are fine", strings.Repeat("é", 256), "alice", nil},
		{"257 are too many", strings.Repeat("é", 257), "alice", []string{ReasonTooLong}},
		{"E18: common", "iloveyou", "alice", []string{ReasonCommon}},
		{"E18: common in capitals", "PassW0rd", "alice", []string{ReasonCommon}},
		{"E18: common with letters that fold to it", "pa\u017f\u017fword", "alice", []string{ReasonCommon}},
		{"E18: the username", "alice in wonderland", "alice", []string{ReasonContainsUsername}},
		{"E18: the username in another case", "xxALICExx", "alice", []string{ReasonContainsUsername}},
		{"E18: the username decomposed", "xx-re\u0301ne\u0301e-xx", "r\u00e9n\u00e9e", []string{ReasonContainsUsername}},
		{"E18: the username with a letter that folds to two", "xx-STRASSE-xx", "stra\u00dfe", []string{ReasonContainsUsername}},
		{"E18: a username of four", "xx-anna-xx", "anna", []string{ReasonContainsUsername}},
		{"a username of three says nothing", "xx-bob-xx", "bob", nil},
		{"a username of three wide characters neither", "xx-åäö-xx", "åäö", nil},
		{"no username", "correct horse battery", "", nil},
		{"several at once", "baseball", "baseball", []string{ReasonCommon, ReasonContainsUsername}},
		{"short and the username", "alice", "alice", []string{ReasonTooShort, ReasonContainsUsername}},
		{"E3: a control character, alone", "abc\x00def", "alice", []string{ReasonControlCharacter}},
		{"E7: no text, alone", "\xff", "alice", []string{ReasonInvalidUTF8}},
	}
	for _, tt := range tests {
		normalised, reasons := Policy{}.Check(tt.raw, tt.username)
		if diff := cmp.Diff(tt.want, reasons); diff != "" {
			t.Errorf("%s: reasons (-want +got):\n%s", tt.name, diff)
		}
		if want, _ := Normalize(tt.raw); normalised != want {
			t.Errorf("%s: normalised %+q, want %+q", tt.name, normalised, want)
		}
	}
}

func TestPolicyMinimumCanOnlyBeRaised(t *testing.T) {
	t.Parallel()
	for minimum, want := range map[int][]string{-1: nil, 0: nil, 4: nil, 8: nil, 9: {ReasonTooShort}, 15: {ReasonTooShort}} {
		if _, got := (Policy{MinLength: minimum}).Check("tr4vQz!k", ""); !slices.Equal(got, want) {
			t.Errorf("minimum %d: got %v, want %v", minimum, got, want)
		}
	}
	if _, got := (Policy{MinLength: 4}).Check("tr4v", ""); !slices.Equal(got, []string{ReasonTooShort}) {
		t.Errorf("four characters under a minimum of four: got %v", got)
	}
}

func TestTheListOfCommonPasswordsIsWhatTheSearchNeeds(t *testing.T) {
	t.Parallel()
	if got := (len(commonList) - commonIndex) % commonEntry; got != 0 {
		t.Fatalf("%d bytes are left over", got)
	}
	entries := (len(commonList) - commonIndex) / commonEntry
	if entries < 400_000 || commonBucket(0) != 0 || commonBucket(commonBuckets) != entries {
		t.Fatalf("%d entries; the buckets are from %d to %d", entries, commonBucket(0), commonBucket(commonBuckets))
	}
	for bucket := range commonBuckets {
		low, high := commonBucket(bucket), commonBucket(bucket+1)
		if low > high {
			t.Fatalf("bucket %d is from %d to %d", bucket, low, high)
		}
		for place := low + 1; place < high; place++ {
			if commonAt(place-1) >= commonAt(place) {
				t.Fatalf("bucket %d: entry %d is not after the one before", bucket, place)
			}
		}
	}
}

// E18: the 150 passwords that are chosen most, and some from everywhere in the lists that went in, among
// them those that an older list of ours had.
func TestEveryPasswordOfTheSampleIsCommon(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile("testdata/common-sample.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(sample), "\n"), "\n")
	if len(lines) < 500 {
		t.Errorf("the sample has %d lines", len(lines))
	}
	for _, line := range lines {
		for _, typed := range []string{line, strings.ToUpper(line), strings.ReplaceAll(line, "s", "\u017f")} {
			if _, reasons := (Policy{}).Check(typed, ""); !slices.Contains(reasons, ReasonCommon) {
				t.Errorf("%q is refused for %q", typed, reasons)
			}
		}
	}
}

// One in 144,370 is 2 or 3 of so many; 20 would be another list than the one that is described. The
// passwords are the same in each run.
func TestFewOtherPasswordsAreTakenForCommonOnes(t *testing.T) {
	t.Parallel()
	const tries, most = 400_000, 20
	found := 0
	for i := range tries {
		if isCommon("not on any list: " + strconv.Itoa(i)) {
			found++
		}
	}
	if found > most {
		t.Errorf("%d of %d", found, tries)
	}
	t.Logf("%d of %d", found, tries)
}

func BenchmarkCommon(b *testing.B) {
	for b.Loop() {
		if isCommon("correct horse battery staple") {
			b.Fatal("found")
		}
	}
}
