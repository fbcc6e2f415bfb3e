// Package pg opens connection pools to PostgreSQL with the settings this engine relies on, brings schemas up to date, and
// says what the errors of the database mean. It knows nothing of the tables.
package pg
