package tokens

import "time"

// ForTests is a keyring that has seen no store and holds no keys, for services that sign nothing.
func ForTests(accessTTL time.Duration) *Keyring { return &Keyring{maxTTL: accessTTL} }
