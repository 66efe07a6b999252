// Demo shows in half a minute what authd is for. It builds authd and the service notes, starts both in a
// temporary folder on free ports, signs somebody in and out in several ways, and prints a timeline in
// words and milliseconds. Every sentence that it prints is checked: it ends with a status other than 0 if
// one does not hold. Nothing is left behind.
//
//	make demo
package main
