//! The app's window through WebDriver, as `WebKitWebDriver` gives it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::runtime::Runtime;

use super::{Owned, children_of, kill};
use crate::poll_until;
use crate::run::PATIENCE;

/// The window of an app that was started for it. Both end with their value.
#[derive(Debug)]
pub struct Window {
    runtime: Runtime,
    client: Client,
    driver: Owned,
}

impl Window {
    pub(super) fn open(command: &mut Command, app: &Path) -> Result<Self> {
        // Given back at once: the driver cannot choose one by itself.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        command.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let driver = Owned(driver.context("WebKitWebDriver")?);
        let capabilities: Capabilities = serde_json::from_value(
            serde_json::json!({ "webkitgtk:browserOptions": { "binary": app, "args": [] } }),
        )?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let url = format!("http://127.0.0.1:{port}");
        let client = poll_until("the driver gives a session", || {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            let connecting = builder.capabilities(capabilities.clone()).connect(&url);
            runtime.block_on(async { tokio::time::timeout(PATIENCE, connecting).await }).ok()?.ok()
        })?;
        Ok(Self { runtime, client, driver })
    }

    /// The process of the app behind it.
    ///
    /// # Errors
    /// If it has ended.
    pub fn app(&self) -> Result<u32> {
        children_of(self.driver.0.id()).first().copied().context("the app has ended")
    }

    /// The words that are seen in the first element of this selector; `None` = there is no such element now.
    #[must_use]
    pub fn text(&self, selector: &str) -> Option<String> {
        self.ask(async { self.client.find(Locator::Css(selector)).await?.text().await })
    }

    /// An attribute of the first element of this selector; `None` = there is no such element or attribute now.
    #[must_use]
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.ask(async { self.client.find(Locator::Css(selector)).await?.attr(name).await }).flatten()
    }

    /// Waits until the first element of this selector says this, among other words.
    ///
    /// # Errors
    /// If it does not come to say so; the error says what is seen.
    pub fn says(&self, selector: &str, words: &str) -> Result<()> {
        let says = || self.text(selector).filter(|text| text.contains(words)).map(drop);
        poll_until(&format!("{selector} says \"{words}\""), says)
            .with_context(|| format!("the window says {:?}", self.text("body")))
    }

    /// Clicks the first element of this selector, as soon as it is there.
    ///
    /// # Errors
    /// If it does not come.
    pub fn click(&self, selector: &str) -> Result<()> {
        let click = || self.ask(async { self.client.find(Locator::Css(selector)).await?.click().await });
        poll_until(&format!("a click on {selector}"), click)
            .with_context(|| format!("the window says {:?}", self.text("body")))
    }

    /// Chooses the option with this value of a list, as soon as it is there.
    ///
    /// # Errors
    /// If it does not come.
    pub fn choose(&self, selector: &str, value: &str) -> Result<()> {
        let choose = || {
            self.ask(async { self.client.find(Locator::Css(selector)).await?.select_by_value(value).await })
        };
        poll_until(&format!("\"{value}\" is chosen of {selector}"), choose)
            .with_context(|| format!("the window says {:?}", self.text("body")))
    }

    /// Waits until there is an element of this selector, which may be the whole of a claim: `[data-state=ready]`.
    ///
    /// # Errors
    /// If it does not come; the error says what is seen.
    pub fn has(&self, selector: &str) -> Result<()> {
        let there = || self.ask(async { self.client.find(Locator::Css(selector)).await }).map(drop);
        poll_until(&format!("{selector} is there"), there)
            .with_context(|| format!("the window says {:?}", self.text("body")))
    }

    /// Waits until there is no element of this selector.
    ///
    /// # Errors
    /// If it does not go.
    pub fn has_no(&self, selector: &str) -> Result<()> {
        let gone = || {
            self.ask(async { self.client.find_all(Locator::Css(selector)).await })?.is_empty().then_some(())
        };
        poll_until(&format!("{selector} is gone"), gone)
            .with_context(|| format!("the window says {:?}", self.text("body")))
    }

    /// Looks at the window that is open now, after the one before was closed.
    ///
    /// # Errors
    /// If there is none.
    pub fn turn_to_the_open_one(&self) -> Result<()> {
        poll_until("another window", || {
            let open = self.ask(self.client.windows())?;
            self.ask(self.client.switch_to_window(open.into_iter().next()?))
        })
    }

    /// What a function body in the page comes to, with these `arguments`. A promise is waited for: what it is refused with
    /// is `{"refused": …}`, what it comes to `{"done": …}`.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn run(&self, body: &str, arguments: &serde_json::Value) -> Result<serde_json::Value> {
        let script = format!(
            "const [given, answer] = arguments; \
             (async (given) => {{ {body} }})(given).then(\
                (done) => answer({{ done: done ?? null }}), \
                (refused) => answer({{ refused: refused?.id ?? refused?.message ?? String(refused) }}))"
        );
        self.ask(self.client.execute_async(&script, vec![arguments.clone()]))
            .with_context(|| format!("no answer to {body}"))
    }

    /// What the app answers to a command that the page gives, as [`Self::run`] says it.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn invoke(&self, command: &str, arguments: &serde_json::Value) -> Result<serde_json::Value> {
        let given = serde_json::json!({ "command": command, "arguments": arguments });
        self.run("return window.__TAURI_INTERNALS__.invoke(given.command, given.arguments)", &given)
    }

    /// One question; `None` = no answer, because what it is about is not there.
    fn ask<T>(&self, question: impl Future<Output = Result<T, fantoccini::error::CmdError>>) -> Option<T> {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, question).await }).ok()?.ok()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The driver leaves the app alone when it is killed.
        children_of(self.driver.0.id()).into_iter().for_each(kill);
    }
}
