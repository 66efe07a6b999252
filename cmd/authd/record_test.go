package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/audit"
)

func TestEventsAreLogLinesAndAlarmsAreErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		event audit.Event
		want  map[string]any
	}{
		{audit.Event{Name: audit.AlarmRaised, Reason: audit.HistoryForked, Actor: audit.System, User: [16]byte{1}, Session: [16]byte{2},
			Subject: "a kid", Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "app/1"},
			map[string]any{"level": "ERROR", "msg": "alarm.raised", "reason": "history_forked", "actor": "system",
				"user": "01000000-0000-0000-0000-000000000000", "session": "AgAAAAAAAAAAAAAAAAAAAA", "subject": "a kid",
				"client_ip": "192.0.2.7", "user_agent": "app/1"}},
		{audit.Event{Name: audit.LoginFailed}, map[string]any{"level": "INFO", "msg": "login.failed", "actor": "user"}},
	} {
		var out bytes.Buffer
		recordIn(newLogger(&out, logSettings{LogFormat: "json"}))(t.Context(), test.event)
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, out.Bytes())
		}
		delete(got, "time")
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("line (-got +want):\n%s", diff)
		}
	}
}
