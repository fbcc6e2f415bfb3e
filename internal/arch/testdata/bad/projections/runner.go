package projections

import (
	"os"
	"time"
)

// Now may be used by the runner of the fold.
func Now() (time.Time, int) { return time.Now(), os.Getpid() }
