// Package bench measures the engine end to end, beside the limits of its parts, in one run on one machine. It holds
// benchmarks only; docs/performance.md keeps figures with machine, date and command.
package bench
