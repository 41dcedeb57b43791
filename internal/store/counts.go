package store

// ClusterPhases counts clusters by phase.
func (t *Tx) ClusterPhases() (map[string]int, error) {
	return t.counts("SELECT phase, count(*) FROM cluster GROUP BY phase")
}

// OpenOperationStates counts operations that have not ended, by state.
func (t *Tx) OpenOperationStates() (map[string]int, error) {
	return t.counts("SELECT state, count(*) FROM operation WHERE state <> 'Ended' GROUP BY state")
}

func (t *Tx) counts(query string) (map[string]int, error) {
	type count struct {
		of string
		n  int
	}
	rows, err := list(t, func(r row) (c count, err error) { err = r.Scan(&c.of, &c.n); return c, err }, query)
	all := map[string]int{}
	for _, c := range rows {
		all[c.of] = c.n
	}
	return all, err
}
