package main

import "math"

const (
	// keptFiles are for the stores, the operators' listener and clients that want something now.
	keptFiles = 128
	// ofOperators is how many connections their listener keeps open.
	ofOperators = 32
	// mostConnections bounds memory where files have no bound to speak of: a connection takes 8 to 16 KiB.
	// It is twice the polls of the feed that are held.
	mostConnections = 20_000
)

// maxConnections is how many connections users' listener keeps open in a process that may have so many
// files open.
func maxConnections(files uint64) int {
	return int(min(max(files/2, files-min(files, keptFiles), 1), mostConnections))
}

// ofOneAddress is how many of them one address may have. Services behind one address hold polls, which
// are up to half of all, and ask for other things too.
func ofOneAddress(most int) int { return max(1, most-most/4) }

// heldPolls is how many polls of the feed may be held by a process that may have so many files open. A
// held poll is a connection, and needs no credential: were all to be had for that, anybody could shut
// everybody out. So half of them, less what is kept, stay for other requests.
func heldPolls(files uint64) int {
	if files <= 2*keptFiles {
		return 1
	}
	return int(min((files-keptFiles)/2, math.MaxInt32))
}
