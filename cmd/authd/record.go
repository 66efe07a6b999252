package main

import (
	"context"
	"log/slog"

	"github.com/authd/authd/internal/audit"
)

// recordIn returns a sink that writes every event as a log line. Alarms are errors, because somebody
// should look; refusals are not, because anybody can cause them.
func recordIn(log *slog.Logger) audit.Sink {
	return func(ctx context.Context, e audit.Event) {
		level := slog.LevelInfo
		if e.Name == audit.AlarmRaised {
			level = slog.LevelError
		}
		attrs := make([]slog.Attr, 0, 5)
		for _, member := range []struct{ key, value string }{
			{"reason", string(e.Reason)}, {"user", e.User}, {"session", e.Session}, {"user_agent", e.UserAgent},
		} {
			if member.value != "" {
				attrs = append(attrs, slog.String(member.key, member.value))
			}
		}
		if e.Address.IsValid() {
			attrs = append(attrs, slog.String("client_ip", e.Address.String()))
		}
		log.LogAttrs(ctx, level, string(e.Name), attrs...)
	}
}
