package gohost

import (
	"math"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func TestNumbers(t *testing.T) {
	vm := instantiated(t, "basic")
	got, err := vm.Execute("add", int32(math.MaxInt32), uint32(1))
	results(t, got, err, int32(math.MinInt32))
	got, err = vm.Execute("swap", int32(-1), int64(math.MinInt64))
	results(t, got, err, int64(math.MinInt64), int32(-1))
	for _, value := range []interface{}{int64(-1), 1 << 40, uint(7), uint64(math.MaxUint64)} {
		_, err = vm.Execute("same_i64", value)
		ok(t, err)
	}
	got, err = vm.Execute("same_f32", float32(math.SmallestNonzeroFloat32))
	results(t, got, err, float32(math.SmallestNonzeroFloat32))
	got, err = vm.Execute("same_f64", math.Inf(-1))
	results(t, got, err, math.Inf(-1))
	got, err = vm.Execute("same_f64", math.NaN())
	ok(t, err)
	equal(t, math.IsNaN(got[0].(float64)), true)
	got, err = vm.Execute("same_v128", wasmedge.NewV128(1<<63|5, math.MaxUint64-1))
	ok(t, err)
	high, low := got[0].(wasmedge.V128).GetVal()
	equals(t, []uint64{high, low}, 1<<63|5, math.MaxUint64-1)
}

type object struct{ name string }

func TestExternRef(t *testing.T) {
	vm := instantiated(t, "basic")
	one := &object{"one"}
	ref := wasmedge.NewExternRef(one)
	got, err := vm.Execute("same_externref", ref)
	ok(t, err)
	equal(t, got[0].(wasmedge.ExternRef).GetRef().(*object), one)

	objects := vm.GetActiveModule().FindTable("objects")
	ok(t, objects.SetData(ref, 1))
	got, err = vm.Execute("object", int32(1))
	ok(t, err)
	equal(t, got[0].(wasmedge.ExternRef).GetRef().(*object).name, "one")
	got, err = vm.Execute("object", int32(2))
	ok(t, err)
	equal(t, got[0].(wasmedge.ExternRef).GetRef(), nil)
	ref.Release()
	got, err = vm.Execute("object", int32(1))
	ok(t, err)
	equal(t, got[0].(wasmedge.ExternRef).GetRef(), nil)
}

func TestFuncRef(t *testing.T) {
	vm := instantiated(t, "basic")
	module := vm.GetActiveModule()
	executor := wasmedge.NewExecutor()
	defer executor.Release()
	store := vm.GetStore()

	got, err := vm.Execute("same_funcref", wasmedge.NewFuncRef(module.FindFunction("add")))
	ok(t, err)
	add := got[0].(wasmedge.FuncRef).GetRef()
	got, err = executor.Invoke(store, add, int32(20), int32(22))
	results(t, got, err, int32(42))

	functions := module.FindTable("functions")
	value, err := functions.GetData(1)
	ok(t, err)
	got, err = executor.Invoke(store, value.(wasmedge.FuncRef).GetRef(), int32(20), int32(22))
	results(t, got, err, int32(-2))
	ok(t, functions.SetData(wasmedge.NewFuncRef(module.FindFunction("div")), 2))
	got, err = vm.Execute("apply", int32(2), int32(42), int32(6))
	results(t, got, err, int32(7))
}
