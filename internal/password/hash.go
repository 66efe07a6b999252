package password

import (
	"strconv"
	"strings"
)

// MaxCost is the greatest cost that is ever computed: beyond it one login takes seconds, and every
// login of nobody would have to take as long.
const MaxCost = 14

// scheme opens every hash that we made ourselves:
//
//	$authd$p=1$2a$12$<22 characters of salt><31 characters of digest>
//
// The decimal after p= is the version of the pepper, from 1 on; what follows it is the string of
// bcrypt as bcrypt wrote it, over base64(HMAC-SHA-384(pepper, password)). Another way of preparing
// the password would get another tag. A string without a tag, $2a$, $2b$ or $2y$, was imported and is
// over the password's own bytes.
const scheme = "$authd$p="

const (
	bcryptLength   = 60
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// hash is a stored hash taken apart.
type hash struct {
	pepper uint32 // version; 0 for an imported hash, which has none
	cost   int
	bcrypt string // $2a$12$…
}

// String is how the hash is stored.
func (h hash) String() string {
	if h.pepper == 0 {
		return h.bcrypt
	}
	return scheme + strconv.FormatUint(uint64(h.pepper), 10) + h.bcrypt
}

// parseHash takes what String returns and nothing else. bcrypt's own parser is far more generous: it
// accepts "+4" for a cost, any version below 2 and any bytes after the digest.
func parseHash(stored string) (hash, bool) {
	var h hash
	h.bcrypt = stored
	if tagged, ours := strings.CutPrefix(stored, scheme); ours {
		digits, _, _ := strings.Cut(tagged, "$")
		version, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || digits[0] < '1' || digits[0] > '9' {
			return hash{}, false // 0 names no pepper, 01 would name one twice
		}
		h.pepper, h.bcrypt = uint32(version), tagged[len(digits):]
	}
	var ok bool
	if h.cost, ok = bcryptCost(h.bcrypt); !ok {
		return hash{}, false
	}
	if h.pepper != 0 && h.bcrypt[2] != 'a' {
		return hash{}, false // we write $2a$ alone
	}
	return h, true
}

// bcryptCost reads the cost of a well-formed bcrypt string of a version that we can compute. $2x$ is
// left out: it marks a faulty implementation, whose fault we do not have.
func bcryptCost(s string) (int, bool) {
	if len(s) != bcryptLength || s[:2] != "$2" || !strings.ContainsRune("aby", rune(s[2])) || s[3] != '$' || s[6] != '$' {
		return 0, false
	}
	cost, err := strconv.ParseUint(s[4:6], 10, 8)
	if err != nil || cost < 4 || cost > 31 {
		return 0, false
	}
	return int(cost), strings.Trim(s[7:], bcryptAlphabet) == ""
}

// PepperVersion reads which pepper a stored hash names: 0 for an imported one, which has none; false if it
// is no hash.
func PepperVersion(stored string) (uint32, bool) {
	h, ok := parseHash(stored)
	return h.pepper, ok
}

// Cost reads the cost of a stored hash, ours or a raw bcrypt one; false if it is neither. An import
// refuses a cost above MaxCost, because Verify never computes it.
func Cost(stored string) (int, bool) {
	h, ok := parseHash(stored)
	return h.cost, ok
}
