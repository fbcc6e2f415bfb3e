// Package backtest asks what the engine would have told in the past, and compares it with what happened.
//
// At an origin, the end of a day, only what had happened by then is known: customers are scored by the policies in
// question, by models that are fitted to what came before, and by simple rules that anybody could use instead. The outcome is
// whether the customer buys within the horizon after it. docs/backtest.md describes the protocol and how to read the report.
//
// Scores of policies come from replays of the log that end at the origin, so nothing later can have a part in them. Warnings
// are those that a replay of the whole log yields.
//
// A back-test keeps one state for each customer and the days of its purchases, not the events. Its report depends on the log, the
// policies and the options alone, but for the last digits of fitted parameters on other platforms.
package backtest
