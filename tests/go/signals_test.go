package gohost

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

// nilDereference is the panic that a fault in Go code becomes, or nil.
func nilDereference(work func()) (fault runtime.Error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			fault, _ = recovered.(runtime.Error)
		}
	}()
	work()
	return nil
}

const nilMessage = "runtime error: invalid memory address or nil pointer dereference"

func expectNilDereference(t testing.TB, work func()) {
	t.Helper()
	fault := nilDereference(work)
	if fault == nil || fault.Error() != nilMessage {
		t.Fatalf("%v, expected a nil dereference", fault)
	}
}

var nothing *object
var length int

func dereferenceNil() { length = len(nothing.name) }

var traps = []struct {
	function string
	params   []interface{}
	message  string
}{
	{"load", values{int32(-1)}, memoryBounds},
	{"store", values{int32(65533), int32(0)}, memoryBounds},
	{"unreachable", nil, unreachable},
	{"div", values{int32(1), int32(0)}, divideByZero},
	{"deep", values{int32(0)}, exhausted},
	{"apply", values{int32(2), int32(0), int32(0)}, noElement},
	{"apply_nothing", values{int32(0)}, indirectType},
}

func TestTrapsAndNilDereferences(t *testing.T) {
	expectNilDereference(t, dereferenceNil)
	vm := instantiated(t, "basic")
	for round := 0; round < 3; round++ {
		for _, trap := range traps {
			_, err := vm.Execute(trap.function, trap.params...)
			fails(t, err, trap.message)
			expectNilDereference(t, dereferenceNil)
		}
	}
	got, err := vm.Execute("add", int32(1), int32(2))
	results(t, got, err, int32(3))
}

// The same on all threads at once, on short-lived ones too.
func TestTrapsAndNilDereferencesInParallel(t *testing.T) {
	vm := instantiated(t, "basic")
	stop := pressure()
	defer stop()
	parallel(t, 8, func(number int) error {
		if number%2 == 0 {
			runtime.LockOSThread()
		}
		for i := 0; i < 40; i++ {
			trap := traps[(i+number)%len(traps)]
			_, err := vm.Execute(trap.function, trap.params...)
			if err := expect(nil, err, trap.message); err != nil {
				return err
			}
			if fault := nilDereference(dereferenceNil); fault == nil || fault.Error() != nilMessage {
				return fmt.Errorf("%v, expected a nil dereference", fault)
			}
		}
		return nil
	})
}

// A nil dereference in a host function, below frames of the guest.
func TestNilDereferenceBelowGuest(t *testing.T) {
	vm, host := calling(t)
	faults := 0
	host.AddFunction("late", function(valTypes{i32}, valTypes{i32},
		func(_ interface{}, _ *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
			if fault := nilDereference(dereferenceNil); fault != nil {
				faults++
			}
			_, err := vm.Execute("trap_after", params[0])
			if err == nil || err.Error() != memoryBounds {
				return nil, wasmedge.Result_Fail
			}
			if fault := nilDereference(dereferenceNil); fault != nil {
				faults++
			}
			return params, wasmedge.Result_Success
		}, nil))
	ok(t, host.FindTable("table").SetData(wasmedge.NewFuncRef(host.FindFunction("late")), 1))
	for i := int32(0); i < 10; i++ {
		got, err := vm.Execute("indirect", i)
		results(t, got, err, i)
	}
	equal(t, faults, 20)
}

// Go stops goroutines without calls by SIGURG; runtime.GC would never return without that.
func TestPreemptionWhileGuestRuns(t *testing.T) {
	vm := instantiated(t, "basic")
	run := vm.AsyncExecute("spin")
	stop, done := int32(0), make(chan struct{})
	go func() {
		for atomic.LoadInt32(&stop) == 0 { // no call: only a signal interrupts it
		}
		close(done)
	}()
	for i := 0; i < 20; i++ {
		runtime.GC()
	}
	equal(t, run.WaitFor(0), false)
	atomic.StoreInt32(&stop, 1)
	<-done
	run.Cancel()
	asyncFails(t, run, interrupted)
}

// Signals for the process may arrive on the thread that runs the guest, one that Go did not make.
func TestSignalsWhileGuestRuns(t *testing.T) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1)
	defer signal.Stop(received)
	vm := instantiated(t, "basic")
	run := vm.AsyncExecute("spin")
	for i := 0; i < 200; i++ {
		ok(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		<-received
	}
	equal(t, run.WaitFor(0), false)
	run.Cancel()
	asyncFails(t, run, interrupted)
	expectNilDereference(t, dereferenceNil)
}
