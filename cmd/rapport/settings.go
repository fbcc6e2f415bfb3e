package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// settingsFile is where settings are looked for, in the working directory.
const settingsFile = "rapport.json"

// settings are the values of rapport.json by the name of their flag. Only a flag with an environment variable of its own
// is a setting: it says where things are. What one call is about comes from its command line alone, so that a word in the
// surroundings cannot change what is appended or asked for.
type settings map[string]any

// readSettings reads the settings of a file, which need not exist. Keys are names of flags; "_" stands for "-".
func readSettings(path string) (settings, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return settings{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("read settings: %s: %w", path, err)
	}
	s := make(settings, len(keys))
	for key, value := range keys {
		name := strings.ReplaceAll(key, "_", "-")
		if _, twice := s[name]; twice {
			return nil, fmt.Errorf("read settings: %s gives %q twice, with - and with _", path, name)
		}
		s[name] = value
	}
	return s, nil
}

// Validate refuses a key that is no setting of any verb. It implements kong.Resolver.
func (s settings) Validate(app *kong.Application) error {
	known := settingsOf(app.Node)
	for name := range s {
		if !known[name] {
			return fmt.Errorf("%s: %q is not a setting", settingsFile, name)
		}
	}
	return nil
}

// Resolve returns the value of a flag that is not on the command line, nil for none. It implements kong.Resolver. kong
// asks it after the environment was looked at and lets its answer win, so a flag with a set variable gets none.
func (s settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, there := s[flag.Name]
	if !there || len(flag.Envs) == 0 {
		return nil, nil
	}
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return value, nil
}

// settingsOf returns the names of the flags of a verb and the verbs below it that are settings.
func settingsOf(node *kong.Node) map[string]bool {
	names := make(map[string]bool)
	for _, flag := range node.Flags {
		if len(flag.Envs) > 0 {
			names[flag.Name] = true
		}
	}
	for _, child := range node.Children {
		for name := range settingsOf(child) {
			names[name] = true
		}
	}
	return names
}
