package gohost

import (
	"fmt"
	"testing"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func TestVersion(t *testing.T) {
	equal(t, wasmedge.GetVersion(), "0.10.0")
	numbers := []uint{
		wasmedge.GetVersionMajor(), wasmedge.GetVersionMinor(), wasmedge.GetVersionPatch(),
	}
	equals(t, numbers, 0, 10, 0)
}

func TestLogLevels(t *testing.T) {
	wasmedge.SetLogDebugLevel()
	wasmedge.SetLogErrorLevel()
}

func TestConfigure(t *testing.T) {
	conf := wasmedge.NewConfigure(wasmedge.TAIL_CALL, wasmedge.WASI)
	defer conf.Release()
	on := []interface{}{
		wasmedge.IMPORT_EXPORT_MUT_GLOBALS, wasmedge.NON_TRAP_FLOAT_TO_INT_CONVERSIONS,
		wasmedge.SIGN_EXTENSION_OPERATORS, wasmedge.MULTI_VALUE, wasmedge.BULK_MEMORY_OPERATIONS,
		wasmedge.REFERENCE_TYPES, wasmedge.SIMD, wasmedge.TAIL_CALL, wasmedge.WASI,
	}
	off := []interface{}{
		wasmedge.MULTI_MEMORIES, wasmedge.ANNOTATIONS, wasmedge.MEMORY64, wasmedge.EXCEPTION_HANDLING,
		wasmedge.EXTENDED_CONST, wasmedge.THREADS, wasmedge.FUNCTION_REFERENCES, wasmedge.WasmEdge_PROCESS,
	}
	for _, option := range on {
		equal(t, conf.HasConfig(option), true)
		conf.RemoveConfig(option)
		equal(t, conf.HasConfig(option), false)
	}
	for _, option := range off {
		equal(t, conf.HasConfig(option), false)
		conf.AddConfig(option)
		equal(t, conf.HasConfig(option), true)
	}
	equal(t, conf.GetMaxMemoryPage(), 65536)
	conf.SetMaxMemoryPage(1234)
	equal(t, conf.GetMaxMemoryPage(), 1234)
}

func TestConfigureCompilerAndStatistics(t *testing.T) {
	conf := wasmedge.NewConfigure()
	defer conf.Release()
	equal(t, conf.GetCompilerOptimizationLevel(), wasmedge.CompilerOptLevel_O3)
	for _, level := range []wasmedge.CompilerOptimizationLevel{
		wasmedge.CompilerOptLevel_O0, wasmedge.CompilerOptLevel_O1, wasmedge.CompilerOptLevel_O2,
		wasmedge.CompilerOptLevel_O3, wasmedge.CompilerOptLevel_Os, wasmedge.CompilerOptLevel_Oz,
	} {
		conf.SetCompilerOptimizationLevel(level)
		equal(t, conf.GetCompilerOptimizationLevel(), level)
	}
	equal(t, conf.GetCompilerOutputFormat(), wasmedge.CompilerOutputFormat_Wasm)
	conf.SetCompilerOutputFormat(wasmedge.CompilerOutputFormat_Native)
	equal(t, conf.GetCompilerOutputFormat(), wasmedge.CompilerOutputFormat_Native)
	switches := []struct {
		set func(bool)
		is  func() bool
	}{
		{conf.SetCompilerDumpIR, conf.IsCompilerDumpIR},
		{conf.SetCompilerGenericBinary, conf.IsCompilerGenericBinary},
		{conf.SetStatisticsInstructionCounting, conf.IsStatisticsInstructionCounting},
		{conf.SetStatisticsTimeMeasuring, conf.IsStatisticsTimeMeasuring},
		{conf.SetStatisticsCostMeasuring, conf.IsStatisticsCostMeasuring},
	}
	for i := range switches {
		for j := range switches {
			equal(t, switches[j].is(), j < i)
		}
		switches[i].set(true)
	}
	for _, s := range switches {
		s.set(false)
		equal(t, s.is(), false)
	}
}

func TestConfigurationLimitsAndProposals(t *testing.T) {
	conf := wasmedge.NewConfigure()
	defer conf.Release()
	conf.SetMaxMemoryPage(2)
	conf.RemoveConfig(wasmedge.SIMD)
	loader := wasmedge.NewLoaderWithConfig(conf)
	defer loader.Release()
	if _, err := loader.LoadFile(path("basic")); err == nil {
		t.Fatal("v128 without SIMD")
	}
	conf.AddConfig(wasmedge.SIMD)
	vm := wasmedge.NewVMWithConfig(conf)
	defer vm.Release()
	got, err := vm.RunWasmFile(path("basic"), "grow", int32(2))
	results(t, got, err, int32(-1))
	got, err = vm.Execute("grow", int32(1))
	results(t, got, err, int32(1))
}

func TestTypes(t *testing.T) {
	function := wasmedge.NewFunctionType(
		[]wasmedge.ValType{wasmedge.ValType_I32, wasmedge.ValType_F64, wasmedge.ValType_ExternRef},
		[]wasmedge.ValType{wasmedge.ValType_V128, wasmedge.ValType_FuncRef},
	)
	equal(t, function.GetParametersLength(), 3)
	equal(t, function.GetReturnsLength(), 2)
	equal(t, fmt.Sprint(function.GetParameters(), function.GetReturns()), "[i32 f64 externref] [v128 funcref]")
	function.Release()
	nothing := wasmedge.NewFunctionType(nil, nil)
	equal(t, len(nothing.GetParameters())+len(nothing.GetReturns()), 0)
	nothing.Release()

	table := wasmedge.NewTableType(wasmedge.RefType_ExternRef, wasmedge.NewLimitWithMax(2, 5))
	equal(t, table.GetRefType().String(), "externref")
	equal(t, *table.GetLimit(), *wasmedge.NewLimitWithMax(2, 5))
	table.Release()
	memory := wasmedge.NewMemoryType(wasmedge.NewLimit(3))
	equal(t, *memory.GetLimit(), *wasmedge.NewLimit(3))
	memory.Release()
	global := wasmedge.NewGlobalType(wasmedge.ValType_V128, wasmedge.ValMut_Var)
	equal(t, global.GetValType(), wasmedge.ValType_V128)
	equal(t, global.GetMutability().String(), "var")
	global.Release()
}

func TestListExportsOfNothing(t *testing.T) {
	loader := wasmedge.NewLoader()
	defer loader.Release()
	ast, err := loader.LoadBuffer([]byte("\x00asm\x01\x00\x00\x00"))
	ok(t, err)
	defer ast.Release()
	equal(t, len(ast.ListExports())+len(ast.ListImports()), 0)
}

// The module's own lists of a module with entries dereference nil: the fault is Go's to handle.
func TestListsOfTheModuleDereferenceNil(t *testing.T) {
	loader := wasmedge.NewLoader()
	defer loader.Release()
	ast, err := loader.LoadFile(path("calls"))
	ok(t, err)
	defer ast.Release()
	expectNilDereference(t, func() { ast.ListImports() })
	expectNilDereference(t, func() { ast.ListExports() })
}
