package gohost

import (
	"errors"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

var (
	i32       = wasmedge.ValType_I32
	i64       = wasmedge.ValType_I64
	f64       = wasmedge.ValType_F64
	externref = wasmedge.ValType_ExternRef
)

type valTypes = []wasmedge.ValType
type values = []interface{}
type hostFunction = func(interface{}, *wasmedge.Memory, []interface{}) ([]interface{}, wasmedge.Result)

// function makes a host function; its type is not needed any more afterwards.
func function(params, returns valTypes, fn hostFunction, data interface{}) *wasmedge.Function {
	ftype := wasmedge.NewFunctionType(params, returns)
	defer ftype.Release()
	return wasmedge.NewFunction(ftype, fn, data, 0)
}

func twice(_ interface{}, _ *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
	return values{params[0].(int32) * 2}, wasmedge.Result_Success
}

func sum(_ interface{}, memory *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
	data, err := memory.GetData(uint(params[0].(int32)), uint(params[1].(int32)))
	if err != nil {
		return nil, wasmedge.Result_Fail
	}
	total := int64(0)
	for _, b := range data {
		total += int64(b)
	}
	return values{total}, wasmedge.Result_Success
}

func push(_ interface{}, _ *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
	list := params[0].(wasmedge.ExternRef).GetRef().(*[]int64)
	*list = append(*list, params[1].(int64))
	return values{int32(len(*list))}, wasmedge.Result_Success
}

func split(_ interface{}, _ *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
	number := params[0].(int64)
	return values{int32(number), float64(number) / 2}, wasmedge.Result_Success
}

var errFromHost = errors.New("from the host function")

func panics(data interface{}, _ *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
	if params[0].(int32) == 0 {
		var nothing *object
		return values{int32(len(nothing.name))}, wasmedge.Result_Success
	}
	panic(errFromHost)
}

// hostModule is the module "host" that calls.wat imports.
func hostModule(t testing.TB) *wasmedge.Module {
	t.Helper()
	returning := func(result wasmedge.Result) hostFunction {
		return func(interface{}, *wasmedge.Memory, []interface{}) ([]interface{}, wasmedge.Result) {
			return nil, result
		}
	}
	module := wasmedge.NewModule("host")
	t.Cleanup(module.Release)
	module.AddFunction("twice", function(valTypes{i32}, valTypes{i32}, twice, nil))
	module.AddFunction("stop", function(nil, nil, returning(wasmedge.Result_Terminate), nil))
	module.AddFunction("fail", function(nil, nil, returning(wasmedge.Result_Fail), nil))
	module.AddFunction("sum", function(valTypes{i32, i32}, valTypes{i64}, sum, nil))
	module.AddFunction("push", function(valTypes{externref, i64}, valTypes{i32}, push, nil))
	module.AddFunction("split", function(valTypes{i64}, valTypes{i32, f64}, split, nil))
	module.AddFunction("panic", function(valTypes{i32}, valTypes{i32}, panics, nil))

	tableType := wasmedge.NewTableType(wasmedge.RefType_FuncRef, wasmedge.NewLimit(2))
	defer tableType.Release()
	module.AddTable("table", wasmedge.NewTable(tableType))
	memoryType := wasmedge.NewMemoryType(wasmedge.NewLimit(1))
	defer memoryType.Release()
	module.AddMemory("memory", wasmedge.NewMemory(memoryType))
	globalType := wasmedge.NewGlobalType(wasmedge.ValType_I64, wasmedge.ValMut_Var)
	defer globalType.Release()
	module.AddGlobal("total", wasmedge.NewGlobal(globalType, int64(0)))
	return module
}

// calling is a VM whose active module is calls.wat, and the host module it imports.
func calling(t testing.TB) (*wasmedge.VM, *wasmedge.Module) {
	t.Helper()
	vm, host := wasmedge.NewVM(), hostModule(t)
	t.Cleanup(vm.Release)
	fails(t, func() error { _, err := vm.RunWasmFile(path("calls"), "twice", int32(1)); return err }(), unknownImport)
	ok(t, vm.RegisterModule(host))
	fails(t, vm.RegisterModule(host), nameConflict)
	ok(t, vm.LoadWasmFile(path("calls")))
	ok(t, vm.Validate())
	ok(t, vm.Instantiate())
	return vm, host
}

func TestHostFunctions(t *testing.T) {
	vm, host := calling(t)
	equals(t, host.ListFunction(), "fail", "panic", "push", "split", "stop", "sum", "twice")
	equals(t, append(append(host.ListTable(), host.ListMemory()...), host.ListGlobal()...), "table", "memory", "total")
	got, err := vm.Execute("twice", int32(21))
	results(t, got, err, int32(42))
	got, err = vm.Execute("many", int32(1000))
	results(t, got, err, int32(1001000))
	got, err = vm.Execute("split", int64(7))
	results(t, got, err, int32(7), 3.5)
	got, err = vm.Execute("stop")
	results(t, got, err)
	got, err = vm.Execute("stop_with_results")
	results(t, got, err, int32(0), float64(0))
	_, err = vm.Execute("fail")
	fails(t, err, hostFailed)
}

func TestHostMemoryTableAndGlobalInGuest(t *testing.T) {
	vm, host := calling(t)
	ok(t, host.FindMemory("memory").SetData([]byte{1, 2, 3, 250}, 100, 4))
	got, err := vm.Execute("sum", int32(100), int32(4))
	results(t, got, err, int64(256))
	equal(t, host.FindGlobal("total").GetValue().(int64), 256)
	_, err = vm.Execute("sum", int32(65536), int32(1))
	fails(t, err, hostFailed)

	_, err = vm.Execute("indirect", int32(1))
	fails(t, err, noElement)
	ok(t, host.FindTable("table").SetData(wasmedge.NewFuncRef(host.FindFunction("twice")), 1))
	got, err = vm.Execute("indirect", int32(8))
	results(t, got, err, int32(16))
}

func TestExternRefInHostFunction(t *testing.T) {
	vm, _ := calling(t)
	list := []int64{}
	ref := wasmedge.NewExternRef(&list)
	for i := int64(0); i < 3; i++ {
		got, err := vm.Execute("push", ref, i*i)
		results(t, got, err, int32(i+1))
	}
	equals(t, list, 0, 1, 4)
	ref.Release()
}

func TestHostFunctionCalledDirectly(t *testing.T) {
	vm, host := calling(t)
	got, err := vm.ExecuteRegistered("host", "twice", int32(4))
	results(t, got, err, int32(8))
	executor := wasmedge.NewExecutor()
	defer executor.Release()
	got, err = executor.Invoke(nil, host.FindFunction("twice"), int32(5))
	results(t, got, err, int32(10))
	alone := function(valTypes{i64}, valTypes{i32, f64}, split, nil)
	got, err = executor.Invoke(nil, alone, int64(9))
	results(t, got, err, int32(9), 4.5)
	equals(t, alone.GetFunctionType().GetReturns(), i32, f64)
	alone.Release()
	equal(t, wasmedge.NewFunction(nil, twice, nil, 0) == nil, true)
}

func TestHostDataAndCost(t *testing.T) {
	conf := wasmedge.NewConfigure()
	defer conf.Release()
	conf.SetStatisticsCostMeasuring(true)
	vm := wasmedge.NewVMWithConfig(conf)
	defer vm.Release()
	calls := 0
	ftype := wasmedge.NewFunctionType(nil, nil)
	defer ftype.Release()
	module := wasmedge.NewModule("costly")
	defer module.Release()
	module.AddFunction("run", wasmedge.NewFunction(ftype,
		func(data interface{}, _ *wasmedge.Memory, _ []interface{}) ([]interface{}, wasmedge.Result) {
			*data.(*int)++
			return nil, wasmedge.Result_Success
		}, &calls, 1000))
	ok(t, vm.RegisterModule(module))
	_, err := vm.ExecuteRegistered("costly", "run")
	ok(t, err)
	equal(t, vm.GetStatistics().GetTotalCost(), 1000)
	vm.GetStatistics().SetCostLimit(1500)
	_, err = vm.ExecuteRegistered("costly", "run")
	fails(t, err, costLimit)
	equal(t, calls, 1)
}

// A host function that calls the VM it was called from, to a depth of params[0].
func TestHostFunctionCallsBack(t *testing.T) {
	vm := wasmedge.NewVM()
	defer vm.Release()
	module := hostModule(t)
	depth := 0
	module.AddFunction("twice", function(valTypes{i32}, valTypes{i32},
		func(data interface{}, _ *wasmedge.Memory, params []interface{}) ([]interface{}, wasmedge.Result) {
			n := params[0].(int32)
			if n == 0 {
				return values{int32(0)}, wasmedge.Result_Success
			}
			depth++
			got, err := data.(*wasmedge.VM).Execute("twice", n-1)
			if err != nil {
				return nil, wasmedge.Result_Fail
			}
			return values{got[0].(int32) + n}, wasmedge.Result_Success
		}, vm))
	ok(t, vm.RegisterModule(module))
	got, err := vm.RunWasmFile(path("calls"), "twice", int32(40))
	results(t, got, err, int32(820))
	equal(t, depth, 40)
}

// A panic of a host function unwinds Go's frames only; the guest's have to be left by the library's
// own way out. Recovered inside of the host function it is an ordinary failure.
func TestRecoveredPanicInHostFunction(t *testing.T) {
	vm := wasmedge.NewVM()
	defer vm.Release()
	module := hostModule(t)
	module.AddFunction("panic", function(valTypes{i32}, valTypes{i32},
		func(data interface{}, memory *wasmedge.Memory, params []interface{}) (got []interface{}, result wasmedge.Result) {
			defer func() {
				if recover() != nil {
					got, result = nil, wasmedge.Result_Fail
				}
			}()
			return panics(data, memory, params)
		}, nil))
	ok(t, vm.RegisterModule(module))
	for i := int32(0); i < 20; i++ {
		_, err := vm.RunWasmFile(path("calls"), "panic", i%2)
		fails(t, err, hostFailed)
		_, err = vm.Execute("trap_after", i)
		fails(t, err, memoryBounds)
	}
}
