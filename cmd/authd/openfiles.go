package main

import "math"

// keptFiles are for the stores, the operators' listener and clients that want something now.
const keptFiles = 128

// heldPolls is how many polls of the feed may be held by a process that may have so many files open. A
// held poll is a connection, and needs no credential: were all to be had for that, anybody could shut
// everybody out. So half of them, less what is kept, stay for other requests.
func heldPolls(files uint64) int {
	if files <= 2*keptFiles {
		return 1
	}
	return int(min((files-keptFiles)/2, math.MaxInt32))
}
