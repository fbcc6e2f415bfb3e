package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDatabaseNameIsReplacedInBothFormsOfAConnectionString(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"postgres://ann:secret@127.0.0.1:5433/old?sslmode=disable",
		"postgresql://ann:secret@127.0.0.1:5433?dbname=old&sslmode=disable",
		"host=127.0.0.1 port=5433 user=ann password=secret dbname=old sslmode=disable",
	} {
		got, err := withDatabase(base, "fresh")
		if err != nil {
			t.Fatal(err)
		}
		config, err := pgx.ParseConfig(got)
		if err != nil {
			t.Fatal(err)
		}
		if config.Database != "fresh" || config.User != "ann" || config.Port != 5433 || config.Password != "secret" {
			t.Errorf("%s became %s", base, got)
		}
	}
}
