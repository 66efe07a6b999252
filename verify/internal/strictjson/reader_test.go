package strictjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// whole reads one value of any type.
func whole(text []byte) error {
	r, err := NewReader(text)
	if err == nil {
		err = r.Skip()
	}
	if err == nil {
		err = r.End()
	}
	return err
}

func TestWhatHasOneMeaningIsRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-0`, `1`, `-1.5e+10`, `0.1`, `1E5`, `true`, `false`, `null`, " \t\r\n{ } ",
		`{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}`, `["\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"]`, `{"":0}`, `"é😀` + "\u007f" + `"`,
		`{"A":1,"a":2}`, strings.Repeat("[", 16) + strings.Repeat("]", 16),
	} {
		if err := whole([]byte(text)); err != nil {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// A15, A16.
func TestWhatHasNoneOrTwoIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `{`, `}`, `[`, `]`, `"`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a":1 "b":2}`, `{a:1}`, `{'a':1}`, `{1:1}`,
		`[1,]`, `[,1]`, `[1 2]`, `01`, `1.`, `.1`, `+1`, `-`, `1e`, `1e+`, `0x1`, `NaN`, `Infinity`, `tru`, `True`, `nul`, `{}{}`, `{} x`, `1 2`,
		`{"a":1,"a":2}`, `{"a":1,"b":2,"\u0061":3}`, `[{"x":{"a":1,"a":1}}]`, `{"\ud83d\ude00":1,"😀":2}`,
		"\"\n\"", "\"\x00\"", `"\x"`, `"\u12"`, `"\u12g4"`, `"\ud800"`, `"\ud800x"`, `"\ud800\n"`, `"\ud800\ud800"`, `"\udc00"`, `"\`, `"\u`,
		"\"\xff\"", "\xef\xbb\xbf{}", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "{\x00}", "\u00a0{}", "// x\n{}", `{"a":1/**/}`,
		strings.Repeat("[", 17) + strings.Repeat("]", 17), strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17), strings.Repeat("[", 1<<20),
	} {
		if err := whole([]byte(text)); err == nil {
			t.Errorf("%.40q was read", text)
		}
	}
}

func TestAnObjectHasABoundedNumberOfMembers(t *testing.T) {
	t.Parallel()
	object := func(n int) []byte {
		m := make(map[string]int)
		for i := range n {
			m[strings.Repeat("x", i)] = i
		}
		b, _ := json.Marshal(m)
		return b
	}
	if err := whole(object(maxMembers)); err != nil {
		t.Error(err)
	}
	if err := whole(object(maxMembers + 1)); err == nil {
		t.Error("a member more was read")
	}
}

func TestStringsAreWhatEncodingJSONReads(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`""`, `"plain"`, `"\u0061b\"c\\d\/\b\f\n\r\t"`, `"😀\ud83d\ude00"`, `"a\u0000b"`, `"\uFFFD\uffff"`} {
		r, err := NewReader([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.String()
		var want string
		if json.Unmarshal([]byte(text), &want) != nil || err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestANumberIsWholeAndInRangeOrRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "7": 7, " 10": 10, "9007199254740991": 1<<53 - 1,
		"9007199254740992": -1, "99999999999999999999": -1, "00": -1, "01": -1, "-1": -1, "-0": -1, "1.0": -1, "1e1": -1, "": -1, `"1"`: -1, "null": -1, "+1": -1, "0x1": -1,
	} {
		r, _ := NewReader([]byte(text))
		got, err := r.Int()
		if err == nil {
			err = r.End()
		}
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%s: got %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestAValueOfAnotherTypeIsRefused(t *testing.T) {
	t.Parallel()
	r, _ := NewReader([]byte(`[1]`))
	if _, err := r.String(); err == nil {
		t.Error("an array was read as a string")
	}
	if err := r.Object(nil); err == nil {
		t.Error("an array was read as an object")
	}
	r, _ = NewReader([]byte(`{}`))
	if err := r.Array(nil); err == nil {
		t.Error("an object was read as an array")
	}
}

func TestRawIsTheTextOfAValue(t *testing.T) {
	t.Parallel()
	r, _ := NewReader([]byte(` [ {"a" : 1} ,2]`))
	var got [][]byte
	err := r.Array(func() error {
		raw, err := r.Raw()
		got = append(got, raw)
		return err
	})
	if err != nil || len(got) != 2 || string(got[0]) != `{"a" : 1}` || string(got[1]) != "2" {
		t.Errorf("got %q, %v", got, err)
	}
}

// What is read here is JSON for everybody, and means the same to encoding/json.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,true,null,"x\u00e9"],"b":{}}`, `{"a":1,"a":2}`, `"\ud800"`, "\xff", `[[[[]]]]`, ` 1 `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if whole(text) != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is no JSON", text)
		}
		if text = bytes.TrimSpace(text); text[0] == '"' {
			r, _ := NewReader(text)
			got, _ := r.String()
			var want string
			if err := json.Unmarshal(text, &want); err != nil || string(got) != want {
				t.Fatalf("%q: got %q, want %q", text, got, want)
			}
		}
	})
}
