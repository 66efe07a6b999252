// Package audit holds the words for what happened: events and their reasons.
//
// Reasons are stable: the same word stands in answers, in the session's row, in the log and in metric
// labels. The package knows the standard library alone, names users and sessions by the text of their
// ids, and must never carry a password, a token or a key.
package audit
