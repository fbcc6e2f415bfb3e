// Package arch checks the architecture of this module: which package may import which, where third-party modules are at
// home, and what the pure packages must not touch. It reads source files only, so it needs no build and reports every
// violation at once. The rules are tables; a change of the architecture is a change of a line here.
package arch

// module is the path of this module.
const module = "github.com/rapport-crm/rapport"

// layer says which packages of this module the packages that match from may import. A pattern is a path below the
// module, where "x/..." is x and everything below it. Every package belongs to the first row that matches it.
type layer struct {
	from  string
	allow []string
}

// layers is the import table, from the inside out. Test files are exempt: they may set up whatever they test against.
var layers = []layer{
	{from: "domain", allow: []string{"domain/jsonscan", "domain/questionnaire", "domain/customerbase", "domain/learnedrisk"}},
	{from: "domain/questionnaire", allow: []string{"domain/statistics"}},
	{from: "domain/customerbase", allow: []string{"domain/stablemath"}},
	{from: "domain/statistics", allow: nil},
	{from: "domain/...", allow: []string{"domain/..."}},
	{from: "eventstore/logtest", allow: []string{"eventstore", "internal/kafkatest", "internal/broker"}},
	{from: "eventstore/client", allow: []string{"domain/..."}},
	{from: "eventstore/...", allow: nil},
	{from: "projections", allow: []string{"domain/...", "eventstore"}},
	{from: "projections/pgview", allow: []string{"domain/...", "eventstore", "projections/...", "internal/pg"}},
	{from: "projections/...", allow: []string{"domain/...", "eventstore", "projections/..."}},

	// What stands alone: these know no part of the product.
	{from: "internal/arch", allow: nil},
	{from: "internal/broker", allow: nil},
	{from: "internal/pg", allow: nil},
	{from: "internal/servertest", allow: nil},
	{from: "internal/pgtest", allow: []string{"internal/servertest"}},
	{from: "internal/kafkatest", allow: []string{"internal/servertest"}},
	{from: "internal/servertest/withservers", allow: []string{"internal/pgtest", "internal/kafkatest"}},

	// Only the engine and the command wire everything.
	{from: "internal/engine/...", allow: []string{"domain/...", "eventstore", "projections/...", "internal/..."}},
	{from: "cmd/...", allow: []string{"domain/...", "eventstore", "projections/...", "internal/..."}},
	{from: "internal/...", allow: []string{"domain/...", "eventstore", "projections/...", "internal/..."}},
}

// restricted are packages that only some packages may import, whatever the layers allow. Test files are exempt.
var restricted = []home{
	{of: module + "/internal/engine/...", in: []string{"internal/engine/...", "internal/cli", "cmd/..."}, why: "only the command runs the engine"},
	{of: module + "/internal/servertest/...", in: testSupport, why: "it serves tests"},
	{of: module + "/internal/pgtest", in: testSupport, why: "it serves tests"},
	{of: module + "/internal/kafkatest", in: testSupport, why: "it serves tests"},
	{of: module + "/internal/bench/...", in: []string{"internal/bench/..."}, why: "it serves benchmarks"},
	{of: module + "/eventstore/logtest", in: testSupport, why: "it serves tests"},
	{of: module + "/projections/viewtest", in: testSupport, why: "it serves tests"},
	{of: module + "/internal/notify/notifytest", in: testSupport, why: "it serves tests"},
	{of: module + "/internal/mail/mailtest", in: testSupport, why: "it serves tests"},
}

// testSupport are the packages that exist for tests only.
var testSupport = []string{
	"internal/servertest/...", "internal/pgtest", "internal/kafkatest", "eventstore/logtest", "projections/viewtest",
	"internal/notify/notifytest", "internal/mail/mailtest",
}

// home says in which packages of this module the packages of another module may be imported, and why there.
type home struct {
	of  string
	in  []string
	why string
}

// homes is the table of third-party modules with few homes. A module that is not listed may be used where it fits. Test
// files are exempt.
var homes = []home{
	{
		of: "github.com/segmentio/kafka-go/...", in: []string{"eventstore/...", "internal/kafkabus", "internal/kafkatest"},
		why: "the log wraps the Kafka client once",
	},
	{
		of: "github.com/twmb/franz-go/...", in: []string{"internal/broker", "eventstore/logtest"},
		why: "the embedded broker is its only use",
	},
	{
		of: "github.com/jackc/pgx/v5/...", in: []string{"internal/pg", "internal/pgtest", "projections/pgview", "internal/notify/pgnotify", "internal/bench/naive"},
		why: "SQL stays behind the view store and the store of webhooks",
	},
	{
		of: "github.com/pressly/goose/v3/...", in: []string{"internal/pg"},
		why: "the migrations of all stores are run in one way",
	},
	{of: "github.com/danielgtaylor/huma/v2/...", in: []string{"internal/httpapi"}, why: "it describes the HTTP API"},
	{of: "github.com/alecthomas/kong", in: []string{"cmd/rapport"}, why: "it reads the command line"},
	{
		of: "github.com/ThreeDotsLabs/watermill/...", in: []string{"internal/kafkabus", "internal/notify", "internal/demo", "internal/bench/naive"},
		why: "it starts a goroutine for each message, so it stays at the edge",
	},
	{of: "github.com/ThreeDotsLabs/watermill-kafka/...", in: nil, why: "internal/kafkabus is measured beside it, in benchmarks"},
	{of: "github.com/IBM/sarama/...", in: nil, why: "internal/kafkabus is measured beside it, in benchmarks"},
	{of: "github.com/sony/gobreaker", in: []string{"internal/notify"}, why: "it leaves endpoints alone that fail"},
	{of: "gonum.org/v1/gonum/...", in: []string{"internal/fit"}, why: "its results have other bits on other platforms"},
	{of: "github.com/cloudevents/sdk-go/...", in: nil, why: "it is the oracle of tests"},
	{of: "github.com/getkin/kin-openapi/...", in: nil, why: "it is the oracle of tests"},
	{of: "github.com/compose-spec/compose-go/...", in: nil, why: "it serves tests"},
	{of: "github.com/Shopify/toxiproxy/v2/...", in: nil, why: "it serves tests"},
	{of: "github.com/anishathalye/porcupine", in: nil, why: "it serves tests"},
	{of: "pgregory.net/rapid", in: testSupport, why: "it serves tests"},
	{of: "go.uber.org/goleak", in: testSupport, why: "it serves tests"},
	{of: "testing/...", in: testSupport, why: "it serves tests"},
}

// pure are the packages whose results depend on their arguments alone, except files whose base name begins with one of
// the prefixes in impureFiles: the runner of the fold works with the world.
var pure = []string{"domain/...", "projections"}

// impure are the folders below pure ones that work with the world: the schema generator writes files.
var impure = []string{"domain/schemas/gen"}

// impureFiles are the beginnings of names of files in pure packages that work with the world.
var impureFiles = []string{"runner"}

// impureImports are the packages that pure code does not import.
var impureImports = []string{"os/...", "net/...", "math/rand/...", "crypto/rand", "syscall", "database/sql/...", "log/..."}

// clock are the functions of package time that read or wait for the machine's clock.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

// vagueNames are package names that say nothing about their content.
var vagueNames = []string{
	"util", "utils", "common", "helper", "helpers", "manager", "managers", "types", "model", "models", "misc", "shared", "base",
}
