// Builds what the report carries inside itself into src/keepers/reports/assets. Run: npm ci && npm run build
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "src", "keepers", "reports", "assets");
const modules = join(here, "node_modules");
const version = JSON.parse(await readFile(join(modules, "echarts", "package.json"), "utf8")).version;

const notice = `/*! Apache ECharts ${version}, Copyright 2017-2026 The Apache Software Foundation, Apache-2.0.
 * With zrender (BSD-3-Clause, Baidu Inc.), tslib (0BSD, Microsoft Corp.) and parts of d3 (BSD-3-Clause, Mike Bostock).
 * Only the parts that the report needs, minified. Licences: NOTICE.txt beside this file in the Keepers package. */`;

await mkdir(assets, { recursive: true });
await build({
  entryPoints: [join(here, "src", "echarts.js")],
  outfile: join(assets, "echarts.min.js"),
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "echarts",
  target: ["es2018"],
  charset: "ascii",
  legalComments: "none",
  banner: { js: notice },
  define: { "process.env.NODE_ENV": '"production"' },
});
await copyFile(
  join(modules, "@fontsource-variable", "inter", "files", "inter-latin-wght-normal.woff2"),
  join(assets, "inter-latin.woff2"),
);

const part = async (title, ...path) =>
  `${"=".repeat(100)}\n${title}\n${"=".repeat(100)}\n\n${(await readFile(join(modules, ...path), "utf8")).trim()}\n`;
await writeFile(
  join(assets, "NOTICE.txt"),
  [
    "The report carries parts of the works below. Keepers itself is under the Apache License 2.0.\n",
    await part(`echarts.min.js: Apache ECharts ${version}, notice`, "echarts", "NOTICE"),
    await part("echarts.min.js: Apache ECharts, licence", "echarts", "LICENSE"),
    await part("echarts.min.js: parts of d3 inside Apache ECharts, licence", "echarts", "licenses", "LICENSE-d3"),
    await part("echarts.min.js: zrender, licence", "zrender", "LICENSE"),
    await part("echarts.min.js: tslib, licence", "tslib", "LICENSE.txt"),
    await part("inter-latin.woff2: Inter, the Latin part, licence", "@fontsource-variable", "inter", "LICENSE"),
  ].join("\n"),
);
