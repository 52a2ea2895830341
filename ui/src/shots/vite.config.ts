/**
 * How the gallery is built and how its pictures are tested: a page of its own beside the window's, which a browser opens
 * from the disk. Apart from the ordinary tests, which need no browser.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: ".",
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2022",
    modulePreload: false,
    // axe is that large, and read from the disk.
    chunkSizeWarningLimit: 1000,
    outDir: "node_modules/.gallery",
    emptyOutDir: true,
    rolldownOptions: { input: "gallery.html" },
  },
  test: {
    environment: "node",
    include: ["src/shots/*.shots.ts"],
    // A slow machine, not a slow picture: each takes a tenth of a second.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
