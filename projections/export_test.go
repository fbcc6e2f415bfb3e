package projections

// BreakMoves makes the fold panic when a customer moves to another stage.
func (f *Fold) BreakMoves() { f.location = nil }
