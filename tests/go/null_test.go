package gohost

import (
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

// Released objects and zero values of the module's types stand for NULL contexts.
func TestNull(t *testing.T) {
	conf := wasmedge.NewConfigure()
	conf.Release()
	conf.Release()
	conf.AddConfig(wasmedge.SIMD)
	equal(t, conf.HasConfig(wasmedge.SIMD), false)
	equal(t, conf.GetMaxMemoryPage(), 0)
	conf = &wasmedge.Configure{}
	defaults := wasmedge.NewVMWithConfigAndStore(conf, &wasmedge.Store{})
	got, err := defaults.RunWasmFile(path("basic"), "add", int32(1), int32(2))
	results(t, got, err, int32(3))
	defaults.Release()

	vm, module, function := &wasmedge.VM{}, &wasmedge.Module{}, &wasmedge.Function{}
	fails(t, vm.LoadWasmFile(path("basic")), wrongWorkflow)
	fails(t, vm.RegisterModule(module), wrongWorkflow)
	_, err = vm.Execute("add", int32(1), int32(2))
	fails(t, err, wrongWorkflow)
	equal(t, vm.AsyncExecute("add") == nil, true)
	equal(t, vm.GetActiveModule() == nil, true)
	equal(t, vm.GetStatistics().GetTotalCost(), 0)
	equal(t, module.WasiGetExitCode(), 1)
	equal(t, len(module.ListFunction())+len(vm.GetStore().ListModule()), 0)
	equal(t, module.FindFunction("add") == nil, true)
	_, err = (&wasmedge.Executor{}).Invoke(nil, function)
	fails(t, err, wrongWorkflow)
	_, err = (&wasmedge.Loader{}).LoadBuffer(bytes(t, "basic"))
	fails(t, err, wrongWorkflow)
	fails(t, (&wasmedge.Validator{}).Validate(&wasmedge.AST{}), wrongWorkflow)
	fails(t, (&wasmedge.Memory{}).SetData([]byte{1}, 0, 1), wrongWorkflow)
	fails(t, (&wasmedge.Table{}).Grow(1), wrongWorkflow)
	equal(t, (&wasmedge.TableType{}).GetRefType(), wasmedge.RefType_FuncRef)
	equal(t, (&wasmedge.GlobalType{}).GetValType(), wasmedge.ValType_I32)
	equal(t, (&wasmedge.Global{}).GetValue().(int32), 0)

	imported, exported := &wasmedge.ImportType{}, &wasmedge.ExportType{}
	equal(t, imported.GetExternalType(), wasmedge.ExternType_Function)
	equal(t, exported.GetExternalType(), wasmedge.ExternType_Function)
	equal(t, imported.GetModuleName()+imported.GetExternalName()+exported.GetExternalName(), "")
	equal(t, imported.GetExternalValue() == nil && exported.GetExternalValue() == nil, true)
}
