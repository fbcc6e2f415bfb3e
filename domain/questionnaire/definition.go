package questionnaire

import (
	"cmp"

	"github.com/rapport-crm/rapport/domain/statistics"
)

// Definition is one questionnaire.
type Definition struct {
	// Name is what events call it.
	Name string `yaml:"name"`
	// Title is what people read.
	Title Wording `yaml:"title"`
	// Range is the scale of the items that make up the index; zero when there are none.
	Range Range `yaml:"scale,omitempty"`
	// Groups are the groups of items in the order in which they are asked.
	Groups []*Group `yaml:"groups"`
	// Weights are the versions of the weights of the index, oldest first; empty when there is no index.
	Weights []*Weights `yaml:"weights,omitempty"`

	items map[string]*Item
}

// Wording is a text in English and, unless it is empty, in Chinese.
type Wording struct {
	EN string `yaml:"en"`
	ZH string `yaml:"zh,omitempty"`
}

// In returns the text in a language, "zh" or another, which is English. A missing Chinese text is given in English.
func (w Wording) In(language string) string {
	if language == "zh" {
		return cmp.Or(w.ZH, w.EN)
	}
	return w.EN
}

// Range is a scale as it is written in a document.
type Range struct {
	Low  int `yaml:"low"`
	High int `yaml:"high"`
}

// Group is a number of items that measure the same.
type Group struct {
	// Name is unique in the questionnaire.
	Name string `yaml:"name"`
	// Title is what people read.
	Title Wording `yaml:"title"`
	// Measure is what the items measure.
	Measure Measure `yaml:"measure"`
	// Low is the greatest score that calls for a recovery (SAT-24); 0 where there are no scores.
	Low int `yaml:"low,omitempty"`
	// Items are the items in the order in which they are asked.
	Items []*Item `yaml:"items"`

	scale statistics.Scale
}

// Scale returns the scale of the items. It is the zero scale where there are no scores.
func (g *Group) Scale() statistics.Scale { return g.scale }

// Item is one question.
type Item struct {
	// ID is unique in the questionnaire.
	ID string `yaml:"id"`
	// Wording is the question.
	Wording `yaml:",inline"`

	group *Group
}

// Group returns the group that the item belongs to.
func (i *Item) Group() *Group { return i.group }

// Item returns the item with an id.
func (d *Definition) Item(id string) (*Item, bool) {
	i, ok := d.items[id]
	return i, ok
}

// indexed reports whether the questionnaire has items that make up an index.
func (d *Definition) indexed() bool {
	for _, g := range d.Groups {
		if g.Measure == Index {
			return true
		}
	}
	return false
}
