package constraint

import "slices"

// Meets reports whether a worker with these features can be one of a job's workers. Nodes
// is on how many workers the job runs; 0: that is not known.
func (e Expression) Meets(features []string, nodes int) bool {
	if e.counted > 0 {
		return e.meetsCounted(features, nodes)
	}
	met := true
	for _, p := range e.parts {
		met = joined(met, p.joins, p.meets(features))
	}
	return met
}

// meetsCounted is Meets for an expression with counts. Slurm ignores the other groups.
func (e Expression) meetsCounted(features []string, nodes int) bool {
	for _, p := range e.parts {
		for _, g := range p.groups {
			if g.count > 0 && (g.meets(features) || e.counted == 1 && (nodes == 0 || nodes > g.count)) {
				return true
			}
		}
	}
	return false
}

// joined returns what is met of a row of demands, from what is met of all before the last
// one, the operator, and whether the last one is met.
func joined(before bool, operator byte, last bool) bool {
	if operator == '|' {
		return before || last
	}
	return before && last
}

func (p part) meets(features []string) bool {
	met := true
	for _, g := range p.groups {
		met = joined(met, g.joins, g.meets(features))
	}
	return met
}

func (g group) meets(features []string) bool {
	met := true
	for _, t := range g.terms {
		met = joined(met, t.joins, slices.Contains(features, t.feature))
	}
	return met
}

// Missing returns the features that a worker lacks, where the expression demands all that
// it names; else nil.
func (e Expression) Missing(features []string) []string {
	var missing []string
	for _, p := range e.parts {
		for _, g := range p.groups {
			if e.counted > 0 && g.count == 0 {
				continue
			}
			for _, t := range g.terms {
				if p.joins == '|' || g.joins == '|' || t.joins == '|' || e.counted > 1 {
					return nil
				}
				if !slices.Contains(features, t.feature) && !slices.Contains(missing, t.feature) {
					missing = append(missing, t.feature)
				}
			}
		}
	}
	return missing
}

// Features returns how many features the expression names, also if they are the same.
func (e Expression) Features() int { return e.features }

// Counted reports whether the expression says how many of a job's workers must have which
// feature. No worker alone shows whether they do.
func (e Expression) Counted() bool { return e.counted > 0 }
