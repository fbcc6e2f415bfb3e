package questionnaire

import (
	"fmt"
	"maps"
	"slices"
)

// checkWeights checks the versions of the weights; without any, all weights are equal.
func (d *document) checkWeights(path string, def *Definition) {
	if !def.indexed() {
		d.unless(len(def.Weights) == 0, path, "must not be given, as no group belongs to an index")
		return
	}
	if len(def.Weights) == 0 {
		def.Weights = []*Weights{{Version: "equal"}}
	}
	var versions []string
	for i, w := range def.Weights {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.unique(&versions, w.Version, at+".version")
		if i == 0 {
			d.unless(w.From.IsZero(), at+".from", "must not be given, as the first version was always in force")
		} else {
			d.unless(w.From.After(def.Weights[i-1].From), at+".from", "must be later than that of the version before")
		}
		d.checkNamed(at, def, w)
		d.unless(counts(def, w), at, "must leave a group and an item in it with a weight above 0")
	}
}

// checkNamed checks that the weights are those of groups and items of the index, and in range.
func (d *document) checkNamed(path string, def *Definition, w *Weights) {
	rule := fmt.Sprintf("must be between 0 and %d", maxWeight)
	for _, name := range slices.Sorted(maps.Keys(w.Groups)) {
		field := path + ".groups." + name
		ofIndex := func(g *Group) bool { return g.Name == name && g.Measure == Index }
		d.unless(slices.ContainsFunc(def.Groups, ofIndex), field, "must be a group of the index")
		d.unless(between(w.Groups[name], 0, maxWeight), field, rule)
	}
	for _, id := range slices.Sorted(maps.Keys(w.Items)) {
		field := path + ".items." + id
		item, known := def.items[id]
		d.unless(known && item.group.Measure == Index, field, "must be an item of the index")
		d.unless(between(w.Items[id], 0, maxWeight), field, rule)
	}
}

// counts reports whether a questionnaire that is answered completely has an index.
func counts(def *Definition, w *Weights) bool {
	return slices.ContainsFunc(def.Groups, func(g *Group) bool {
		weighty := func(i *Item) bool { return w.ofItem(i) > 0 }
		return g.Measure == Index && w.ofGroup(g) > 0 && slices.ContainsFunc(g.Items, weighty)
	})
}
