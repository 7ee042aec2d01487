// Package gohost tests the library through the published Go module of WasmEdge 0.10.0.
package gohost

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func TestMain(m *testing.M) {
	wasmedge.SetLogErrorLevel()
	os.Exit(m.Run())
}

// Messages of the results that the tests expect.
const (
	costLimit     = "cost limit exceeded"
	wrongWorkflow = "wrong VM workflow"
	notFound      = "wasm function not found"
	interrupted   = "execution interrupted"
	notValidated  = "wasm module hasn't passed validation yet"
	illegalPath   = "invalid path"
	nameConflict  = "module name conflict"
	unknownImport = "unknown import"
	noInstance    = "wrong instance address"
	wrongType     = "function signature mismatch"
	divideByZero  = "integer divide by zero"
	tableBounds   = "out of bounds table access"
	memoryBounds  = "out of bounds memory access"
	unreachable   = "unreachable"
	noElement     = "uninitialized element"
	indirectType  = "indirect call type mismatch"
	hostFailed    = "host function failed"
	refType       = "reference type mismatch"
	exhausted     = "generic runtime error"
)

func path(name string) string { return filepath.Join("testdata", name+".wasm") }

func bytes(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(path(name))
	ok(t, err)
	return data
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks that a call ended with the message of a result.
func fails(t testing.TB, err error, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected %q", message)
	}
	if err.Error() != message {
		t.Fatalf("error %q, expected %q", err, message)
	}
}

func equal[T comparable](t testing.TB, got, expected T) {
	t.Helper()
	if got != expected {
		t.Fatalf("got %v, expected %v", got, expected)
	}
}

func equals[T comparable](t testing.TB, got []T, expected ...T) {
	t.Helper()
	if len(got) != len(expected) {
		t.Fatalf("got %v, expected %v", got, expected)
	}
	for i := range got {
		equal(t, got[i], expected[i])
	}
}

// results checks all results of a successful call.
func results(t testing.TB, got []interface{}, err error, expected ...interface{}) {
	t.Helper()
	ok(t, err)
	equals(t, got, expected...)
}

// instantiated is a VM whose active module is a guest of testdata without imports.
func instantiated(t testing.TB, name string) *wasmedge.VM {
	t.Helper()
	vm := wasmedge.NewVM()
	if vm == nil {
		t.Fatal("no VM")
	}
	t.Cleanup(vm.Release)
	ok(t, vm.LoadWasmFile(path(name)))
	ok(t, vm.Validate())
	ok(t, vm.Instantiate())
	return vm
}

// active is the active module's instance of a guest.
func active(t testing.TB, name string) *wasmedge.Module {
	t.Helper()
	module := instantiated(t, name).GetActiveModule()
	if module == nil {
		t.Fatal("no active module")
	}
	return module
}
