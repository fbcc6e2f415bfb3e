package pgview

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"github.com/jackc/pgx/v5"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/projections"
)

//go:embed layout/*.sql
var layoutFiles embed.FS

// generation is what a set of views is made of. Views with other properties cannot be carried on: they are folded from
// the log anew.
type generation struct {
	stateFormat   int
	layout        string
	partitions    int
	policyVersion string
	policyDigest  string
}

// generationOf returns the properties of the views a fold makes of a log with the given number of partitions.
func generationOf(policy *domain.Policy, partitions int) (generation, error) {
	values, err := json.Marshal(policy)
	if err != nil {
		return generation{}, fmt.Errorf("fingerprint the policy: %w", err)
	}
	g := generation{
		stateFormat: projections.StateFormat, partitions: partitions,
		policyVersion: policy.Version, policyDigest: fingerprint(values),
	}
	// The text for a fixed schema and number of partitions stands for the definitions themselves.
	tables, err := generation{}.render("tables.sql", "schema")
	if err != nil {
		return g, err
	}
	views, err := generation{}.render("views.sql", "schema")
	if err != nil {
		return g, err
	}
	g.layout = fingerprint([]byte(tables + views))
	return g, nil
}

func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// render returns the statements of a layout file for the tables in the given schema.
func (g generation) render(file, schema string) (string, error) {
	t, err := template.ParseFS(layoutFiles, "layout/"+file)
	if err != nil {
		return "", fmt.Errorf("read layout: %w", err)
	}
	var text strings.Builder
	err = t.Execute(&text, map[string]any{
		"Schema": schema, "Partitions": g.partitions,
		"Stages":   nameArray(func(i int) string { return domain.Stage(i).String() }, domain.StageCount),
		"Reasons":  nameArray(func(i int) string { return projections.Reason(i).String() }, reasonCount()),
		"Verdicts": nameArray(func(i int) string { return eventstore.Verdict(i).String() }, len(projections.Rollups{}.Verdicts)),
		"Flows":    int(kindFlow), "Cohorts": int(kindCohort), "Trade": int(kindTrade), "Types": int(kindType),
		"StageCounts": int(kindStage), "VerdictCounts": int(kindVerdict), "Open": int(kindOpen),
	})
	if err != nil {
		return "", fmt.Errorf("read layout: %w", err)
	}
	return text.String(), nil
}

// reasonCount returns how many rules of the lifecycle have a name.
func reasonCount() int {
	n := 0
	for projections.Reason(n).String() != projections.Reason(255).String() {
		n++
	}
	return n
}

// nameArray returns the names of 0 to n−1 as an SQL array.
func nameArray(name func(int) string, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "'" + strings.ReplaceAll(name(i), "'", "''") + "'"
	}
	return "ARRAY[" + strings.Join(names, ", ") + "]"
}

// use returns the schema of the live generation when it has the properties of g. Otherwise it makes a generation, shows
// it to readers in place of the live one and drops that, and returns its schema. The caller holds the start lock.
func (g generation) use(ctx context.Context, tx pgx.Tx) (string, error) {
	live, schema, err := liveGeneration(ctx, tx)
	switch {
	case err != nil:
		return "", err
	case live == g:
		return schema, nil
	}
	made, err := g.create(ctx, tx)
	if err != nil {
		return "", fmt.Errorf("make generation: %w", err)
	}
	if err := g.show(ctx, tx, made, schema == "" || live.layout != g.layout); err != nil {
		return "", fmt.Errorf("show generation %s: %w", made, err)
	}
	if schema != "" {
		if err := drop(ctx, tx, schema); err != nil {
			return "", fmt.Errorf("drop generation %s: %w", schema, err)
		}
	}
	return made, nil
}

// liveGeneration returns the live generation and its schema, which is empty when there is none.
func liveGeneration(ctx context.Context, tx pgx.Tx) (g generation, schema string, err error) {
	const query = `SELECT schema_name, state_format, layout, partitions, policy_version, policy_digest
		FROM rapport.generations WHERE live`
	err = tx.QueryRow(ctx, query).Scan(&schema, &g.stateFormat, &g.layout, &g.partitions, &g.policyVersion, &g.policyDigest)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return g, "", fmt.Errorf("find the live generation: %w", err)
	}
	return g, schema, nil
}

// create makes the tables of a generation and its row, which is not live yet.
func (g generation) create(ctx context.Context, tx pgx.Tx) (schema string, err error) {
	const insert = `INSERT INTO rapport.generations (schema_name, state_format, layout, partitions, policy_version, policy_digest, live)
		VALUES ('', $1, $2, $3, $4, $5, false) RETURNING id`
	var id int
	err = tx.QueryRow(ctx, insert, g.stateFormat, g.layout, g.partitions, g.policyVersion, g.policyDigest).Scan(&id)
	if err != nil {
		return "", err
	}
	schema = "rapport_g" + strconv.Itoa(id)
	if _, err := tx.Exec(ctx, "UPDATE rapport.generations SET schema_name = $2 WHERE id = $1", id, schema); err != nil {
		return "", err
	}
	tables, err := g.render("tables.sql", schema)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, tables)
	return schema, err
}

// show makes the generation the live one. Views with the same columns are replaced in place, which keeps the rights
// that were granted on them; with a new layout they are made anew.
func (g generation) show(ctx context.Context, tx pgx.Tx, schema string, anew bool) error {
	if anew {
		if err := dropViews(ctx, tx); err != nil {
			return err
		}
	}
	views, err := g.render("views.sql", schema)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, views); err != nil {
		return err
	}
	// Two statements: at the end of neither may two rows be live.
	if _, err := tx.Exec(ctx, "UPDATE rapport.generations SET live = false WHERE live"); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE rapport.generations SET live = true WHERE schema_name = $1", schema)
	return err
}

func dropViews(ctx context.Context, tx pgx.Tx) error {
	const query = "SELECT viewname FROM pg_views WHERE schemaname = 'rapport' ORDER BY viewname"
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, "DROP VIEW "+pgx.Identifier{"rapport", name}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}

func drop(ctx context.Context, tx pgx.Tx, schema string) error {
	if _, err := tx.Exec(ctx, "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM rapport.generations WHERE schema_name = $1", schema)
	return err
}
