// A program that updates itself as old Lantern clients do. Only for tests.
//
// Lantern's own client library cannot be had from a module proxy, so the check is written here from docs/PROTOCOL.md, apart from
// all code of the server. What replaces the program and verifies the signature of the result is the library that Lantern's is a fork
// of; what reads bsdiff40 is kr/binarydist, as there.
//
//	peer version                      what this program is
//	peer check URL KEY OS-VERSION     checks once and installs what there is
//	peer package URL KEY FILE         the same for a package for Android
//	peer apply OLD PATCH NEW          applies a patch to a file
//
// The last line of standard output says what came of it: `updated VERSION by patch`, `updated VERSION by whole`, `current`,
// `unsupported`, or `refused: REASON` with exit code 1.
package main

import (
	"bytes"
	"compress/bzip2"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/blang/semver"
	update "github.com/inconshreveable/go-update"
	"github.com/kr/binarydist"
)

// Set by whoever builds this.
var version = "0.0.0"

// The original has no time limit; a test that hangs says less than one that fails.
var client = &http.Client{Timeout: time.Minute}

type question struct {
	Version    int               `json:"version"`
	AppID      string            `json:"app_id"`
	AppVersion string            `json:"app_version"`
	OSVersion  string            `json:"os_version"`
	UserID     string            `json:"user_id"`
	Checksum   string            `json:"checksum"`
	Tags       map[string]string `json:"tags"`
}

type answer struct {
	Initiative string `json:"initiative"`
	URL        string `json:"url"`
	PatchURL   string `json:"patch_url"`
	PatchType  string `json:"patch_type"`
	Version    string `json:"version"`
	Checksum   string `json:"checksum"`
	Signature  string `json:"signature"`
}

var (
	errCurrent     = errors.New("current")
	errUnsupported = errors.New("unsupported")
)

func main() {
	said, err := run(os.Args[1:])
	switch {
	case errors.Is(err, errCurrent), errors.Is(err, errUnsupported):
		fmt.Println(err)
	case err != nil:
		fmt.Println("refused:", err)
		os.Exit(1)
	default:
		fmt.Println(said)
	}
}

func run(words []string) (string, error) {
	switch {
	case len(words) == 1 && words[0] == "version":
		return version, nil
	case len(words) == 4 && words[0] == "check":
		return updateProgram(words[1], words[2], words[3])
	case len(words) == 4 && words[0] == "package":
		return updatePackage(words[1], words[2], words[3])
	case len(words) == 4 && words[0] == "apply":
		return "applied", apply(words[1], words[2], words[3])
	}
	return "", errors.New("usage: version | check URL KEY OS-VERSION | package URL KEY FILE | apply OLD PATCH NEW")
}

// Checks for this very program, then takes the patch, or what else there is.
func updateProgram(url, keyFile, osVersion string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	bytes, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(bytes)
	found, options, err := check(url, keyFile, question{
		OSVersion: osVersion,
		Checksum:  hex.EncodeToString(sum[:]),
		Tags:      map[string]string{"os": runtime.GOOS, "arch": runtime.GOARCH, "channel": "stable"},
	})
	if err != nil {
		return "", err
	}
	if found.PatchURL != "" {
		patching := options
		patching.Patcher = patcher{}
		if err := install(found.PatchURL, patching); err == nil {
			return "updated " + found.Version + " by patch", nil
		}
		// Without a word, as the original.
	}
	if err := install(found.URL, options); err != nil {
		return "", err
	}
	return "updated " + found.Version + " by whole", nil
}

// Checks for a package, then writes what its client would: whatever comes is unpacked, and nothing is verified.
func updatePackage(url, keyFile, file string) (string, error) {
	tags := map[string]string{"os": "android", "arch": "arm64", "channel": "stable"}
	found, _, err := check(url, keyFile, question{Tags: tags})
	if err != nil {
		return "", err
	}
	packed, err := fetch(found.URL)
	if err != nil {
		return "", err
	}
	plain, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return "", err
	}
	return "updated " + found.Version + " by whole", os.WriteFile(file, plain, 0o644)
}

// Asks, verifies the answer, and says what the result must be.
func check(url, keyFile string, asked question) (*answer, update.Options, error) {
	var options update.Options
	key, err := publicKey(keyFile)
	if err != nil {
		return nil, options, err
	}
	asked.Version, asked.AppVersion = 1, version
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, options, err
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, options, err
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, options, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Message-Nonce", nonce.String())
	response, err := client.Do(request)
	if err != nil {
		return nil, options, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNoContent:
		return nil, options, errCurrent
	case http.StatusExpectationFailed:
		return nil, options, errUnsupported
	default:
		return nil, options, errors.New("status " + strconv.Itoa(response.StatusCode))
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, options, err
	}
	signature, err := hex.DecodeString(response.Header.Get("X-Message-Signature"))
	if err != nil {
		return nil, options, err
	}
	hashed := sha256.Sum256(append(text[:len(text):len(text)], nonce.String()...))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, hashed[:], signature); err != nil {
		return nil, options, fmt.Errorf("message: %w", err)
	}
	var found answer
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, options, err
	}
	theirs, err := semver.Parse(found.Version)
	if err != nil {
		return nil, options, err
	}
	mine, err := semver.Parse(version)
	if err != nil {
		return nil, options, err
	}
	if !theirs.GT(mine) {
		return nil, options, errCurrent
	}
	options = update.Options{Hash: crypto.SHA256, PublicKey: key, Verifier: update.NewRSAVerifier()}
	if options.Checksum, err = hex.DecodeString(found.Checksum); err != nil {
		return nil, options, err
	}
	if options.Signature, err = hex.DecodeString(found.Signature); err != nil {
		return nil, options, err
	}
	return &found, options, nil
}

// Replaces this program by what is fetched, or by what comes of a patch.
func install(url string, options update.Options) error {
	body, err := fetch(url)
	if err != nil {
		return err
	}
	var from io.Reader = bytes.NewReader(body)
	if options.Patcher == nil && bytes.HasPrefix(body, []byte("BZ")) {
		from = bzip2.NewReader(from)
	}
	return update.Apply(from, options)
}

func fetch(url string) ([]byte, error) {
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("status " + strconv.Itoa(response.StatusCode) + " for " + url)
	}
	return io.ReadAll(response.Body)
}

// The reader of patches that old clients have.
type patcher struct{}

func (patcher) Patch(old io.Reader, new io.Writer, patch io.Reader) error {
	return binarydist.Patch(old, new, patch)
}

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

func publicKey(file string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block in " + file)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("no RSA key in " + file)
	}
	return public, nil
}
