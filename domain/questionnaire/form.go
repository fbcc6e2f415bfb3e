package questionnaire

import (
	"cmp"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// The limits of a document. They bound the work that one answer can cause.
const (
	maxDefinitions = 100
	maxGroups      = 50
	maxItems       = 200
	maxVersions    = 200
	maxWeight      = 1000
)

// set reads a set; what is checked against other values is checked when all were read.
func (d *document) set(node *yaml.Node, into *Set) {
	var names []string
	d.mapping("document", node, members{
		"questionnaires": func(path string, node *yaml.Node) {
			d.list(path, node, maxDefinitions, func(path string, node *yaml.Node) {
				def := d.definition(path, node)
				d.unique(&names, def.Name, path+".name")
				into.put(def)
			})
		},
	})
}

func (d *document) definition(path string, node *yaml.Node) *Definition {
	def := &Definition{items: make(map[string]*Item)}
	d.mapping(path, node, members{
		"name":  d.name(&def.Name),
		"title": d.wording(&def.Title),
		"scale": func(path string, node *yaml.Node) {
			d.mapping(path, node, members{"low": number(d, &def.Range.Low), "high": number(d, &def.Range.High)})
			d.unless(def.Range != (Range{}), path, scaleRule)
		},
		"groups": func(path string, node *yaml.Node) {
			d.list(path, node, maxGroups, func(path string, node *yaml.Node) { def.Groups = append(def.Groups, d.group(path, node)) })
		},
		"weights": func(path string, node *yaml.Node) {
			d.list(path, node, maxVersions, func(path string, node *yaml.Node) { def.Weights = append(def.Weights, d.weights(path, node)) })
		},
	})
	d.checkDefinition(path, def)
	return def
}

func (d *document) wording(into *Wording) func(string, *yaml.Node) {
	return func(path string, node *yaml.Node) {
		d.mapping(path, node, members{"en": d.text(&into.EN), "zh": d.text(&into.ZH)})
		d.unless(into.EN != "", path+".en", "must be given")
	}
}

func (d *document) group(path string, node *yaml.Node) *Group {
	g := &Group{Measure: Index}
	d.mapping(path, node, members{
		"name":    d.name(&g.Name),
		"title":   d.wording(&g.Title),
		"measure": func(_ string, node *yaml.Node) { g.Measure = Measure(node.Value) },
		"low": func(path string, node *yaml.Node) {
			number(d, &g.Low)(path, node)
			d.unless(g.Low > 0, path, "must be at least 1")
		},
		"items": func(path string, node *yaml.Node) {
			d.list(path, node, maxItems, func(path string, node *yaml.Node) { g.Items = append(g.Items, d.item(path, node)) })
		},
	})
	g.Low = cmp.Or(g.Low, g.Measure.low())
	return g
}

func (d *document) item(path string, node *yaml.Node) *Item {
	i := new(Item)
	d.mapping(path, node, members{"id": d.name(&i.ID), "en": d.text(&i.EN), "zh": d.text(&i.ZH)})
	d.unless(i.EN != "", path+".en", "must be given")
	return i
}

func (d *document) weights(path string, node *yaml.Node) *Weights {
	w := new(Weights)
	d.mapping(path, node, members{
		"version": d.name(&w.Version),
		"from":    d.instant(&w.From),
		"groups":  d.weightsByName(&w.Groups),
		"items":   d.weightsByName(&w.Items),
	})
	return w
}

func (d *document) weightsByName(into *map[string]int64) func(string, *yaml.Node) {
	return func(path string, node *yaml.Node) {
		*into = make(map[string]int64)
		values := make(members)
		for i := 0; i+1 < len(node.Content); i += 2 {
			name := node.Content[i].Value
			values[name] = func(path string, node *yaml.Node) {
				var v int64
				number(d, &v)(path, node)
				(*into)[name] = v
			}
		}
		d.mapping(path, node, values)
	}
}

// checkDefinition checks what concerns several values, fills in defaults, and links items to their groups.
func (d *document) checkDefinition(path string, def *Definition) {
	d.unless(def.Name != "", path+".name", "must be given")
	d.unless(def.Title.EN != "", path+".title", "must be given")
	d.unless(len(def.Groups) > 0, path+".groups", "must be given")
	d.checkScale(path+".scale", def)
	var names, ids []string
	for i, g := range def.Groups {
		at := fmt.Sprintf("%s.groups[%d]", path, i)
		d.unique(&names, g.Name, at+".name")
		d.checkGroup(at, def, g)
		for j, item := range g.Items {
			d.unique(&ids, item.ID, fmt.Sprintf("%s.items[%d].id", at, j))
			item.group = g
			def.items[item.ID] = item
		}
	}
	d.unless(len(ids) <= maxItems, path+".groups", fmt.Sprintf("must have at most %d items together", maxItems))
	d.checkWeights(path+".weights", def)
}

const scaleRule = "must run from a lower to a higher whole number between 0 and 10"

func (d *document) checkScale(path string, def *Definition) {
	given := def.Range != (Range{})
	if !def.indexed() {
		d.unless(!given, path, "must not be given, as no group belongs to an index")
		return
	}
	if !given {
		def.Range = Range{Low: 1, High: 10}
	}
	_, err := statistics.NewScale(def.Range.Low, def.Range.High)
	d.unless(err == nil && def.Range.High <= 10, path, scaleRule)
}

func (d *document) checkGroup(path string, def *Definition, g *Group) {
	d.unless(g.Title.EN != "", path+".title", "must be given")
	d.unless(len(g.Items) > 0, path+".items", "must be given")
	if !g.Measure.known() {
		d.unless(false, path+".measure", "must be one of "+listed(measures()))
		return
	}
	if !g.Measure.scored() {
		d.unless(g.Low == 0, path+".low", "must not be given, as the group has no scores")
		return
	}
	r := g.Measure.scale(def.Range)
	least := max(r.Low, 1)
	d.unless(g.Low >= least && g.Low < r.High, path+".low", fmt.Sprintf("must be between %d and %d", least, r.High-1))
	// A scale that cannot be had is a fault of the scale.
	g.scale, _ = statistics.NewScale(r.Low, r.High)
}

func listed(all []Measure) string {
	list := make([]string, len(all))
	for i, m := range all {
		list[i] = string(m)
	}
	return strings.Join(list, ", ")
}

// unique notes a name that is missing or was there before.
func (d *document) unique(names *[]string, name, path string) {
	d.unless(name != "", path, "must be given")
	for _, n := range *names {
		d.unless(n != name, path, "must differ from those before")
	}
	*names = append(*names, name)
}
