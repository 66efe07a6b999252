package api

import (
	stdjson "encoding/json"
	"testing"
	"time"
)

// loginBody is what a browser sends.
var loginBody = []byte(`{"username":"ada.lovelace@example.com","password":"correct horse battery staple","device":"Firefox on Linux"}`)

// looseLogin is the same body for the standard library, as most services read it.
type looseLogin struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Device   string `json:"device"`
}

// BenchmarkDecode reads a login body with our decoder and with encoding/json by turns, so that whatever
// else the machine does hits both, and reports the ratio. The goal is 1.5 at most.
func BenchmarkDecode(b *testing.B) {
	const turn = 64
	var ours, theirs time.Duration
	turns := 0
	for b.Loop() {
		began := time.Now()
		for range turn {
			var into credentials
			if err := parse(loginBody, &into); err != nil {
				b.Fatal(err)
			}
		}
		between := time.Now()
		for range turn {
			var into looseLogin
			if err := stdjson.Unmarshal(loginBody, &into); err != nil {
				b.Fatal(err)
			}
		}
		ours += between.Sub(began)
		theirs += time.Since(between)
		turns++
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(turns*turn), "ns/ours")
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(turns*turn), "ns/encoding-json")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

func BenchmarkDecodeOurs(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var into credentials
		if err := parse(loginBody, &into); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeStandard(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var into looseLogin
		if err := stdjson.Unmarshal(loginBody, &into); err != nil {
			b.Fatal(err)
		}
	}
}
