package kafkatest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Pause stops the broker's process with SIGSTOP: connections stay open and nothing is answered. It is for systems that
// have /proc.
func (h *Handle) Pause() {
	h.t.Helper()
	h.signal(syscall.SIGSTOP)
}

// Resume lets the process of a broker go on that was paused.
func (h *Handle) Resume() {
	h.t.Helper()
	h.signal(syscall.SIGCONT)
}

func (h *Handle) signal(s syscall.Signal) {
	h.t.Helper()
	pid, err := h.n.pid()
	if err == nil {
		err = syscall.Kill(pid, s)
	}
	if err != nil {
		h.t.Fatalf("send %s to the broker: %v", s, err)
	}
}

// pid returns the number of the broker's process. The shell that guards it has the same arguments, so the process is
// recognised by its program too.
func (n *node) pid() (int, error) {
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		args := bytes.Split(bytes.TrimSuffix(line, []byte{0}), []byte{0})
		if string(args[0]) == n.java && string(args[len(args)-1]) == n.file("server.properties") {
			return strconv.Atoi(filepath.Base(filepath.Dir(path)))
		}
	}
	return 0, fmt.Errorf("no process runs %s", n.file("server.properties"))
}
