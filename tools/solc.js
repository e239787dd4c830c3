// The command line that Ape, forge and other tools expect of a compiler, around the `solc` package of npm.
//
// Understands --standard-json with the input on stdin or in a file, --base-path, --include-path and --allow-paths, and
// answers --version. Sources that the input only names are looked for under the base path, the include paths, the
// working directory and the repository, in this order: Ape compiles in a temporary copy that has no node_modules.
"use strict";

const fs = require("fs");
const path = require("path");
const solc = require("solc");

const REPOSITORY = path.dirname(__dirname);

function parse(argv) {
  const options = { standardJson: false, version: false, roots: [], inputs: [] };
  const words = argv.flatMap((word) => (/^--[a-z-]+=/.test(word) ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)] : [word]));
  while (words.length > 0) {
    const word = words.shift();
    if (word === "--standard-json") options.standardJson = true;
    else if (word === "--version") options.version = true;
    else if (word === "--base-path") options.roots.unshift(words.shift());
    else if (word === "--include-path") options.roots.push(words.shift());
    else if (word === "--allow-paths") words.shift();
    else if (word === "-" || !word.startsWith("-")) options.inputs.push(word);
    else throw new Error(`unrecognised option '${word}'`);
  }
  return options;
}

function importFrom(roots) {
  return (name) => {
    for (const root of roots) {
      const file = path.resolve(root, name.replace(/^file:\/\//, ""));
      if (fs.existsSync(file) && fs.statSync(file).isFile()) return { contents: fs.readFileSync(file, "utf8") };
    }
    return { error: `File not found. Searched: ${roots.join(", ")}.` };
  };
}

function main() {
  const options = parse(process.argv.slice(2));
  if (options.version) {
    console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
    return;
  }
  if (!options.standardJson) throw new Error("only --standard-json and --version are supported");
  const source = options.inputs.length > 0 && options.inputs[0] !== "-" ? options.inputs[0] : 0;
  const roots = [...options.roots, process.cwd(), REPOSITORY];
  const output = solc.compile(fs.readFileSync(source, "utf8"), { import: importFrom(roots) });
  // No process.exit: it would cut a pipe at 64 KiB.
  process.stdout.write(output + "\n");
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
