// Package audit holds the words for what happened, and writes it down.
//
// Names and reasons are stable: the same word stands in answers, in the session's row, in the audit
// table, in the log and in metric labels. A [Writer] takes events from requests without making them
// wait and hands them to a store in batches.
//
// The package knows the standard library alone and names users and sessions by the bytes of their ids.
// It must never carry a password, a token, a key or the name that somebody typed.
package audit
