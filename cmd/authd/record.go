package main

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// recordIn returns a sink that writes every event as a log line. Alarms are errors, because somebody
// should look; refusals are not, because anybody can cause them.
func recordIn(log *slog.Logger) audit.Sink {
	return func(ctx context.Context, e audit.Event) {
		level := slog.LevelInfo
		if e.Name == audit.AlarmRaised {
			level = slog.LevelError
		}
		if !log.Enabled(ctx, level) {
			return
		}
		log.LogAttrs(ctx, level, string(e.Name), attributes(e)...)
	}
}

// attributes are the members of an event that are there.
func attributes(e audit.Event) []slog.Attr {
	attrs := make([]slog.Attr, 0, 7)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("reason", string(e.Reason))
	add("actor", string(cmp.Or(e.Actor, audit.User)))
	if id := auth.UserID(e.User); !id.IsZero() {
		add("user", id.String())
	}
	if id := auth.SessionID(e.Session); !id.IsZero() {
		add("session", id.String())
	}
	add("subject", e.Subject)
	add("user_agent", e.UserAgent)
	if e.Address.IsValid() {
		add("client_ip", e.Address.String())
	}
	if e.Name == audit.AlarmRaised && e.Reason == audit.HistoryForked {
		add("advice", afterFork)
	}
	return attrs
}

// afterFork is for whoever is woken by history_forked, however it was found: by a session's token, or by
// an instance that had read further than the store now goes. The two causes want opposite things.
const afterFork = "the store went back in time. If a backup was restored: stop every instance and run authd post-restore. " +
	"After a failover that lost only the last entries that is not needed. docs/operations.md, history_forked"
