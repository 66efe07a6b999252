// Command commonpasswords makes the list of common passwords that internal/password embeds, out of lists that
// others have published. It knows where those are, what they must hash to and how the list is laid out,
// and must never be part of the program.
//
// internal/password/common/README.md says where its inputs come from. In a folder that has them:
//
//	go run ./internal/commonpasswords -in FOLDER -o internal/password/common/list.bin
package main
