package kafkatest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/rapport-crm/rapport/internal/servertest"
)

//go:embed pom.xml
var pom []byte

// copyDependencies is the Maven goal that puts the jars of a pom into a directory.
const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

// Version returns the version of Apache Kafka that the package's pom names.
func Version() string {
	match := regexp.MustCompile(`<kafka\.version>([^<]+)</kafka\.version>`).FindSubmatch(pom)
	return string(match[1])
}

// libraries returns the class path of the broker. The first process fills the cache while it holds a lock on a file
// beside it; the directory gets its final name when it is complete, so a process that is killed half-way leaves nothing
// that another would take for the jars. The name carries a digest of the pom, so a changed pom makes a new directory.
func libraries(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	digest := sha256.Sum256(pom)
	dir := filepath.Join(cache, "rapport", fmt.Sprintf("kafka-%s-%x", Version(), digest[:4]))
	classPath := filepath.Join(dir, "*")
	if complete(dir) {
		return classPath, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	if !complete(dir) {
		err = fill(ctx, dir)
	}
	return classPath, errors.Join(err, unlock())
}

// complete reports whether the directory has its final name.
func complete(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// fill fetches the jars into a directory of another name and renames it to dir.
func fill(ctx context.Context, dir string) error {
	mvn, err := servertest.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("fetch Kafka's jars: %w", err)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), ".kafka-")
	if err != nil {
		return fmt.Errorf("fetch Kafka's jars: %w", err)
	}
	jars := filepath.Join(temporary, "jars")
	file := filepath.Join(temporary, "pom.xml")
	if err := os.WriteFile(file, pom, 0o600); err != nil {
		return errors.Join(fmt.Errorf("fetch Kafka's jars: %w", err), os.RemoveAll(temporary))
	}
	cmd := exec.CommandContext(ctx, mvn, "--quiet", "--batch-mode", "--file", file, copyDependencies,
		"-DincludeScope=runtime", "-DoutputDirectory="+jars)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("fetch Kafka's jars: %w\n%s", err, out)
	} else if err = os.Rename(jars, dir); err != nil {
		err = fmt.Errorf("keep Kafka's jars: %w", err)
	}
	return errors.Join(err, os.RemoveAll(temporary))
}

// lock takes an exclusive lock on the file at path and returns the function that gives it back. The system gives it back
// too when the process ends.
func lock(ctx context.Context, path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, fs.FileMode(0o644))
	if err != nil {
		return nil, fmt.Errorf("lock the cache: %w", err)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock %s, held by another process: %w", path, ctx.Err()), f.Close())
		case <-tick.C:
		}
	}
}
