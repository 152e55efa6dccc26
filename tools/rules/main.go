// Rules has Prometheus' own parser read alert rules (*.yaml) and the queries of
// Grafana dashboards (*.json), and says what is wrong with them. It is a module of
// its own so that nothing else depends on Prometheus.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	checked, err := 0, error(nil)
	for _, path := range os.Args[1:] {
		n, wrong := check(path)
		checked += n
		err = errors.Join(err, wrong)
	}
	if err == nil && checked == 0 {
		err = errors.New("no rule and no query was named")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d rules and queries are well-formed\n", checked)
}

func check(path string) (int, error) {
	p := parser.NewParser(parser.Options{})
	if filepath.Ext(path) == ".json" {
		return dashboard(path, p)
	}
	groups, wrong := rulefmt.ParseFile(path, false, model.UTF8Validation, p, slog.Default())
	if len(wrong) > 0 {
		return 0, errors.Join(wrong...)
	}
	n := 0
	for _, g := range groups.Groups {
		n += len(g.Rules)
	}
	return n, nil
}

// variables stand for what Grafana puts into a query.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$__range", "6h", "$instance", "any")

func dashboard(path string, p parser.Parser) (int, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	n := 0
	for _, panel := range board.Panels {
		for _, t := range panel.Targets {
			n++
			if _, wrong := p.ParseExpr(variables.Replace(t.Expr)); wrong != nil {
				err = errors.Join(err, fmt.Errorf("%s: panel %q: %w", path, panel.Title, wrong))
			}
		}
	}
	return n, err
}
