// Package userfile reads and writes files of users, as they are moved from one system to another: CSV with a
// header, or a JSON object a line.
//
// It knows columns, quotes, line ends and which line repeats another. It must never learn who is in the
// store, and it opens no file. What it says of a line never repeats a value of it: any value may be a
// password hash that stands in the wrong place.
package userfile
