module fibonacci

go 1.20

require github.com/second-state/WasmEdge-go v0.10.0
