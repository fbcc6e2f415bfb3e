// Package importer reads events from files and appends them straight to the log.
//
// A file is CloudEvents as JSON, or a table whose columns a Mapping turns into events. Each row of a table becomes
// events with ids derived from the name of the source, the number of the row and the row's text, so a repeated import
// appends records that every reader recognises as duplicates, and two equal rows stay two events.
//
// A row that breaks a rule is reported and left out; the rows after it go on. An error of the file itself, such as an
// archive that ends too early, stops the import after every row before it was appended.
//
// Rows are appended in rounds. After each round a state file records the last row of which, and of all rows before
// it, every event is in the log, so an import that was interrupted goes on from there.
package importer
