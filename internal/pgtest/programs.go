package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rapport-crm/rapport/internal/servertest"
)

// programs are the paths of the PostgreSQL programs this package runs.
type programs struct {
	initdb, postgres string
}

// findPrograms returns the programs of the highest major version that Debian's packages installed, else those on PATH.
func findPrograms() (programs, error) {
	const root = "/usr/lib/postgresql"
	var found programs
	newest := 0
	// ReadDir's error means that there is no such directory, which is the case of every other system.
	versions, _ := os.ReadDir(root)
	for _, v := range versions {
		major, err := strconv.Atoi(v.Name())
		if err != nil || major <= newest {
			continue
		}
		p := programs{
			initdb:   filepath.Join(root, v.Name(), "bin", "initdb"),
			postgres: filepath.Join(root, v.Name(), "bin", "postgres"),
		}
		// A client package alone makes the same directory without these two.
		if isFile(p.initdb) && isFile(p.postgres) {
			found, newest = p, major
		}
	}
	if newest > 0 {
		return found, nil
	}
	initdb, initdbErr := servertest.LookPath("initdb")
	postgres, postgresErr := servertest.LookPath("postgres")
	if err := errors.Join(initdbErr, postgresErr); err != nil {
		return programs{}, fmt.Errorf("find PostgreSQL: %w", err)
	}
	return programs{initdb: initdb, postgres: postgres}, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// unprivileged returns the account to run the server under: the server refuses to run as root, so root becomes the user
// postgres, who comes with the package. Every other account runs it itself (nil).
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find an account for PostgreSQL, which does not run as root: %w: %w", servertest.ErrNotInstalled, err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, fmt.Errorf("read the ids of user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
