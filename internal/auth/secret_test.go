package auth_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/authd/authd/internal/auth"
)

const hidden = "hunter2-correct-horse"

// leaks reports whether text holds the secret, as it is or in one of the forms that package fmt's
// verbs could have given it.
func leaks(text string) bool {
	for _, form := range []string{
		hidden, strings.ToUpper(hidden), fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden),
		fmt.Sprintf("% x", hidden), fmt.Sprintf("%d", []byte(hidden)), fmt.Sprintf("%#v", []byte(hidden)), hidden[:8],
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

type settings struct {
	Name   string
	Key    auth.Secret
	Next   *auth.Secret
	Others []auth.Secret
	ByName map[string]auth.Secret
	inner  struct{ key auth.Secret }
	Any    any
}

func secretEverywhere() settings {
	s := auth.NewSecret(hidden)
	all := settings{Name: "n", Key: s, Next: &s, Others: []auth.Secret{s}, ByName: map[string]auth.Secret{"k": s}, Any: s}
	all.inner.key = s
	return all
}

func TestNoVerbPrintsASecret(t *testing.T) {
	t.Parallel()
	s, all := auth.NewSecret(hidden), secretEverywhere()
	var err error = fmt.Errorf("open: %v", s)
	for name, value := range map[string]any{
		"itself": s, "pointer": &s, "struct": all, "pointer to struct": &all,
		"slice": []auth.Secret{s}, "slice of pointers": []*auth.Secret{&s}, "array": [1]auth.Secret{s},
		"map": map[string]auth.Secret{"k": s}, "as a key": map[auth.Secret]int{s: 1},
		"in an interface": []any{s}, "in an error": err, "in our error": &auth.Error{Code: "c", Err: err},
	} {
		for _, format := range formats() {
			if got := fmt.Sprintf(format, value); leaks(got) {
				t.Errorf("%s: %s prints %s", name, format, got)
				break // the others would say the same
			}
		}
	}
}

// formats are the verbs with flags, those included which mean nothing: %w outside of Errorf is a slip
// of the pen, and must not cost a secret.
func formats() (formats []string) {
	for _, verb := range "vsqxXdbcoOteEfFgGTpUwz!" {
		for _, flags := range []string{"", "+", "#", " ", "-", "0", "40", ".3", "+#", "# "} {
			formats = append(formats, "%"+flags+string(verb))
		}
	}
	return formats
}

func TestASecretShowsThatItIsOne(t *testing.T) {
	t.Parallel()
	s := auth.NewSecret(hidden)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(format, s); got != "[redacted]" {
			t.Errorf("%s prints %q, want [redacted]", format, got)
		}
	}
	for name, got := range map[string]string{
		"Sprint": fmt.Sprint(s), "String": s.String(), "GoString": s.GoString(), "LogValue": s.LogValue().String(),
		"+": "" + s.String(),
	} {
		if got != "[redacted]" {
			t.Errorf("%s: got %q, want [redacted]", name, got)
		}
	}
}

func TestNoLogHandlerWritesASecret(t *testing.T) {
	t.Parallel()
	s, all := auth.NewSecret(hidden), secretEverywhere()
	var out bytes.Buffer
	for name, handler := range map[string]slog.Handler{
		"text": slog.NewTextHandler(&out, nil),
		"json": slog.NewJSONHandler(&out, nil),
	} {
		out.Reset()
		logger := slog.New(handler).With("bound", s)
		logger.Error("m", "plain", s, "pointer", &s, "struct", all, "struct pointer", &all, "slice", []auth.Secret{s},
			"error", fmt.Errorf("open %v: %w", s, errors.New("no")), slog.Group("g", "in", s))
		if got := out.String(); leaks(got) || strings.Count(got, "[redacted]") < 6 {
			t.Errorf("%s handler wrote %s", name, got)
		}
	}
	out.Reset()
	log.New(&out, "", 0).Println(s, &s, all)
	if leaks(out.String()) {
		t.Errorf("package log wrote %s", out.String())
	}
}

func TestNoEncoderWritesASecret(t *testing.T) {
	t.Parallel()
	s, all := auth.NewSecret(hidden), secretEverywhere()
	for name, value := range map[string]any{
		"itself": s, "pointer": &s, "struct": all, "key": map[auth.Secret]int{s: 1},
	} {
		got, err := json.Marshal(value)
		if err != nil || leaks(string(got)) || !strings.Contains(string(got), `"[redacted]"`) {
			t.Errorf("%s: json.Marshal gives %s, %v", name, got, err)
		}
	}
	if got, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"settings"`
		Key     auth.Secret
		Also    auth.Secret `xml:",attr"`
	}{Key: s, Also: s}); err != nil || leaks(string(got)) {
		t.Errorf("xml.Marshal gives %s, %v", got, err)
	}
	var out bytes.Buffer
	page := template.Must(template.New("").Parse("{{.Key}} {{.Next}} {{printf `%s` .Key}} {{.Others}}"))
	if err := page.Execute(&out, all); err != nil || leaks(out.String()) {
		t.Errorf("a template gives %s, %v", out.String(), err)
	}
	var text encoding.TextMarshaler = s
	if got, err := text.MarshalText(); err != nil || string(got) != "[redacted]" {
		t.Errorf("MarshalText gives %q, %v", got, err)
	}
}

func TestSecretsAreEqualWhenTheirTextsAre(t *testing.T) {
	t.Parallel()
	if auth.NewSecret(hidden) != auth.NewSecret(strings.Clone(hidden)) {
		t.Error("two secrets of the same text differ")
	}
	if auth.NewSecret(hidden) == auth.NewSecret(hidden+"!") || auth.NewSecret(hidden) == (auth.Secret{}) {
		t.Error("two secrets of different texts are equal")
	}
}

func TestRevealIsTheOneWayToTheText(t *testing.T) {
	t.Parallel()
	if got := auth.NewSecret(hidden).Reveal(); got != hidden {
		t.Errorf("got %q, want what went in", got)
	}
	if got := (auth.Secret{}).Reveal(); got != "" {
		t.Errorf("the zero secret holds %q", got)
	}
	if !(auth.Secret{}).IsZero() || !auth.NewSecret("").IsZero() || auth.NewSecret(hidden).IsZero() {
		t.Error("IsZero must be true of the empty text alone")
	}
}
