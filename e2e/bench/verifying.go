//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/verify"
)

// plainES256 is the yardstick of verifying: what nobody can leave out of checking one ES256 signature.
func plainES256(i *instance, raw string) (func() bool, error) {
	public, err := publicKey(i, raw)
	if err != nil {
		return nil, err
	}
	dot := strings.LastIndexByte(raw, '.')
	signature, err := base64.RawURLEncoding.DecodeString(raw[dot+1:])
	if err != nil {
		return nil, err
	}
	signed := []byte(raw[:dot])
	return func() bool {
		digest := sha256.Sum256(signed)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	}, nil
}

// publicKey is the one that a token names.
func publicKey(i *instance, raw string) (*ecdsa.PublicKey, error) {
	header, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return nil, err
	}
	var named struct{ Kid string }
	if err := json.Unmarshal(text, &named); err != nil {
		return nil, err
	}
	body, err := once(i.address, 200, get(keySetPath))
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []struct{ Kid, X, Y string } }
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		return nil, err
	}
	for _, key := range set.Keys {
		if key.Kid == named.Kid {
			x, errX := base64.RawURLEncoding.DecodeString(key.X)
			y, errY := base64.RawURLEncoding.DecodeString(key.Y)
			if err := errors.Join(errX, errY); err != nil {
				return nil, err
			}
			return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		}
	}
	return nil, errors.New("the key set lacks the key of a token")
}

// firstSight is what a token costs that the verifier does not remember, in plain signatures. They take turns, and
// medians are compared, so that a busy machine is busy for both.
func firstSight(ctx context.Context, v *verify.Verifier, plain func() bool, raw string, long time.Duration) (float64, error) {
	var ours, theirs []time.Duration
	for end := time.Now().Add(long); time.Now().Before(end); {
		began := time.Now()
		if !plain() {
			return 0, errors.New("the signature does not hold")
		}
		middle := time.Now()
		if _, err := v.Token(ctx, raw); err != nil {
			return 0, err
		}
		ours, theirs = append(ours, time.Since(middle)), append(theirs, middle.Sub(began))
	}
	return float64(median(ours)) / float64(median(theirs)), nil
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// seenBefore is what a token costs that the verifier remembers, in microseconds of one core, and in allocations.
func seenBefore(ctx context.Context, v *verify.Verifier, raws []string, long time.Duration) (micros, allocations float64, err error) {
	for _, raw := range raws {
		if _, err := v.Token(ctx, raw); err != nil {
			return 0, 0, err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, looks := time.Now(), 0
	for time.Since(began) < long {
		for _, raw := range raws {
			if _, err := v.Token(ctx, raw); err != nil {
				return 0, 0, err
			}
		}
		looks += len(raws)
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	// The verifier polls meanwhile, which allocates a little: less than one in a thousand looks is none of a look's.
	allocated := float64(after.Mallocs-before.Mallocs) / float64(looks)
	if allocated < 0.001 {
		allocated = 0
	}
	return took.Seconds() * 1e6 / float64(looks), allocated, nil
}
