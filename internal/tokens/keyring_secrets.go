package tokens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authd/authd/internal/auth"
)

// What has versions: a name is one of these, a dot and the version.
const (
	refreshSecret = "refresh"
	pepperSecret  = "pepper"
)

const (
	oldVersionsEvery = time.Hour
	oldVersionsTime  = time.Minute // to look for who needs them
	// outOfUse is how long after its successor's first use a version is certainly not used any more, by
	// whatever was under way, or was late.
	outOfUse = 10 * time.Minute
	// maxVersion is the greatest that a refresh token has room for.
	maxVersion = 255
)

// ErrSecretUnknown is for a name that has no versions.
var ErrSecretUnknown = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request",
	Public: "The secrets that can be rotated are refresh and pepper."}

// errVersionsSpent cannot happen to who rotates less than twice a week for two years.
var errVersionsSpent = errors.New("every version that a refresh token has room for was used")

// version is one row of a versioned secret.
type version struct {
	number    int
	createdAt time.Time
}

// usedFrom is when every instance knows the version, and uses it.
func (v version) usedFrom() time.Time { return v.createdAt.Add(settleTime) }

// versionsOf lists the versions of a secret, oldest first.
func versionsOf(rows *KeyringRows, kind string) (versions []version) {
	for _, row := range rows.Secrets {
		name, number, _ := strings.Cut(row.Name, ".")
		if n, err := strconv.Atoi(number); err == nil && name == kind {
			versions = append(versions, version{n, row.CreatedAt})
		}
	}
	slices.SortFunc(versions, func(a, b version) int { return a.number - b.number })
	return versions
}

func nameOf(kind string, version int) string { return kind + "." + strconv.Itoa(version) }

// makeSecret draws one version of a secret.
func (k *Keyring) makeSecret(rows *KeyringRows, kind string, version int) (SealedSecret, error) {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(k.random, secret); err != nil {
		return SealedSecret{}, fmt.Errorf("make %s: %w", nameOf(kind, version), err)
	}
	return k.seal(rows, nameOf(kind, version), secret)
}

// RotateSecret adds a version of a secret, "refresh" or "pepper", and returns it with the time from which
// it is used. While the newest one is not in use yet, nothing changes and that one is returned.
func (k *Keyring) RotateSecret(ctx context.Context, name string, from Origin) (number int, usedFrom time.Time, err error) {
	if name != refreshSecret && name != pepperSecret {
		return 0, usedFrom, ErrSecretUnknown
	}
	_, _, err = k.alter(ctx, from, func(rows *KeyringRows) (change KeyringChange, err error) {
		versions := versionsOf(rows, name)
		newest := versions[len(versions)-1]
		number, usedFrom = newest.number, newest.usedFrom()
		if len(versions) > 1 && usedFrom.After(rows.Clock) { // the first of all is used at once
			return change, nil
		}
		if number, usedFrom = number+1, rows.Clock.Add(settleTime); number > maxVersion {
			return change, errVersionsSpent
		}
		secret, err := k.makeSecret(rows, name, number)
		change.Secrets = []SealedSecret{secret}
		return change, err
	})
	return number, usedFrom, err
}

// Rewrap seals everything that another master key had sealed under the first one, and returns how many
// rows that were.
func (k *Keyring) Rewrap(ctx context.Context, from Origin) (moved int, err error) {
	_, change, err := k.alter(ctx, from, func(rows *KeyringRows) (change KeyringChange, err error) {
		for _, row := range rows.Secrets {
			if k.sealer.isFirst(row.Sealed) {
				continue
			}
			secret, err := k.sealer.open(row.Name, row.Sealed)
			if err != nil {
				return change, err
			}
			if row.Sealed, err = k.sealer.seal(row.Name, secret, k.random); err != nil {
				return change, err
			}
			change.Reseal = append(change.Reseal, row)
		}
		return change, nil
	})
	return len(change.Reseal), err
}

// dropOldVersions deletes versions that nothing needs: of refresh those whose sessions are all collected,
// of pepper those that no hash names.
func (k *Keyring) dropOldVersions(ctx context.Context) error {
	refresh, err := k.unneeded(ctx, refreshSecret, k.sessionsOf)
	if err != nil {
		return err
	}
	peppers, err := k.unneeded(ctx, pepperSecret, k.hashesOf)
	if err != nil {
		return err
	}
	names := append(refresh, peppers...)
	if len(names) == 0 {
		return nil
	}
	_, _, err = k.alter(ctx, itself, func(rows *KeyringRows) (change KeyringChange, _ error) {
		for _, name := range names { // what another instance has dropped by now is not dropped again
			if slices.ContainsFunc(rows.Secrets, func(s SealedSecret) bool { return s.Name == name }) {
				change.DropSecrets = append(change.DropSecrets, name)
			}
		}
		return change, nil
	})
	return err
}

// unneeded names the old versions of a secret that nothing needs.
func (k *Keyring) unneeded(ctx context.Context, kind string, needed func(context.Context, superseded) (bool, error)) (names []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, oldVersionsTime)
	defer cancel()
	r := k.ring.Load()
	for _, old := range supersededOf(&r.rows, kind, r.clock(k.now())) {
		still, err := needed(ctx, old)
		if err != nil {
			return nil, err
		}
		if !still {
			names = append(names, nameOf(kind, old.number))
		}
	}
	return names, nil
}

// superseded is a version that is not used for anything new.
type superseded struct {
	version
	until time.Time // after this it certainly was not used
}

func supersededOf(rows *KeyringRows, kind string, clock time.Time) (old []superseded) {
	versions := versionsOf(rows, kind)
	for i := range len(versions) - 1 {
		if until := versions[i+1].usedFrom().Add(outOfUse); until.Before(clock) {
			old = append(old, superseded{versions[i], until})
		}
	}
	return old
}

// sessionsOf reports whether there are sessions that were opened while a version was in use. Whatever
// version they are at now, tokens of that one must be told from guesses: who shows one is a thief.
func (k *Keyring) sessionsOf(ctx context.Context, old superseded) (bool, error) {
	openedAt, found, err := k.store.OldestSession(ctx)
	return found && openedAt.Before(old.until), err
}

// hashesOf reports whether a password hash names a version of the pepper.
func (k *Keyring) hashesOf(ctx context.Context, old superseded) (bool, error) {
	if k.pepperNamed == nil {
		return true, nil
	}
	return k.pepperNamed(ctx, uint32(old.number))
}
