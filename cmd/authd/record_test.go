package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
)

func TestEventsAreLogLinesAndAlarmsAreErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		event audit.Event
		want  map[string]any
	}{
		{audit.Event{Name: audit.AlarmRaised, Reason: audit.SuccessorBroken, Actor: audit.System, User: [16]byte{1}, Session: [16]byte{2},
			Subject: "a kid", Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "app/1"},
			map[string]any{"level": "ERROR", "msg": "alarm.raised", "reason": "successor_broken", "actor": "system",
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

// Both ways of finding out that the store went back in time end in one alarm, which says what to do.
func TestTheAlarmOfAStoreThatWentBackSaysWhatToDoAndByHowMuch(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := newLogger(&out, logSettings{LogFormat: "json"})
	var heard []audit.Event
	told := func(_ context.Context, e audit.Event) { heard = append(heard, e) }
	recordIn(log)(t.Context(), audit.Event{Name: audit.AlarmRaised, Reason: audit.HistoryForked, Session: [16]byte{2}})
	alarmOfFork(log, told)(t.Context(), revocation.Fork{
		Read: revocation.Cursor{FeedID: "f", Seq: 41}, Store: revocation.Cursor{FeedID: "f", Seq: 12}, Ahead: 29, Lost: 7})

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %d lines, want one an alarm:\n%s", len(lines), out.String())
	}
	for _, line := range lines {
		for _, want := range []string{`"level":"ERROR"`, `"msg":"alarm.raised"`, `"reason":"history_forked"`, "authd post-restore", "that is not needed"} {
			if !strings.Contains(line, want) {
				t.Errorf("the line lacks %s: %s", want, line)
			}
		}
	}
	for _, want := range []string{`"behind_by":29`, `"lost_kills":7`, `"read_to":"f.41.0000000000000000"`, `"store_at":"f.12.0000000000000000"`} {
		if !strings.Contains(lines[1], want) {
			t.Errorf("the line of the instance lacks %s: %s", want, lines[1])
		}
	}
	if len(heard) != 1 || heard[0].Name != audit.AlarmRaised || heard[0].Reason != audit.HistoryForked || heard[0].Actor != audit.System || heard[0].At.IsZero() {
		t.Errorf("the others heard %+v, want one alarm", heard)
	}
}
