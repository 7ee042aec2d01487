package gohost

import (
	"sync"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func asyncResults(t testing.TB, run *wasmedge.Async, expected ...interface{}) {
	t.Helper()
	for i := 0; i < 2; i++ { // the result may be asked for again
		got, err := run.GetResult()
		results(t, got, err, expected...)
	}
	equal(t, run.WaitFor(0), true)
	run.Release()
}

func asyncFails(t testing.TB, run *wasmedge.Async, message string) {
	t.Helper()
	_, err := run.GetResult()
	fails(t, err, message)
	run.Release()
}

func TestAsync(t *testing.T) {
	loader := wasmedge.NewLoader()
	defer loader.Release()
	ast, err := loader.LoadFile(path("basic"))
	ok(t, err)
	defer ast.Release()
	vm := wasmedge.NewVM()
	defer vm.Release()
	asyncResults(t, vm.AsyncRunWasmFile(path("basic"), "add", int32(1), int32(2)), int32(3))
	buffer := bytes(t, "basic")
	run := vm.AsyncRunWasmBuffer(buffer, "swap", int32(1), int64(2))
	copy(buffer, make([]byte, len(buffer)))
	asyncResults(t, run, int64(2), int32(1))
	asyncResults(t, vm.AsyncRunWasmAST(ast, "fib", int64(20)), int64(6765))
	asyncResults(t, vm.AsyncExecute("count"), int32(8))
	ok(t, vm.RegisterAST("named", ast))
	asyncResults(t, vm.AsyncExecuteRegistered("named", "count"), int32(8))

	asyncFails(t, vm.AsyncRunWasmFile("testdata/missing.wasm", "add"), illegalPath)
	asyncFails(t, vm.AsyncExecute("nothing"), notFound)
	asyncFails(t, vm.AsyncExecute("add", int64(1)), wrongType)
	asyncFails(t, vm.AsyncExecute("unreachable"), unreachable)
	asyncFails(t, vm.AsyncExecuteRegistered("nowhere", "add"), noInstance)
}

func TestCancel(t *testing.T) {
	vm := instantiated(t, "basic")
	run := vm.AsyncExecute("spin")
	equal(t, run.WaitFor(20), false) // the time limit is over
	run.Cancel()
	asyncFails(t, run, interrupted)
	got, err := vm.Execute("add", int32(1), int32(2))
	results(t, got, err, int32(3))
}

// Every run is cancelled from another goroutine than the one that waits for it.
func TestCancelFromGoroutines(t *testing.T) {
	vm := instantiated(t, "basic")
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(2)
		run := vm.AsyncExecute("spin")
		ended := make(chan struct{})
		go func() {
			defer all.Done()
			for !run.WaitFor(5) {
				run.Cancel()
			}
			close(ended)
		}()
		go func() {
			defer all.Done()
			_, err := run.GetResult()
			if err == nil || err.Error() != interrupted {
				t.Error(err)
			}
			<-ended
			run.Release()
		}()
	}
	all.Wait()
}

// A Go host function that runs on a thread of the library.
func TestHostFunctionInAsync(t *testing.T) {
	vm, _ := calling(t)
	asyncResults(t, vm.AsyncExecute("many", int32(1000)), int32(1001000))
	asyncFails(t, vm.AsyncExecute("trap_after", int32(1)), memoryBounds)
	asyncFails(t, vm.AsyncExecute("fail"), hostFailed)
}
