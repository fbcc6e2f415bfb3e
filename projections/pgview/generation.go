package pgview

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
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
	stateFormat  int
	layout       string
	partitions   int
	policyDigest string
}

// generationOf returns the properties of the views a fold makes of a log with the given number of partitions.
func generationOf(policy *domain.Policy, partitions int) (generation, error) {
	g := generation{stateFormat: projections.StateFormat, partitions: partitions, policyDigest: policy.Digest()}
	// The text for a fixed schema and number of partitions stands for the definitions themselves.
	var layout strings.Builder
	for _, file := range []string{tablesFile, indexesFile, viewsFile} {
		text, err := generation{}.render(file, "schema")
		if err != nil {
			return g, err
		}
		layout.WriteString(text)
	}
	sum := sha256.Sum256([]byte(layout.String()))
	g.layout = hex.EncodeToString(sum[:16])
	return g, nil
}

// The files of the layout: the tables of a generation, their keys and indexes, and the views for analysts.
const (
	tablesFile  = "tables.sql"
	indexesFile = "indexes.sql"
	viewsFile   = "views.sql"
)

// render returns the statements of a layout file for the tables in the given schema.
func (g generation) render(file, schema string) (string, error) {
	t, err := template.ParseFS(layoutFiles, "layout/"+file)
	if err != nil {
		return "", fmt.Errorf("read layout: %w", err)
	}
	var text strings.Builder
	err = t.Execute(&text, map[string]any{
		"Schema": schema, "Partitions": g.partitions, "Conflict": int(eventstore.Conflict),
		"Stages":   nameArray(func(i int) string { return domain.Stage(i).String() }, domain.StageCount),
		"Risks":    nameArray(func(i int) string { return domain.RiskLevel(i).String() }, len(projections.Rollups{}.Warnings)),
		"Reasons":  nameArray(func(i int) string { return projections.Reason(i).String() }, reasonCount()),
		"Verdicts": nameArray(func(i int) string { return eventstore.Verdict(i).String() }, len(projections.Rollups{}.Verdicts)),
		"Flows":    int(kindFlow), "Cohorts": int(kindCohort), "Trade": int(kindTrade), "Types": int(kindType),
		"CellKinds": nameArray(func(i int) string { return projections.CellKind(i).String() }, projections.CellKindCount),
		"Sums":      cellSums, "Names": cellKey[3:7],
		"StageCounts": int(kindStage), "VerdictCounts": int(kindVerdict), "Open": int(kindOpen), "Late": int(kindLate),
		"WarningCounts": int(kindWarning),
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

// use returns the schema of a generation with the properties of g: the live one, or else one that is being built or was
// kept, which goes on from its checkpoints, or else a new one. It is shown at once when there is no live generation with
// anything in it. The caller holds the start lock.
func (g generation) use(ctx context.Context, tx pgx.Tx, policy *domain.Policy) (string, error) {
	schema, state, err := g.find(ctx, tx)
	if err != nil {
		return "", err
	}
	if state != StateLive {
		if err := g.refuseNewer(ctx, tx); err != nil {
			return "", err
		}
	}
	switch state {
	case StateLive:
		return schema, nil
	case StateKept:
		const update = "UPDATE rapport.generations SET state = 'building' WHERE schema_name = $1"
		if _, err := tx.Exec(ctx, update, schema); err != nil {
			return "", fmt.Errorf("take generation %s up again: %w", schema, err)
		}
	case "":
		if schema, err = g.create(ctx, tx, policy, StateBuilding); err != nil {
			return "", fmt.Errorf("make generation: %w", err)
		}
		if err := g.index(ctx, tx, schema); err != nil {
			return "", fmt.Errorf("make generation: %w", err)
		}
	}
	return schema, g.replaceEmpty(ctx, tx, schema)
}

// refuseNewer returns ErrOtherVersion when the live views are those of a newer program: an old one that is started by
// mistake must not put them away. To go back is a decision: see Rollback.
func (g generation) refuseNewer(ctx context.Context, tx pgx.Tx) error {
	live, err := liveGeneration(ctx, tx)
	if err != nil || live.Name == "" || live.StateFormat <= g.stateFormat {
		return err
	}
	return fmt.Errorf("the live views have states of format %d, this program makes %d: %w", live.StateFormat, g.stateFormat, ErrOtherVersion)
}

// find returns the generation with the properties of g that is to be used, and its state; both are empty when there is
// none. One that a rebuild is loading is left alone.
func (g generation) find(ctx context.Context, tx pgx.Tx) (schema string, state State, err error) {
	const query = `SELECT schema_name, state FROM rapport.generations
		WHERE state_format = $1 AND layout = $2 AND partitions = $3 AND policy_digest = $4 AND state <> 'loading'
		ORDER BY array_position(ARRAY['live', 'building', 'kept'], state), id DESC LIMIT 1`
	err = tx.QueryRow(ctx, query, g.stateFormat, g.layout, g.partitions, g.policyDigest).Scan(&schema, &state)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", "", fmt.Errorf("find generation: %w", err)
	}
	return schema, state, nil
}

// create makes the tables of a generation, without keys and indexes, and its row in the given state.
func (g generation) create(ctx context.Context, tx pgx.Tx, policy *domain.Policy, state State) (schema string, err error) {
	const insert = `INSERT INTO rapport.generations
			(schema_name, state_format, layout, partitions, policy_version, policy_digest, policy_document, state)
		VALUES ('', $1, $2, $3, $4, $5, $6, $7) RETURNING id`
	var id int
	err = tx.QueryRow(ctx, insert, g.stateFormat, g.layout, g.partitions, policy.Version, g.policyDigest,
		string(policy.Document()), state).Scan(&id)
	if err != nil {
		return "", err
	}
	schema = "rapport_g" + strconv.Itoa(id)
	if _, err := tx.Exec(ctx, "UPDATE rapport.generations SET schema_name = $2 WHERE id = $1", id, schema); err != nil {
		return "", err
	}
	return schema, g.execute(ctx, tx, tablesFile, schema)
}

// index makes the keys and indexes of the tables of a generation.
func (g generation) index(ctx context.Context, tx pgx.Tx, schema string) error {
	return g.execute(ctx, tx, indexesFile, schema)
}

func (g generation) execute(ctx context.Context, tx pgx.Tx, file, schema string) error {
	statements, err := g.render(file, schema)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, statements)
	return err
}
