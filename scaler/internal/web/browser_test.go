package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// browsers are the names of Chromium's program.
var browsers = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// browser finds Chromium. VMCLUSTER_BROWSER names another program, or says
// "required": then a machine without any fails the test.
func browser(t *testing.T) string {
	t.Helper()
	said := os.Getenv("VMCLUSTER_BROWSER")
	if said != "" && said != "required" {
		return said
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if said == "required" {
		t.Fatal("no Chromium in the search path, and VMCLUSTER_BROWSER=required")
	}
	t.Skip("no Chromium in the search path (Debian: chromium-headless-shell): the page is not tested in a browser here; the workflow test.yml does so")
	return ""
}

// measure is run in the page, once it has been refreshed.
const measure = `
const report = () => {
  const root = document.documentElement;
  const wide = [...document.querySelectorAll("#live *")].filter(e => !e.closest("svg, .scroll") && e.getBoundingClientRect().right > innerWidth + 1);
  const svg = document.querySelector("#chart-jobs svg"), said = () => document.querySelector("#chart-jobs output").textContent;
  const keys = ["ArrowLeft", "ArrowLeft", "Home", "Escape"].map(key => { svg.dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true })); return said(); });
  const box = svg.getBoundingClientRect();
  svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width * 0.8, clientY: box.top + 10 }));
  const hover = said();
  svg.dispatchEvent(new PointerEvent("pointerleave"));
  const legend = [...document.querySelectorAll("figure .key")].map(e => e.textContent);
  const tiles = Object.fromEntries([...document.querySelectorAll(".tiles div")].map(e => [e.querySelector("dt").textContent, e.querySelector("dd").textContent]));
  const areas = [...document.querySelectorAll("#chart-jobs path, #chart-workers path")].map(e => { const b = e.getBBox(); return [e.getAttribute("class"), Math.round(b.width), Math.round(b.height)]; });
  const smallest = Math.min(...[...document.querySelectorAll("#live *")].filter(e => !e.closest("svg") && e.children.length === 0 && e.textContent.trim() !== "").map(e => parseFloat(getComputedStyle(e).fontSize)));
  const lines = e => { const r = document.createRange(); r.selectNodeContents(e.querySelector("*") || e); return new Set([...r.getClientRects()].map(x => Math.round(x.bottom))).size; };
  const torn = [...document.querySelectorAll("th, td")].filter(e => e.textContent.length < 8 && lines(e) > 1).map(e => e.textContent);
  const chart = document.querySelector("svg").getBoundingClientRect();
  const label = document.querySelector("svg text").getBoundingClientRect();
  root.dataset.measured = JSON.stringify({
    inner: innerWidth, scroll: root.scrollWidth, wide: wide.map(e => e.tagName + " " + e.textContent.slice(0, 40)), areas, smallest, torn,
    chart: Math.round(chart.width), label: Math.round(label.height), head: getComputedStyle(document.querySelector(".stack thead")).display,
    keys, hover, left: said(), legend, tiles, zone: document.querySelector(".zone").textContent, ticks: [...document.querySelectorAll("#chart-jobs .x text")].map(e => e.textContent),
    read: document.querySelector("footer time").textContent, drawn: document.querySelectorAll("svg").length,
    paper: getComputedStyle(document.body).backgroundColor, refreshed: root.dataset.refreshed || "",
  });
};
setTimeout(report, 12000);
`

type measured struct {
	Inner, Scroll, Chart, Label int
	Wide, Torn                  []string
	Areas                       [][]any
	Smallest                    float64
	Head, Paper, Refreshed      string
	Keys, Legend, Ticks         []string
	Hover, Left, Zone, Read     string
	Tiles                       map[string]string
	Drawn                       int
}

// look opens the page in a browser of that width and color scheme, in India, and
// returns its measurements.
func look(t *testing.T, h http.Handler, width int, scheme string) measured {
	t.Helper()
	program := browser(t)
	var pages atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/measure.js" {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, measure)
			return
		}
		if r.URL.Path != "/" {
			h.ServeHTTP(w, r)
			return
		}
		pages.Add(1)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		fmt.Fprint(w, strings.Replace(answer.Body.String(), "</head>", `<script src="measure.js" defer></script></head>`, 1))
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=" + t.TempDir(),
		"--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		fmt.Sprintf("--window-size=%d,900", width), "--virtual-time-budget=15000", "--enable-logging=stderr", "--v=0",
		"--blink-settings=preferredColorScheme=" + map[string]string{"dark": "0", "light": "1"}[scheme],
	}
	in := append(os.Environ(), "TZ=Asia/Kolkata")
	if to := os.Getenv("VMCLUSTER_SCREENSHOTS"); to != "" {
		// All of it: the window that counts is the last one that is said.
		whole := append(slices.Clone(args), fmt.Sprintf("--window-size=%d,3000", width), "--hide-scrollbars")
		picture := exec.CommandContext(ctx, program, append(whole, "--screenshot="+filepath.Join(to, fmt.Sprintf("page-%d-%s.png", width, scheme)), server.URL)...)
		picture.Env = in
		if out, err := picture.CombinedOutput(); err != nil {
			t.Errorf("take a picture: %v\n%s", err, out)
		}
	}
	var out, text bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append(args, "--dump-dom", server.URL)...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &text, in
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, text.String())
	}
	if strings.Contains(text.String(), "CONSOLE") {
		t.Errorf("the page complains:\n%s", text.String())
	}
	found := regexp.MustCompile(`data-measured="([^"]*)"`).FindStringSubmatch(out.String())
	if found == nil {
		t.Fatalf("the page was not measured:\n%s\n%s", out.String(), text.String())
	}
	var m measured
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &m); err != nil {
		t.Fatal(err)
	}
	if pages.Load() < 2 {
		t.Errorf("the page was fetched %d times, and not again after 10 s", pages.Load())
	}
	return m
}

// In a real browser, as wide as a phone and as a desktop's screen, dark and light, no
// part of the page overflows, charts are drawn, letters are readable, and the page
// refreshes itself.
func TestInABrowser(t *testing.T) {
	for _, at := range []struct {
		width  int
		scheme string
		paper  string
	}{
		{360, "light", "rgb(255, 255, 255)"}, {390, "dark", "rgb(13, 17, 23)"}, {1280, "light", "rgb(255, 255, 255)"}, {1280, "dark", "rgb(13, 17, 23)"},
	} {
		t.Run(fmt.Sprint(at.width, " ", at.scheme), func(t *testing.T) {
			m := look(t, played(), at.width, at.scheme)
			fits(t, m, at.width)
			speaks(t, m)
			if m.Paper != at.paper {
				t.Errorf("the style does not hold: the page is %s", m.Paper)
			}
		})
	}
}

// fits checks sizes.
func fits(t *testing.T, m measured, width int) {
	t.Helper()
	phone := width < 640
	if m.Inner != width || m.Scroll > m.Inner || len(m.Wide) > 0 {
		t.Errorf("%d wide, scrolls to %d; sticking out: %q", m.Inner, m.Scroll, m.Wide)
	}
	if len(m.Areas) != 7 || m.Drawn != 5 {
		t.Errorf("%d lines and areas of jobs and workers, %d charts", len(m.Areas), m.Drawn)
	}
	for _, a := range m.Areas {
		if w, high := a[1].(float64), a[2].(float64); a[0] != "leaving" && (w < 400 || w > 720 || high < 10 || high > 210) { // one worker leaves, at the very end
			t.Errorf("%v is %v wide and %v high", a[0], w, high)
		}
	}
	if m.Smallest < 12 || m.Label < 10 {
		t.Errorf("letters of %v px, %d px in the charts", m.Smallest, m.Label)
	}
	if phone && len(m.Torn) > 0 {
		t.Errorf("short words are torn apart: %q", m.Torn)
	}
	if m.Chart < min(width-50, 900) {
		t.Errorf("charts are %d px wide", m.Chart)
	}
	if stacked := m.Head == "none"; stacked != phone {
		t.Errorf("the workers' table has its head %q", m.Head)
	}
}

// speaks checks what the script shows: values under the pointer and by keys, local
// times, and numbers that agree.
func speaks(t *testing.T, m measured) {
	t.Helper()
	want := []string{"2026-11-22 17:31:00: waiting 23, running 5", "2026-11-22 17:30:00: waiting 23, running 5", "", ""}
	if len(m.Keys) != 4 || m.Keys[0] != want[0] || m.Keys[1] != want[1] || !strings.HasPrefix(m.Keys[2], "2026-11-22 16:35:50: waiting 40,") || m.Keys[3] != "" {
		t.Errorf("by keys: %q", m.Keys)
	}
	if !strings.HasPrefix(m.Hover, "2026-11-22 17:1") || m.Left != "" {
		t.Errorf("under the pointer: %q, then %q", m.Hover, m.Left)
	}
	if m.Zone != "Asia/Calcutta" && m.Zone != "Asia/Kolkata" || m.Read != "2026-11-22 17:31:00" || !slices.Contains(m.Ticks, "17:00") {
		t.Errorf("time zone %q, read %q, labels %q", m.Zone, m.Read, m.Ticks)
	}
	if m.Tiles["waiting"] != "23" || m.Tiles["running"] != "5" || m.Tiles["workers"] != "8" || m.Tiles["no group can run"] != "2" {
		t.Errorf("tiles %v", m.Tiles)
	}
	if !slices.Contains(m.Legend, "waiting 23") || !slices.Contains(m.Legend, "running 5") || !slices.Contains(m.Legend, "max 12") {
		t.Errorf("legend %q", m.Legend)
	}
	if m.Refreshed != "true" {
		t.Errorf("refreshed: %q", m.Refreshed)
	}
}
