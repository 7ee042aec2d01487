package gohost

import (
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func TestExports(t *testing.T) {
	module := active(t, "basic")
	equals(t, module.ListTable(), "functions", "objects")
	equals(t, module.ListMemory(), "memory")
	equals(t, module.ListGlobal(), "constant", "counter")
	equal(t, len(module.ListFunction()), 21)
	equal(t, module.ListFunction()[0], "add")
	for _, missing := range []bool{
		module.FindFunction("memory") == nil, module.FindTable("add") == nil,
		module.FindMemory("counter") == nil, module.FindGlobal("") == nil,
	} {
		equal(t, missing, true)
	}
	swap := module.FindFunction("swap").GetFunctionType()
	equals(t, swap.GetParameters(), wasmedge.ValType_I32, wasmedge.ValType_I64)
	equals(t, swap.GetReturns(), wasmedge.ValType_I64, wasmedge.ValType_I32)
}

func TestMemoryOfGuest(t *testing.T) {
	vm := instantiated(t, "basic")
	memory := vm.GetActiveModule().FindMemory("memory")
	data, err := memory.GetData(16, 5)
	ok(t, err)
	equal(t, string(data), "guest")
	data[0] = 'G' // the guest's memory itself
	got, err := vm.Execute("load", int32(16))
	results(t, got, err, int32('G'|'u'<<8|'e'<<16|'s'<<24))
	ok(t, memory.SetData([]byte{1, 2, 3, 4}, 65532, 4))
	got, err = vm.Execute("load", int32(65532))
	results(t, got, err, int32(0x04030201))

	fails(t, memory.SetData([]byte{1, 2}, 65535, 2), memoryBounds)
	_, err = memory.GetData(65536, 1)
	equal(t, err != nil, true)
	ok(t, memory.GrowPage(2))
	equal(t, memory.GetPageSize(), 3)
	equal(t, *memory.GetMemoryType().GetLimit(), *wasmedge.NewLimitWithMax(3, 4))
	fails(t, memory.GrowPage(2), memoryBounds)
	equal(t, string(data), "Guest")
}

func TestOwnMemoryTableGlobal(t *testing.T) {
	if wasmedge.NewMemory(nil) != nil || wasmedge.NewTable(nil) != nil || wasmedge.NewGlobal(nil, 1) != nil {
		t.Fatal("instance without a type")
	}
	memoryType := wasmedge.NewMemoryType(wasmedge.NewLimitWithMax(1, 2))
	memory := wasmedge.NewMemory(memoryType)
	memoryType.Release()
	equal(t, memory.GetPageSize(), 1)
	ok(t, memory.GrowPage(1))
	memory.Release()

	tableType := wasmedge.NewTableType(wasmedge.RefType_ExternRef, wasmedge.NewLimit(2))
	table := wasmedge.NewTable(tableType)
	tableType.Release()
	equal(t, table.GetTableType().GetRefType(), wasmedge.RefType_ExternRef)
	ref := wasmedge.NewExternRef("text")
	ok(t, table.SetData(ref, 1))
	value, err := table.GetData(1)
	ok(t, err)
	equal(t, value.(wasmedge.ExternRef).GetRef().(string), "text")
	fails(t, table.SetData(ref, 2), tableBounds)
	_, err = table.GetData(2)
	fails(t, err, tableBounds)
	module := active(t, "basic")
	fails(t, table.SetData(wasmedge.NewFuncRef(module.FindFunction("add")), 0), refType)
	ok(t, table.Grow(3))
	equal(t, table.GetSize(), 5)
	ref.Release()
	table.Release()

	globalType := wasmedge.NewGlobalType(wasmedge.ValType_I64, wasmedge.ValMut_Var)
	equal(t, wasmedge.NewGlobal(globalType, int32(1)) == nil, true)
	global := wasmedge.NewGlobal(globalType, int64(1))
	globalType.Release()
	global.SetValue(int64(-5))
	equal(t, global.GetValue().(int64), -5)
	global.SetValue(1.5) // ignored: another type
	equal(t, global.GetValue().(int64), -5)
	equal(t, global.GetGlobalType().GetValType(), wasmedge.ValType_I64)
	global.Release()
}

func TestTablesAndGlobalsOfGuest(t *testing.T) {
	vm := instantiated(t, "basic")
	module := vm.GetActiveModule()
	functions := module.FindTable("functions")
	equal(t, functions.GetSize(), 3)
	ok(t, functions.Grow(7))
	fails(t, functions.Grow(1), tableBounds)
	equal(t, *functions.GetTableType().GetLimit(), *wasmedge.NewLimitWithMax(10, 10))

	counter := module.FindGlobal("counter")
	equal(t, counter.GetGlobalType().GetMutability(), wasmedge.ValMut_Var)
	counter.SetValue(int32(41))
	got, err := vm.Execute("count")
	results(t, got, err, int32(42))
	equal(t, counter.GetValue().(int32), 42)
	constant := module.FindGlobal("constant")
	constant.SetValue(1.0) // ignored: not mutable
	equal(t, constant.GetValue().(float64), 2.5)
}

func TestStepByStep(t *testing.T) {
	loader, validator := wasmedge.NewLoader(), wasmedge.NewValidator()
	executor, store := wasmedge.NewExecutor(), wasmedge.NewStore()
	ast, err := loader.LoadBuffer(bytes(t, "basic"))
	ok(t, err)
	_, err = executor.Instantiate(store, ast)
	fails(t, err, notValidated)
	ok(t, validator.Validate(ast))
	anonymous, err := executor.Instantiate(store, ast)
	ok(t, err)
	named, err := executor.Register(store, ast, "named")
	ok(t, err)
	_, err = executor.Register(store, ast, "named")
	fails(t, err, nameConflict)
	own := wasmedge.NewModule("another")
	ok(t, executor.RegisterImport(store, own))
	fails(t, executor.RegisterImport(store, own), nameConflict)
	equals(t, store.ListModule(), "another", "named")
	equal(t, store.FindModule("") == nil, true)

	loader.Release()
	validator.Release()
	ast.Release()
	got, err := executor.Invoke(store, store.FindModule("named").FindFunction("count"))
	results(t, got, err, int32(8))
	got, err = executor.Invoke(store, anonymous.FindFunction("count"))
	results(t, got, err, int32(8))
	_, err = executor.Invoke(store, anonymous.FindFunction("add"), int64(1), int32(1))
	fails(t, err, wrongType)
	named.Release()
	equals(t, store.ListModule(), "another")
	executor.Release()
	store.Release()
	anonymous.Release()
	own.Release()
}

func TestStatistics(t *testing.T) {
	conf := wasmedge.NewConfigure()
	defer conf.Release()
	conf.SetStatisticsInstructionCounting(true)
	conf.SetStatisticsCostMeasuring(true)
	conf.SetStatisticsTimeMeasuring(true)
	statistics := wasmedge.NewStatistics()
	defer statistics.Release()
	executor := wasmedge.NewExecutorWithConfigAndStatistics(conf, statistics)
	defer executor.Release()
	loader, validator := wasmedge.NewLoaderWithConfig(conf), wasmedge.NewValidatorWithConfig(conf)
	defer loader.Release()
	defer validator.Release()
	store := wasmedge.NewStore()
	defer store.Release()
	ast, err := loader.LoadFile(path("basic"))
	ok(t, err)
	defer ast.Release()
	ok(t, validator.Validate(ast))
	module, err := executor.Instantiate(store, ast)
	ok(t, err)
	defer module.Release()
	add := module.FindFunction("add")
	_, err = executor.Invoke(nil, add, int32(1), int32(2))
	ok(t, err)
	equal(t, statistics.GetInstrCount(), 4)
	equal(t, statistics.GetTotalCost(), 4)
	equal(t, statistics.GetInstrPerSecond() > 0, true)
	costs := make([]uint64, 512)
	for i := range costs {
		costs[i] = 20
	}
	statistics.SetCostTable(costs)
	_, err = executor.Invoke(nil, add, int32(1), int32(2))
	ok(t, err)
	equal(t, statistics.GetTotalCost(), 84)
	statistics.SetCostLimit(100)
	_, err = executor.Invoke(nil, add, int32(1), int32(2))
	fails(t, err, costLimit)
	wasmedge.NewExecutorWithStatistics(statistics).Release()
	wasmedge.NewExecutorWithConfig(conf).Release()

	vm := wasmedge.NewVMWithConfig(conf)
	defer vm.Release()
	_, err = vm.RunWasmFile(path("basic"), "fib", int64(10))
	ok(t, err)
	equal(t, vm.GetStatistics().GetInstrCount() > 1000, true)
	vm.Cleanup()
	equal(t, vm.GetStatistics().GetInstrCount(), 0)
}
