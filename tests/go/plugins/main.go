// A Go host that loads plugins, from a path and from the default places, and runs a guest that may use
// commands of the system: plugins PATH COMMAND GUEST [ARGUMENT...]
//
// After what the guest prints it prints the guest's exit code and the modules of the VM.
package main

// #include <stdlib.h>
// #include <wasmedge/plugin.h>
import "C"

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

// loadPlugins loads what is at a path, then what is installed; VMs made afterwards have the modules.
func loadPlugins(path string) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	C.WasmEdge_PluginLoadFromPath(name)
	C.WasmEdge_PluginLoadWithDefaultPaths()
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: plugins PATH COMMAND GUEST [ARGUMENT...]")
		os.Exit(2)
	}
	wasmedge.SetLogErrorLevel()
	loadPlugins(os.Args[1])
	var rules *wasmedge.Module // of the whole process: nil will do
	rules.InitWasmEdgeProcess([]string{os.Args[2]}, false)

	configure := wasmedge.NewConfigure(wasmedge.WASI, wasmedge.WasmEdge_PROCESS)
	defer configure.Release()
	vm := wasmedge.NewVMWithConfig(configure)
	defer vm.Release()
	wasi := vm.GetImportModule(wasmedge.WASI)
	wasi.InitWasi(os.Args[3:], nil, nil)
	if _, err := vm.RunWasmFile(os.Args[3], "_start"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("exit code", wasi.WasiGetExitCode())
	for _, name := range vm.GetStore().ListModule() {
		fmt.Println("module", name)
	}
}
