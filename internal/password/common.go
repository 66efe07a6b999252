package password

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
)

// commonList is 475,994 passwords as 36 bits of a hash of each, which are searched where they lie: nothing
// is read at start, and asking touches three pages of the program's file. internal/commonpasswords wrote
// it, and says how it is laid out.
//
//go:embed common/list.bin
var commonList string

const (
	commonBuckets = 1 << 12
	commonIndex   = 4 * (commonBuckets + 1) // bytes before the first entry
	commonEntry   = 3                       // bytes of an entry
)

// isCommon reports whether a password, case-folded, is on the list. Whatever is on it is found; of other
// passwords one in 144,370 is taken for one that is.
func isCommon(folded string) bool {
	sum := sha256.Sum256([]byte(folded))
	print := binary.BigEndian.Uint64(sum[:8]) >> (64 - 36)
	bucket, want := int(print>>24), uint32(print&0xffffff)
	low, high := commonBucket(bucket), commonBucket(bucket+1)
	for low < high {
		middle := low + (high-low)/2
		switch got := commonAt(middle); {
		case got == want:
			return true
		case got < want:
			low = middle + 1
		default:
			high = middle
		}
	}
	return false
}

// commonBucket is the place of a bucket's first entry.
func commonBucket(bucket int) int {
	b := commonList[4*bucket:]
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}

func commonAt(place int) uint32 {
	e := commonList[commonIndex+commonEntry*place:]
	return uint32(e[0])<<16 | uint32(e[1])<<8 | uint32(e[2])
}
