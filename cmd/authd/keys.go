package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"text/tabwriter"
	"time"

	"github.com/authd/authd/internal/tokens"
)

type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the signing keys, the newest first."`
	Rotate keysRotateCmd `cmd:"" help:"Have the next key sign as soon as every cache knows it, and say when that is."`
	Kill   keysKillCmd   `cmd:"" help:"Kill a key that may have leaked: whatever it signed is refused within seconds."`
}

type keysListCmd struct {
	deskSettings
	All bool `help:"List those, too, that are gone or were killed."`
}

// Run prints a line a key.
func (c *keysListCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		keys, err := d.keys.Keys(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "KID\tALG\tSTATE\tMADE\tSIGNS FROM\tRETIRED\tLEAVES\tKILLED")
		for i := range keys {
			k := keys[len(keys)-1-i] // they come by slot
			if !c.All && (k.State == tokens.KeyGone || k.State == tokens.KeyKilled) {
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.KID, k.Alg, k.State, inUTC(k.CreatedAt),
				whenSettled(k.SignsFrom), whenSettled(k.RetiredAt), whenSettled(k.GoesAt), whenSettled(k.KilledAt))
		}
		return table.Flush()
	})
}

// whenSettled writes a time that may not be settled yet.
func whenSettled(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return inUTC(t)
}

type keysRotateCmd struct {
	deskSettings
	Wait bool `help:"Return when the key signs."`
}

func (keysRotateCmd) Help() string {
	return `Keys turn by themselves; this is for those who want it sooner. The next key is published already, and ` +
		`signs when every copy of the key set that is allowed to be kept has it. Asking again before that changes ` +
		`nothing. A key that may have leaked is not turned but killed.`
}

// Run settles the turn, says when it is, and waits for it if it is asked to.
func (c *keysRotateCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		key, err := d.keys.Rotate(ctx, byCommand)
		if err != nil {
			return err
		}
		in, err := d.until(ctx, key.SignsFrom)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.stdout, "%s signs from %s, in %v\n", key.KID, inUTC(key.SignsFrom), in); err != nil || !c.Wait {
			return err
		}
		if err := d.awaitKey(ctx, key.KID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s signs\n", key.KID)
		return err
	})
}

// until is how long it is until a time by the store's clock, in whole seconds.
func (d *desk) until(ctx context.Context, at time.Time) (time.Duration, error) {
	clock, err := d.store.Clock(ctx)
	if err != nil {
		return 0, err
	}
	return max(0, at.Sub(clock).Round(time.Second)), nil
}

// awaitKey returns when a key signs. It asks the store, whose clock decides, and which may be out of reach
// for a while.
func (d *desk) awaitKey(ctx context.Context, kid string) error {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		keys, _ := d.keys.Keys(ctx) // none, while the store does not answer
		for _, key := range keys {
			switch {
			case key.KID != kid || key.State == tokens.KeyNext:
			case key.State == tokens.KeyKilled:
				return fmt.Errorf("%s was killed before it signed", kid)
			default:
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting no longer, the key turns all the same: %w", context.Cause(ctx))
		case <-again.C:
		}
	}
}

type keysKillCmd struct {
	deskSettings
	KID string `arg:"" name:"kid" help:"Id of the key, as authd keys list shows it. Put -- before one that begins with a hyphen."`
	Yes bool   `help:"Do not ask."`
}

// thumbprint is what a kid looks like (RFC 7638).
var thumbprint = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Run kills the key, after asking: nothing brings one back.
func (c *keysKillCmd) Run(ctx context.Context, p process) error {
	if !thumbprint.MatchString(c.KID) {
		return &usageError{errors.New("the kid is 43 characters of base64url: authd keys list shows it")}
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		if !c.Yes {
			question := "This kills the key " + c.KID + ", for good. Services refuse whatever it signed, and clients refresh. Type kill: "
			if err := confirm(ctx, p, question, "kill", "nothing was killed"); err != nil {
				return err
			}
		}
		if err := d.keys.Kill(ctx, c.KID, byCommand); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.stdout, "killed %s; sessions go on\n", c.KID)
		return err
	})
}
