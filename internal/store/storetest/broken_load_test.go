package storetest

import (
	"context"
	"net/netip"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var loadDefects = map[string][]defect{
	"a session survives the round trip as it was opened": {
		{"a missing device has a name", sessions(func(s *tokens.Session) {
			if s.Device == "" {
				s.Device = "unknown"
			}
		})},
		{"a missing address is 0.0.0.0", sessions(func(s *tokens.Session) {
			if !s.LoginIP.IsValid() {
				s.LoginIP = netip.IPv4Unspecified()
			}
		})},
		{"a login has an end", sessions(func(s *tokens.Session) {
			if s.EndedAt.IsZero() {
				s.EndedAt = time.UnixMicro(0).UTC()
			}
		})},
		{"a login has a parent", sessions(func(s *tokens.Session) { s.PreviousHash[0]++ })},
	},
	"a session with every column filled survives the round trip": {
		{"the generation has 31 bits", sessions(func(s *tokens.Session) { s.Generation &= 1<<31 - 1 })},
		{"the secret version has 7 bits", sessions(func(s *tokens.Session) { s.SecretVersion &= 1<<7 - 1 })},
		{"the epoch was a float", sessions(func(s *tokens.Session) { s.Epoch = auth.Epoch(float64(s.Epoch)) })},
		{"a device is ASCII", sessions(func(s *tokens.Session) { s.Device = string([]byte(s.Device)[:2]) })},
		{"a hash is cut to 31 bytes", sessions(func(s *tokens.Session) { s.CurrentHash[31] = 0 })},
		{"the nonce is not kept", sessions(func(s *tokens.Session) { s.Nonce = [32]byte{} })},
		{"the client is always authd", sessions(func(s *tokens.Session) { s.ClientID = "authd" })},
		{"a reason that is not in a list becomes another", sessions(func(s *tokens.Session) {
			if s.EndReason != "" {
				s.EndReason = audit.Logout
			}
		})},
		{"two columns changed places", sessions(func(s *tokens.Session) { s.IdleEndsAt, s.EndsAt = s.EndsAt, s.IdleEndsAt })},
	},
	"a row that is read takes nothing over from the one before it": {
		{"an address stays from the row before", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			for i := 1; i < len(rows); i++ {
				if !rows[i].LoginIP.IsValid() {
					rows[i].LoginIP = rows[i-1].LoginIP
				}
			}
			return rows
		})},
		{"an end stays from the row before", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			for i := 1; i < len(rows); i++ {
				if rows[i].EndedAt.IsZero() {
					rows[i].EndedAt, rows[i].EndReason = rows[i-1].EndedAt, rows[i-1].EndReason
				}
			}
			return rows
		})},
		{"a parent stays from the row before", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			for i := 1; i < len(rows); i++ {
				if rows[i].PreviousHash == [32]byte{} {
					rows[i].PreviousHash = rows[i-1].PreviousHash
				}
			}
			return rows
		})},
	},
	"times keep their microseconds and come back in UTC": {
		{"times are milliseconds", times(func(at time.Time) time.Time { return at.Truncate(time.Millisecond) })},
		{"times are seconds", times(func(at time.Time) time.Time { return at.Truncate(time.Second) })},
		{"times are rounded to milliseconds", times(func(at time.Time) time.Time { return at.Round(time.Millisecond) })},
		{"times come back in the local zone", times(func(at time.Time) time.Time { return at.In(time.FixedZone("here", 3600)) })},
		{"the zone is dropped, not converted", times(func(at time.Time) time.Time { return at.Add(time.Hour) })},
		{"times before 1970 are lost", times(func(at time.Time) time.Time { return time.UnixMicro(max(at.UnixMicro(), 0)).UTC() })},
		{"times end in 2038", times(func(at time.Time) time.Time {
			return time.UnixMicro(min(at.UnixMicro(), 1<<31*1_000_000)).UTC()
		})},
	},
	"addresses come back as they were given": {
		{"IPv4 comes back inside IPv6", sessions(func(s *tokens.Session) {
			if s.LoginIP.Is4() {
				s.LoginIP = netip.AddrFrom16(s.LoginIP.As16())
			}
		})},
		{"an unspecified address is none", sessions(func(s *tokens.Session) {
			if s.LoginIP.IsValid() && s.LoginIP.IsUnspecified() {
				s.LoginIP = netip.Addr{}
			}
		})},
		{"IPv4 inside IPv6 comes back as IPv4", sessions(func(s *tokens.Session) { s.LoginIP = s.LoginIP.Unmap() })},
		{"an address is its network", sessions(func(s *tokens.Session) {
			if s.LoginIP.Is6() {
				p, _ := s.LoginIP.Prefix(64)
				s.LoginIP = p.Addr()
			}
		})},
	},
	"loading finds exactly the sessions that exist, each with its owner": {
		{"owners are mixed up", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			for i := range rows {
				rows[i].Owner = rows[0].Owner
			}
			return rows
		})},
		{"ended sessions are hidden", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			live := rows[:0]
			for _, row := range rows {
				if row.EndedAt.IsZero() {
					live = append(live, row)
				}
			}
			return live
		})},
		{"sessions of disabled users are hidden", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			live := rows[:0]
			for _, row := range rows {
				if row.Owner.DisabledAt.IsZero() {
					live = append(live, row)
				}
			}
			return live
		})},
		{"a disabled owner looks enabled", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			for i := range rows {
				rows[i].Owner.DisabledAt = time.Time{}
			}
			return rows
		})},
		{"the owner's roles are one", rows(func(_ *broken, rows []tokens.Loaded) []tokens.Loaded {
			for i := range rows {
				rows[i].Owner.Roles = rows[i].Owner.Roles[:1]
			}
			return rows
		})},
		{"who asks twice is told twice", func(b *broken) {
			b.loadSessions = func(ctx context.Context, ids []auth.SessionID) (all []tokens.Loaded, clock time.Time, err error) {
				for _, id := range ids {
					rows, now, err := b.Store.LoadSessions(ctx, []auth.SessionID{id})
					if err != nil {
						return nil, now, err
					}
					all, clock = append(all, rows...), now
				}
				return all, clock, nil
			}
		}},
		{"the owner's other sessions come too", rows(func(b *broken, rows []tokens.Loaded) []tokens.Loaded {
			if len(rows) == 0 {
				return rows
			}
			all, _, _ := b.Store.LoadSessions(b.tb.Context(), b.ids(`select session_id from sessions`))
			return all
		})},
	},
	"a full batch loads at once": {
		{"a hundred at a time, and the rest is forgotten", func(b *broken) {
			b.loadSessions = func(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
				return b.Store.LoadSessions(ctx, ids[:min(100, len(ids))])
			}
		}},
	},
	"a user loads with all sessions that have not been ended, expired ones included": {
		{"ended sessions are listed", userRows(func(b *broken, u *tokens.User, list []tokens.Session, _ *bool) []tokens.Session {
			return b.more(list, `select session_id from sessions where ended_at is not null and user_id = ?`, u.ID[:])
		})},
		{"a neighbour's sessions are listed", userRows(func(b *broken, u *tokens.User, list []tokens.Session, _ *bool) []tokens.Session {
			return b.more(list, `select session_id from sessions where user_id <> ?`, u.ID[:])
		})},
		{"expired sessions are hidden", userRows(func(_ *broken, _ *tokens.User, list []tokens.Session, _ *bool) []tokens.Session {
			live := list[:0]
			for _, s := range list {
				if s.EndsAt.After(time.Now()) {
					live = append(live, s)
				}
			}
			return live
		})},
		{"the version is not the row's", userRows(func(b *broken, u *tokens.User, list []tokens.Session, _ *bool) []tokens.Session {
			u.RowVersion += int64(len(b.ids(`select session_id from sessions where ended_at is not null`)))
			return list
		})},
		{"the columns of a list are fewer", userRows(func(_ *broken, _ *tokens.User, list []tokens.Session, _ *bool) []tokens.Session {
			for i := range list {
				list[i].UserAgent = ""
			}
			return list
		})},
	},
	"nobody loads as nobody": {
		{"everybody is found", userRows(func(_ *broken, _ *tokens.User, list []tokens.Session, found *bool) []tokens.Session {
			*found = true
			return list
		})},
		{"nobody has everybody's sessions", userRows(func(b *broken, _ *tokens.User, list []tokens.Session, found *bool) []tokens.Session {
			if *found {
				return list
			}
			return b.more(list, `select session_id from sessions`)
		})},
	},
}
