package main

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"github.com/authd/authd/internal/password"
)

// The layout, which internal/password searches: of SHA-256 of a folded password the first 12 bits choose
// one of 4,096 buckets, and the next 24 are its entry there. First come 4,097 places, four bytes each: where
// each bucket begins, in entries, and where the last one ends. Then come the entries, sorted in each bucket.
const (
	bucketBits = 12
	entryBits  = 24
)

// layOut writes the list of those words that a policy could let in, and says how many entries it has.
func layOut(words []string) (list []byte, count int) {
	prints := make([]uint64, 0, len(words))
	for _, word := range words {
		if folded, ok := fold(word); ok {
			sum := sha256.Sum256([]byte(folded))
			prints = append(prints, binary.BigEndian.Uint64(sum[:8])>>(64-bucketBits-entryBits))
		}
	}
	slices.Sort(prints)
	prints = slices.Compact(prints)
	at := 0
	for bucket := range uint64(1<<bucketBits + 1) {
		for at < len(prints) && prints[at]>>entryBits < bucket {
			at++
		}
		list = binary.BigEndian.AppendUint32(list, uint32(at))
	}
	for _, print := range prints {
		list = append(list, byte(print>>16), byte(print>>8), byte(print))
	}
	return list, len(prints)
}

// fold makes of a word what the policy looks for, if it is long enough to be asked for at all.
func fold(word string) (folded string, ok bool) {
	normalised, err := password.Normalize(word)
	if err != nil || utf8.RuneCountInString(normalised) < password.MinLength {
		return "", false
	}
	return cases.Fold().String(normalised), true
}
