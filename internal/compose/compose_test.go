// Package compose holds the tests of docker-compose.yml and deploy/Dockerfile. They load the files as Docker Compose
// would and check what a machine without Docker can check.
package compose

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/rapport-crm/rapport/internal/kafkatest"
)

// root is the repository's root.
var root = filepath.Join("..", "..")

// load returns the project that docker-compose.yml describes when no variable is set.
func load(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithEnv(nil))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(project.Services) == 0 {
		t.Fatal("the project has no services")
	}
	return project
}

func TestEveryServiceHasAHealthcheckAndRestarts(t *testing.T) {
	t.Parallel()
	for name, s := range load(t).Services {
		if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) == 0 {
			t.Errorf("%s has no healthcheck", name)
		}
		if s.Restart == "" {
			t.Errorf("%s has no restart policy", name)
		}
	}
}

func TestEngineWaitsUntilTheLogAndTheViewsAreHealthy(t *testing.T) {
	t.Parallel()
	dependsOn := load(t).Services["rapport"].DependsOn
	for _, name := range []string{"kafka", "postgres"} {
		if got := dependsOn[name].Condition; got != types.ServiceConditionHealthy {
			t.Errorf("rapport depends on %s with condition %q, want %s", name, got, types.ServiceConditionHealthy)
		}
	}
}

func TestPublishedPortsAreBoundToLoopback(t *testing.T) {
	t.Parallel()
	published := 0
	for name, s := range load(t).Services {
		for _, p := range s.Ports {
			published++
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes port %s on %q, want 127.0.0.1", name, p.Published, p.HostIP)
			}
		}
	}
	if published == 0 {
		t.Error("no service publishes a port")
	}
}

func TestImagesNameAVersion(t *testing.T) {
	t.Parallel()
	services := load(t).Services
	for name, s := range services {
		if s.Image != "" && !pinned(s.Image) {
			t.Errorf("%s: image %s names no version", name, s.Image)
		}
	}
	if got, want := services["kafka"].Image, "apache/kafka:"+kafkatest.Version(); got != want {
		t.Errorf("kafka runs %s, the tests run %s", got, want)
	}
}

// pinned reports whether an image reference has a digest, or a tag that begins with a number or ends with a Debian
// release.
func pinned(image string) bool {
	return regexp.MustCompile(`(:v?\d[\w.-]*|-debian\d+:[\w-]+|@sha256:[0-9a-f]{64})$`).MatchString(image)
}

func TestDataLiesOnNamedVolumesWhereTheImagesKeepIt(t *testing.T) {
	t.Parallel()
	project := load(t)
	for service, directory := range map[string]string{
		"kafka":    "/var/lib/kafka/data",
		"postgres": "/var/lib/postgresql",
	} {
		index := slices.IndexFunc(project.Services[service].Volumes, func(v types.ServiceVolumeConfig) bool {
			return v.Target == directory && v.Type == types.VolumeTypeVolume
		})
		if index < 0 {
			t.Errorf("%s has no volume at %s", service, directory)
			continue
		}
		source := project.Services[service].Volumes[index].Source
		if _, ok := project.Volumes[source]; source == "" || !ok {
			t.Errorf("%s: volume %q is not declared", service, source)
		}
	}
	if got := value(project.Services["kafka"], "KAFKA_LOG_DIRS"); got != "/var/lib/kafka/data" {
		t.Errorf("KAFKA_LOG_DIRS is %q, outside the volume", got)
	}
}

func TestSingleKafkaNodeAsksForOneReplicaEverywhere(t *testing.T) {
	t.Parallel()
	kafka := load(t).Services["kafka"]
	for _, name := range []string{
		"KAFKA_DEFAULT_REPLICATION_FACTOR", "KAFKA_MIN_INSYNC_REPLICAS", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
		"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
		"KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
	} {
		if got := value(kafka, name); got != "1" {
			t.Errorf("%s is %q, want 1", name, got)
		}
	}
}

func TestEngineIsToldWhereTheOthersListen(t *testing.T) {
	t.Parallel()
	services := load(t).Services
	brokers := value(services["rapport"], "RAPPORT_KAFKA")
	if listeners := value(services["kafka"], "KAFKA_ADVERTISED_LISTENERS"); !strings.Contains(listeners, "://"+brokers+",") {
		t.Errorf("the engine connects to %s, Kafka advertises %s", brokers, listeners)
	}
	password := value(services["postgres"], "POSTGRES_PASSWORD")
	want := "postgres://rapport:" + password + "@postgres:5432/" + value(services["postgres"], "POSTGRES_DB")
	if got := value(services["rapport"], "RAPPORT_DATABASE_URL"); !strings.HasPrefix(got, want) {
		t.Errorf("the engine connects to %s, want %s", got, want)
	}
}

// value returns a variable of a service's environment, empty when it is not set.
func value(s types.ServiceConfig, name string) string {
	if v := s.Environment[name]; v != nil {
		return *v
	}
	return ""
}

func TestEngineRunsWithoutRightsItDoesNotNeed(t *testing.T) {
	t.Parallel()
	rapport := load(t).Services["rapport"]
	if !rapport.ReadOnly {
		t.Error("the engine's file system is writable")
	}
	if !slices.Contains(rapport.CapDrop, "ALL") {
		t.Error("the engine keeps capabilities")
	}
	if !slices.Contains(rapport.SecurityOpt, "no-new-privileges:true") {
		t.Error("the engine may gain privileges")
	}
}

func TestEngineIsBuiltFromPinnedImagesAndRunsUnprivileged(t *testing.T) {
	t.Parallel()
	project := load(t)
	text, err := os.ReadFile(filepath.Join(root, project.Services["rapport"].Build.Dockerfile))
	if err != nil {
		t.Fatal(err)
	}
	images := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(text), -1)
	if len(images) != 2 {
		t.Fatalf("%d FROM lines, want a builder and a runtime image", len(images))
	}
	for _, image := range images {
		if !pinned(image[1]) {
			t.Errorf("image %s names no version", image[1])
		}
	}
	if !regexp.MustCompile(`(?m)^USER [1-9]\d*`).Match(text) {
		t.Error("the image runs as root")
	}
	builder := regexp.MustCompile(`^golang:(\d+\.\d+)$`).FindStringSubmatch(images[0][1])
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if builder == nil || !strings.Contains(string(module), "\ngo "+builder[1]+".") {
		t.Errorf("the builder is %s, which is not the version of go.mod", images[0][1])
	}
}
