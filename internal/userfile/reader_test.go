package userfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const (
	hash = "$2b$12$abcdefghijklmnopqrstuuytyvD59Wdps6VypaRXRnKoDs27PHQU2"
	uuid = "0188fa2d-1c3e-7a5b-8b1c-5f0e9c6d7a10"
)

// read returns what a file says, a text a line, and at the end why there is nothing more.
func read(t testing.TB, format Format, file io.Reader) (got []string) {
	t.Helper()
	r, err := NewReader(file, format)
	for err == nil {
		var line Line
		if line, err = r.Next(); err == nil {
			got = append(got, shown(line))
		}
	}
	if !errors.Is(err, io.EOF) {
		got = append(got, "broken: "+err.Error())
	}
	return got
}

func shown(l Line) string {
	if l.Reason != "" {
		return fmt.Sprintf("%d %s: %s", l.Number, l.Reason, l.Text)
	}
	u := l.User
	text := fmt.Sprintf("%d %s", l.Number, u.Username)
	if u.PasswordHash.Reveal() != hash {
		text += " hash " + u.PasswordHash.Reveal()
	}
	if !u.ID.IsZero() {
		text += " " + u.ID.String()
	}
	if len(u.Roles) > 0 {
		text += fmt.Sprintf(" %q", u.Roles)
	}
	if !u.CreatedAt.IsZero() {
		text += " made " + written(u.CreatedAt)
	}
	if u.Disabled {
		text += " disabled " + written(u.DisabledAt)
	}
	return strings.TrimSpace(text)
}

// holds compares what was read with what is wanted. A want that ends in … is a beginning.
func holds(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if begin, cut := strings.CutSuffix(want[i], "…"); cut && strings.HasPrefix(got[i], begin) {
			got[i] = want[i]
		}
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("%s (-got +want):\n%s", name, d)
	}
}

func TestCSVIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"LF":                  {"username,password_hash\nann," + hash + "\nben," + hash + "\n", []string{"2 ann", "3 ben"}},
		"CRLF":                {"username,password_hash\r\nann," + hash + "\r\n", []string{"2 ann"}},
		"no end of the last":  {"username,password_hash\nann," + hash, []string{"2 ann"}},
		"empty lines":         {"\n\nusername,password_hash\n\nann," + hash + "\n\n\r\n", []string{"5 ann"}},
		"a spreadsheet":       {"\ufeffusername,password_hash\r\nann," + hash + "\r\n", []string{"2 ann"}},
		"a quoted header":     {"\ufeff\"username\",\"password_hash\"\nann," + hash + "\n", []string{"2 ann"}},
		"another order":       {"password_hash,username\n" + hash + ",ann\n", []string{"2 ann"}},
		"quotes":              {"username,password_hash\n\"an\"\"n,\"," + hash + "\n", []string{`2 an"n,`}},
		"blanks are values":   {"username,password_hash\n ann ,\"" + hash + " \"\n", []string{"2  ann  hash " + hash}},
		"nobody":              {"username,password_hash\n", nil},
		"all members":         {"id,username,password_hash,roles,created_at,disabled,disabled_at\n" + strings.ToUpper(uuid) + ",ann," + hash + ",\"a b,c\",2015-03-01T12:00:00.5+01:00,true,2016-01-01T00:00:00Z\n", []string{"2 ann " + uuid + ` ["a" "b,c"] made 2015-03-01T11:00:00.5Z disabled 2016-01-01T00:00:00Z`}},
		"none of the further": {"username,password_hash,id,roles,created_at,disabled,disabled_at\nann," + hash + ",,,,,\nben," + hash + ",,,,false,\n", []string{"2 ann", "3 ben"}},
		"no values":           {"username,password_hash\n,\n", []string{"2  hash"}},
	} {
		holds(t, name, read(t, CSV, strings.NewReader(test.file)), test.want)
		holds(t, name+", a byte at a time", read(t, CSV, iotest.OneByteReader(strings.NewReader(test.file))), test.want)
	}
}

// What is wrong with one line is said of that line, and the next one is read.
func TestCSVRefusesALineAndGoesOn(t *testing.T) {
	t.Parallel()
	const header, ben = "username,password_hash,id,created_at,disabled,disabled_at\n", "ben," + hash + ",,,,\n"
	for row, want := range map[string]string{
		"a\xffnn," + hash + ",,,,":                                 "2 not_utf8: …",
		"ann," + hash + ",7,,,":                                    "2 id_invalid: …",
		"ann," + hash + ",00000000-0000-0000-0000-000000000000,,,": "2 id_invalid: …",
		"ann," + hash + ",AYj6LRw-eluLHF8OnG16EA,,,":               "2 id_invalid: …",
		"ann," + hash + ",,2015-03-01,,":                           "2 time_invalid: created_at …",
		"ann," + hash + ",,2015-03-01 12:00:00+01,,":               "2 time_invalid: created_at …",
		"ann," + hash + ",,2015-03-01T12:00:00,,":                  "2 time_invalid: created_at …",
		"ann," + hash + ",,0001-01-01T00:00:00Z,,":                 "2 time_invalid: created_at …",
		"ann," + hash + ",,2015-03-01T1:00:00Z,,":                  "2 time_invalid: created_at …",
		"ann," + hash + ",,,true,1420070400":                       "2 time_invalid: disabled_at …",
		"ann," + hash + ",,,t,":                                    "2 disabled_invalid: …",
		"ann," + hash + ",,,TRUE,":                                 "2 disabled_invalid: …",
	} {
		got := read(t, CSV, strings.NewReader(header+row+"\n"+ben))
		holds(t, row, got, []string{want, "3 ben"})
		if strings.Contains(strings.Join(got, ""), hash[10:]) {
			t.Errorf("%s: the hash is repeated: %q", row, got)
		}
	}
}

// A name may hold whatever its owner typed elsewhere. Where an exporter quotes it, a reader that does not see
// where the quote ends takes the rest of the name for a user, with the roles that it says.
func TestNoPartOfAValueBecomesAUser(t *testing.T) {
	t.Parallel()
	const header, ben = "username,password_hash,roles\n", "ben," + hash + ",\n"
	evil := "x\nevil," + hash + ",admin\ny"
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"a line break in quotes":          {header + `"` + evil + `",` + hash + ",\n" + ben, []string{"2 line_malformed: a value has a line break in it", "5 ben"}},
		"with CRLF":                       {header + `"` + strings.ReplaceAll(evil, "\n", "\r\n") + `",` + hash + ",\r\n" + ben, []string{"2 line_malformed: a value has a line break in it", "5 ben"}},
		"with doubled quotes":             {header + `"x""` + "\n" + `""evil,` + hash + `,admin",` + hash + ",\n" + ben, []string{"2 line_malformed: a value has a line break in it", "4 ben"}},
		"with an empty line":              {header + "\"x\n\nevil," + hash + ",admin\"," + hash + ",\n" + ben, []string{"2 line_malformed: a value has a line break in it", "5 ben"}},
		"a quote that is never closed":    {header + "\"x," + hash + ",\n" + ben, []string{"broken: line 2: a quote is opened and not closed"}},
		"nor in many lines":               {header + "\"x," + hash + ",\n" + strings.Repeat(ben, 1000), []string{"broken: line 2: a quote is opened and not closed"}},
		"a quote within a value":          {header + `x"y,` + hash + ",\n" + ben, []string{"broken: line 2: the quotes are not those of CSV, so what follows cannot be trusted either"}},
		"text behind a quote":             {header + `"x"y,` + hash + ",\n" + ben, []string{"broken: line 2: the quotes are not those of CSV, so what follows cannot be trusted either"}},
		"escaped as databases like it":    {header + `"x\"` + "\nevil," + hash + `,admin",` + hash + ",\n", []string{"broken: line 2: there are 1 values for 3 columns, so what follows cannot be trusted either"}},
		"a line break that is not":        {header + evil + "," + hash + ",\n", []string{"broken: line 2: there are 1 values for 3 columns, so what follows cannot be trusted either"}},
		"one value too many":              {header + "ann," + hash + ",admin,\n" + ben, []string{"broken: line 2: there are 4 values for 3 columns, so what follows cannot be trusted either"}},
		"a line that is too long":         {header + strings.Repeat("x", MaxLine) + "," + hash + ",\n" + ben, []string{"broken: line 2: a line may have 16384 bytes, and…"}},
		"a carriage return in the middle": {header + "x\revil," + hash + ",\n" + ben, []string{"2 x\revil", "3 ben"}}, // no name may have it
	} {
		holds(t, name, read(t, CSV, strings.NewReader(test.file)), test.want)
	}
}

func TestAFirstLineThatIsNoHeaderIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, want string }{
		"empty":              {"", "broken: line 1: the file is empty…"},
		"a user":             {"ann@example.org," + hash + "\n", "broken: line 1: this is no header: the first line names the columns, such as username,password_hash…"},
		"semicolons":         {"username;password_hash\nann;" + hash, "broken: line 1: the columns are separated by something else: commas are wanted"},
		"a stranger":         {"username,password_hash,email\n", `broken: line 1: there is no column "email": leave it out…`},
		"another case":       {"username,password_hash,Roles\n", `broken: line 1: there is no column "Roles": leave it out…`},
		"a value":            {"username,password_hash," + hash + "\n", "broken: line 1: there is a column without a name that is known…"},
		"an empty one":       {"username,password_hash,\n", "broken: line 1: there is a column without a name that is known…"},
		"one of them twice":  {"username,password_hash,username\n", "broken: line 1: a column is there twice"},
		"no hash":            {"username,id\n", "broken: line 1: the column password_hash is missing"},
		"no name":            {"id,password_hash\n", "broken: line 1: the column username is missing"},
		"UTF-16":             {"\xff\xfeu\x00s\x00", "broken: line 1: the file is in UTF-16: save it as UTF-8"},
		"UTF-16 unmarked":    {"u\x00s\x00", "broken: line 1: the file is in UTF-16: save it as UTF-8"},
		"line ends of old":   {"username,password_hash\rann," + hash + "\r", "broken: line 1: there is…"},
		"a line without end": {strings.Repeat("x", 1<<20), "broken: line 1: a line may have 16384 bytes…"},
		"an open quote":      {"\"username,password_hash\n", "broken: line 1: a quote is opened and not closed"},
	} {
		got := read(t, CSV, strings.NewReader(test.file))
		if strings.Contains(strings.Join(got, ""), hash[10:]) {
			t.Errorf("%s: the hash is repeated: %q", name, got)
		}
		holds(t, name, got, []string{test.want})
	}
}

func TestNDJSONIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	ann := `{"username":"ann","password_hash":"` + hash + `"}`
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"lines":          {ann + "\n" + ann + "\r\n\n  \n" + ann, []string{"1 ann", "2 ann", "5 ann"}},
		"nobody":         {"", nil},
		"all members":    {`{"username":"ann","password_hash":"` + hash + `","id":"` + uuid + `","roles":["a","b,c"],"created_at":"2015-03-01T12:00:00.5+01:00","disabled":true,"disabled_at":"2016-01-01T00:00:00Z"}`, []string{"1 ann " + uuid + ` ["a" "b,c"] made 2015-03-01T11:00:00.5Z disabled 2016-01-01T00:00:00Z`}},
		"nulls":          {`{"username":"ann","password_hash":"` + hash + `","id":null,"roles":null,"created_at":null,"disabled":null,"disabled_at":null}`, []string{"1 ann"}},
		"no hash":        {`{"username":"ann"}`, []string{"1 ann hash"}},
		"unknown":        {`{"email":"ann"}` + "\n" + ann, []string{"1 member_unknown: email does not exist…", "2 ann"}},
		"another case":   {`{"Username":"ann"}` + "\n" + ann, []string{"1 member_unknown: Username does not exist…", "2 ann"}},
		"a hash as name": {`{"` + hash + `":1}`, []string{"1 member_unknown: a member does not exist…"}},
		"twice":          {`{"username":"ann","username":"ben"}` + "\n" + ann, []string{"1 member_repeated: username is there twice", "2 ann"}},
		"a number":       {`{"username":7}` + "\n" + ann, []string{"1 member_invalid: username is not of its type…", "2 ann"}},
		"a text":         {`{"disabled":"true"}`, []string{"1 member_invalid: disabled is not of its type…"}},
		"a word":         {`{"roles":"admin"}`, []string{"1 member_invalid: roles is not of its type…"}},
		"bad UTF-8":      {"{\"username\":\"a\xff\"}\n" + ann, []string{"1 line_malformed: this is not JSON in UTF-8", "2 ann"}},
		"half a letter":  {`{"username":"\ud800"}` + "\n" + ann, []string{"1 line_malformed: this is not JSON in UTF-8", "2 ann"}},
		"cut":            {ann[:20] + "\n" + ann, []string{"1 line_malformed: this is not JSON in UTF-8", "2 ann"}},
		"two in a line":  {ann + ann, []string{"1 line_malformed: this is not JSON in UTF-8"}},
		"no object":      {"null\n7\n" + ann, []string{"1 line_malformed: this is no JSON object", "2 line_malformed: this is no JSON object", "3 ann"}},
		"deep":           {`{"roles":` + strings.Repeat("[", 15000), []string{"1 …"}},
		"too long":       {`{"username":"` + strings.Repeat("x", MaxLine) + "\"}\n" + ann, []string{"1 line_too_long: a line may have 16384 bytes", "2 ann"}},
		"an id":          {`{"username":"ann","id":"x"}`, []string{"1 id_invalid: …"}},
		"an array":       {"[" + ann + "]", []string{"broken: line 1: this is one JSON array…"}},
		"a mark":         {"\ufeff" + ann, []string{"broken: line 1: there is a byte order mark…"}},
		"UTF-16":         {"\xff\xfe{\x00", []string{"broken: line 1: the file is in UTF-16: save it as UTF-8"}},
	} {
		got := read(t, NDJSON, strings.NewReader(test.file))
		if strings.Contains(strings.Join(got, ""), hash[10:]) {
			t.Errorf("%s: the hash is repeated: %q", name, got)
		}
		holds(t, name, got, test.want)
	}
}

func TestAFileThatFailsIsNoEnd(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{CSV, NDJSON} {
		failing := io.MultiReader(strings.NewReader("username,password_hash\nann"), iotest.ErrReader(io.ErrClosedPipe))
		got := read(t, format, failing)
		if len(got) == 0 || !strings.Contains(got[len(got)-1], io.ErrClosedPipe.Error()) {
			t.Errorf("%s: got %q", format, got)
		}
	}
	if _, err := NewReader(strings.NewReader(""), "xml"); err == nil {
		t.Error("there is a reader of xml")
	}
}

func TestAFormatIsToldByTheEnding(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Format{"a.csv": CSV, "/x/A.CSV": CSV, "a.ndjson": NDJSON, "a.jsonl": NDJSON, "a.json": "", "csv": "", "-": "", "": ""} {
		if got := FormatOf(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("username,password_hash\nann," + hash + "\n"))
	f.Add([]byte("\ufeffid,username,password_hash,roles,created_at,disabled,disabled_at\r\n" + uuid + ",\"a\"\"b\"," + hash + ",a b,2015-03-01T12:00:00Z,true,\r\n"))
	f.Add([]byte("username,password_hash\n\"x\nevil," + hash + "\n\"," + hash + "\nben," + hash))
	f.Add([]byte("username,password_hash\n\"x\"y,\n"))
	f.Fuzz(func(t *testing.T, file []byte) { fuzzRead(t, CSV, file) })
}

func FuzzReadNDJSON(f *testing.F) {
	f.Add([]byte(`{"username":"ann","password_hash":"` + hash + `","roles":["a"],"disabled":true}` + "\n{}\n"))
	f.Add([]byte(`{"username":"ann","id":"` + uuid + `","created_at":"2015-03-01T12:00:00Z","disabled_at":null}`))
	f.Add([]byte("{\"username\":\"\\ud800\"}\n[\n\xff"))
	f.Fuzz(func(t *testing.T, file []byte) { fuzzRead(t, NDJSON, file) })
}

// fuzzRead holds whatever is read to what every file must keep: lines go up, and no fault repeats a value.
func fuzzRead(t *testing.T, format Format, file []byte) {
	const secret = "s3cr3t-of-a-hash"
	file = []byte(strings.ReplaceAll(string(file), hash, secret))
	r, err := NewReader(strings.NewReader(string(file)), format)
	for last := 0; err == nil; {
		var line Line
		if line, err = r.Next(); err != nil {
			break
		}
		if line.Number <= last || strings.Contains(line.Text, secret) || (line.Reason == "") != (line.Text == "") {
			t.Fatalf("after line %d: %+v", last, line)
		}
		last = line.Number
	}
	var broken *BrokenError
	if !errors.Is(err, io.EOF) && !errors.As(err, &broken) {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), secret) || int(r.Bytes()) > len(file) {
		t.Fatalf("got %v after %d of %d bytes", err, r.Bytes(), len(file))
	}
}
