// Package report is what a run of the benchmark found, and the page that tells it.
//
// It knows loads, yardsticks, goals and plots. It must never know how anything was measured.
package report
