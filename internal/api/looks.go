package api

// leastSecret is the length from which on a run of letters and digits may be a credential: the shortest
// that authd makes has 43.
const leastSecret = 32

// looksSecret reports whether there is something in a text that looks like a credential: a long run of the
// characters of base64url with capital letters, small ones and digits. Tokens, clients' secrets and admin
// tokens are such, and names of products, devices and requests are not. Clients that mix their fields up
// would otherwise have a live token written into log and audit (I1).
func looksSecret(text string) bool {
	run, upper, lower, digit := 0, false, false, false
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z':
			lower = true
		case 'A' <= c && c <= 'Z':
			upper = true
		case '0' <= c && c <= '9':
			digit = true
		case c != '_' && c != '-':
			run, upper, lower, digit = 0, false, false, false
			continue
		}
		if run++; run >= leastSecret && upper && lower && digit {
			return true
		}
	}
	return false
}
