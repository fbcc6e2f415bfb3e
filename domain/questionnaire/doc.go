// Package questionnaire holds questionnaires as data: their items in English and Chinese, the scales, what each group of
// items measures, and versioned weights. It checks answers against a questionnaire and computes the index and the rate
// of execution through package statistics. A Set and what it holds are not changed after they were parsed and may be
// shared.
package questionnaire
