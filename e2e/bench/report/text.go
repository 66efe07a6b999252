package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Text is the report for a terminal.
func Text(r *Report) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "goal\t\tgot\tlow\thigh\tn\t")
	for _, row := range r.Rows {
		sign, met := "<=", "met"
		if row.AtLeast {
			sign = ">="
		}
		if !row.Met() {
			met = "MISSED"
		}
		fmt.Fprintf(w, "%s\t%s %.4g %s\t%.4g\t%.4g\t%.4g\t%d\t%s\n", row.What, sign, row.Goal, row.Unit, row.Got.Median, row.Got.Low, row.Got.High, row.Got.N, met)
	}
	fmt.Fprintln(w, "\nload\tclients\ta second\tp50 ms\tp99 ms\tservice µs\tPostgreSQL µs\tgenerator µs\tWAL B\tmessages")
	for _, l := range r.Loads {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.3g\t%.3g\t%.0f\t%.0f\t%.0f\t%.0f\t%.3f\n", l.What, l.Clients, l.PerSecond.Median, l.P50.Median, l.P99.Median,
			l.Service.Median*1e3, l.Postgres.Median*1e3, l.Generator.Median*1e3, l.WAL.Median, l.Messages.Median)
	}
	_ = w.Flush() // a Builder takes everything
	return b.String()
}
