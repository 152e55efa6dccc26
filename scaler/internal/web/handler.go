// Package web serves what the scaler knows: a page for people, metrics for Prometheus,
// a health check, and JSON. It changes nothing, and the page loads nothing from other
// servers.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
)

// Source returns what is shown; *status.Board implements it.
type Source interface{ View() status.View }

//go:embed frame.html.tmpl page.html.tmpl explain.html.tmpl page.css page.js
var assets embed.FS

var (
	page        = parse("page.html.tmpl")
	explainPage = parse("explain.html.tmpl")
)

// parse returns the template of a page, within the frame of all pages.
func parse(name string) *template.Template {
	return template.Must(template.New("frame.html.tmpl").Funcs(template.FuncMap{
		"clock": clock, "short": text.Duration, "iso": iso, "plural": text.Count,
	}).ParseFS(assets, "frame.html.tmpl", name))
}

// securityPolicy allows the page its own style and script, and nothing else.
const securityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page, its style and script, the metrics, the health check and the
// JSON documents.
func Handler(source Source, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		answerPage(w, http.StatusOK, page, newPage(source.View(), r.URL.Query().Get("range")))
	})
	mux.HandleFunc("GET /explain/{name}", func(w http.ResponseWriter, r *http.Request) {
		e, code := explanation(source.View(), r.PathValue("name")), http.StatusOK
		if e.Unknown {
			code = http.StatusNotFound
		}
		answerPage(w, code, explainPage, e)
	})
	mux.HandleFunc("GET /page.css", asset("page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", asset("page.js", "text/javascript; charset=utf-8"))
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		h := source.View().Health
		code, text := http.StatusOK, "ok: "+h.Text+"\n"
		if !h.OK {
			code, text = http.StatusServiceUnavailable, "the loop does not go on: "+h.Text+"\n"
		}
		if h.Error != "" {
			text += h.Error + "\n"
		}
		answer(w, code, "text/plain; charset=utf-8", []byte(text))
	})
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) {
		v := source.View()
		if !v.Known {
			answerJSON(w, http.StatusServiceUnavailable, map[string]any{"error": "nothing has been read yet", "health": v.Health})
			return
		}
		answerJSON(w, http.StatusOK, v.Status)
	})
	mux.HandleFunc("GET /api/decisions", func(w http.ResponseWriter, _ *http.Request) {
		events := source.View().Events
		if events == nil {
			events = []journal.Event{}
		}
		answerJSON(w, http.StatusOK, events)
	})
	mux.HandleFunc("GET /api/history", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, source.View().History)
	})
	mux.HandleFunc("GET /api/usage", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, source.View().Usage)
	})
	return headers(mux)
}

// headers sets the headers by which a browser keeps the page apart from pages from
// elsewhere. Refusals have them too.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", securityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		raw, err := assets.ReadFile(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, http.StatusOK, kind, raw)
	}
}

func answerPage(w http.ResponseWriter, code int, page *template.Template, data any) {
	var body bytes.Buffer
	if err := page.Execute(&body, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, code, "text/html; charset=utf-8", body.Bytes())
}

func answerJSON(w http.ResponseWriter, code int, v any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		http.Error(w, fmt.Sprintf("encode the answer: %v", err), http.StatusInternalServerError)
		return
	}
	answer(w, code, "application/json", body.Bytes())
}

func answer(w http.ResponseWriter, code int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client has gone
}
