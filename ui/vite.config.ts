/// <reference types="vitest/config" />
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vite";

// The window runs under a strict content policy: nothing inline, nothing from elsewhere, no data: URLs.
export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  build: {
    // WebKitGTK, WebView2 and WKWebView of the oldest systems that are supported.
    target: ["es2022", "safari16"],
    assetsInlineLimit: 0,
    modulePreload: false,
    // gallery.html is for developers: only index.html is built.
    rolldownOptions: { input: "index.html" },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    // Times are written as in this zone, wherever the tests run.
    env: { TZ: "UTC" },
    restoreMocks: true,
  },
});
