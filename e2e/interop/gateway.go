//go:build unix

package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// gateways are numbered: each has a folder of its own.
var gateways atomic.Int64

// gateway is an Apache with mod_auth_openidc before a page, as Debian packages it.
func gateway(name string, without map[string]string, note, config string) software {
	return software{name: name, without: without, note: note, version: func() string { return packaged("libapache2-mod-auth-openidc") },
		start: func(ctx context.Context, d *deployment) (verifier, error) { return startGateway(ctx, d, config) }}
}

func startGateway(ctx context.Context, d *deployment, config string) (verifier, error) {
	config, err := filepath.Abs(config)
	if err != nil {
		return nil, err
	}
	folder := fmt.Sprintf("%s-gateway-%d", d.folder, gateways.Add(1))
	// The server gives up root for this one, who must be able to read the page.
	if err := errors.Join(os.Mkdir(folder, 0o755), os.Mkdir(filepath.Join(folder, "www"), 0o755),
		os.WriteFile(filepath.Join(folder, "www", "index.html"), []byte("yours\n"), 0o644)); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	tls, err := behindTLS(ctx, d, filepath.Join(folder, "ca.pem"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "apache2", "-D", "FOREGROUND", "-f", config)
	cmd.Dir, cmd.WaitDelay = folder, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends its children then
	cmd.Env = append(append(os.Environ(), d.facts()...), "FOLDER="+folder, "LISTEN="+address,
		"TLS="+tls, "RUN_AS=www-data", "MODULES=/usr/lib/apache2/modules")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d.ends(ctx, cmd)
	client := &http.Client{Timeout: 10 * time.Second}
	return verifyFunc(func(ctx context.Context, token string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			log, _ := os.ReadFile(filepath.Join(folder, "error.log"))
			lines := strings.Split(strings.TrimSpace(string(log)), "\n")
			return fmt.Errorf("%s: %s", response.Status, lines[len(lines)-1])
		}
		return nil
	}), nil
}

// behindTLS puts a proxy with TLS before a deployment until ctx ends, and writes its certificate into a file.
func behindTLS(ctx context.Context, d *deployment, file string) (address string, err error) {
	target, err := url.Parse(d.issuer)
	if err != nil {
		return "", err
	}
	proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	context.AfterFunc(ctx, proxy.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	return proxy.URL, os.WriteFile(file, certificate, 0o644)
}

// packaged is the version of a Debian package, as installed.
func packaged(name string) string {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output()
	if err != nil {
		return "not installed"
	}
	return string(out)
}
