package storetest

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
)

// readRecords passes every record that is read through change.
func readRecords(change func(*audit.Record)) func(*broken) {
	return func(b *broken) {
		b.records = func(ctx context.Context, q audit.Query) ([]audit.Record, error) {
			list, err := b.Store.Records(ctx, q)
			for i := range list {
				change(&list[i])
			}
			return list, err
		}
	}
}

// asked changes the query.
func asked(change func(*audit.Query)) func(*broken) {
	return func(b *broken) {
		b.records = func(ctx context.Context, q audit.Query) ([]audit.Record, error) {
			change(&q)
			return b.Store.Records(ctx, q)
		}
	}
}

// adding changes what adding does.
func adding(add func(b *broken, ctx context.Context, records []audit.Record) error) func(*broken) {
	return func(b *broken) {
		b.addRecords = func(ctx context.Context, records []audit.Record) error { return add(b, ctx, records) }
	}
}

// forgotten changes what the collector of records does.
func forgotten(collect func(b *broken, ctx context.Context, before time.Time, limit int) (int, error)) func(*broken) {
	return func(b *broken) {
		b.collectRecords = func(ctx context.Context, before time.Time, limit int) (int, error) {
			return collect(b, ctx, before, limit)
		}
	}
}

var recordDefects = map[string][]defect{
	"a record survives the round trip, with and without its members": {
		{"times are in whole seconds", readRecords(func(r *audit.Record) { r.At = r.At.Truncate(time.Second) })},
		{"times are in the local zone", readRecords(func(r *audit.Record) { r.At = r.At.In(time.FixedZone("here", 3600)) })},
		{"nobody acts", readRecords(func(r *audit.Record) { r.Actor = "" })},
		{"the admin is a user", readRecords(func(r *audit.Record) { r.Actor = audit.User })},
		{"reasons are lost", readRecords(func(r *audit.Record) { r.Reason = "" })},
		{"subjects are lost", readRecords(func(r *audit.Record) { r.Subject = "" })},
		{"agents end at 80 bytes", readRecords(func(r *audit.Record) { r.UserAgent = r.UserAgent[:min(80, len(r.UserAgent))] })},
		{"addresses of version 4 are mapped", readRecords(func(r *audit.Record) {
			if r.Address.Is4() {
				r.Address = netip.AddrFrom16(r.Address.As16())
			}
		})},
		{"user and session change places", readRecords(func(r *audit.Record) { r.User, r.Session = r.Session, r.User })},
		{"a row keeps what the one before had", func(b *broken) {
			b.records = func(ctx context.Context, q audit.Query) ([]audit.Record, error) {
				list, err := b.Store.Records(ctx, q)
				for i := range list {
					if i > 0 && list[i].Subject == "" {
						list[i].Subject = list[i-1].Subject
					}
				}
				return list, err
			}
		}},
		{"backslashes are escapes", readRecords(func(r *audit.Record) { r.UserAgent = strings.ReplaceAll(r.UserAgent, `\`, "") })},
		{"only the first of a call is kept", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			return b.Store.AddRecords(ctx, records[:min(1, len(records))])
		})},
		{"the oldest come first", func(b *broken) {
			b.records = func(ctx context.Context, q audit.Query) ([]audit.Record, error) {
				list, err := b.Store.Records(ctx, q)
				slices.Reverse(list)
				return list, err
			}
		}},
	},
	"a record that is added again is there once, as it was first": {
		{"it is an error", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			for _, r := range records {
				if found, _ := b.Store.Records(ctx, audit.Query{Before: audit.Last, Limit: 100}); slices.ContainsFunc(found,
					func(f audit.Record) bool { return f.ID == r.ID }) {
					return errDefect
				}
			}
			return b.Store.AddRecords(ctx, records)
		})},
		{"the last one counts", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			for _, r := range records {
				b.sql(`delete from audit where event_id = ?`, r.ID[:])
			}
			return b.Store.AddRecords(ctx, records)
		})},
		{"its neighbours are left out", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			found, _ := b.Store.Records(ctx, audit.Query{Limit: 100})
			for _, r := range records {
				if slices.ContainsFunc(found, func(f audit.Record) bool { return f.ID == r.ID }) {
					return nil
				}
			}
			return b.Store.AddRecords(ctx, records)
		})},
	},
	"records are chosen by every filter, newest first, in pages without loss or repetition": {
		{"the name is not looked at", asked(func(q *audit.Query) { q.Name = "" })},
		{"the name is not looked at beside a user", asked(func(q *audit.Query) {
			if q.User != [16]byte{} {
				q.Name = ""
			}
		})},
		{"the user is not looked at beside a session", asked(func(q *audit.Query) {
			if q.Session != [16]byte{} {
				q.User = [16]byte{}
			}
		})},
		{"the user is not looked at", asked(func(q *audit.Query) { q.User = [16]byte{} })},
		{"the session is not looked at", asked(func(q *audit.Query) { q.Session = [16]byte{} })},
		{"the actor is not looked at", asked(func(q *audit.Query) { q.Actor = "" })},
		{"the actor is looked at only alone", asked(func(q *audit.Query) {
			if q.User != [16]byte{} || q.Session != [16]byte{} || q.Address.IsValid() || q.Name != "" {
				q.Actor = ""
			}
		})},
		{"the address is not looked at", asked(func(q *audit.Query) { q.Address = netip.Addr{} })},
		{"the address is not looked at beside a user", asked(func(q *audit.Query) {
			if q.User != [16]byte{} {
				q.Address = netip.Addr{}
			}
		})},
		{"the name is not looked at beside an address", asked(func(q *audit.Query) {
			if q.Address.IsValid() {
				q.Name = ""
			}
		})},
		{"since is after", asked(func(q *audit.Query) {
			if !q.Since.IsZero() {
				q.Since = q.Since.Add(time.Millisecond)
			}
		})},
		{"until is through", asked(func(q *audit.Query) {
			if !q.Until.IsZero() {
				q.Until = q.Until.Add(time.Millisecond)
			}
		})},
		{"bounds are rounded down", asked(func(q *audit.Query) {
			q.Until = q.Until.Truncate(time.Millisecond)
			q.Since = q.Since.Truncate(time.Second)
		})},
		{"the place of the page counts alone", asked(func(q *audit.Query) {
			if !q.Before.IsZero() {
				q.Since = time.Time{}
			}
		})},
		{"a page begins with the last of the one before", asked(func(q *audit.Query) {
			if !q.Before.IsZero() {
				q.Before[15]++
			}
		})},
		{"a page begins with another millisecond", asked(func(q *audit.Query) { clear(q.Before[6:]) })},
		{"no limit is no end", asked(func(q *audit.Query) {
			if q.Limit < 1 {
				q.Limit = 1000
			}
		})},
		{"a page is one too long", asked(func(q *audit.Query) {
			if q.Limit > 0 {
				q.Limit++
			}
		})},
		{"two of one moment come in any order", func(b *broken) {
			b.records = func(ctx context.Context, q audit.Query) ([]audit.Record, error) {
				list, err := b.Store.Records(ctx, q)
				slices.SortFunc(list, func(a, b audit.Record) int {
					if c := b.At.Compare(a.At); c != 0 {
						return c
					}
					return bytes.Compare(a.ID[:], b.ID[:])
				})
				return list, err
			}
		}},
	},
	"of who is not a user neither address nor agent is kept": {
		{"all is kept", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			err := b.Store.AddRecords(ctx, records)
			for _, r := range records {
				b.sql(`update audit set address = ?, user_agent = ? where event_id = ?`, r.Address.String(), r.UserAgent, r.ID[:])
			}
			return err
		})},
		{"the address is kept", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			err := b.Store.AddRecords(ctx, records)
			for _, r := range records {
				b.sql(`update audit set address = ? where event_id = ?`, r.Address.String(), r.ID[:])
			}
			return err
		})},
		{"the agent is kept", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			err := b.Store.AddRecords(ctx, records)
			for _, r := range records {
				b.sql(`update audit set user_agent = ? where event_id = ?`, r.UserAgent, r.ID[:])
			}
			return err
		})},
		{"one such record takes all of the call along", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			err := b.Store.AddRecords(ctx, records)
			b.sql(`update audit set address = null, user_agent = null`)
			return err
		})},
		{"nothing of it is kept", adding(func(b *broken, ctx context.Context, records []audit.Record) error {
			err := b.Store.AddRecords(ctx, records)
			b.sql(`delete from audit where address is null`)
			return err
		})},
	},
	"the collector of records takes the oldest first, up to its limit and its bound": {
		{"it deletes all, whatever the limit", forgotten(func(b *broken, ctx context.Context, before time.Time, _ int) (int, error) {
			return b.Store.CollectRecords(ctx, before, 1<<20)
		})},
		{"no limit is no end", forgotten(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			if limit <= 0 {
				limit = 1000
			}
			return b.Store.CollectRecords(ctx, before, limit)
		})},
		{"it deletes what happened at the bound", forgotten(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			return b.Store.CollectRecords(ctx, before.Add(time.Millisecond), limit)
		})},
		{"its bound is in seconds", forgotten(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			return b.Store.CollectRecords(ctx, before.Truncate(time.Second), limit)
		})},
		{"it takes the newest first", forgotten(func(b *broken, _ context.Context, before time.Time, limit int) (int, error) {
			result, err := b.raw.Exec(`delete from audit where event_id in (
				select event_id from audit where at < ? order by event_id desc limit ?)`, before.UnixMicro(), max(limit, 0))
			if err != nil {
				return 0, err
			}
			n, err := result.RowsAffected()
			return int(n), err
		})},
		{"it says that it reached its limit", forgotten(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			_, err := b.Store.CollectRecords(ctx, before, limit)
			return limit, err
		})},
	},
}
