// A program that updates itself by Lantern's own client library, unmodified. Only for tests.
//
//	peer version                  what this program is
//	peer next URL KEY             takes the next update, unless the first check comes to nothing
//	peer package URL KEY FILE     the same for a package for Android
//	peer apply OLD PATCH NEW      applies a patch to a file, by the reader of patches that the library has
//
// The last line of standard output says what came of it: `updated VERSION by patch`, `updated VERSION by whole`, `current`,
// `unsupported`, or `refused` with exit code 1. Why, the library says on standard error.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/getlantern/autoupdate"
	"github.com/getlantern/golog"
	"github.com/kr/binarydist"
)

// Set by whoever builds this.
var version = "0.0.0"

func main() {
	golog.SetOutputs(os.Stderr, os.Stderr)
	said, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		fmt.Println("refused")
		os.Exit(1)
	}
	fmt.Println(said)
}

func run(words []string) (string, error) {
	switch {
	case len(words) == 1 && words[0] == "version":
		return version, nil
	case len(words) == 3 && words[0] == "next":
		return next(words[1], words[2])
	case len(words) == 4 && words[0] == "package":
		return updatePackage(words[1], words[2], words[3])
	case len(words) == 4 && words[0] == "apply":
		return "applied", apply(words[1], words[2], words[3])
	}
	return "", errors.New("usage: version | next URL KEY | package URL KEY FILE | apply OLD PATCH NEW")
}

// What the library is told. It asks again as soon as it may.
func configuration(url, keyFile string, watch *watch) (*autoupdate.Config, error) {
	key, err := os.ReadFile(keyFile)
	return &autoupdate.Config{
		CurrentVersion: version,
		URL:            url,
		PublicKey:      key,
		CheckInterval:  time.Millisecond,
		HTTPClient:     &http.Client{Transport: watch},
	}, err
}

// Lets the library update this very program. It asks for ever until there is an update that it can install, so its second
// question says that nothing came of the first.
func next(url, keyFile string) (string, error) {
	watch := &watch{again: make(chan struct{})}
	config, err := configuration(url, keyFile, watch)
	if err != nil {
		return "", err
	}
	type outcome struct {
		version string
		err     error
	}
	applied := make(chan outcome, 1)
	go func() {
		version, err := autoupdate.ApplyNext(config)
		applied <- outcome{version, err}
	}()
	select {
	case done := <-applied:
		if done.err != nil {
			return "", done.err
		}
		if strings.HasPrefix(watch.fetched, "/patches/") {
			return "updated " + done.version + " by patch", nil
		}
		return "updated " + done.version + " by whole", nil
	case <-watch.again:
		switch watch.status {
		case http.StatusNoContent:
			return "current", nil
		case http.StatusExpectationFailed:
			return "unsupported", nil
		}
		return "", fmt.Errorf("nothing came of a check that was answered with %d", watch.status)
	}
}

// Sees what the library asks for and gets.
type watch struct {
	asked int
	// Of the first check.
	status int
	// The path of what was fetched last.
	fetched string
	// Closed at the second check, which is never answered.
	again chan struct{}
}

func (w *watch) RoundTrip(request *http.Request) (*http.Response, error) {
	check := request.Method == http.MethodPost
	if check {
		w.asked++
		if w.asked == 2 {
			close(w.again)
			select {}
		}
	} else {
		w.fetched = request.URL.Path
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if check && err == nil {
		w.status = response.StatusCode
	}
	return response, err
}

// Checks for a package, and fetches it: whatever comes is unpacked, and nothing is verified.
func updatePackage(url, keyFile, file string) (string, error) {
	config, err := configuration(url, keyFile, &watch{again: make(chan struct{})})
	if err != nil {
		return "", err
	}
	config.OS, config.Arch = "android", "arm64"
	found, err := autoupdate.CheckMobileUpdate(config)
	if err != nil {
		return "", err
	}
	if found == "" {
		return "current", nil
	}
	return "fetched " + found, autoupdate.UpdateMobile(found, file, silent{}, config.HTTPClient)
}

type silent struct{}

func (silent) Progress(int) {}

func apply(oldFile, patchFile, newFile string) error {
	old, err := os.Open(oldFile)
	if err != nil {
		return err
	}
	defer old.Close()
	patch, err := os.Open(patchFile)
	if err != nil {
		return err
	}
	defer patch.Close()
	var result bytes.Buffer
	if err := binarydist.Patch(old, &result, patch); err != nil {
		return err
	}
	return os.WriteFile(newFile, result.Bytes(), 0o644)
}
