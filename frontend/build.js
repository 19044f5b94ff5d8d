// Compiles civic.scss and copies the font into static/civic/, then writes static/VENDOR.json.
// `node build.js [folder]`: another folder is used by the test that compares a fresh build with what is committed.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "static");
const version = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"))).version;

mkdirSync(join(target, "civic", "fonts"), { recursive: true });
const { css } = compile(join(here, "civic.scss"), { loadPaths: [join(here, "node_modules")], style: "compressed", quietDeps: true });
writeFileSync(join(target, "civic", "civic.css"), css + "\n");

const font = "@fontsource-variable/public-sans";
copyFileSync(join(here, "node_modules", font, "files", "public-sans-latin-wght-normal.woff2"), join(target, "civic", "fonts", "public-sans-latin.woff2"));
copyFileSync(join(here, "node_modules", font, "LICENSE"), join(target, "civic", "fonts", "LICENCE-public-sans.txt"));

// What others made. Every other file of static/ is this project's own.
const vendored = {
  "civic/civic.css": { name: "govuk-frontend, with this project's layer", version: version("govuk-frontend"), licence: "MIT and AGPL-3.0-or-later", built_with: `sass ${version("sass")}` },
  "civic/fonts/public-sans-latin.woff2": { name: "Public Sans (@fontsource-variable/public-sans)", version: version(font), licence: "OFL-1.1" },
};
const own = { name: "garant", licence: "AGPL-3.0-or-later" };
const notice = { licence: "the text of a licence" };

function files(folder) {
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const listed = files(join(target, "civic")).map((path) => {
  const name = relative(target, path).split("\\").join("/");
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { file: name, ...(vendored[name] ?? (name.includes("LICENCE") ? notice : own)), sha256 };
});
writeFileSync(join(target, "VENDOR.json"), JSON.stringify(listed, null, 2) + "\n");
console.log(`${listed.length} files, style sheet ${(css.length / 1024).toFixed(0)} KB`);
