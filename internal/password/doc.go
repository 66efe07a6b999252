// Package password turns what somebody typed into a yes or a no, at a cost that does not depend on
// the answer.
//
// It knows how a password is normalised, which ones are refused ([Policy]), how a hash is written
// down, and how many processors hashing may take ([Hasher]). It must never learn who the user is, why
// one is disabled, where hashes or peppers are kept, how often somebody tried, or HTTP: callers hand
// in what they have loaded, and are told when a hash should be replaced. A password, a hash or a key
// never stands in an error.
//
// What is refused as common is on a list of 475,994 leaked passwords; of other passwords one in 144,370 is
// refused as well, by chance (common/README.md).
//
// Raising GOMAXPROCS is the business of the main function, because it is a setting of the process:
//
//	workers := runtime.GOMAXPROCS(0)
//	runtime.GOMAXPROCS(Processors(workers))
package password
