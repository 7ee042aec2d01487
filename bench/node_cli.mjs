// Runs a WASI command in Node's own WASI, with the options of `wasmedge`:
//   node node_cli.mjs [--dir GUEST:HOST]... FILE.wasm [ARGUMENT]...
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { WASI } from "node:wasi";

const NOSYS = 52;
const rest = argv.slice(2);
const preopens = {};
while (rest[0] === "--dir") {
  const [guest, host] = rest.splice(0, 2)[1].split(":");
  preopens[guest] = host;
}
const wasi = new WASI({ version: "preview1", args: rest, preopens, returnOnExit: true });
const module = new WebAssembly.Module(readFileSync(rest[0]));
const functions = { ...wasi.wasiImport };
for (const item of WebAssembly.Module.imports(module)) {
  if (item.name.startsWith("sock_")) functions[item.name] = () => NOSYS; // WasmEdge's socket functions
}
exit(wasi.start(new WebAssembly.Instance(module, { wasi_snapshot_preview1: functions })));
