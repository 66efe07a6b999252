// Package metrics counts and measures, and writes what came of it in the text format that Prometheus
// reads (version 0.0.4).
//
// It knows families, labels and numbers. It must never know what they are about, how they travel, or a
// value that a client chose: a family has a bounded number of series, whatever it is asked to count.
// docs/decisions/0010-metrics-by-hand.md has why it is not client_golang.
package metrics
