package questionnaire

import "time"

// Weights are one version of the weights of an index (SAT-05).
type Weights struct {
	// Version names the weights and is carried by every index computed with them.
	Version string `yaml:"version"`
	// From is when they come into force; zero for the first version, which was always in force.
	From time.Time `yaml:"from,omitempty"`
	// Groups are the weights of groups by name, 1 where a group is not named.
	Groups map[string]int64 `yaml:"groups,omitempty"`
	// Items are the weights of items by id within their group, 1 where an item is not named.
	Items map[string]int64 `yaml:"items,omitempty"`
}

// WeightsAt returns the weights in force at an instant, nil when the questionnaire has no index.
func (d *Definition) WeightsAt(at time.Time) *Weights {
	var found *Weights
	for _, w := range d.Weights {
		if found == nil || !w.From.After(at) {
			found = w
		}
	}
	return found
}

// WeightsOf returns the weights with a version.
func (d *Definition) WeightsOf(version string) (*Weights, bool) {
	for _, w := range d.Weights {
		if w.Version == version {
			return w, true
		}
	}
	return nil, false
}

func (w *Weights) ofGroup(g *Group) int64 { return weight(w.Groups, g.Name) }

func (w *Weights) ofItem(i *Item) int64 { return weight(w.Items, i.ID) }

func weight(of map[string]int64, name string) int64 {
	if v, ok := of[name]; ok {
		return v
	}
	return 1
}
