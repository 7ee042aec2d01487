package gohost

import (
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func TestWorkflow(t *testing.T) {
	vm := wasmedge.NewVM()
	defer vm.Release()
	fails(t, vm.Validate(), wrongWorkflow)
	fails(t, vm.LoadWasmFile("testdata/missing.wasm"), illegalPath)
	ok(t, vm.LoadWasmBuffer(bytes(t, "basic")))
	fails(t, vm.Instantiate(), wrongWorkflow)
	ok(t, vm.Validate())
	_, err := vm.Execute("add", int32(1), int32(2))
	fails(t, err, noInstance)
	ok(t, vm.Instantiate())
	got, err := vm.Execute("add", int32(1), int32(2))
	results(t, got, err, int32(3))
	_, err = vm.Execute("add", int32(1))
	fails(t, err, wrongType)
	_, err = vm.Execute("Add", int32(1), int32(2))
	fails(t, err, notFound)
	_, err = vm.ExecuteRegistered("nowhere", "add", int32(1), int32(2))
	fails(t, err, noInstance)

	names, types := vm.GetFunctionList()
	equal(t, len(names), 21)
	equal(t, names[0], "add")
	equals(t, types[0].GetParameters(), i32, i32)
	equal(t, vm.GetFunctionType("none") == nil, true)
	vm.Cleanup()
	_, err = vm.Execute("add", int32(1), int32(2))
	fails(t, err, noInstance)
	equal(t, vm.GetActiveModule() == nil, true)
	names, _ = vm.GetFunctionList()
	equal(t, len(names), 0)
}

func TestRunAndRegister(t *testing.T) {
	loader := wasmedge.NewLoader()
	defer loader.Release()
	ast, err := loader.LoadFile(path("basic"))
	ok(t, err)
	defer ast.Release()
	vm := wasmedge.NewVM()
	defer vm.Release()
	for i := 0; i < 2; i++ {
		got, err := vm.RunWasmFile(path("basic"), "sub", int32(5), int32(3))
		results(t, got, err, int32(2))
		got, err = vm.RunWasmBuffer(bytes(t, "basic"), "sub", int32(5), int32(3))
		results(t, got, err, int32(2))
		got, err = vm.RunWasmAST(ast, "sub", int32(5), int32(3))
		results(t, got, err, int32(2))
		_, err = vm.RunWasmAST(ast, "nothing")
		fails(t, err, notFound)
	}
	ok(t, vm.RegisterWasmFile("file", path("basic")))
	ok(t, vm.RegisterWasmBuffer("buffer", bytes(t, "basic")))
	ok(t, vm.RegisterAST("ast", ast))
	fails(t, vm.RegisterAST("file", ast), nameConflict)
	equals(t, vm.GetStore().ListModule(), "ast", "buffer", "file")
	for _, name := range vm.GetStore().ListModule() {
		got, err := vm.ExecuteRegistered(name, "count")
		results(t, got, err, int32(8))
		equal(t, vm.GetFunctionTypeRegistered(name, "fib").GetReturnsLength(), 1)
	}
	ok(t, vm.LoadWasmAST(ast))
	ok(t, vm.Validate())
	ok(t, vm.Instantiate())
	got, err := vm.Execute("count")
	results(t, got, err, int32(8))
}

func TestSharedStore(t *testing.T) {
	store, conf := wasmedge.NewStore(), wasmedge.NewConfigure(wasmedge.WASI)
	defer conf.Release()
	first, second := wasmedge.NewVMWithStore(store), wasmedge.NewVMWithConfigAndStore(conf, store)
	ok(t, first.RegisterWasmFile("shared", path("basic")))
	got, err := second.ExecuteRegistered("shared", "count")
	results(t, got, err, int32(8))
	got, err = first.ExecuteRegistered("shared", "count")
	results(t, got, err, int32(9))
	equals(t, store.ListModule(), "shared", "wasi_snapshot_preview1")
	second.Release()
	equals(t, store.ListModule(), "shared")
	first.Release()
	equal(t, len(store.ListModule()), 0)
	store.Release()
}

func TestBindgen(t *testing.T) {
	vm := instantiated(t, "bindgen")
	ok(t, vm.RegisterWasmFile("named", path("bindgen")))
	text := []byte("through the guest")
	for _, call := range []func(string, ...interface{}) (interface{}, error){
		func(name string, params ...interface{}) (interface{}, error) {
			return vm.ExecuteBindgen(name, wasmedge.Bindgen_return_array, params...)
		},
		func(name string, params ...interface{}) (interface{}, error) {
			return vm.ExecuteBindgenRegistered("named", name, wasmedge.Bindgen_return_array, params...)
		},
	} {
		got, err := call("echo", text)
		ok(t, err)
		equal(t, string(got.([]byte)), string(text))
	}
	got, err := vm.ExecuteBindgen("length", wasmedge.Bindgen_return_i32, text)
	ok(t, err)
	equal(t, got.(int32), int32(len(text)))
	got, err = vm.ExecuteBindgen("join", wasmedge.Bindgen_return_i64, int64(0x1234567890))
	ok(t, err)
	equal(t, got.(int64), 0x1234567890)
	_, err = vm.ExecuteBindgen("nothing", wasmedge.Bindgen_return_void, uint32(1))
	ok(t, err)
	released := vm.GetActiveModule().FindGlobal("released").GetValue()
	equal(t, released.(int32), int32(len(text)))
}

func TestWasi(t *testing.T) {
	conf := wasmedge.NewConfigure(wasmedge.WASI)
	defer conf.Release()
	vm := wasmedge.NewVMWithConfig(conf)
	defer vm.Release()
	wasi := vm.GetImportModule(wasmedge.WASI)
	for _, run := range []struct {
		args, envs []string
		code       uint
	}{
		{[]string{"command", "one", "two"}, []string{"A=1", "B=2"}, 123},
		{[]string{"command"}, nil, 101},
	} {
		wasi.InitWasi(run.args, run.envs, []string{"/:."})
		equal(t, wasi.WasiGetExitCode(), 0)
		_, err := vm.RunWasmFile(path("wasi"), "_start")
		ok(t, err)
		equal(t, wasi.WasiGetExitCode(), run.code)
	}
}

func TestOwnWasiModule(t *testing.T) {
	vm := wasmedge.NewVM()
	defer vm.Release()
	equal(t, vm.GetImportModule(wasmedge.WASI) == nil, true)
	wasi := wasmedge.NewWasiModule([]string{"command"}, []string{"A=1"}, nil)
	defer wasi.Release()
	ok(t, vm.RegisterModule(wasi))
	got, err := vm.RunWasmFile(path("wasi"), "code")
	results(t, got, err, int32(11))
	_, err = vm.Execute("_start")
	ok(t, err)
	equal(t, wasi.WasiGetExitCode(), 11)
	equal(t, len(wasi.ListFunction()), 57+11) // those of 0.10.0, and later names
}

// The process module comes with the plugin or not at all; neither may fail.
func TestProcessModule(t *testing.T) {
	var module *wasmedge.Module
	if module = wasmedge.NewWasmEdgeProcessModule([]string{"echo"}, false); module != nil {
		equal(t, module.FindFunction("wasmedge_process_run") != nil, true)
		module.Release()
	}
	(&wasmedge.Module{}).InitWasmEdgeProcess([]string{"ls"}, true)
}

func TestCompiler(t *testing.T) {
	conf := wasmedge.NewConfigure()
	defer conf.Release()
	conf.SetCompilerOptimizationLevel(wasmedge.CompilerOptLevel_O0)
	conf.SetCompilerOutputFormat(wasmedge.CompilerOutputFormat_Native)
	library, universal := t.TempDir()+"/calls.so", t.TempDir()+"/calls.wasm"
	compiler := wasmedge.NewCompiler()
	fails(t, compiler.Compile("testdata/missing.wasm", universal), illegalPath)
	equal(t, compiler.Compile("testdata/calls.wasm", universal), nil)
	compiler.Release()
	compiler = wasmedge.NewCompilerWithConfig(conf)
	equal(t, compiler.Compile("testdata/calls.wasm", library), nil)
	compiler.Release()
	loader := wasmedge.NewLoader()
	defer loader.Release()
	validator := wasmedge.NewValidator()
	defer validator.Release()
	for _, path := range []string{library, universal} {
		module, err := loader.LoadFile(path)
		equal(t, err, nil)
		equal(t, validator.Validate(module), nil)
		module.Release()
	}
}
