package accounts

// Turnstiles is how many counters somebody has to do with.
func (a *Accounts) Turnstiles() int {
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	return len(a.gate.turnstiles)
}
