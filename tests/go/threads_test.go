package gohost

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

// parallel runs a function in several goroutines and reports the errors it returns.
func parallel(t testing.TB, goroutines int, work func(number int) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func(number int) {
			defer all.Done()
			if err := work(number); err != nil {
				t.Error(err)
			}
		}(i)
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// expect is results or fails for a goroutine, which must not end the test.
func expect(got []interface{}, err error, expected interface{}) error {
	if message, is := expected.(string); is {
		if err == nil || err.Error() != message {
			return fmt.Errorf("%v, expected %q", err, message)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if got[0] != expected {
		return fmt.Errorf("got %v, expected %v", got[0], expected)
	}
	return nil
}

func TestParallelCallsOnOneVM(t *testing.T) {
	vm := instantiated(t, "basic")
	parallel(t, 8, func(number int) error {
		for i := int32(0); i < 300; i++ {
			got, err := vm.Execute("add", i, int32(number))
			if err = expect(got, err, i+int32(number)); err != nil {
				return err
			}
			got, err = vm.Execute("fib", int64(10))
			if err = expect(got, err, int64(55)); err != nil {
				return err
			}
			if vm.GetFunctionType("add") == nil || vm.GetActiveModule().FindFunction("fib") == nil {
				return fmt.Errorf("export not found")
			}
		}
		return nil
	})
}

func TestParallelVMs(t *testing.T) {
	data := bytes(t, "basic")
	parallel(t, 8, func(number int) error {
		for i := int32(0); i < 4; i++ {
			vm := wasmedge.NewVM()
			got, err := vm.RunWasmBuffer(data, "sub", i, int32(number))
			if err = expect(got, err, i-int32(number)); err != nil {
				return err
			}
			if err := vm.RegisterWasmBuffer("named", data); err != nil {
				return err
			}
			got, err = vm.ExecuteRegistered("named", "fib", int64(12))
			if err = expect(got, err, int64(144)); err != nil {
				return err
			}
			vm.Release()
		}
		return nil
	})
}

func TestParallelHostFunctions(t *testing.T) {
	vm, _ := calling(t)
	parallel(t, 8, func(number int) error {
		for i := 0; i < 50; i++ {
			got, err := vm.Execute("many", int32(10+number))
			n := int32(10 + number)
			if err = expect(got, err, n*(n+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestParallelConfigureAndStore(t *testing.T) {
	conf, vm := wasmedge.NewConfigure(), instantiated(t, "basic")
	defer conf.Release()
	parallel(t, 8, func(number int) error {
		name := fmt.Sprint("module", number)
		for i := 0; i < 10; i++ {
			conf.AddConfig(wasmedge.THREADS)
			conf.SetMaxMemoryPage(uint(number + 1))
			if pages := conf.GetMaxMemoryPage(); pages < 1 || pages > 8 {
				return fmt.Errorf("%d pages", pages)
			}
			conf.RemoveConfig(wasmedge.TAIL_CALL)
		}
		if err := vm.RegisterWasmFile(name, path("basic")); err != nil {
			return err
		}
		got, err := vm.ExecuteRegistered(name, "count")
		return expect(got, err, int32(8))
	})
	equal(t, len(vm.GetStore().ListModule()), 8)
	equal(t, conf.HasConfig(wasmedge.THREADS), true)
}

// A goroutine that ends while its thread is locked to it ends the thread too.
func TestShortThreads(t *testing.T) {
	vm := instantiated(t, "basic")
	for round := 0; round < 40; round++ {
		parallel(t, 8, func(number int) error {
			runtime.LockOSThread()
			got, err := vm.Execute("add", int32(number), int32(1))
			if err = expect(got, err, int32(number+1)); err != nil {
				return err
			}
			_, err = vm.Execute("load", int32(-1))
			return expect(nil, err, memoryBounds)
		})
	}
}

// pressure collects garbage until the returned function is called.
func pressure() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		garbage := [][]byte{}
		for {
			select {
			case <-done:
				return
			default:
				garbage = append(garbage[:len(garbage)%64], make([]byte, 1<<16))
				runtime.GC()
			}
		}
	}()
	return func() { close(done); <-ended }
}

func TestGarbageCollection(t *testing.T) {
	stop := pressure()
	defer stop()
	vm, host := calling(t)
	ok(t, host.FindMemory("memory").SetData([]byte{1, 1, 1, 1}, 8, 4))
	list := []int64{}
	ref := wasmedge.NewExternRef(&list)
	for i := 0; i < 100; i++ {
		got, err := vm.Execute("split", int64(i))
		results(t, got, err, int32(i), float64(i)/2)
		got, err = vm.Execute("push", ref, int64(i))
		results(t, got, err, int32(i+1))
		got, err = vm.Execute("sum", int32(8), int32(4))
		results(t, got, err, int64(4))
	}
	ref.Release()
	for i := 0; i < 5; i++ {
		other := wasmedge.NewVM()
		got, err := other.RunWasmBuffer(bytes(t, "basic"), "swap", int32(i), int64(-i))
		results(t, got, err, int64(-i), int32(i))
		other.Release()
	}
}
