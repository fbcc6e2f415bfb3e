package demo

import "fmt"

// questionnaire is a set of items that are asked together.
type questionnaire struct {
	name  string
	items []item
}

// item is one scored question and the aspect of the dealer's work it asks about.
type item struct {
	name, questionnaire string
	aspect              aspect
}

// newQuestionnaire names the items by a letter and their number.
func newQuestionnaire(name string, letter byte, of ...aspect) questionnaire {
	q := questionnaire{name: name}
	for i, a := range of {
		q.items = append(q.items, item{name: fmt.Sprintf("%c%02d", letter, i+1), questionnaire: name, aspect: a})
	}
	return q
}

// salesQuestionnaire returns the sixteen scored items about buying a car.
func salesQuestionnaire() questionnaire {
	return newQuestionnaire("sales", 'S',
		surroundings, surroundings, surroundings, surroundings, people, people, people, charges,
		charges, charges, speed, surroundings, people, people, people, people)
}

// serviceQuestionnaire returns the eighteen items about a visit to the workshop.
func serviceQuestionnaire() questionnaire {
	return newQuestionnaire("service", 'V',
		surroundings, surroundings, surroundings, people, speed, people, speed, people, speed,
		people, repair, repair, people, charges, charges, charges, speed, speed)
}

// executionItems returns the items of the sales questionnaire that are answered with yes or no.
func executionItems() []string { return []string{"S17", "S18", "S19"} }
