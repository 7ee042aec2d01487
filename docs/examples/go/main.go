// Runs the function "fib" of the WebAssembly module that is named on the command line.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/second-state/WasmEdge-go/wasmedge"
)

func main() {
	vm := wasmedge.NewVM()
	defer vm.Release()
	results, err := vm.RunWasmFile(os.Args[1], "fib", int64(30))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("fib(30) =", results[0])
}
