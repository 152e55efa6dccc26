package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/journal"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/metrics"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/status"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/web"
)

// serve runs the loop until the context ends, and serves the page beside it. On SIGHUP
// it puts a changed configuration in force.
func serve(ctx context.Context, l *loop.Loop, o order, c config.Config, log hclog.Logger) error {
	live := &live{file: o.file, config: c, log: log, records: l.Records, changes: make(chan loop.Settings)}
	live.interval.Store(int64(c.Interval))
	l.Changes = live.changes
	end, err := showPage(ctx, l, c, live, log)
	if err != nil {
		return err
	}
	defer end()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go live.follow(ctx, hup)
	log.Info("started", "version", versionText(), "cluster", c.Cluster, "actuator", c.Actuator, "interval", c.Interval)
	return l.Run(ctx)
}

// showPage serves page and metrics if the configuration has an address for them.
func showPage(ctx context.Context, l *loop.Loop, c config.Config, live *live, log hclog.Logger) (end func(), err error) {
	defer forgetPassword()
	if c.Web.Listen == "" {
		return func() {}, nil
	}
	access := web.Access{
		Hosts:    append(names(c.Web.Listen), c.Web.Hosts...),
		Username: c.Web.Username, CertificateFile: c.Web.CertificateFile, KeyFile: c.Web.KeyFile, ClientCAFile: c.Web.ClientCAFile,
		Log: log.Named("web").StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}), // a port scan would fill the log
		Guessing: func(from string) {
			log.Warn("logins to the page fail again and again: those from this address are refused for a while", "address", from)
		},
	}
	if access.Username != "" {
		if access.Password, err = web.Password(c.Web.PasswordFile, config.PasswordVariable); err != nil {
			return nil, err
		}
	}
	board := status.NewBoard(func() time.Duration { return time.Duration(live.interval.Load()) }, time.Now)
	board.Version = versionText()
	board.SetPrices(c.Prices)
	if c.Decisions != "" {
		if err := journal.Each(c.Decisions, journal.Month, board.Replay); err != nil {
			return nil, err
		}
	}
	m := metrics.New(versionText(), time.Now)
	m.SetPrices(c.Prices)
	live.prices = append(live.prices, board.SetPrices, m.SetPrices)
	server, err := web.Listen(ctx, c.Web.Listen, access, web.Handler(board, m.Handler()))
	if err != nil {
		return nil, err
	}
	l.Observers = append(l.Observers, board, m)
	l.Followers = append(l.Followers, board, m)
	log.Info("the page is served", "address", server.Address(), "tls", access.CertificateFile != "", "password", access.Username != "")
	if access.Username != "" && access.CertificateFile == "" && !c.Web.Loopback() {
		log.Warn("the page's password travels in clear text: there is no certificate_file")
	}
	go func() {
		if err := server.Serve(); err != nil {
			log.Error("the page is no longer served", "error", err)
		}
	}()
	return func() {
		if err := server.Shutdown(context.WithoutCancel(ctx)); err != nil {
			log.Warn("answers of the page were cut short", "error", err)
		}
	}, nil
}

// forgetPassword removes the page's password from the environment, so that no child gets
// it.
func forgetPassword() { _ = os.Unsetenv(config.PasswordVariable) }

// names returns the host names under which people know the page at an address: the name
// in it, and this machine's, with and without its domain.
func names(listen string) []string {
	var out []string
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		out = append(out, host)
	}
	if name, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(name, ".")
		out = append(out, name, short)
	}
	return out
}

// live is the configuration of a running scaler, and what a changed file may change.
type live struct {
	file     string
	config   config.Config
	log      hclog.Logger
	records  loop.Recorder
	changes  chan loop.Settings
	interval atomic.Int64
	prices   []func(map[string]float64) // take changed prices
}

// follow reads the configuration again on each signal.
func (v *live) follow(ctx context.Context, hup <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			c, err := config.Load(v.file)
			if err != nil {
				v.log.Error("the changed configuration is not used, the old one stays in force", "error", err)
				continue
			}
			if !v.take(ctx, c) {
				return
			}
		}
	}
}

// take puts in force what can be changed while the scaler runs, and logs what cannot. It
// returns false when the scaler ends.
func (v *live) take(ctx context.Context, c config.Config) bool {
	c.Policy.Charge = v.config.Policy.Charge // the actuator's, which stays
	if names := fixed(v.config, c); len(names) > 0 {
		v.log.Warn("these settings stay as they were until a restart", "changed", strings.Join(names, ", "))
	}
	if f, ok := v.records.(*journal.File); ok {
		if err := f.Reopen(c.Decisions, c.Facts); err != nil {
			v.log.Error("records are still written to the old file", "error", err)
		}
	}
	v.log.SetLevel(hclog.LevelFromString(c.LogLevel))
	select {
	case <-ctx.Done():
		return false
	case v.changes <- settings(c):
	}
	v.interval.Store(int64(c.Interval))
	for _, set := range v.prices {
		set(c.Prices)
	}
	v.config = changed(v.config, c)
	return true
}

// changed returns the old configuration with those settings of the new one that can
// change while the scaler runs.
func changed(old, c config.Config) config.Config {
	old.Policy, old.Preset, old.Interval, old.Queue = c.Policy, c.Preset, c.Interval, c.Queue
	old.LogLevel, old.Decisions, old.Facts, old.Prices = c.LogLevel, c.Decisions, c.Facts, c.Prices
	return old
}

// fixed returns the names of settings that differ in two configurations and cannot
// change while the scaler runs.
func fixed(old, c config.Config) []string {
	c = changed(c, old)
	var names []string
	before, after := reflect.ValueOf(old), reflect.ValueOf(c)
	for i := range before.NumField() {
		if !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
			names = append(names, fmt.Sprint(strings.ToLower(before.Type().Field(i).Name)))
		}
	}
	return names
}
